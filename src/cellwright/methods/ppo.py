"""Reinforcement learning that never waits: one policy, moved by every few trials told, and by the best of all.

Sources: PPO (arXiv:1707.06347) for trials that an older policy drew, whose probability ratio is clipped; self-imitation
(arXiv:1806.05635): the policy also learns to draw the best points known. Rewards are ranks. A floor under the entropy,
which sinks with the trials told, keeps it curious. Nothing known or under way is drawn.
"""

from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch

from cellwright.errors import UsageError
from cellwright.methods.known import Known
from cellwright.methods.policy.controller import plan
from cellwright.methods.policy.learner import Learner, Tried
from cellwright.methods.policy.ppo import Ppo
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import CONTINUES, Fidelity, Proposal, Trial

__all__ = ["PolicySearch"]

_BLOCK = 64  # points drawn at once
_TRIES = 6  # blocks, before chance helps out
_CHANCE = "chance"  # the note that says that it did
#: of a policy that is shown points known to do well: it imitates more, and settles sooner (benchmarks/search_real.py)
_SHOWN: dict[str, Any] = {"imitation": 2.0, "elite": 8, "share": 0.1, "first_floor": 0.1}


class PolicySearch:
    """Draws from one policy, which learns from the latest trials and from the best.

    Notes of its proposals: version of the policy, item in the order of its draws, what its heads chose (levels) and how
    likely that was (log_probs); chance, where chance helped out.

    Args:
        batch: trials told before the policy moves.
        window: latest trials that each move learns from, a batch or more: the clipped ratio forgives their age.
        initial: trials before the first move, drawn uniformly; a batch is enough where others' points were told, such
            as those that a search starts with: these the policy learns to draw.
        settings: of `Ppo`.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int,
        fidelity: Fidelity,
        batch: int = 8,
        window: int = 32,
        initial: int = 32,
        **settings: Any,
    ) -> None:
        if min(batch, initial) < 1 or window < batch:
            raise UsageError(
                f"ppo needs batch and initial of at least 1, and window >= batch; got {batch!r}, {initial!r} and "
                f"{window!r}"
            )
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._batch, self._window, self._initial = batch, window, initial
        self._learner = Learner(space, seed=seed, settings=Ppo(**settings))
        floor = max(_SHOWN["first_floor"], self._learner.settings.last_floor)
        self._settings_shown = Ppo(**{**_SHOWN, "first_floor": floor, **settings})
        self._known = Known(space)
        self._shown = False  # a point that it did not draw
        self._version = 0
        self._taken: set[int] = set()  # items of this version that were told
        self._latest: deque[Tried] = deque(maxlen=max(window, initial))
        self._drawn = lru_cache(_TRIES)(self._draw)

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return the next point drawn that is new and not under way."""
        under_way = self._known.under_way(pending)
        out = {p.notes["item"] for p in pending.values() if p.notes.get("version") == self._version} | self._taken
        first = max(out, default=-1) + 1
        for block in range(first // _BLOCK, first // _BLOCK + _TRIES):
            points, levels, likely = self._drawn(self._version, block)
            for item, point in enumerate(points, start=block * _BLOCK):
                if item >= first and self._known.new(point, under_way):
                    log_probs = [round(one, 5) for one in likely[item % _BLOCK].tolist()]
                    notes = {"version": self._version, "item": item, "levels": levels[item % _BLOCK].tolist()}
                    return Proposal(number, point, self._fidelity, {**notes, "log_probs": log_probs})
        point = self._known.sample(rng_for(self._seed, Use.SAMPLE, number), under_way)
        return Proposal(number, point, self._fidelity, {_CHANCE: True})

    def tell(self, trial: Trial) -> None:
        """Take a trial into account; every few of them move the policy."""
        self._known.add(trial)
        notes = trial.proposal.notes
        if notes.get("version") == self._version:
            self._taken.add(notes["item"])
        if trial.outcome.source is not None:
            return
        if "log_probs" not in notes:
            if trial.score is not None and not self._shown and not notes.keys() & {_CHANCE, CONTINUES}:
                self._shown = True
                self._learner.settings = self._settings_shown
            tried = self._learner.not_drawn(trial)
        else:
            levels, log_probs = torch.tensor(notes["levels"]), torch.tensor(notes["log_probs"])
            active = torch.tensor(self._space.active(trial.proposal.point.values))
            tried = Tried(levels, active, log_probs, trial.score, trial.proposal.origin)
        self._latest.append(tried)
        self._learner.tell(tried)
        told = self._learner.told
        if told >= (self._batch if self._shown else self._initial) and told % self._batch == 0:
            count = max(self._window, self._initial if self._version == 0 else 0)
            self._learner.learn(list(self._latest)[-count:])
            self._version += 1
            self._taken = set()

    def _draw(self, version: int, block: int) -> tuple[list[Point], torch.Tensor, torch.Tensor]:
        """Return a block of points of this version of the policy, what its heads chose, and the log-probabilities."""
        drawn = plan(self._learner.policy, self._space, _BLOCK, self._seed, version, block)
        points = [Point(values, self._space.fingerprint) for values in drawn.values]
        return points, drawn.levels, drawn.log_probs
