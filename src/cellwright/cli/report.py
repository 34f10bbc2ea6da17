"""`cellwright report`: a run on one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from cellwright.cli.options import Folder
from cellwright.cli.terminal import show

__all__ = ["report"]


def report(
    folder: Folder,
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html", help="File to write (default: report.html in the run folder).", show_default=False
        ),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Another run to show beside it; repeatable.", show_default=False),
    ] = None,
) -> None:
    """Write a run as one HTML page that needs no network to be read."""
    from cellwright.runs import Run

    show(str(Run(folder).report(out, against=[Run(other) for other in against or []])))
