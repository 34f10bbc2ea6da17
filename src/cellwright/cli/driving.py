"""What stands around a loop that is driven from the command line: one thread before it, words and exit status after."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import RenderableType

from cellwright.cli.terminal import count, duration, grid, plural, print_json, score_text, show, table, times
from cellwright.errors import RunError

if TYPE_CHECKING:
    from cellwright.problem import Problem

__all__ = ["INTERRUPTED", "LIMITS", "REASONS", "command", "finish", "interrupted", "one_thread", "result"]

#: exit status of what a signal stopped
INTERRUPTED = 130
#: states of a run that a wider limit goes on from
LIMITS = ("evaluations", "minutes")
#: state of a run -> in words
REASONS = {
    "evaluations": "ended after the trials asked for",
    "minutes": "ended after the minutes asked for",
    "converged": "converged: the search proposes nothing new any more",
    "exhausted": "ended: the search has nothing more to propose",
    "interrupted": "interrupted",
    "running": "running",
    "unfinished": "stopped unexpectedly: killed, or the machine went down",
}


def one_thread() -> None:
    """Let the driver compute on one thread: its controllers are small, and the cores belong to the workers."""
    import torch

    torch.set_num_threads(1)


def finish(summary: dict[str, Any], problem: "Problem", folder: Path, *, json: bool) -> None:
    """Print what came of a run.

    Raises:
        Exit: with 130, a signal stopped it.
        RunError: not one network could be trained.
    """
    if json:
        print_json(summary)
    else:
        show(grid(result(summary, problem)), "")
        if len(summary["objectives"]) > 1:
            show(_front(summary), "")
        show(*_next(summary, folder))
    if summary["state"] == "interrupted":
        raise typer.Exit(INTERRUPTED)
    if summary["best"] is None:
        over = summary["rejected"] and not summary["failed"]
        what = "no network is within the limits" if over else "no network could be trained"
        raise RunError(f"{what}; {command('trials', folder)} says why for each")


def interrupted(folder: Path, *, json: bool) -> NoReturn:
    """Print what came of a run that a signal stopped, also before its loop began.

    Raises:
        Exit: with 130.
    """
    from cellwright.runs import Run

    if (folder / "run.json").exists():
        run = Run(folder)
        finish(run.summary() | {"state": "interrupted"}, run.problem, folder, json=json)
    raise typer.Exit(INTERRUPTED)


def result(summary: dict[str, Any], problem: "Problem") -> list[tuple[str, str]]:
    """Return what came of a run, in words."""
    rows = [("state", REASONS[summary["state"]])]
    best = summary["best"]
    if best is not None:
        size = f"{count(best['parameters'])} parameters"
        if problem.manual is not None and best["parameters"]:
            ratio = problem.manual.parameters / best["parameters"]
            by_hand = count(problem.manual.parameters)
            size += f", {times(ratio, 'fewer', 'more')} than the {by_hand} of the hand-designed network"
        on = "on the validation rows" if summary["folds"] == 1 else f"cross-validated in {summary['folds']} parts"
        score = f"{summary['metric']} {score_text(best['score'])} {on}"
        rows += [("best", f"trial {best['number']}: {score}"), ("", size)]
        if best["epochs"] < summary["epochs"]:
            rows.append(
                ("", f"after {best['epochs']:g} of {summary['epochs']} epochs: none was trained to the end yet")
            )
    rest = [
        f"{summary[name]:,} {what}"
        for name, what in (
            ("failed", "failed"),
            ("cached", "answered by an equal network's result"),
            ("rejected", "rejected over a limit"),
        )
        if summary[name]
    ]
    made = plural(summary["trials"], "trial")
    if summary["networks"] < summary["trials"]:
        made += f" of {plural(summary['networks'], 'network')}"
    if summary["repeated"]:
        made += f" ({summary['repeated']:,} repeat leading networks with other seeds)"
    rows.append(("trials", ", ".join([made, *rest])))
    busy = "" if summary["utilisation"] is None else f", workers {min(1.0, summary['utilisation']):.0%} busy"
    rows.append(("time", f"{duration(summary['seconds'])}{busy}"))
    return rows


def _front(summary: dict[str, Any]) -> RenderableType:
    """Return the Pareto front as a table."""
    from cellwright.methods.objectives import cost_text

    names = [name.removeprefix("-") for name in summary["objectives"]]
    shown = table("trial", *names, right=("trial", *names))
    for point in summary["front"]:
        values = [score_text(point[names[0]]), *(cost_text(point[name]) for name in names[1:])]
        shown.add_row(str(point["number"]), *values)
    return shown


def _next(summary: dict[str, Any], folder: Path) -> list[RenderableType]:
    """Return the commands that come next."""
    if summary["state"] == "interrupted":
        return [grid([("resume", command("resume", folder))])]
    if summary["best"] is None:
        return []
    return [
        grid(
            [
                (command("posttrain", folder), "train the best networks in full, beside the hand-designed one"),
                (command("report", folder), "see it all on one page"),
            ]
        )
    ]


def command(name: str, folder: Path) -> str:
    return f"cellwright {name} {shlex.quote(str(folder))}"
