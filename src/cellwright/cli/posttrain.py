"""`cellwright posttrain`: the best of a search, trained in full beside the network made by hand."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwright.cli.driving import INTERRUPTED, command, one_thread
from cellwright.cli.options import Folder, Json
from cellwright.cli.progress import Tally, watched, working
from cellwright.cli.terminal import count, plural, print_json, score_text, show, table, times, width

if TYPE_CHECKING:
    from cellwright.posttrain import Finalists

__all__ = ["posttrain"]

_NARROW = 80  # columns that hold the table with one metric
_METRIC = 19  # columns that another one takes


def posttrain(
    folder: Folder,
    *,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="How many of the best.")] = 5,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="E",
            help="At most, for each network; 10 to 40 by the rows, no fewer than in the search, as many where that "
            "cross-validated.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, metavar="S", help="Times each network is trained.")] = 3,
    split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BY",
            help="Also divide the rows by row, pair, cell or drug, side by side with the run's own split; repeatable.",
            show_default=False,
        ),
    ] = None,
    refit: Annotated[
        bool | None,
        typer.Option(
            "--refit/--no-refit",
            help="Learn the final weights from training and validation rows together; usual below 5,000 rows.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Networks trained at once; those of the search.", show_default=False),
    ] = None,
    json: Json = False,
) -> None:
    """Train the best on all rows with several seeds, beside the network made by hand and simple models; judge on test.

    What was finished before, also by an interrupted command, is not done again.
    """
    from cellwright.runs import Run

    run = Run(folder)
    with working("reading the log"):
        one_thread()
        from cellwright.posttrain import total

        fits = total(run, top=top, seeds=seeds, splits=split or ())
    workers = workers or run.request.workers
    try:
        with watched(Tally("fit", None, workers, fits), lines=not json) as observe:
            finalists = run.posttrain(
                top=top, epochs=epochs, seeds=seeds, splits=split or (), refit=refit, workers=workers, observe=observe
            )
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    if json:
        print_json(finalists.to_json())
        return
    show(_table(finalists), "")
    learnt = "; final weights learnt from training and validation rows" if finalists.refit else ""
    show(f"scores on the test rows; {plural(seeds, 'seed')}, at most {plural(finalists.epochs, 'epoch')}{learnt}")
    if len(finalists.splits) > 1:
        show(
            f"the search has seen test rows of other splits than its own ({finalists.splits[0]}), which is the measure"
        )
    from cellwright.report.finals import read_finals  # heavy: not for every command to load

    finals, metric = read_finals(folder), finalists.metric
    for row in finalists.rows:
        verdict = _verdict(row, metric)
        if verdict:
            show(verdict)
            better = finals and finals.simpler(row["scores"][metric]["mean"])
            if better:
                show(f"{better.name} is better: {metric} {score_text(better.scores[metric].mean)}; take the simple one")
        if row.get("note"):
            show(f"{row['name']}: {row['note']}")
    show(f"next: {command('report', folder)}")


def _table(finalists: "Finalists") -> Any:
    """Return the finalists: the problem's metric under each split, and others as far as the terminal has room."""
    others = [name for name in finalists.metrics if name != finalists.metric]
    room = max(0, width() - _NARROW) // _METRIC
    several = len(finalists.splits) > 1
    splits = [f"{finalists.metric} by {name}" for name in finalists.splits] if several else [finalists.metric]
    others = others[: max(0, room + 1 - len(splits))]
    headings = ["parameters", "fewer", "seconds", "faster", *splits, *others]
    shown = table("network", *headings, right=headings)
    for row in finalists.rows:
        seconds, ratios = row["training_seconds"], row["ratios"] if row["kind"] == "found" else {}
        shown.add_row(
            row["name"],
            "" if row["parameters"] is None else count(row["parameters"]),
            _factor(ratios.get("parameters")),
            "" if seconds is None else f"{seconds:,.{1 if seconds > 9.95 else 2}f}",
            _factor(ratios.get("training_seconds")),
            *(_spread(row["splits"][name]["scores"].get(finalists.metric)) for name in finalists.splits),
            *(_spread(row["scores"].get(metric)) for metric in others),
            style="bold" if row["kind"] == "manual" else None,
        )
    return shown


def _spread(score: dict[str, float | None] | None) -> str:
    if score is None or score["mean"] is None:
        return ""
    return score_text(score["mean"]) + ("" if score["sd"] is None else f" ± {score['sd']:.4f}")


def _factor(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.0f}x" if ratio >= 9.95 else f"{ratio:.2g}x"


def _verdict(row: dict[str, Any], metric: str) -> str:
    """Return in words how a found network stands to the one made by hand; nothing where either failed."""
    ratios = row["ratios"]
    if row["kind"] != "found" or ratios["score"] is None:
        return ""
    parameters = f"{times(ratios['parameters'], 'fewer', 'more')} parameters"
    speed = f"{times(ratios['training_seconds'], 'faster', 'slower')} to train"
    score = f"{metric} {abs(ratios['score']):.4f} {'higher' if ratios['score'] >= 0 else 'lower'}"
    return f"{row['name']}: {parameters}, {speed}, {score} than the network made by hand"
