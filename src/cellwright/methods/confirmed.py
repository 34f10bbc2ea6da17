"""Leaders are tried again before they are believed.

The best of hundreds of noisy scores is mostly the luckiest: where rows are few, luck exceeds what networks differ by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import NamedTuple

import numpy as np

from cellwright.errors import UsageError
from cellwright.methods.objectives import Standings, values_of
from cellwright.methods.protocol import Search
from cellwright.space import Space
from cellwright.trial import Proposal, Trial

__all__ = ["NETWORKS_A_LEADER", "Confirmed", "Leader", "averaged", "leaders", "ranked"]

#: architectures tried, for each that leads and is tried again
NETWORKS_A_LEADER = 10
_NORMAL = 1.4826  # standard deviation of a normal distribution, in units of its median absolute deviation
_MOST = 1 / 3  # further tries at most, as a share of the architectures tried: a mean that falls makes another one lead


def averaged(trials: list[Trial]) -> list[tuple[Trial, list[float]]]:
    """Return the first success of each architecture with its mean score and times, and the scores of all its tries.

    Of one whose training was left off and gone on with, what it reached furthest counts.
    """
    tries: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.evaluated and trial.score is not None:
            of_key = tries.setdefault(trial.key, [])
            if of_key and trial.passes > of_key[0].passes:
                of_key.clear()
            if not of_key or trial.passes == of_key[0].passes:
                of_key.append(trial)
    result = []
    for of_key in tries.values():
        scores = [trial.score for trial in of_key if trial.score is not None]
        outcome = replace(
            of_key[0].outcome,
            score=fmean(scores),
            seconds=fmean(trial.outcome.seconds for trial in of_key),
            microseconds=_mean([trial.outcome.microseconds for trial in of_key]),
        )
        result.append((replace(of_key[0], outcome=outcome), scores))
    return result


def _mean(values: list[float | None]) -> float | None:
    """Return the mean of what is known."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


class Leader(NamedTuple):
    """An architecture with what its tries reached.

    Attributes:
        trial: its first success, with the mean score of its tries.
        estimate: that mean, shrunk towards the median of all: what leaders are ranked by.
        tries: how many succeeded.
    """

    trial: Trial
    estimate: float
    tries: int


def ranked(trials: list[Trial]) -> list[Trial]:
    """Return the first success of each architecture with its mean score, the best first: those of `leaders`."""
    return [leader.trial for leader in leaders(trials)]


def leaders(trials: list[Trial]) -> list[Leader]:
    """Return all architectures that succeeded, the one most to be believed first.

    Those trained furthest come first. A mean of few tries is partly luck, so they stand in the order of what is left of
    each when it is shrunk towards the median of all trained as far (empirical Bayes): the fewer its tries, and the more
    tries of one architecture differ, the more. Where nothing was tried again, that is the order of their scores.
    """
    rungs: dict[float, list[tuple[Trial, list[float]]]] = {}
    for trial, scores in averaged(trials):
        rungs.setdefault(trial.passes, []).append((trial, scores))
    result: list[Leader] = []
    for _, rung in sorted(rungs.items(), reverse=True):
        believed = _shrunk([scores for _, scores in rung]).tolist()
        order = sorted(range(len(rung)), key=lambda one: (-believed[one], rung[one][0].number))
        result += [Leader(rung[place][0], believed[place], len(rung[place][1])) for place in order]
    return result


def _shrunk(scores: list[list[float]]) -> np.ndarray:
    """Return the mean of each list, shrunk towards the median of the means as far as it may be chance."""
    means = np.array([fmean(of) for of in scores])
    counts = np.array([len(of) for of in scores])
    if not (counts > 1).any():
        return means
    within = sum(float(((np.array(of) - mean) ** 2).sum()) for of, mean in zip(scores, means, strict=True))
    chance = within / (counts - 1).sum() / counts  # variance of each mean
    centre = np.median(means)
    between = (_NORMAL * np.median(np.abs(means - centre))) ** 2
    shares = between / (between + chance) if between > 0 else 1.0
    return np.asarray(centre + shares * (means - centre))


class _Known(NamedTuple):
    """An architecture that succeeded.

    Attributes:
        place: among all, in the order of their first successes.
        reached: by each of its tries, of every objective.
        tries: which further ones were told, failures included.
    """

    first: Proposal
    place: int
    reached: list[tuple[float, ...]]
    tries: set[int]


class Confirmed:
    """Another search, beside which the leading architectures are tried again with other seeds.

    Leaders are those of the highest mean score; with several objectives, those that nothing dominates, by the mean of
    each objective, spread along the front, and then those that stand best.

    Args:
        replicates: further tries of each.
        leaders: how many at most; a tenth of the architectures tried. All further tries are a third of those at most.
        objectives: what the leaders lead in; none: the score.
    """

    def __init__(
        self,
        search: Search,
        space: Space,
        *,
        replicates: int,
        leaders: int = 10,
        objectives: Sequence[str] = (),
    ) -> None:
        if replicates < 1 or leaders < 1:
            raise UsageError(f"replicates and leaders must be at least 1, not {replicates!r} and {leaders!r}")
        self._search = search
        self._space = space
        self._replicates = replicates
        self._most = leaders
        self._objectives = tuple(objectives)
        self._known: dict[str, _Known] = {}  # by key
        self._again = 0  # further tries of all together
        self._tried: set[str] = set()  # also what was left off
        self._standings = Standings(max(1, len(self._objectives)))  # of the means, in the order of the firsts
        self._leaders: list[_Known] | None = None

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a leader that was not tried often enough, else what the other search asks."""
        out = {(p.point, p.fidelity.replicate) for p in pending.values() if p.fidelity.replicate}
        spent = self._again + len(out) >= _MOST * len(self._known)
        for leader in [] if spent else self._leading():
            first = leader.first
            for replicate in range(1, self._replicates + 1):
                if replicate not in leader.tries and (first.point, replicate) not in out:
                    again = replace(first.fidelity, replicate=replicate)
                    return Proposal(number, first.point, again, first.heritage)
        others = {key: proposal for key, proposal in pending.items() if not proposal.fidelity.replicate}
        return self._search.ask(number, others)

    def tell(self, trial: Trial) -> None:
        """Take a further try into the mean; tell the other search of all others. A network left off leads nobody."""
        key = trial.key
        if trial.proposal.fidelity.replicate:
            self._known[key].tries.add(trial.proposal.fidelity.replicate)
            self._again += 1
        else:
            self._search.tell(trial)
        if not trial.evaluated or trial.score is None:
            return
        self._tried.add(key)
        self._leaders = None
        values = values_of(trial, self._objectives, self._space) if trial.proposal.fidelity.stop is None else None
        if values is None:
            return
        known = self._known.setdefault(key, _Known(trial.proposal, len(self._known), [], set()))
        known.reached.append(values)
        self._standings.change(known.place, np.mean(known.reached, axis=0).tolist())

    def _leading(self) -> list[_Known]:
        """Return the leaders, kept until another trial is told."""
        if self._leaders is None:
            known = list(self._known.values())
            most = min(self._most, len(self._tried) // NETWORKS_A_LEADER)
            self._leaders = [known[place] for place in self._standings.leaders(most)]
        return self._leaders
