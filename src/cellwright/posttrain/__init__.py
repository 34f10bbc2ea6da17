"""Post-training: the leaders of a search on all training rows, beside everything they must beat."""

import contextlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Protocol

from cellwright.drive import drive
from cellwright.errors import DataError, RunError, UsageError
from cellwright.limits import Limits
from cellwright.methods import Listed
from cellwright.posttrain.baselines import BASELINES
from cellwright.posttrain.refit import MOST_SEEDS, Candidate, Refit, candidate_space, points
from cellwright.posttrain.table import Finalists, tabulate
from cellwright.problem import Problem
from cellwright.replay import Reason, replay
from cellwright.space import Architecture, Point
from cellwright.store import JsonLog
from cellwright.store.folder import Request, write_whole
from cellwright.train import Recipe, check_device
from cellwright.trial import Fidelity, Status, Trial, usual_epochs

__all__ = ["AGAINST", "Candidate", "Finalists", "most_epochs", "posttrain", "total", "usual_refit"]

_FOLDER = "posttrain"
_TABLE = "posttrain.json"
_FEW_ROWS = 5000
_BAD_LUCK = (Status.MEMORY, Status.KILLED)
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


def posttrain(
    run: Searched,
    *,
    top: int = 5,
    epochs: int | None = None,
    seeds: int = 3,
    patience: int | None = None,
    against: Sequence[str] = AGAINST,
    splits: Sequence[str] = (),
    refit: bool | None = None,
    workers: int | None = None,
    timeout: float | None = None,
    observe: Callable[[Trial], None] = lambda _: None,
) -> Finalists:
    """Retrain the leaders and the hand-made network with several seeds, fit the simple models, and judge all on test.

    Each network gets all training rows, at most `epochs` epochs, and returns to its best epoch on the validation rows
    once `patience` epochs brought nothing better; the hand-made one too. Where the search cross-validated, since rows
    are few, each is trained for all of `epochs` instead, as it was there. The table is written to posttrain.json in the
    run folder. What the same request finished before is not done again, also after a kill; what failed for want of
    memory, or since its worker was killed, is.

    Args:
        epochs: None: as `most_epochs` says.
        patience: None: as in the search, or no early stopping where that cross-validated.
        against: what the leaders are compared with: "manual" (the network made by hand), "mean", "linear", "boosting".
        splits: what else to divide the rows by, to be reported beside the run's own split. The search has seen rows on
            which these test, so only the run's own split tells what new data will bring.
        refit: train the final weights on training and validation rows together, for as many epochs as were best, and
            the simple models likewise; None: where there are fewer than 5,000 rows, of which each counts.
        timeout: seconds a fit may take; None: as long as it needs.

    Raises:
        UsageError: a number is out of range.
        RunError: the run has no successful trial yet.
        KeyboardInterrupt: a signal came; nothing finished is lost.
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
    epochs = most_epochs(run) if epochs is None else epochs
    fidelity = Fidelity(epochs)
    recipe = Recipe(**run.request.recipe)
    if patience is not None or run.request.fidelity.folds > 1:
        recipe = replace(recipe, patience=patience)
    problems = (run.problem, *(_divided(run, by) for by in dict.fromkeys(splits) if by != run.problem.division.by))
    refit = usual_refit(run.problem) if refit is None else refit
    check_device(run.request.device)
    for problem in problems:
        problem.data()  # or no fit could succeed
    evaluate = Refit(problems, candidates, run.request.seed, recipe, run.request.device, refit)
    names = tuple(str(problem.division) for problem in problems)
    space = candidate_space(candidates, names)
    work = points(space, candidates, len(problems))
    first = _log(run.folder, candidates, fidelity, recipe, timeout, names, refit=refit)
    workers = run.request.workers if workers is None else workers
    told: dict[Point, Trial] = {}
    for attempt in count(1):
        log = first if attempt == 1 else first.with_suffix(f".{attempt}.jsonl")
        finished = len(_told(log)) == len(work)  # by an earlier call: what failed by bad luck deserves another attempt
        reason = drive(
            log,
            Listed(work, fidelity=fidelity),
            space,
            evaluate,
            limits=Limits(),
            workers=workers,
            timeout=timeout,
            memory_gib=run.request.memory_gib,
            retries=run.request.retries,
            observe=observe,
        )
        if reason is Reason.INTERRUPTED:
            raise KeyboardInterrupt("post-training was interrupted; the same command goes on where it stopped")
        latest = {trial.proposal.point: trial for trial in _told(log)}
        told |= latest
        work = [point for point, trial in latest.items() if trial.outcome.status in _BAD_LUCK]
        if not (finished and work):
            break
    trials = list(told.values())
    metric = run.problem.metric
    finalists = tabulate(candidates, trials, metric=metric, epochs=epochs, seeds=seeds, splits=names, refit=refit)
    _write(run.folder / _TABLE, finalists)
    return finalists


def _told(log: Path) -> Sequence[Trial]:
    return replay(JsonLog(log, write=False)).trials if log.exists() else ()


def most_epochs(run: Searched) -> int:
    """Return how long a network is trained unless the caller says otherwise.

    Three times the usual of a search, and no shorter than in this one; where it cross-validated, as long as there.
    """
    searched = run.request.fidelity
    if searched.folds > 1:
        return searched.epochs
    return max(searched.epochs, 10, min(40, 3 * usual_epochs(run.problem.rows)))


def usual_refit(problem: Problem) -> bool:
    """Return whether final weights are learnt from training and validation rows unless the caller says otherwise."""
    return problem.rows < _FEW_ROWS


def total(run: Searched, *, top: int, seeds: int, splits: Sequence[str] = ()) -> int:
    """Return how many fits `posttrain` makes."""
    one = sum(candidate.seeds for candidate in _candidates(run, top, seeds, AGAINST))
    return one * (1 + len(set(splits) - {run.problem.division.by}))


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
    manual = [Candidate("by hand", "manual", by_hand, seeds=seeds)] if by_hand else []
    simple = [Candidate(_TITLES[kind], kind) for kind in BASELINES if kind in against]
    return (*found, *manual, *simple)


def _log(
    folder: Path,
    candidates: tuple[Candidate, ...],
    fidelity: Fidelity,
    recipe: Recipe,
    timeout: float | None,
    splits: tuple[str, ...],
    *,
    refit: bool,
) -> Path:
    """Return the log that belongs to exactly this work."""
    request = {
        "candidates": [candidate.to_json() for candidate in candidates],
        "fidelity": asdict(fidelity),
        "recipe": asdict(recipe),
        "timeout": timeout,
        "splits": splits,
        "refit": refit,
    }
    name = sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]
    try:
        (folder / _FOLDER).mkdir(exist_ok=True)
        (folder / _FOLDER / f"{name}.json").write_text(json.dumps(request, indent=1))
    except OSError as error:
        raise RunError(f"cannot write into {str(folder / _FOLDER)!r}: {error.strerror}") from error
    return folder / _FOLDER / f"{name}.jsonl"


def _write(path: Path, finalists: Finalists) -> None:
    try:
        write_whole(path, json.dumps(finalists.to_json(), indent=1).encode())
    except OSError as error:
        raise RunError(f"cannot write {str(path)!r}: {error.strerror}; the fits are safe, run it again") from error


_TITLES = {"mean": "means, no features", "linear": "linear", "boosting": "gradient boosting"}
