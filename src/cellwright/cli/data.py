"""`cellwright data`: data sets, fetched once."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cellwright.cli.options import Json
from cellwright.cli.terminal import grid, print_json, show, table
from cellwright.errors import DataError, UsageError

__all__ = ["app"]

app = typer.Typer(help="Fetch data sets into the cache, or list them.", no_args_is_help=False)


@app.command("list")
def listed(*, json: Json = False) -> None:
    """List the data sets and say which are here."""
    from cellwright.data import sources

    rows = [
        {
            "name": source.name,
            "title": source.title,
            "fetched": sources.is_fetched(source.name),
            "bytes_to_download": source.bytes_to_download,
            "licence": source.licence,
            "citations": list(source.citations),
        }
        for source in sources.sources()
    ]
    if json:
        print_json(rows)
        return
    shown = table("data set", "here", "download", "what", right=("download",), shrink="what")
    for source in sources.sources():
        size = f"{source.bytes_to_download / 1e6:.1f} MB" if source.bytes_to_download else "none"
        here = "yes" if sources.is_fetched(source.name) else "no"
        shown.add_row(source.name, here, size, source.title)
    show(shown)


@app.command()
def get(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Data set (see data list).", show_default=False)],
    *,
    json: Json = False,
) -> None:
    """Fetch a data set (pinned by its sha256) and prepare the problems that need it."""
    from cellwright.data import sources

    folder = sources.get(name, progress=_say)
    _prepare(name)
    (source,) = (each for each in sources.sources() if each.name == name)
    if json:
        print_json({"name": name, "folder": str(folder) if folder else None, "licence": source.licence})
        return
    rows = [(name, source.title), ("here", str(folder) if folder else "comes with an installed package")]
    rows += [("licence", source.licence)]
    rows += [("cite" if number == 0 else "", words) for number, words in enumerate(source.citations)]
    show(grid(rows))


@app.command()
def make(
    layout: Annotated[
        str,
        typer.Argument(
            metavar="LAYOUT", help="Layout: pairs, candle-combo, candle-uno or candle-nt3.", show_default=False
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New folder to write into.", show_default=False)],
    *,
    rows: Annotated[
        int | None,
        typer.Option(min=100, metavar="N", help="Number of rows (pairs: 310,814 as published).", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="K", help="Random seed.")] = 0,
) -> None:
    """Make up files that search takes with --data: drug pairs at Combo's published size, or CANDLE's layouts."""
    from cellwright.testing import candle_files
    from cellwright.testing.drug_pairs import drug_pairs, write_drug_pairs

    number = {} if rows is None else {"rows": rows}
    made: dict[str, Callable[[], None]] = {
        "pairs": lambda: write_drug_pairs(folder, drug_pairs(seed=seed, **number)),
        "candle-combo": lambda: candle_files.write_combo(folder, seed=seed, **number),
        "candle-uno": lambda: candle_files.write_uno(folder, seed=seed, **number),
        "candle-nt3": lambda: candle_files.write_nt3(folder, seed=seed, **({} if rows is None else {"samples": rows})),
    }
    if layout not in made:
        raise UsageError(f"there is no layout {layout!r}; known: {', '.join(made)}")
    made[layout]()
    problem = "combo" if layout == "pairs" else layout.removeprefix("candle-")
    _say(f"made up, for trying out: cellwright search {problem} --data {shlex.quote(str(folder))}")


def _prepare(source: str) -> None:
    """Prepare the problems on a data set, so that the first search starts at once; a failure is told here and there."""
    from cellwright import problems

    for built in problems.built_in():
        if built.source != source or problems.prepared(built.name):
            continue
        _say(f"preparing {built.name}")
        try:
            problems.load(built.name)
        except DataError as error:
            _say(f"{built.name} is not prepared yet: {error}")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
