"""The pictures of all trials: over time, and against size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from plotly import graph_objects as go

from cellwright.report.findings import Findings
from cellwright.report.look import BLUE, DOT, EARLY, INK, ORANGE, QUIET, blank, with_margin
from cellwright.report.markup import escape
from cellwright.report.series import evenly, pareto_front, records, running_mean, thinned
from cellwright.report.words import count, score
from cellwright.trial import Trial

__all__ = ["MOST_DOTS", "front_chart", "trajectory_chart", "window"]

MOST_DOTS = 5000
_MOST_LINE = 600
_FEWEST_FOR_MEAN = 20

_AGENTS = ("#4e79a7", "#e0973b", "#5fa05a", "#b07aa1", "#6fb3b0", "#c96a6b", "#9c755f", "#8c8c8c")


def window(trials: int) -> int:
    """Return over how many trials the running mean goes."""
    return min(50, max(20, trials // 20))


def trajectory_chart(findings: Findings) -> Any:
    """Draw the score of each evaluated trial against time, the best so far, and the running mean."""
    trials, scores, floor = findings.scored, findings.scores, findings.floor
    minutes = np.array([trial.finished / 60 for trial in trials])
    best = [findings.full[place] for place in records([scores[place] for place in findings.full])]
    shown = thinned(scores, MOST_DOTS, keep=best)
    figure = blank("minutes since the start", findings.validated)
    early = sorted(set(shown) - set(findings.full))
    if early:
        figure.add_trace(_dots(findings, early, minutes, name="trained for fewer epochs", colour=EARLY))
        shown = sorted(set(shown) & set(findings.full))
    agents = sorted({agent for trial in trials if isinstance(agent := trial.proposal.notes.get("agent"), int)})
    named = 2 <= len(agents) <= len(_AGENTS)
    for agent in [None, *(agents if named else [])]:  # starts and further tries are no agent's
        dots = [place for place in shown if not named or trials[place].proposal.notes.get("agent") == agent]
        if not dots:
            continue
        name = "trial" if agent is None else f"agent {agent}"
        colour = _AGENTS[agents.index(agent)] if agent is not None else DOT
        figure.add_trace(_dots(findings, dots, minutes, name=name, colour=colour))
    end = max(float(minutes.max()), findings.summary["seconds"] / 60)
    figure.add_scatter(
        x=[*minutes[best], end],
        y=[*(scores[place] for place in best), scores[best[-1]]],
        mode="lines",
        line={"color": INK, "width": 2, "shape": "hv"},
        name="best so far (single trials)",
        hoverinfo="skip",
    )
    series = findings.series
    if len(series) >= _FEWEST_FOR_MEAN:
        mean = running_mean([max(floor, trial.score or 0.0) for trial in series], window(len(series)))
        some = 9 + evenly(len(series) - 9, _MOST_LINE)  # a mean of fewer than ten says little
        figure.add_scatter(
            x=[series[place].finished / 60 for place in some],
            y=mean[some].round(5),
            mode="lines",
            line={"color": ORANGE, "width": 2.5},
            name=f"mean of the last {window(len(series))} networks",
            hoverinfo="skip",
        )
    figure.update_yaxes(range=with_margin([max(floor, value) for value in scores]))
    figure.update_xaxes(range=[-0.02 * end, 1.02 * end] if end > 0 else None)
    return figure


def front_chart(findings: Findings) -> Any:
    """Draw score against parameters with the Pareto front, the limit and the hand-designed network."""
    trials = tuple(trial for trial in findings.judged if trial.outcome.parameters)
    scores = [trial.score for trial in trials if trial.score is not None]
    sizes = np.array([trial.outcome.parameters or 0 for trial in trials], dtype=np.float64)
    front = pareto_front(sizes.tolist(), scores)
    shown = thinned(scores, MOST_DOTS, keep=front)
    figure = blank("trainable parameters (logarithmic)", findings.validated)
    figure.update_xaxes(type="log", tickformat="~s", dtick="D2" if sizes.max() < 200 * sizes.min() else 1)
    figure.add_trace(_dots(findings, shown, sizes, trials=trials, name="trial", colour=DOT))
    edge = [place for place in front if scores[place] >= findings.floor]
    figure.add_scatter(
        x=sizes[edge],
        y=[scores[place] for place in edge],
        mode="lines+markers",
        line={"color": BLUE, "width": 2, "shape": "hv"},
        marker={"size": 7},
        name="Pareto front",
        text=[_hover(trials[place], findings.metric) for place in edge],
        hovertemplate="%{text}<extra></extra>",
    )
    marks = _final_marks(findings)
    heights = [max(findings.floor, value) for value in scores] + [y for _, y, _, _ in marks]
    low, high = with_margin(heights)
    limit = findings.request.max_parameters
    manual = findings.problem.manual.parameters if findings.problem.manual else None
    for size, name, colour, dash in (
        (limit, "limit", QUIET, "dot"),
        (manual, "hand-designed network", ORANGE, "dash"),
    ):
        if size:
            title = f"{name}: {count(size)}"
            line = {"color": colour, "width": 1.8, "dash": dash}
            figure.add_scatter(x=[size, size], y=[low, high], mode="lines", line=line, name=title, hoverinfo="name")
    for kind, name, symbol, colour in (
        ("found", "found, post-trained", "diamond", BLUE),
        ("manual", "hand-designed, post-trained", "star", ORANGE),
    ):
        mine = [mark for mark in marks if mark[3] == kind]
        if mine:
            figure.add_scatter(
                x=[x for x, _, _, _ in mine],
                y=[y for _, y, _, _ in mine],
                mode="markers",
                marker={"symbol": symbol, "size": 12, "color": colour, "line": {"color": "white", "width": 1}},
                name=name,
                text=[text for _, _, text, _ in mine],
                hovertemplate="%{text}<extra></extra>",
            )
    widths = [*sizes, *(x for x, _, _, _ in marks), *(size for size in (limit, manual) if size)]
    figure.update_xaxes(range=with_margin([float(np.log10(width)) for width in widths]))
    figure.update_yaxes(range=[low, high])
    return figure


def _final_marks(findings: Findings) -> list[tuple[int, float, str, str]]:
    """Return parameters, validation score, hover text and kind of the post-trained networks."""
    finals = findings.finals
    if finals is None:
        return []
    metric = finals.metric
    return [
        (
            row.parameters,
            row.validation[metric].mean,
            f"{escape(row.title)}<br>{count(row.parameters)} parameters<br>"
            f"validation {score(row.validation[metric].mean)}"
            + (f", test {score(row.scores[metric].mean)}" if metric in row.scores else ""),
            row.kind,
        )
        for row in finals.rows
        if row.parameters and row.kind in {"found", "manual"} and metric in row.validation
    ]


def _dots(
    findings: Findings,
    places: Sequence[int],
    x: np.ndarray,
    *,
    name: str,
    colour: str,
    trials: Sequence[Trial] | None = None,
) -> Any:
    """Return the dots of trials; those below the floor sit on it as triangles."""
    trials = findings.scored if trials is None else trials
    values = [trials[place].score or 0.0 for place in places]
    low = [value < findings.floor for value in values]
    return go.Scatter(
        x=x[list(places)].round(5),
        y=[max(value, findings.floor) for value in values],
        mode="markers",
        marker={
            "color": colour,
            "size": 6 if len(findings.scored) < 1500 else 4,
            "opacity": 0.75 if len(findings.scored) < 1500 else 0.5,
            "symbol": ["triangle-down" if down else "circle" for down in low] if any(low) else "circle",
        },
        name=name,
        text=[_hover(trials[place], findings.metric) for place in places],
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(trial: Trial, metric: str) -> str:
    parameters = "" if trial.outcome.parameters is None else f"<br>{count(trial.outcome.parameters)} parameters"
    return f"trial {trial.number}{parameters}<br>{metric} {score(trial.score, 4)}"
