"""`cellwright trials`: what was tried, as a table, JSON, CSV or Parquet."""

import json as json_text
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwright.cli.options import Folder, Json
from cellwright.cli.terminal import count, plural, print_json, score_text, show, table
from cellwright.errors import RunError, UsageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["trials"]

_WHOLE = ("parameters", "source", "worker")  # whole numbers that a trial may lack


def trials(
    folder: Folder,
    *,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="The best N, equal networks once, with the mean of their tries; best first.",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Write CSV; - is stdout.", show_default=False)] = None,
    parquet: Annotated[Path | None, typer.Option(metavar="FILE", help="Write Parquet.", show_default=False)] = None,
    json: Json = False,
) -> None:
    """Show the trials of a run, in the order told."""
    from cellwright.runs import Run

    if sum((json, csv is not None, parquet is not None)) > 1:
        raise UsageError("choose one of --json, --csv and --parquet")
    run = Run(folder)
    rows = run.rows()
    if top is not None:
        by_number = {row["number"]: row for row in rows}
        tries = Counter((row["key"], row["epochs"]) for row in rows if row["status"] == "ok")
        rows = [
            {**by_number[trial.number], "score": trial.score, "tries": tries[trial.key, trial.passes]}
            for trial, _ in run.leaders(top)
        ]
    if json:
        print_json(rows)
    elif csv is not None:
        _write_csv(rows, csv)
    elif parquet is not None:
        _write_parquet(rows, parquet)
    else:
        _show(rows, run.problem.metric)


def _show(rows: list[dict[str, Any]], metric: str) -> None:
    if not rows:
        show("no trial has ended yet")
        return
    means = "tries" in rows[0]
    names = list(rows[0]["point"])
    differing = [name for name in names if len({str(row["point"][name]) for row in rows}) > 1] or names
    numbers = ("trial", metric, *(["tries"] if means else []), "parameters", "seconds")
    shown = table("trial", "status", *numbers[1:], "what", right=numbers, shrink="what")
    for row in rows:
        shown.add_row(
            str(row["number"]),
            row["status"],
            score_text(row["score"]),
            *([str(row["tries"])] if means else []),
            count(row["parameters"]),
            f"{row['seconds']:.2f}",
            _what(row, differing),
        )
    show(shown)


def _what(row: dict[str, Any], differing: list[str]) -> str:
    """Return in a line what was built, as far as not all rows say the same, or why it was not."""
    if row["source"] is not None:
        return f"as trial {row['source']}"
    if row["error"]:
        return str(row["error"].strip().splitlines()[-1])
    point = row["point"]
    built = ", ".join(f"{name} {point[name]}" for name in differing if point[name] is not None)
    return f"try {row['replicate'] + 1}: {built}" if row["replicate"] else built


def _frame(rows: list[dict[str, Any]]) -> "pd.DataFrame":
    """Return rows as a flat table: points as JSON text, each score a column."""
    import pandas as pd

    from cellwright.runs import COLUMNS

    names = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    columns = [name for name in COLUMNS if name != "scores"] + (
        ["tries"] if any("tries" in row for row in rows) else []
    )
    flat = [
        {
            **{name: value for name, value in row.items() if name not in ("point", "scores")},
            "point": json_text.dumps(row["point"]),
            **{f"scores.{name}": row["scores"].get(name) for name in names},
        }
        for row in rows
    ]
    frame = pd.DataFrame(flat, columns=[*columns, *(f"scores.{name}" for name in names)])
    return frame.astype({"error": "string", **dict.fromkeys(_WHOLE, "Int64")})


def _write_csv(rows: list[dict[str, Any]], target: str) -> None:
    text = _frame(rows).to_csv(index=False)
    if target == "-":
        print(text, end="")
        return
    try:
        Path(target).write_text(text)
    except OSError as error:
        raise RunError(f"cannot write {target!r}: {error.strerror}") from error
    _written(rows, target)


def _write_parquet(rows: list[dict[str, Any]], target: Path) -> None:
    try:
        _frame(rows).to_parquet(target, index=False)
    except OSError as error:
        raise RunError(f"cannot write {str(target)!r}: {error.strerror or error}") from error
    _written(rows, str(target))


def _written(rows: list[dict[str, Any]], target: str) -> None:
    print(f"{plural(len(rows), 'trial')} in {target}", file=sys.stderr)
