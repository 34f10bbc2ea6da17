"""Reinforcement learning that never waits: one policy, moved by every few trials told, and by the best of all.

Sources: PPO (arXiv:1707.06347) for trials that an older policy drew, whose probability ratio is clipped; self-imitation
(arXiv:1806.05635): the policy also learns to draw the best points known. Rewards are ranks. A floor under the entropy,
which sinks with the trials told, keeps it curious, and open to every branch of the space. Of many points that the
policy draws, those are tried that a model of all scores expects most of (as models of the reward make reinforcement
learning affordable in DyNA-PPO, ICLR 2020). Nothing known or under way is drawn.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from cellwright.errors import UsageError
from cellwright.methods.known import Known
from cellwright.methods.policy.controller import plan
from cellwright.methods.policy.learner import Learner, Tried
from cellwright.methods.policy.ppo import Ppo
from cellwright.methods.predictor import Opinions, Predictor
from cellwright.seeds import Use, rng_for
from cellwright.space import Point, Space
from cellwright.trial import CONTINUES, Fidelity, Proposal, Trial

__all__ = ["PolicySearch"]

_BLOCK = 256  # points drawn at once
_TRIES = 6  # blocks, before chance helps out
_MODELLED, _ENOUGH = 10, 500  # trials from and up to which a model is asked; then the policy has learnt as much
_CHANCE = "chance"  # the note that says that it did
#: of a policy that is shown points known to do well: it imitates more, and settles sooner (benchmarks/search_real.py)
_SHOWN: dict[str, Any] = {"imitation": 2.0, "elite": 8, "share": 0.1, "first_floor": 0.1}


class PolicySearch:
    """Draws from one policy, which learns from the latest trials and from the best.

    Notes of its proposals: version of the policy, what its heads chose (levels) and how likely that was (log_probs);
    chance, where chance helped out.

    Args:
        batch: trials told before the policy moves.
        window: latest trials that each move learns from, a batch or more: the clipped ratio forgives their age.
        initial: trials before the first move, of what is drawn uniformly; a batch is enough where others' points were
            told, such as those that a search starts with: these the policy learns to draw.
        best_of: of 256 points drawn at once, one in so many is tried before others are drawn; 1: no model is asked.
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
        best_of: int = 4,
        **settings: Any,
    ) -> None:
        if min(batch, initial) < 1 or window < batch:
            raise UsageError(
                f"ppo needs batch and initial of at least 1, and window >= batch; got {batch!r}, {initial!r} and "
                f"{window!r}"
            )
        if not 1 <= best_of <= _BLOCK:
            raise UsageError(f"ppo needs best_of from 1 to {_BLOCK}, not {best_of!r}")
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._batch, self._window, self._initial = batch, window, initial
        self._learner = Learner(space, seed=seed, settings=Ppo(**settings))
        floor = max(_SHOWN["first_floor"], self._learner.settings.last_floor)
        self._settings_shown = Ppo(**{**_SHOWN, "first_floor": floor, **settings})
        self._known = Known(space)
        self._predictor = Predictor(space, self._known, seed=seed, initial=_MODELLED, sizes=False)
        self._used = _BLOCK // best_of  # points of a block that are tried
        self._modelled = best_of > 1  # whether a model chooses them: among this version's points
        self._shown = False  # a point that it did not draw
        self._version = 0
        self._taken = 0  # points of this version that were told
        self._since: list[Point] = []  # told since the policy moved
        self._before: set[Point] = set()  # told before that
        self._latest: deque[Tried] = deque(maxlen=max(window, initial))
        self._drawn = lru_cache(_TRIES)(self._draw)
        self._opinions = lru_cache(_TRIES)(self._ask_model)

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a point drawn that is new and not under way, the most promising first."""
        under_way = self._known.under_way(pending)
        out = self._taken + sum(proposal.notes.get("version") == self._version for proposal in pending.values())
        first = out // self._used
        for block in range(first, first + _TRIES):
            points, levels, likely = self._drawn(self._version, block)
            for place in self._in_order(number, block):
                if not self._known.new(points[place], under_way):
                    continue
                log_probs = [round(one, 5) for one in likely[place].tolist()]
                notes = {"version": self._version, "levels": levels[place].tolist(), "log_probs": log_probs}
                return Proposal(number, points[place], self._fidelity, notes)
        point = self._known.sample(rng_for(self._seed, Use.SAMPLE, number), under_way)
        return Proposal(number, point, self._fidelity, {_CHANCE: True})

    def tell(self, trial: Trial) -> None:
        """Take a trial into account; every few of them move the policy."""
        self._known.add(trial)
        self._since.append(trial.proposal.point)
        if self._modelled:
            self._predictor.tell(trial)
        notes = trial.proposal.notes
        self._taken += notes.get("version") == self._version
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
            self._taken = 0
            self._modelled = self._modelled and told < _ENOUGH
            self._before.update(self._since)
            self._since = []

    def _in_order(self, number: int, block: int) -> Sequence[int]:
        """Return the places in a block as drawn, or once there is a model, first what that expects most of."""
        count, learnt = len(self._drawn(self._version, block)[0]), self._predictor.learnt
        if not (self._modelled and count and learnt):
            return range(count)
        bound = self._opinions(self._version, block, learnt).bound(rng_for(self._seed, Use.TURN, number))
        order: list[int] = np.argsort(-bound, kind="stable").tolist()
        return order

    def _ask_model(self, version: int, block: int, learnt: int) -> Opinions:
        """Return what the model expects of a block, having learnt from so many."""
        return self._predictor(self._drawn(version, block)[0])

    def _draw(self, version: int, block: int) -> tuple[list[Point], torch.Tensor, torch.Tensor]:
        """Return points of this version of the policy, each once, what its heads chose, and the log-probabilities.

        What was told before it is left out.
        """
        count = _BLOCK if self._modelled else self._used
        drawn = plan(self._learner.policy, self._space, count, self._seed, version, block)
        points = [Point(values, self._space.fingerprint) for values in drawn.values]
        first = {point: place for place, point in reversed(list(enumerate(points))) if point not in self._before}
        places = sorted(first.values())
        return [points[place] for place in places], drawn.levels[places], drawn.log_probs[places]
