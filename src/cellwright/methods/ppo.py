"""Reinforcement learning that never waits: one policy, moved by every few trials told, and by the best of all.

Sources: PPO (arXiv:1707.06347) for trials that an older policy drew, whose probability ratio is clipped; self-imitation
(arXiv:1806.05635): the policy also learns to draw the best points known. Rewards are ranks. A floor under the entropy,
which sinks with the trials told, keeps it curious. Nothing known or under way is drawn.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch

from cellwright.errors import UsageError
from cellwright.methods.known import Known
from cellwright.methods.policy.controller import levels_of_point, new_controller, plan
from cellwright.methods.policy.ppo import Experience, Ppo, advantages, objective
from cellwright.methods.policy.rewards import Ranks
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["PolicySearch"]

_BLOCK = 32  # points drawn at once
_TRIES = 12  # blocks, before chance helps out
_LOW, _HIGH = 0.05, 0.5  # the entropy floor, as a share of the uniform policy's: at the end, at the beginning
_DECAY = 150  # trials in which the floor sinks by half


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """A point told: what the heads chose, how likely that was, and what came of it."""

    levels: torch.Tensor
    active: torch.Tensor
    log_probs: torch.Tensor
    score: float | None


class PolicySearch:
    """Draws from one policy, which learns from the latest trials and from the best.

    Notes of its proposals: version of the policy, item in the order of its draws.

    Args:
        batch: trials told before the policy moves.
        window: latest trials that each move learns from, two batches or more: the clipped ratio forgives their age.
        elite: how many of the best the policy imitates.
        imitation: weight of that.
        initial: trials before the first move, drawn uniformly.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        fidelity: Fidelity,
        batch: int = 8,
        window: int = 32,
        elite: int = 16,
        imitation: float = 0.5,
        initial: int = 32,
        steps: int = 6,
        learning_rate: float = 1e-2,
    ) -> None:
        if min(batch, elite, initial) < 1 or window < batch or imitation < 0:
            raise UsageError(
                f"ppo needs batch, elite and initial of at least 1, window >= batch and imitation >= 0; got {batch!r}, "
                f"{elite!r}, {initial!r}, {window!r} and {imitation!r}"
            )
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._batch, self._elite, self._imitation, self._initial = batch, elite, imitation, initial
        self._settings = Ppo(epochs=steps, learning_rate=learning_rate)
        self._policy = new_controller(space, seed)
        self._optimizer = torch.optim.Adam(self._policy.parameters(), lr=learning_rate, fused=True)
        self._known = Known(space)
        self._ranks = Ranks()
        self._version = 0
        self._told = 0
        self._taken: set[int] = set()  # items of this version that were told
        self._latest: deque[_Tried] = deque(maxlen=max(window, initial))
        self._window = window
        self._best: list[_Tried] = []
        self._drawn = lru_cache(_TRIES)(self._draw)
        self._widest = sum(float(torch.tensor(float(n)).log()) for n in self._policy.levels)

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the next point drawn that is new and not under way."""
        under_way = self._known.under_way(pending)
        out = {p.notes["item"] for p in pending.values() if p.notes.get("version") == self._version} | self._taken
        first = max(out, default=-1) + 1
        for block in range(first // _BLOCK, first // _BLOCK + _TRIES):
            points, likely = self._drawn(self._version, block)
            for item, point in enumerate(points, start=block * _BLOCK):
                if item >= first and self._known.new(point, under_way):
                    log_probs = [round(one, 5) for one in likely[item % _BLOCK].tolist()]
                    notes = {"version": self._version, "item": item, "log_probs": log_probs}
                    return Proposal(number, point, self._fidelity, notes)
        point = self._known.sample(rng_for(self._seed, Use.SAMPLE, number), under_way)
        return Proposal(number, point, self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Take a trial into account; every few of them move the policy."""
        self._known.add(trial)
        notes = trial.proposal.notes
        if notes.get("version") == self._version:
            self._taken.add(notes["item"])
        if trial.outcome.source is not None:
            return
        levels, active = levels_of_point(self._space, trial.proposal.point)
        drawn = notes.get("log_probs")
        log_probs = self._log_probs(levels[None])[0] if drawn is None else torch.tensor(drawn)
        tried = _Tried(levels, active, log_probs, trial.score)
        self._latest.append(tried)
        if trial.score is not None:
            self._ranks.add(trial.score)
            self._best = sorted([*self._best, tried], key=lambda one: -(one.score or 0.0))[: self._elite]
        self._told += 1
        if self._told >= self._initial and self._told % self._batch == 0:
            self._learn()

    @torch.no_grad()
    def _log_probs(self, levels: torch.Tensor) -> torch.Tensor:
        log_probs: torch.Tensor = self._policy(levels).log_probs
        return log_probs

    def _draw(self, version: int, block: int) -> tuple[list[Point], torch.Tensor]:
        """Return a block of points of this version of the policy, and the log-probability of each decision."""
        drawn = plan(self._policy, self._space, _BLOCK, self._seed, version, block)
        points = [Point(values, self._space.fingerprint) for values in drawn.values]
        return points, self._log_probs(torch.stack([levels_of_point(self._space, point)[0] for point in points]))

    def _learn(self) -> None:
        latest = list(self._latest)[-max(self._window, self._initial if self._version == 0 else 0) :]
        rewards = torch.tensor([self._ranks.reward(one.score) for one in latest])
        experience = Experience(
            torch.stack([one.levels for one in latest]),
            torch.stack([one.active for one in latest]),
            torch.stack([one.log_probs for one in latest]),
            rewards,
        )
        if self._best:
            best = torch.stack([one.levels for one in self._best])
            active = torch.stack([one.active for one in self._best])
            share = active / active.sum().clamp_min(1)
        with torch.no_grad():
            advantage = advantages(self._policy(experience.levels).values, rewards, self._settings.trace)
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-3)
        floor = _LOW + (_HIGH - _LOW) * 0.5 ** (self._told / _DECAY)
        for _ in range(self._settings.epochs):
            self._optimizer.zero_grad(set_to_none=True)
            loss = objective(self._policy, experience, advantage, self._settings)
            if self._best:
                judged = self._policy(best)
                loss = loss - self._imitation * (share * judged.log_probs).sum()
                entropy = judged.entropies.sum(dim=1).mean() / self._widest
                loss = loss + 5.0 * torch.relu(floor - entropy)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped
            torch.nn.utils.clip_grad_norm_(self._policy.parameters(), 1.0)
            self._optimizer.step()
        self._version += 1
        self._taken = set()
