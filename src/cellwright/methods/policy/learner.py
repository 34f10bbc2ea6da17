"""A policy, what moves it, and the best points known: what all reinforcement-learned searches have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cellwright.methods.policy.controller import Evaluation, levels_of_point, new_controller
from cellwright.methods.policy.ppo import Experience, Ppo, advantages, objective
from cellwright.methods.policy.rewards import Ranks
from cellwright.space import Space
from cellwright.trial import Trial

__all__ = ["Learner", "Tried"]

_SINKS = 150  # trials in which the floor under the entropy sinks by half
_FEWEST = 4  # best points that are imitated, when few have been told
_PRESSURE = 5.0  # weight of what is missing to that floor


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """A point told: what the heads chose, which choices mattered, how likely they were, and what came of it.

    Attributes:
        levels: int64 (decisions,).
        active: bool (decisions,).
        log_probs: under the policy that drew the point, (decisions,).
        score: None for a failure.
        origin: the number of the trial that began its training; None: an answer from the cache.
    """

    levels: Tensor
    active: Tensor
    log_probs: Tensor
    score: float | None
    origin: int | None

    def is_like(self, other: "Tried") -> bool:
        """Return whether the choices that matter are the same."""
        return torch.equal(self.active, other.active) and torch.equal(
            self.levels[self.active], other.levels[other.active]
        )


class Learner:
    """Moves a policy by PPO on points tried, rewarded by rank, and towards the best points known (self-imitation).

    A floor under the entropy, which sinks with the trials told, keeps the policy curious.
    """

    def __init__(self, space: Space, *, seed: int, settings: Ppo) -> None:
        self._space = space
        self.policy = new_controller(space, seed)
        self.told = 0
        self.settings = settings
        self._optimizer = torch.optim.Adam(self.policy.parameters(), lr=settings.learning_rate, fused=True)
        self._ranks = Ranks()
        self._best: list[Tried] = []
        asked_about = {decision.when.decision for decision in space.decisions if decision.when is not None}
        #: decisions that others depend on, (parents,)
        self._parents = [place for place, decision in enumerate(space.decisions) if decision.name in asked_about]
        self._widest = torch.tensor(self.policy.levels).float().log()  # entropy of uniform heads, (decisions,)

    def not_drawn(self, trial: Trial) -> Tried:
        """Return a trial of a point that the policy did not draw, as likely as it finds it now."""
        levels, active = levels_of_point(self._space, trial.proposal.point)
        with torch.no_grad():
            log_probs = self.policy(levels[None]).log_probs[0]
        return Tried(levels, active, log_probs, trial.score, trial.proposal.origin)

    def tell(self, tried: Tried) -> None:
        """Take a point into account."""
        self.told += 1
        if tried.score is None:
            return
        self._ranks.add(tried.score)
        if tried.origin is None:
            return
        others = [one for one in self._best if one.origin != tried.origin]  # what was left off is told again
        twin = next((one for one in others if one.is_like(tried)), None)
        if twin is None or (twin.score or 0.0) < tried.score:
            others = [*(one for one in others if one is not twin), tried]
        self._best = sorted(others, key=lambda one: -(one.score or 0.0))[: self.settings.elite]

    def learn(self, latest: Sequence[Tried]) -> None:
        """Move the policy, as many steps as the settings say."""
        settings, count = self.settings, len(latest)
        best = self._best[: max(_FEWEST, int(settings.share * self.told))]
        levels = torch.stack([one.levels for one in (*latest, *best)])
        active = torch.stack([one.active for one in (*latest, *best)])
        log_probs = torch.stack([one.log_probs for one in latest])
        rewards = torch.tensor([self._ranks.reward(one.score) for one in latest])
        experience = Experience(levels[:count], active[:count], log_probs, rewards)
        share = active[count:] / active[count:].sum().clamp_min(1)
        with torch.no_grad():
            values = self.policy(experience.levels).values
            advantage = advantages(values, experience.active, rewards, settings.trace)
            mattered = advantage[experience.active]
            if len(mattered) > 1:
                advantage = (advantage - mattered.mean()) / (mattered.std() + 1e-3)
        floor = settings.last_floor + (settings.first_floor - settings.last_floor) * 0.5 ** (self.told / _SINKS)
        for _ in range(settings.steps):
            self._optimizer.zero_grad(set_to_none=True)
            judged = self.policy(levels)
            loss = objective(Evaluation(*(each[:count] for each in judged)), experience, advantage, settings)
            loss = loss - settings.imitation * (share * judged.log_probs[count:]).sum()
            entropy = (judged.entropies * active).sum(dim=1) / (self._widest * active).sum(dim=1).clamp_min(1e-9)
            loss = loss + _PRESSURE * torch.relu(floor - entropy.mean())
            if self._parents:
                own = (judged.entropies / self._widest.clamp_min(1e-9))[:, self._parents].mean(dim=0)  # (parents,)
                loss = loss + _PRESSURE * torch.relu(floor - own).sum()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.policy.parameters(), 1.0)
            self._optimizer.step()
