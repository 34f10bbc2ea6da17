"""Reinforcement-learned search: agents with a recurrent controller each, and a parameter server.

Source: SC19 (arXiv:1909.00311), with PPO (arXiv:1707.06347). Each agent draws a batch of points from the server's
weights. When all of a batch is told, the agent's gradients move these weights, and it draws from the new ones. Agents
do not wait for one another, so the weights that drew a batch may be older than the server's; the clipped probability
ratio corrects for that. A2C is the same with agents that wait until all have finished.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cellwright.errors import RunError, UsageError
from cellwright.methods.policy.controller import Plan, plan
from cellwright.methods.policy.learner import Learner, Tried
from cellwright.methods.policy.ppo import Ppo
from cellwright.space import Point, Space
from cellwright.trial import CONTINUES, Fidelity, Proposal, Trial

__all__ = ["A3C"]


@dataclass(slots=True, eq=False)
class _Agent:
    """A batch drawn from the policy of its time, and what has come of it.

    Attributes:
        results: what was tried, by position in the batch.
    """

    drawn: Plan
    batch_number: int = 0
    results: dict[int, Tried] = field(default_factory=dict)


class A3C:
    """Several agents learn one policy, asynchronously or (A2C) in step.

    Notes of its proposals: agent, batch (counted an agent), item (position in the batch).

    Args:
        agents: how many; with two or more, workers stay busy while one waits for the last of its batch.
        batch: points an agent draws from one state of its policy.
        synchronous: agents wait for one another (A2C).
        settings: of `Ppo`.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        fidelity: Fidelity,
        agents: int = 3,
        batch: int = 8,
        synchronous: bool = False,
        **settings: Any,
    ) -> None:
        if agents < 1 or batch < 1:
            raise UsageError(f"agents and batch must be at least 1, not {agents!r} and {batch!r}")
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._batch = batch
        self._synchronous = synchronous
        self._learner = Learner(space, seed=seed, settings=Ppo(**settings))
        self._agents = [_Agent(plan(self._learner.policy, space, batch, seed, number, 0)) for number in range(agents)]

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the next point of the agent that is furthest with its batch; None: all batches are out.

        Of equals it is the agent that has had the fewest batches: one worker serves all in turn.
        """
        out: dict[int, set[int]] = {}
        for proposal in pending.values():
            if "agent" not in proposal.notes:  # another search's
                continue
            out.setdefault(proposal.notes["agent"], set()).add(proposal.notes["item"])
        furthest: tuple[tuple[int, int], int, int] | None = None
        for index, agent in enumerate(self._agents):
            taken = out.get(index, set()) | agent.results.keys()
            first = len(taken), -agent.batch_number
            if len(taken) < self._batch and (furthest is None or first > furthest[0]):
                item = next(item for item in range(self._batch) if item not in taken)
                furthest = (first, index, item)
        if furthest is None:
            return None
        _, index, item = furthest
        agent = self._agents[index]
        point = Point(agent.drawn.values[item], self._space.fingerprint)
        notes = {"agent": index, "batch": agent.batch_number, "item": item}
        return Proposal(number, point, self._fidelity, notes)

    def tell(self, trial: Trial) -> None:
        """Take a result; the last one of a batch (A2C: of all batches) moves the policy.

        Raises:
            RunError: the trial is not what this search asked for.
        """
        notes = trial.proposal.notes
        if "agent" not in notes:  # another search asked for it: a point to begin with, perhaps
            if trial.score is not None and trial.outcome.source is None and CONTINUES not in notes:
                self._learner.tell(self._learner.not_drawn(trial))
            return
        agent = self._agents[notes["agent"]]
        if trial.proposal.point.values != agent.drawn.values[notes["item"]]:
            raise RunError(
                f"trial {trial.number} was drawn by a controller that computes differently from this one; "
                "resume on the machine, and with the version of torch, that began the run"
            )
        item, drawn = notes["item"], agent.drawn
        origin = trial.proposal.origin if trial.outcome.source is None else None
        tried = Tried(drawn.levels[item], drawn.active[item], drawn.log_probs[item], trial.score, origin)
        self._learner.tell(tried)
        agent.results[item] = tried
        if len(agent.results) < self._batch:
            return
        ready = self._agents if self._synchronous else [agent]
        if any(len(each.results) < self._batch for each in ready):
            return
        self._learner.learn([each.results[item] for each in ready for item in range(self._batch)])
        for each in ready:
            each.batch_number += 1
            each.results = {}
            number = self._agents.index(each)
            each.drawn = plan(self._learner.policy, self._space, self._batch, self._seed, number, each.batch_number)
