"""`cellwright trials`: what was tried, as a table, JSON, CSV or Parquet."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwright.cli.options import Folder, Json
from cellwright.cli.terminal import brief, count, plural, print_json, score_text, show, table
from cellwright.errors import RunError, UsageError, os_reason

if TYPE_CHECKING:
    import pandas as pd

    from cellwright.runs import Run

__all__ = ["trials"]


def trials(
    folder: Folder,
    *,
    top: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Show the best N networks, best first, each once, with its mean score over all its tries.",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="File to write as CSV (- is stdout).", show_default=False)
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write as Parquet.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Show the trials of a run, in the order told."""
    from cellwright.runs import Run

    if sum((json, csv is not None, parquet is not None)) > 1:
        raise UsageError("choose one of --json, --csv and --parquet")
    run = Run(folder)
    rows = run.rows() if top is None else run.best_rows(top)
    if json:
        print_json(rows)
    elif csv is not None:
        _write_csv(run, rows, csv)
    elif parquet is not None:
        _write_parquet(run, rows, parquet)
    else:
        _show(rows, run.problem.metric)


def _show(rows: list[dict[str, Any]], metric: str) -> None:
    if not rows:
        show("no trial has ended yet")
        return
    leading = "tries" in rows[0]
    names = list(rows[0]["point"])
    differing = [name for name in names if len({str(row["point"][name]) for row in rows}) > 1] or names
    columns = ["trial", metric, *(["estimate", "tries"] if leading else ["status"]), "parameters", "seconds", "network"]
    shown = table(*columns, right=[name for name in columns if name not in ("status", "network")], shrink="network")
    for row in rows:
        middle = (score_text(row["estimate"]), str(row["tries"])) if leading else (row["status"],)
        shown.add_row(
            str(row["number"]),
            score_text(row["score"]),
            *middle,
            count(row["parameters"]),
            f"{row['seconds']:.2f}",
            brief(_what(row, differing)),
        )
    show(shown)
    if leading and any(row["estimate"] != row["score"] for row in rows):
        show(
            "",
            f"{metric} is the mean over the tries of a network. The order is by the estimate: that mean, shrunk "
            "towards the median of all networks, since part of a high score is luck, and less of it after more tries.",
        )


def _what(row: dict[str, Any], differing: list[str]) -> str:
    """Return in a line what was built, as far as not all rows say the same, or why it was not."""
    if row["source"] is not None:
        return f"as trial {row['source']}"
    if row["error"]:
        return str(row["error"].strip().splitlines()[-1])
    point = row["point"]
    built = ", ".join(f"{name} {point[name]}" for name in differing if point[name] is not None)
    return f"try {row['replicate'] + 1}: {built}" if row["replicate"] else built


def _write_csv(run: "Run", rows: list[dict[str, Any]], target: str) -> None:
    text = _frame(run, rows).to_csv(index=False)
    if target == "-":
        print(text, end="")
        return
    try:
        Path(target).write_text(text)
    except OSError as error:
        raise RunError(f"cannot write {target!r}: {os_reason(error)}") from error
    _written(rows, target)


def _write_parquet(run: "Run", rows: list[dict[str, Any]], target: Path) -> None:
    frame = _frame(run, rows)
    mixed = {name: "string" for name, kind in frame.dtypes.items() if kind.kind == "O"}
    try:
        frame.astype(mixed).to_parquet(target, index=False)
    except OSError as error:
        raise RunError(f"cannot write {str(target)!r}: {os_reason(error)}") from error
    _written(rows, str(target))


def _frame(run: "Run", rows: list[dict[str, Any]]) -> "pd.DataFrame":
    from cellwright.trial_table import trial_table

    return trial_table(rows, [decision.name for decision in run.space.decisions])


def _written(rows: list[dict[str, Any]], target: str) -> None:
    print(f"{plural(len(rows), 'trial')} in {target}", file=sys.stderr)
