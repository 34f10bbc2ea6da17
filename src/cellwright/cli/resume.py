"""`cellwright resume`: go on with a run."""

from typing import Annotated

import typer

from cellwright.cli.driving import LIMITS, finish, interrupted, one_thread
from cellwright.cli.options import Evaluations, Folder, Json, Minutes
from cellwright.cli.progress import Tally, watched, working
from cellwright.cli.terminal import duration, plural, show

__all__ = ["resume"]


def resume(
    folder: Folder,
    *,
    evaluations: Evaluations = None,
    minutes: Minutes = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Number of networks to train at once (default: as before).", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Go on with a run that was stopped, killed, or ended at a limit that is now wider.

    Of evaluations and minutes, what is given here replaces both.
    """
    from cellwright.runs import Run

    run = Run(folder)
    with working("reading the log"):
        before = run.replay()
        one_thread()
    if not json:
        trained = sum(trial.evaluated for trial in before.trials)
        show(f"{folder}: {plural(trained, 'trial')} so far, in {duration(before.clock)}", "")
    if evaluations is None and minutes is None:
        evaluations, minutes = run.limits()
    tally = Tally(
        "trial",
        run.problem.metric,
        workers or run.request.workers,
        evaluations,
        minutes,
        replayed=len(before.trials),
        clock=before.clock,
    )
    try:
        with watched(tally, lines=not json) as observe:
            run.drive(evaluations=evaluations, minutes=minutes, workers=workers, observe=observe)
    except KeyboardInterrupt:
        interrupted(folder, json=json)
    summary = run.summary()
    if not json and summary["state"] in LIMITS and len(run.replay().trials) == len(before.trials):
        show("nothing was left to do; --evaluations or --minutes with a wider limit goes on", "")
    finish(summary, run.problem, folder, json=json)
