"""The picture of busy and idle workers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from plotly.subplots import make_subplots

from cellwright.report.findings import Findings
from cellwright.report.look import BLUE, RED, style
from cellwright.report.utilisation import utilisation
from cellwright.trial import Status, Trial

__all__ = ["busy_chart"]

_MOST_BARS = 3000
_MOST_ROWS = 32
_BINS = 120


def busy_chart(findings: Findings) -> Any:
    """Draw the share of workers that are busy over time and, where there are few, what each of them did."""
    spans, end = findings.spans, max(findings.summary["seconds"], *(end for _, end in findings.spans))
    edges = np.linspace(0, end, max(2, min(_BINS, 4 * len(spans))) + 1)
    share = 100 * utilisation(spans, edges, findings.workers)
    done = [trial for trial in findings.evaluated if trial.worker is not None]
    rows = sorted({trial.worker for trial in done if trial.worker is not None})
    bars = len(done) <= _MOST_BARS and len(rows) <= _MOST_ROWS
    upper, lower = 190, max(50, 24 * len(rows))
    figure = make_subplots(
        rows=1 + bars,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=24 / (upper + lower + 24),
        row_heights=[upper, lower] if bars else None,
    )
    figure.add_scatter(
        x=np.repeat(edges, 2)[1:-1] / 60,
        y=np.repeat(share, 2).round(2),
        mode="lines",
        line={"color": BLUE, "width": 1.2},
        fill="tozeroy",
        fillcolor="rgba(31, 90, 138, 0.18)",
        hovertemplate="minute %{x:.2f}: %{y:.0f}% busy<extra></extra>",
    )
    if bars:
        _add_bars(figure, done)
    style(figure, "", "")
    figure.update_layout(showlegend=False, bargap=0.25, height=upper + 80 + bars * (lower + 24))
    figure.update_yaxes(range=[0, 106], title_text="busy", tickvals=[0, 50, 100], ticktext=["0%", "50%", "100%"], row=1)
    figure.update_xaxes(title_text="minutes since the start", row=1 + bars)
    figure.update_xaxes(range=[0, end / 60])
    if bars:
        names = [f"worker {row}" for row in reversed(rows)]
        figure.update_yaxes(categoryorder="array", categoryarray=names, showgrid=False, row=2)
    return figure


def _add_bars(figure: Any, trials: Sequence[Trial]) -> None:
    """Add a row a worker with a bar a trial."""
    figure.add_bar(
        orientation="h",
        y=[f"worker {trial.worker}" for trial in trials],
        base=[round(trial.started / 60, 5) for trial in trials],
        x=[round((trial.finished - trial.started) / 60, 5) for trial in trials],
        marker={
            "color": [BLUE if trial.outcome.status is Status.OK else RED for trial in trials],
            "line": {"color": "white", "width": 0.6},
        },
        text=[
            f"trial {trial.number}: {trial.outcome.status.value}, {trial.finished - trial.started:.1f} s"
            for trial in trials
        ],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
        row=2,
        col=1,
    )
