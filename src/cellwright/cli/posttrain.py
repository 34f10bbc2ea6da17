"""`cellwright posttrain`: the best of a search, trained in full beside the hand-designed network and baselines."""

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwright.cli.driving import INTERRUPTED, command, one_thread
from cellwright.cli.fits import watched_fits
from cellwright.cli.options import Folder, Json, positive
from cellwright.cli.progress import working
from cellwright.cli.terminal import count, duration, grid, plural, print_json, score_text, show, table, times, width
from cellwright.errors import UsageError

if TYPE_CHECKING:
    from cellwright.posttrain import Finalists, Forecast, Plan

__all__ = ["posttrain"]

_NARROW = 80  # columns that hold the table with one metric
_METRIC = 19  # columns that another one takes


def posttrain(
    folder: Folder,
    *,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Number of the best networks to train.")] = 5,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="E",
            help="Epochs of each network at most; 10 to 40 by the number of rows, no fewer than in the search; the "
            "same as in the search where that cross-validated.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, metavar="S", help="Random seeds with which each network is trained.")
    ] = 3,
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Models to compare with: manual (the hand-designed network), mean, linear, boosting, or none; comma "
            "separated or repeated; all, if not given.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BY",
            help="Also compare under this split (row, pair, cell, drug or a column of yours), side by side with the "
            "run's own; repeatable.",
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
    minutes: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            metavar="M",
            help="Minutes for the whole; what has not finished by then is left out, and can be finished later.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Number of models to fit at once (default: as in the search).", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Train the best on all rows with several seeds, beside the hand-designed network and baselines; judge on test.

    What the same command finished before, also where it was interrupted, is not done again.
    """
    from cellwright.runs import Run

    since = time.monotonic()
    try:
        run = Run(folder)
        with working("reading the log"):
            one_thread()
            from cellwright.posttrain import carry_out, finished_in, forecast, make_plan

            plan = make_plan(
                run,
                top=top,
                epochs=epochs,
                seeds=seeds,
                patience=None,
                against=_against(against),
                splits=split or (),
                refit=refit,
                timeout=None,
            )
            made = finished_in(plan.log)
        workers = workers or run.request.workers
        if not json:
            _say(*_plan(plan, len(made), workers, minutes))
            if len(made) < len(plan.work):
                with working("estimating the time"):
                    asked = run.request
                    expected = forecast(
                        plan, run.replay().trials, workers=workers, device=asked.device, memory_gib=asked.memory_gib
                    )
                _say(("forecast", _forecast(expected, plan)))
        with watched_fits(plan, made, workers, lines=not json) as observe:
            finalists = carry_out(run, plan, workers=workers, minutes=minutes, since=since, observe=observe)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it stopped", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    if json:
        print_json(finalists.to_json())
        return
    from cellwright.finals import read_finals  # heavy: not for every command to load

    finals, metric = read_finals(folder), finalists.metric
    show("", _table(finalists), "", *_how(finalists))
    for row in finalists.rows:
        verdict = _verdict(row, metric)
        if verdict:
            show(verdict)
        better = finals.simpler(row["scores"][metric]["mean"]) if finals and _judged(row, metric) else None
        if better:
            reached = score_text(better.scores[metric].mean)
            show(f"{row['name']}: {better.name} scores higher, {metric} {reached}; take the simpler model")
    show(*_notes(finalists), f"next: {command('report', folder)}")


def _against(texts: list[str] | None) -> tuple[str, ...]:
    """Return the kinds of models that `--against` names."""
    from cellwright.posttrain import AGAINST

    if texts is None:
        return AGAINST
    names = [name.strip() for text in texts for name in text.split(",")]
    if names == ["none"]:
        return ()
    wrong = [name for name in names if name not in AGAINST]
    if wrong:
        raise UsageError(f"--against takes {', '.join(AGAINST)}, or none alone; not {', '.join(texts)!r}")
    return tuple(name for name in AGAINST if name in names)


def _plan(plan: "Plan", made: int, workers: int, minutes: float | None) -> "Iterator[tuple[str, str]]":
    """Yield what is going to be done, in words."""
    found = sum(candidate.kind == "found" for candidate in plan.candidates)
    others = [candidate.name for candidate in plan.candidates if candidate.kind not in ("found", "manual")]
    networks = plural(found, "found network")
    if any(candidate.kind == "manual" for candidate in plan.candidates):
        networks += " and the hand-designed network"
    each = f"each with {plural(plan.seeds, 'seed')} and at most {plural(plan.fidelity.epochs, 'epoch')}"
    yield "networks", f"{networks}, {each}"
    if others:
        yield "baselines", ", ".join(others)
    if len(plan.splits) > 1:
        yield "splits", f"all of this by {' and by '.join(plan.splits)}"
    done = f"; {made} of them are finished already" if made else ""
    yield "fits", f"{len(plan.work)} in all, {workers} at once{done}"
    if minutes is not None:
        yield "limit", f"{duration(60 * minutes)}; what has not finished by then is left out"


def _forecast(expected: "Forecast", plan: "Plan") -> str:
    """Return how long it takes, in words, and how to make it shorter."""
    others = [candidate.kind for candidate in plan.candidates if candidate.kind not in ("found", "manual")]
    hint = f"; leave it out with --against {','.join(others) or 'none'}"
    words = f"up to {_about(expected.whole)}"
    if expected.unknown:
        models = " and ".join(f"the {name} network" if name == "hand-designed" else name for name in expected.unknown)
        slow = any(candidate.kind == "manual" and candidate.name in expected.unknown for candidate in plan.candidates)
        return f"{words}, and longer for {models}, which could not be measured in a few seconds{hint if slow else ''}"
    if expected.manual >= max(10.0, expected.whole / 10):
        words += f", of which the hand-designed network takes {_about(expected.manual)}"
        words += hint if expected.manual > max(30.0, expected.whole / 3) else ""
    return words


def _about(seconds: float) -> str:
    """Return a duration as rough as it is known."""
    if seconds < 10:
        return "a few seconds"
    step = 10 if seconds < 90 else 60 if seconds < 5400 else 600
    return f"about {duration(step * max(1, round(seconds / step)))}"


def _say(*lines: tuple[str, str]) -> None:
    """Print names and what is said of them at once, also into a file."""
    show(grid([(f"{name:9}", words) for name, words in lines]))
    sys.stdout.flush()


def _how(finalists: "Finalists") -> "Iterator[str]":
    """Yield how the figures of the table came about."""
    yield f"Scores on the test rows; {plural(finalists.seeds, 'seed')}, at most {plural(finalists.epochs, 'epoch')}."
    if finalists.refit:
        yield "Final weights learnt from training and validation rows together."
    if len(finalists.splits) > 1:
        yield (
            f"Only the column for the run's own split ({finalists.splits[0]}) is an unbiased test: the search used "
            "rows on which the other splits test."
        )


def _notes(finalists: "Finalists") -> "Iterator[str]":
    """Yield what is missing, and why."""
    several = len(finalists.splits) > 1
    for row in finalists.rows:
        for split, of in row["splits"].items():
            if of["note"]:
                yield f"{row['name']}{f', split by {split}' if several else ''}: {of['note']}"


def _judged(row: dict[str, Any], metric: str) -> bool:
    return row["kind"] == "found" and metric in row["scores"]


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
    """Return in words how a found network compares with the hand-designed one; nothing where either has no score."""
    ratios = row["ratios"]
    if row["kind"] != "found" or ratios["score"] is None:
        return ""
    parameters = f"{times(ratios['parameters'], 'fewer', 'more')} parameters"
    speed = f"{times(ratios['training_seconds'], 'faster', 'slower')} to train"
    apart = f"{abs(ratios['score']):.4f}"
    if float(apart):
        score = f"{metric} {apart} {'higher' if ratios['score'] > 0 else 'lower'} than"
    else:
        score = f"{metric} equal to"
    return f"{row['name']}: {parameters}, {speed}, {score} the hand-designed network"
