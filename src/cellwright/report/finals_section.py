"""The section with the final table."""

import shlex
from collections.abc import Iterable

from cellwright.finals import Finals, Row, Spread
from cellwright.metrics import LOWER_IS_BETTER
from cellwright.report.findings import Findings
from cellwright.report.markup import escape, missing, section, table
from cellwright.report.words import (
    NOTHING,
    amount,
    count,
    duration,
    fewer,
    metric_name,
    spread,
)

__all__ = ["finals_section"]


def finals_section(findings: Findings) -> str:
    finals = findings.finals
    title = "Final comparison on the test rows"
    how = (
        "The best networks of the search, retrained on all training rows, beside the hand-designed network and the "
        "baselines on the same split. Bold: the best score, and the smallest and the fastest network."
    )
    if finals is None:
        command = f"cellwright posttrain {shlex.quote(str(findings.folder))}"
        todo = f'<p class="empty">Not done yet. It takes one command: <code>{escape(command)}</code></p>'
        return section("final", title, how, todo)
    if not finals.rows:
        return section("final", title, how, missing("The final table is empty."))
    notes = "".join(f"<li>{escape(row.title)}: {escape(row.note)}</li>" for row in finals.rows if row.note)
    seeds = (
        f"Mean ± standard deviation over {amount(finals.seeds, 'seed')}; at most {amount(finals.epochs, 'epoch')}. "
        "The figures below parameters and training time compare with the hand-designed network."
    )
    if finals.refit:
        seeds += (
            " The validation scores come from models fitted to the training rows alone. Each model was then refitted "
            "to the training and validation rows together, and the test scores come from that refit."
        )
    if len(finals.splits) > 1:
        own, *others = finals.splits
        seeds += (
            f" Judge by the split by {own}, which the search used. Under the split by {' or '.join(others)} some test "
            "rows were training or validation rows of the search, so these scores can be optimistic."
        )
    listed = f'<ul class="note">{notes}</ul>' if notes else ""
    return section("final", title, how, _final_table(finals), f'<p class="note">{escape(seeds)}</p>', listed)


def _final_table(finals: Finals) -> str:
    metrics = tuple(dict.fromkeys([finals.metric, *finals.metrics]))
    networks = [row for row in finals.rows if not row.is_baseline]
    best = {
        "parameters": _best([row.parameters for row in networks], lowest=True),
        "seconds": _best([row.training_seconds for row in networks], lowest=True),
        "validation": _best(
            [_mean(row.validation.get(finals.metric)) for row in finals.rows], lowest=_low(finals.metric)
        ),
        **{
            f"test {metric}": _best([_mean(row.scores.get(metric)) for row in finals.rows], lowest=_low(metric))
            for metric in metrics
        },
        **{
            by: _best([_mean(_of_split(row, by, finals.metric)) for row in finals.rows], lowest=_low(finals.metric))
            for by in finals.splits[1:]
        },
    }
    columns = [
        ("model", False),
        ("parameters", True),
        ("training", True),
        (f"validation {metric_name(finals.metric)}", True),
    ]
    columns += [(f"test {metric_name(metric)}", True) for metric in metrics]
    columns += [(f"{metric_name(finals.metric)} by {by}", True) for by in finals.splits[1:]]
    rows = []
    for row in finals.rows:
        sizes = _bold(count(row.parameters), row.parameters, best["parameters"])
        times = _bold(duration(row.training_seconds), row.training_seconds, best["seconds"])
        cells = [
            _named(row, chosen=row is finals.chosen),
            sizes + _small(row, fewer(row.ratios.parameters, "fewer", "more")),
            times + _small(row, fewer(row.ratios.training_seconds, "faster", "slower")),
            _spread_cell(row.validation.get(finals.metric), best["validation"]),
            *(_spread_cell(row.scores.get(metric), best[f"test {metric}"]) for metric in metrics),
            *(_spread_cell(_of_split(row, by, finals.metric), best[by]) for by in finals.splits[1:]),
        ]
        rows.append(cells)
    return table(columns, rows, caption="Models compared on the test rows")


def _of_split(row: Row, by: str, metric: str) -> Spread | None:
    return row.splits[by].scores.get(metric) if by in row.splits else None


def _named(row: Row, *, chosen: bool) -> str:
    mark = ' <span class="mark">chosen</span>' if chosen else ""
    kind = {"found": "found by the search", "manual": ""}.get(row.kind, "baseline" if row.is_baseline else row.kind)
    return f"{escape(row.title)}{mark}{f'<small>{escape(kind)}</small>' if kind else ''}"


def _small(row: Row, text: str) -> str:
    return "" if row.kind in {"manual", "mean"} or text == NOTHING else f"<small>{escape(text)}</small>"


def _spread_cell(value: Spread | None, best: float | None) -> str:
    return NOTHING if value is None else _bold(spread(value.mean, value.sd), value.mean, best)


def _bold(text: str, value: float | None, best: float | None) -> str:
    return f"<strong>{escape(text)}</strong>" if value is not None and value == best else escape(text)


def _mean(value: Spread | None) -> float | None:
    return None if value is None else value.mean


def _low(metric: str) -> bool:
    return metric in LOWER_IS_BETTER


def _best(values: Iterable[float | None], *, lowest: bool) -> float | None:
    """Return the best value; NaN and None are none."""
    known = [value for value in values if value is not None and value == value]  # noqa: PLR0124  # NaN is not itself
    if not known:
        return None
    return min(known) if lowest else max(known)
