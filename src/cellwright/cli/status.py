"""`cellwright status`: how runs are doing, also while they are."""

import fcntl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwright.cli.driving import LIMITS, command, result
from cellwright.cli.options import Json
from cellwright.cli.terminal import count, duration, grid, print_json, score_text, show, table
from cellwright.errors import CellwrightError

if TYPE_CHECKING:
    from cellwright.problem import Problem

__all__ = ["status"]

_RUNS = Path("runs")


def status(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Run folder (default: all under runs/).", show_default=False)
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Say how a run is doing, or all runs under ./runs, newest first."""
    if folder is not None:
        summary, problem = _summary(folder)
        if json:
            print_json(summary)
        else:
            show(grid(_words(summary, problem, folder)))
        return
    found = sorted(_RUNS.glob("*/run.json"), key=lambda path: _touched(path.parent), reverse=True)
    rows = [_listed(path.parent) for path in found]
    if json:
        print_json(rows)
    elif rows:
        _show_all(rows)
    else:
        show("there are no runs under runs/; begin one: cellwright search tumor")


def _show_all(rows: list[dict[str, Any]]) -> None:
    numbers = ("trials", "best", "parameters", "time")
    shown = table("run", "state", *numbers, right=numbers, shrink="run")
    for row in rows:
        if "error" in row:
            shown.add_row(row["run"], row["state"], "", "", "", "")
            continue
        best = row["best"] or {"score": None, "parameters": None}
        parameters = count(best["parameters"]) if row["best"] else ""
        trials, seconds = f"{row['trials']:,}", duration(row["seconds"])
        state = "done" if row["state"] in LIMITS else row["state"]
        shown.add_row(row["run"], state, trials, score_text(best["score"]), parameters, seconds)
    show(shown, *(f"{row['run']}: {row['error']}" for row in rows if "error" in row))


def _listed(folder: Path) -> dict[str, Any]:
    """Return a summary; of a folder that cannot be read, why."""
    try:
        return _summary(folder)[0]
    except CellwrightError as error:
        empty = {"trials": None, "failed": None, "best": None, "utilisation": None, "seconds": None}
        return {"run": str(folder), "state": "damaged", **empty, "error": str(error)}


def _summary(folder: Path) -> tuple[dict[str, Any], "Problem"]:
    from cellwright.runs import Run

    run = Run(folder)
    summary = run.summary()
    driven = _driven(folder)
    quiet = max(0.0, time.time() - _touched(folder))
    if driven:
        summary["seconds"] += quiet if summary["state"] == "unfinished" else 0.0  # else it is about to go on
        summary["state"] = "running"
    if not summary["trials"]:
        summary["utilisation"] = None
    evaluations, minutes = run.limits()
    summary |= {
        "driven": driven,
        "quiet_seconds": quiet,
        "evaluations": evaluations,
        "minutes": minutes,
    }
    return summary, run.problem


def _words(summary: dict[str, Any], problem: "Problem", folder: Path) -> list[tuple[str, str]]:
    (_, state), *rest = result(summary, problem)
    if summary["driven"]:
        state = f"running; last heard of {duration(summary['quiet_seconds'])} ago"
    if summary["driven"] is None:
        state += "; no telling if it is driven now, for its file system has no locks"
    limits = [f"{summary['evaluations']:,} trials"] if summary["evaluations"] else []
    limits += [duration(60 * summary["minutes"])] if summary["minutes"] else []
    rows = [
        ("run", str(folder)),
        ("search", f"{summary['problem']} by {summary['method']}, up to {' or '.join(limits)}"),
        ("state", state),
        *rest,
        *(("data" if number == 0 else "", note) for number, note in enumerate(summary["notes"])),
    ]
    if summary["state"] in ("interrupted", "unfinished"):
        rows.append(("go on", command("resume", folder)))
    return rows


def _driven(folder: Path) -> bool | None:
    """Say whether a process drives the run: it holds the log's lock; None: the file system has no locks."""
    try:
        with (folder / "log.jsonl").open("rb") as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)  # let go on closing
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def _touched(folder: Path) -> float:
    """Return when the run was last written to."""
    for name in ("log.jsonl", "run.json"):
        try:
            return (folder / name).stat().st_mtime
        except OSError:
            continue
    return 0.0
