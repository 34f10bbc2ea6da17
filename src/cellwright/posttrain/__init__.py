"""Post-training: the leaders of a search on all training rows, beside everything they must beat."""

import json
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from cellwright.drive import drive
from cellwright.errors import RunError, os_reason
from cellwright.limits import Limits
from cellwright.methods import Listed
from cellwright.posttrain.forecast import Forecast, forecast
from cellwright.posttrain.plan import AGAINST, FEW_ROWS, Plan, Searched, default_refit, finished_in, make_plan
from cellwright.posttrain.refit import Candidate
from cellwright.posttrain.table import Finalists, tabulate
from cellwright.replay import Reason
from cellwright.space import Point
from cellwright.store.folder import write_whole
from cellwright.trial import Status, Trial

__all__ = [
    "AGAINST",
    "FEW_ROWS",
    "Candidate",
    "Finalists",
    "Forecast",
    "Plan",
    "carry_out",
    "default_refit",
    "finished_in",
    "forecast",
    "make_plan",
    "posttrain",
]

_TABLE = "posttrain.json"
_BAD_LUCK = (Status.MEMORY, Status.KILLED)


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
    minutes: float | None = None,
    timeout: float | None = None,
    observe: Callable[[Trial], None] = lambda _: None,
) -> Finalists:
    """Retrain the leaders and the hand-designed network with several seeds, fit the baselines, and judge all on test.

    Each network gets all training rows, at most `epochs` epochs, and returns to its best epoch on the validation rows
    once `patience` epochs brought nothing better; the hand-designed one too. Where the search cross-validated, since
    rows are few, each is trained for all of `epochs` instead, as it was there. The hand-designed network comes last,
    since it takes longest. The table is written to posttrain.json in the run folder. What the same request finished
    before is not done again, also after a kill; what failed for want of memory, or since its worker was killed, is.

    Args:
        epochs: None: three times those usual in a search of these data, at least 10, and no fewer than in this search;
            as many as in this search where that cross-validated.
        patience: None: as in the search, or no early stopping where that cross-validated.
        against: what the leaders are compared with: "manual" (the hand-designed network), "mean", "linear", "boosting".
        splits: what else to divide the rows by, to be reported beside the run's own split. The search has used rows on
            which these test, so only the run's own split gives an unbiased test.
        refit: train the final weights on training and validation rows together, for as many epochs as were best, and
            the baselines likewise; None: where there are fewer than 5,000 rows, of which each counts. Validation scores
            come from the fit on training rows alone.
        minutes: a limit for the whole. A fit that is not finished by then is ended, and the table says which are
            missing; the same call without the limit goes on. None: no limit.
        timeout: seconds a fit may take; None: as long as it needs.

    Raises:
        UsageError: a name is unknown or a number is out of range.
        RunError: the run has no successful trial yet.
        KeyboardInterrupt: a signal came; nothing finished is lost.
    """
    since = time.monotonic()
    plan = make_plan(
        run,
        top=top,
        epochs=epochs,
        seeds=seeds,
        patience=patience,
        against=against,
        splits=splits,
        refit=refit,
        timeout=timeout,
    )
    return carry_out(run, plan, workers=workers, minutes=minutes, since=since, observe=observe)


def carry_out(
    run: Searched,
    plan: Plan,
    *,
    workers: int | None = None,
    minutes: float | None = None,
    since: float | None = None,
    observe: Callable[[Trial], None] = lambda _: None,
) -> Finalists:
    """Make the fits of a plan that are not made yet, and return and write the table.

    Args:
        since: when the minutes began, of time.monotonic(); None: now.

    Raises:
        UsageError: minutes are out of range.
        KeyboardInterrupt: a signal came; nothing finished is lost.
    """
    since = time.monotonic() if since is None else since
    Limits(minutes=minutes)
    told: dict[Point, Trial] = {}
    work = plan.work
    for attempt in count(1):
        log = plan.log if attempt == 1 else plan.log.with_suffix(f".{attempt}.jsonl")
        whole = len(finished_in(log)) == len(work)  # by an earlier call: what failed by bad luck deserves another try
        reason = drive(
            log,
            Listed(work, fidelity=plan.fidelity),
            plan.space,
            plan.evaluator(run.request.seed, run.request.device),
            limits=Limits(),
            workers=run.request.workers if workers is None else workers,
            timeout=plan.timeout,
            memory_gib=run.request.memory_gib,
            retries=run.request.retries,
            seconds=None if minutes is None else 60 * minutes - (time.monotonic() - since),
            observe=observe,
        )
        if reason is Reason.INTERRUPTED:
            raise KeyboardInterrupt("post-training was interrupted; the same command goes on where it stopped")
        latest = {trial.proposal.point: trial for trial in finished_in(log)}
        told |= latest
        work = [point for point, trial in latest.items() if trial.outcome.status in _BAD_LUCK]
        if not (whole and work) or reason is Reason.MINUTES:
            break
    finalists = tabulate(
        plan.candidates,
        list(told.values()),
        metric=run.problem.metric,
        epochs=plan.fidelity.epochs,
        seeds=plan.seeds,
        splits=plan.splits,
        refit=plan.refit,
        minutes=minutes,
    )
    _write(run.folder / _TABLE, finalists)
    return finalists


def _write(path: Path, finalists: Finalists) -> None:
    try:
        write_whole(path, json.dumps(finalists.to_json(), indent=1).encode())
    except OSError as error:
        raise RunError(f"cannot write {str(path)!r}: {os_reason(error)}; the fits are safe, run it again") from error
