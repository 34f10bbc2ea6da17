"""`cellwright compare`: runs side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwright.cli.options import Json
from cellwright.cli.terminal import count, duration, grid, plural, print_json, score_text, show, table

if TYPE_CHECKING:
    from cellwright.comparison import Compared, Comparison

__all__ = ["compare"]


def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR DIR...", help="Run folders.", show_default=False)],
    *,
    json: Json = False,
) -> None:
    """Show runs side by side: what each reached, how soon, and in what they differ."""
    from cellwright.comparison import compare as compared
    from cellwright.runs import Run

    found = compared(*(Run(folder) for folder in folders))
    if json:
        print_json(_json(found))
        return
    numbers = ("best", "parameters", "test", "trials", "networks", "time")
    letters = [chr(ord("A") + place % 26) * (1 + place // 26) for place in range(len(found.runs))]
    show(grid([(letter, run.run) for letter, run in zip(letters, found.runs, strict=True)]), "")
    shown = table("run", *numbers, right=numbers)
    for letter, run in zip(letters, found.runs, strict=True):
        shown.add_row(
            letter,
            score_text(run.score),
            count(run.parameters) if run.parameters else "",
            _test(run),
            f"{run.trials:,}",
            f"{run.networks:,}",
            duration(run.seconds),
        )
    show(shown, "", f"best: {found.metric} of the best network on the rows that the search judged by")
    if found.common is not None:
        soon = (
            f"{letter} after {plural(run.reached[0], 'trial')}, {duration(run.reached[1])}"
            for letter, run in zip(letters, found.runs, strict=True)
            if run.reached
        )
        show(f"first single trial at {score_text(found.common)} or better, which each has: {'; '.join(soon)}")
    if found.differences:
        said = table("what differs", *letters)
        for column in said.columns[1:]:
            column.no_wrap, column.overflow = False, "fold"
        for name, values in found.differences.items():
            said.add_row(name, *("" if value is None else value for value in values))
        show("", said)
    if found.cautions:
        show("", *found.cautions)


def _test(run: "Compared") -> str:
    if run.test is None:
        return ""
    return score_text(run.test.mean) + ("" if run.test.sd is None else f" ± {run.test.sd:.4f}")


def _json(found: "Comparison") -> dict[str, Any]:
    rows = found.table().astype(object)
    return {
        "metric": found.metric,
        "runs": rows.where(rows.notna(), None).to_dict("records"),
        "common": found.common,
        "differences": found.differences,
        "cautions": list(found.cautions),
    }
