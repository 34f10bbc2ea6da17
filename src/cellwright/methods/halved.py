"""Successive halving: all networks are trained a little, the best of them longer, and the best of those to the end.

Sources: ASHA (arXiv:1810.05934): a network goes on as soon as it is among the best of its rung, so that no worker ever
waits; Hyperband (arXiv:1603.06560): some networks skip the lower rungs, as insurance against scores that mislead early.
What a score promises at the end is extrapolated by a robust line a rung (Theil, 1950; Sen, JASA 63, 1968).
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cellwright.errors import SpaceError, UsageError
from cellwright.methods.objectives import Standings, values_of
from cellwright.methods.protocol import Search
from cellwright.seeds import Use, place_in, rng_for
from cellwright.space import Space
from cellwright.trial import CONTINUES, Fidelity, Proposal, Trial

__all__ = ["HALVINGS", "Halved"]

HALVINGS = ("asha", "hyperband")
_LEAST_RUNGS = 3
_LATEST = 64  # that went on from a rung, of which is learnt what a score there promises
_STALE = 10  # answers from the cache in a row, after which all that waits goes on: a run ends after 30
_TAUGHT, _BELIEVED = 4, 0.5  # how many teach how much of a difference remains on the next rung; before, this share does


class _Rung:
    """Trials of one fidelity: which of them are to go on, and what became of those that did."""

    def __init__(self, eta: int, objectives: int) -> None:
        self._eta = eta
        self._entries: list[Trial] = []  # successes, the last trial of each network here
        self._standings = Standings(objectives)
        self._failures = 0
        self._gone: set[int] = set()
        self._first: list[Proposal] | None = None  # of the entries, those that are to go on and have not
        self._scores: dict[int, float] = {}  # by the trial that began it
        self._pairs: deque[tuple[float, float]] = deque(maxlen=_LATEST)  # scores here and on the next rung
        self._line = 1.0, 0.0  # slope and intercept, from here to there
        self._successors = 0  # how many went on to a score

    def add(self, trial: Trial, values: tuple[float, ...] | None) -> None:
        """Take a trial in, and what it reached, its score first; None: it failed, and stands below all others."""
        if values is None:
            self._failures += 1
        else:
            self._entries.append(trial)
            self._scores[trial.proposal.origin] = values[0]
            self._standings.add(values)
        self._first = None

    def went_on(self, origin: int, score: float | None) -> bool:
        """Take note that a trial has gone on, and of its score on the next rung; None: it failed there.

        Returns:
            Whether so many have by now that what waits should be told again what to expect: 1, 4, 16 and so on.
        """
        self._gone.add(origin)
        self._first = None
        if score is None or origin not in self._scores:
            return False
        self._pairs.append((self._scores[origin], score))
        self._line = _line(self._pairs)
        self._successors += 1
        return _is_power_of_four(self._successors)

    def expected(self, score: float) -> float:
        """Return what a score here promises on the next rung; itself, where nothing is known."""
        slope, intercept = self._line
        return intercept + slope * score

    def waiting(self) -> list[Trial]:
        """Return the successes that have not gone on."""
        return [trial for trial in self._entries if trial.proposal.origin not in self._gone]

    def deserving(self) -> list[Proposal]:
        """Return the proposals here of what is to go on, best first."""
        if self._first is None:
            self._first = self._best((len(self._entries) + self._failures) // self._eta)
        return self._first

    def left(self) -> list[Proposal]:
        """Return the proposals here of all that has not gone on, best first."""
        return self._best(len(self._entries))

    def _best(self, most: int) -> list[Proposal]:
        order = np.argsort(-self._standings.all(), kind="stable")[:most] if self._entries else ()
        best = [self._entries[place].proposal for place in order]
        return [proposal for proposal in best if proposal.origin not in self._gone]


class Halved:
    """Another search, of whose trials the first third of each rung goes on with its training in the next one.

    The other search is told every trial, with the score to be expected of it at the end, by what became of others that
    went on. Much of what tells networks apart early is how fast they learn, which is over at the end: a search that
    took early scores at their word would seek that. Of a network that went on it hears again, and so it does of those
    that wait, when the 1st, 4th, 16th and so on has gone on from their rung or one above.

    Args:
        fidelity: of the highest rung.
        kind: "asha": all begin on the lowest rung; "hyperband": some begin higher, as many as get each beginning about
            as many seconds of training.
        objectives: what trials are ranked by within a rung; none: the score.
        eta: of so many, one goes on, and is trained so many times longer in all.
        rungs: how many; None: as many as leave the lowest one a third of an epoch, at least three.
    """

    def __init__(
        self,
        search: Search,
        space: Space,
        *,
        seed: int,
        fidelity: Fidelity,
        kind: str = "asha",
        objectives: Sequence[str] = (),
        eta: int = 3,
        rungs: int | None = None,
    ) -> None:
        if kind not in HALVINGS:
            raise UsageError(f"there is no halving {kind!r}; known: {', '.join(HALVINGS)}")
        if "-seconds" in objectives:
            raise UsageError("with halving, networks are trained for different times: leave out the objective -seconds")
        if eta < 2 or (rungs is not None and rungs < 2):
            raise UsageError(f"halving needs eta and rungs of at least 2, not {eta!r} and {rungs!r}")
        if rungs is None:
            rungs = max(_LEAST_RUNGS, 2 + math.floor(math.log(fidelity.epochs, eta) + 1e-9))
        self._search = search
        self._space = space
        self._seed = seed
        self._objectives = tuple(objectives)
        stops = [fidelity.epochs / eta**step for step in range(rungs - 1, 0, -1)]
        self._fidelities = [*(replace(fidelity, stop=round(stop, 4)) for stop in stops), fidelity]
        self._starts = [1.0] + [0.0] * (rungs - 1)
        if kind == "hyperband":  # those that begin on a rung, and a third of them on each one above, cost about as much
            costs = np.array([float(eta) ** rung * (rungs - rung) for rung in range(rungs)])
            self._starts = list((1 / costs) / (1 / costs).sum())
        self._repeats = 0  # answers from the cache in a row
        self._rungs = [_Rung(eta, max(1, len(self._objectives))) for _ in self._fidelities]

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a network that deserves to go on, the furthest first; else what the other search asks.

        Where that is nothing new any more, all that waits goes on.
        """
        out = {(proposal.notes.get(CONTINUES), proposal.fidelity) for proposal in pending.values()}
        for candidates in (_Rung.deserving, _Rung.left) if self._repeats >= _STALE else (_Rung.deserving,):
            for rung, fidelity in reversed(list(zip(self._rungs, self._fidelities[1:], strict=False))):
                for first in candidates(rung):
                    if (first.origin, fidelity) not in out:
                        return Proposal(number, first.point, fidelity, _on(first))
        own = {key: proposal for key, proposal in pending.items() if CONTINUES not in proposal.notes}
        proposal = self._search.ask(number, own)
        if proposal is None:
            return None
        return replace(proposal, fidelity=self._fidelities[self._start_of(proposal)])

    def tell(self, trial: Trial) -> None:
        """Rank a trial within its rung; tell the other search the score to be expected of it at the end."""
        again = []
        self._repeats = 0 if trial.evaluated else self._repeats + (trial.outcome.source is not None)
        if trial.proposal.fidelity in self._fidelities:
            place = self._fidelities.index(trial.proposal.fidelity)
            if place > 0 and CONTINUES in trial.proposal.notes:
                score = trial.score if trial.evaluated else None
                if self._rungs[place - 1].went_on(trial.proposal.origin, score):
                    again = [(lower, one) for lower in range(place) for one in self._rungs[lower].waiting()]
            if trial.evaluated:
                self._rungs[place].add(trial, values_of(trial, self._objectives, self._space))
            trial = self._expected(trial, place)
        self._search.tell(trial)
        for lower, one in again:
            later = replace(one, proposal=replace(one.proposal, notes=_on(one.proposal)))
            self._search.tell(self._expected(later, lower))

    def _expected(self, trial: Trial, place: int) -> Trial:
        """Return a trial of a rung with the score to be expected of it at the end."""
        if trial.score is None:
            return trial
        score = trial.score
        for rung in self._rungs[place:]:
            score = rung.expected(score)
        return replace(trial, outcome=replace(trial.outcome, score=score))

    def _start_of(self, proposal: Proposal) -> int:
        """Return the rung on which a network begins: one for each network, so that none begins twice."""
        if self._starts[0] == 1:
            return 0
        try:
            number = int(self._space.architecture(proposal.point).key[:8], 16)
        except SpaceError:  # not to be built
            return 0
        return place_in(self._starts, rng_for(self._seed, Use.RUNG, number).random())


def _on(proposal: Proposal) -> dict[str, Any]:
    """Return the notes of what goes on with a proposal's training."""
    return {CONTINUES: proposal.origin, **proposal.heritage}


def _line(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return slope, within 0 and 1, and intercept of a robust line; scipy's theilslopes warns where many are equal."""
    here, there = np.array(pairs).T
    slope = _BELIEVED
    if len(pairs) >= _TAUGHT:
        first, second = np.triu_indices(len(pairs), 1)
        run = here[first] - here[second]
        slopes = (there[first] - there[second])[run != 0] / run[run != 0]
        slope = float(np.clip(np.median(slopes), 0, 1)) if len(slopes) else _BELIEVED
    return slope, float(np.median(there - slope * here))


def _is_power_of_four(number: int) -> bool:
    return number.bit_count() == 1 and number.bit_length() % 2 == 1
