"""The section with other runs beside this one."""

from typing import Any

from cellwright.comparison import Comparison
from cellwright.report.findings import Findings
from cellwright.report.look import BLUE, INK, ORANGE, QUIET, blank, html
from cellwright.report.markup import escape, picture, section, table
from cellwright.report.words import NOTHING, amount, count, duration, score, spread

__all__ = ["runs_chart", "runs_section"]

_COLOURS = (BLUE, ORANGE, "#5fa05a", "#b07aa1", INK, QUIET)


def runs_section(findings: Findings) -> list[str]:
    """Return the section; none where no other run was named."""
    comparison = findings.comparison
    if comparison is None:
        return []
    how = (
        "This run first, then those named with --against. Score: of the best network, on the rows that the search "
        "judged by; test: of the network that post-training chose, on the test rows."
    )
    soon = [f"{run.run}: {_soon(run.reached)}" for run in comparison.runs if run.reached]
    said = f"The best single trial so far of {amount(len(comparison.runs), 'run')} over time."
    if comparison.common is not None:
        said += f" First trial at {score(comparison.common, 4)} or better: {'; '.join(soon)}."
    cautions = "".join(f"<li>{escape(caution)}</li>" for caution in comparison.cautions)
    return [
        section(
            "runs",
            "Beside other runs",
            how,
            _table(comparison),
            picture(html(runs_chart(findings, comparison), "chart-runs"), said, said),
            _differences(comparison),
            f'<ul class="note">{cautions}</ul>' if cautions else "",
        )
    ]


def runs_chart(findings: Findings, comparison: Comparison) -> Any:
    """Draw the best single trial so far of each run against time."""
    figure = blank("minutes since the start of the run", f"best {findings.validated} so far (single trials)")
    figure.update_layout(height=340)
    for place, run in enumerate(run for run in comparison.runs if run.records):
        times, trials, scores = zip(*run.records, strict=True)
        figure.add_scatter(
            x=[round(seconds / 60, 5) for seconds in (*times, max(run.seconds, times[-1]))],
            y=[round(reached, 5) for reached in (*scores, scores[-1])],
            mode="lines",
            line={"color": _COLOURS[place % len(_COLOURS)], "width": 2, "shape": "hv"},
            name=escape(run.run),
            text=[amount(number, "trial") for number in (*trials, run.trials)],
            hovertemplate="%{y} after %{text}, %{x:.2f} min<extra></extra>",
        )
    return figure


def _soon(reached: tuple[int, float]) -> str:
    return f"{amount(reached[0], 'trial')}, {duration(reached[1])}"


def _table(comparison: Comparison) -> str:
    names = ("score", "parameters", "test", "trials", "networks", "time")
    rows = [
        [
            f"<code>{escape(run.run)}</code>",
            score(run.score, 4),
            count(run.parameters),
            spread(run.test.mean, run.test.sd) if run.test else NOTHING,
            f"{run.trials:,}",
            f"{run.networks:,}",
            duration(run.seconds),
        ]
        for run in comparison.runs
    ]
    columns = (("run", False), *((name, True) for name in names))
    return table(columns, rows, caption="What each run reached")


def _differences(comparison: Comparison) -> str:
    if not comparison.differences:
        return '<p class="note">All were asked for with the same settings.</p>'
    columns = (("what differs", False), *((run.run, False) for run in comparison.runs))
    rows = [
        [escape(name), *(NOTHING if value is None else escape(value) for value in values)]
        for name, values in comparison.differences.items()
    ]
    return table(columns, rows, caption="Settings that differ between the runs")
