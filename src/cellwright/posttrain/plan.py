"""What post-training is going to do: which models, how often, under which splits, and in which order."""

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cellwright.errors import DataError, RunError, UsageError, os_reason
from cellwright.posttrain.baselines import BASELINES
from cellwright.posttrain.refit import MOST_SEEDS, Candidate, Refit, candidate_space, points
from cellwright.problem import Problem
from cellwright.replay import Replayed, replay
from cellwright.space import Architecture, Point, Space
from cellwright.store import JsonLog
from cellwright.store.folder import Request
from cellwright.train import Recipe, check_device
from cellwright.trial import Fidelity, Trial, usual_epochs

__all__ = ["AGAINST", "FEW_ROWS", "Plan", "Searched", "default_refit", "finished_in", "make_plan"]

_FOLDER = "posttrain"
#: rows below which each counts: final weights are learnt from validation rows too
FEW_ROWS = 5000
_TITLES = {"mean": "mean effects", "linear": "linear", "boosting": "gradient boosting"}
#: what leaders are compared with
AGAINST = ("manual", *BASELINES)


class Searched(Protocol):
    """What post-training needs of a run."""

    folder: Path
    request: Request
    problem: Problem

    def leaders(self, top: int) -> list[tuple[Trial, Architecture]]:
        """Return the best trials, best first."""
        ...

    def replay(self) -> Replayed:
        """Return what the log of the search says."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """The fits of one post-training.

    Attributes:
        candidates: in the order of the table: found networks, the hand-designed one, baselines.
        problems: the same problem under each split, the run's own first.
        fidelity: of the networks: the epochs at most.
        seeds: for each network.
        refit: whether final weights are learnt from training and validation rows together.
        timeout: seconds a fit may take; None: as long as it needs.
        log: of the fits; each request has its own.
    """

    candidates: tuple[Candidate, ...]
    problems: tuple[Problem, ...]
    fidelity: Fidelity
    recipe: Recipe
    seeds: int
    refit: bool
    timeout: float | None
    log: Path

    @property
    def splits(self) -> tuple[str, ...]:
        """What the rows are divided by, in words."""
        return tuple(str(problem.division) for problem in self.problems)

    @property
    def space(self) -> Space:
        """The space of a candidate, a seed and a split."""
        return candidate_space(self.candidates, self.splits)

    @property
    def work(self) -> list[Point]:
        """All fits, in the order in which they are made."""
        return points(self.space, self.candidates, len(self.problems))

    def evaluator(self, seed: int, device: str) -> Refit:
        """Return what makes the fits."""
        return Refit(self.problems, self.candidates, seed, self.recipe, device, self.refit)

    def words(self, point: Point) -> str:
        """Return which fit a point means, in words."""
        index, seed, split = (int(value) for value in point.values)
        candidate = self.candidates[index]
        of = f", seed {seed + 1} of {candidate.seeds}" if candidate.seeds > 1 else ""
        by = f", split by {self.splits[split]}" if len(self.splits) > 1 else ""
        return f"{candidate.name}{of}{by}"


def make_plan(
    run: Searched,
    *,
    top: int,
    epochs: int | None,
    seeds: int,
    patience: int | None,
    against: Sequence[str],
    splits: Sequence[str],
    refit: bool | None,
    timeout: float | None,
) -> Plan:
    """Return what `posttrain` does when it is asked for this; arguments as there.

    Raises:
        UsageError: a name is unknown or a number is out of range.
        RunError: the run has no successful trial yet, or its folder cannot be written.
    """
    unknown = sorted(set(against) - set(AGAINST))
    if unknown:
        raise UsageError(f"there is nothing to compare with called {unknown[0]!r}; known: {', '.join(AGAINST)}")
    if top < 1 or not 1 <= seeds <= MOST_SEEDS or (patience is not None and patience < 1):
        raise UsageError(
            f"top and patience must be at least 1, seeds within 1 and {MOST_SEEDS}; "
            f"got {top!r}, {patience!r} and {seeds!r}"
        )
    candidates = _candidates(run, top, seeds, against)
    fidelity = Fidelity(_most_epochs(run) if epochs is None else epochs)
    recipe = Recipe(**run.request.recipe)
    if patience is not None or run.request.fidelity.folds > 1:
        recipe = replace(recipe, patience=patience)
    problems = (run.problem, *(_divided(run, by) for by in dict.fromkeys(splits) if by != run.problem.division.by))
    refit = default_refit(run.problem) if refit is None else refit
    check_device(run.request.device)
    for problem in problems:
        problem.data()  # or no fit could succeed
    plan = Plan(candidates, problems, fidelity, recipe, seeds, refit, timeout, run.folder)
    return replace(plan, log=_log(run.folder / _FOLDER, plan))


def finished_in(log: Path) -> Sequence[Trial]:
    """Return the fits that a log tells of; none, where there is no log."""
    return replay(JsonLog(log, write=False)).trials if log.exists() else ()


def _most_epochs(run: Searched) -> int:
    """Return how long a network is trained unless the caller says otherwise.

    Three times the usual of a search, and no shorter than in this one; where it cross-validated, as long as there.
    """
    searched = run.request.fidelity
    if searched.folds > 1:
        return searched.epochs
    return max(searched.epochs, 10, min(40, 3 * usual_epochs(run.problem.rows)))


def default_refit(problem: Problem) -> bool:
    """Return whether final weights are learnt from training and validation rows unless the caller says otherwise."""
    return problem.rows < FEW_ROWS


def _divided(run: Searched, by: str) -> Problem:
    """Return the run's problem with its rows divided by something else, kept in the run folder."""
    known = run.problem.splits
    if by not in known:
        raise UsageError(f"{run.problem.name} cannot be split by {by!r}; its data knows {', '.join(known)}")
    written = re.sub(r"[^\w-]", "_", by)[:100]  # it may be the name of a column
    folder = run.folder / _FOLDER / f"split-{written}"
    division = replace(run.problem.division, by=by, folds=None, fold=0)
    if folder.exists():
        with contextlib.suppress(DataError):  # damaged: made again
            problem = Problem.load(folder)
            if problem.division == division:
                return problem
    return run.problem.divided(division, folder)


def _candidates(run: Searched, top: int, seeds: int, against: Sequence[str]) -> tuple[Candidate, ...]:
    leaders = run.leaders(top)
    if not leaders:
        raise RunError(f"{str(run.folder)!r} has no successful trial yet; search on (cellwright resume) first")
    found = [
        Candidate(f"found {place} (trial {trial.number})", "found", architecture, trial.number, seeds)
        for place, (trial, architecture) in enumerate(leaders, start=1)
    ]
    by_hand = run.problem.manual if "manual" in against else None
    manual = [Candidate("hand-designed", "manual", by_hand, seeds=seeds)] if by_hand else []
    baselines = [Candidate(_TITLES[kind], kind) for kind in BASELINES if kind in against]
    return (*found, *manual, *baselines)


def _log(folder: Path, plan: Plan) -> Path:
    """Return the log in `folder` that belongs to exactly this work."""
    request = {
        "candidates": [candidate.to_json() for candidate in plan.candidates],
        "fidelity": asdict(plan.fidelity),
        "recipe": asdict(plan.recipe),
        "timeout": plan.timeout,
        "splits": plan.splits,
        "refit": plan.refit,
    }
    name = sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]
    try:
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(request, indent=1))
    except OSError as error:
        raise RunError(f"cannot write into {str(folder)!r}: {os_reason(error)}") from error
    return folder / f"{name}.jsonl"
