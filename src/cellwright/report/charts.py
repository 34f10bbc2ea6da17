"""The pictures, as plotly figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from plotly import graph_objects as go
from plotly.subplots import make_subplots

from cellwright.report.effects import Effect
from cellwright.report.findings import Findings
from cellwright.report.markup import escape
from cellwright.report.series import pareto_front, records, running_mean, thinned
from cellwright.report.utilisation import utilisation
from cellwright.report.words import amount, brief, count, score
from cellwright.space import Choice
from cellwright.trial import Status, Trial

__all__ = [
    "MOST_DOTS",
    "MOST_OPTIONS",
    "busy_chart",
    "effect_chart",
    "front_chart",
    "html",
    "trajectory_chart",
    "window",
]

MOST_DOTS = 5000
_MOST_LINE = 600
_FEWEST_FOR_MEAN = 20
_MOST_BARS = 3000
_MOST_ROWS = 32
MOST_OPTIONS = 16
_BINS = 120

_INK, _QUIET, _GRID = "#1b2733", "#5b6875", "#e6eaee"
_BLUE, _ORANGE, _GREEN, _RED, _DOT = "#1f5a8a", "#c2571a", "#2e7d5b", "#b3261e", "#8fa3b5"
_AGENTS = ("#4e79a7", "#e0973b", "#5fa05a", "#b07aa1", "#6fb3b0", "#c96a6b", "#9c755f", "#8c8c8c")
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_TOP_LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}


def html(figure: Any, name: str) -> str:
    """Return a figure as a piece of HTML that plotly.js, already in the page, draws."""
    config = {"responsive": True, "displayModeBar": False}  # dragging zooms, a double click goes back
    text: str = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=config)
    return text


def window(trials: int) -> int:
    """Return over how many trials the running mean goes."""
    return min(50, max(20, trials // 20))


def trajectory_chart(findings: Findings) -> Any:
    """Draw the score of each evaluated trial against time, the best so far, and the running mean."""
    trials, scores, floor = findings.scored, findings.scores, findings.floor
    minutes = np.array([trial.finished / 60 for trial in trials])
    best = records(scores)
    shown = thinned(scores, MOST_DOTS, keep=best)
    figure = _figure("minutes since the start", f"validation {findings.metric}")
    agents = sorted({agent for trial in trials if isinstance(agent := trial.proposal.notes.get("agent"), int)})
    named = 2 <= len(agents) <= len(_AGENTS)
    for agent in agents if named else [None]:
        dots = [place for place in shown if not named or trials[place].proposal.notes.get("agent") == agent]
        name = f"agent {agent}" if named else "trial"
        colour = _AGENTS[agents.index(agent)] if agent is not None else _DOT
        figure.add_trace(_dots(findings, dots, minutes, name=name, colour=colour))
    end = max(float(minutes.max()), findings.summary["seconds"] / 60)
    figure.add_scatter(
        x=[*minutes[best], end],
        y=[*(scores[place] for place in best), scores[best[-1]]],
        mode="lines",
        line={"color": _INK, "width": 2, "shape": "hv"},
        name="best so far",
        hoverinfo="skip",
    )
    if len(trials) >= _FEWEST_FOR_MEAN:
        mean = running_mean(np.maximum(scores, floor), window(len(trials)))
        some = 9 + _evenly(len(trials) - 9, _MOST_LINE)  # a mean of fewer than ten says little
        figure.add_scatter(
            x=minutes[some],
            y=mean[some].round(5),
            mode="lines",
            line={"color": _ORANGE, "width": 2.5},
            name=f"mean of the last {window(len(trials))}",
            hoverinfo="skip",
        )
    figure.update_yaxes(range=_with_margin([max(floor, value) for value in scores]))
    figure.update_xaxes(range=[-0.02 * end, 1.02 * end] if end > 0 else None)
    return figure


def front_chart(findings: Findings) -> Any:
    """Draw score against parameters with the Pareto front, the limit and the hand-made network."""
    trials = tuple(trial for trial in findings.scored if trial.outcome.parameters)
    scores = [trial.score for trial in trials if trial.score is not None]
    sizes = np.array([trial.outcome.parameters or 0 for trial in trials], dtype=np.float64)
    front = pareto_front(sizes.tolist(), scores)
    shown = thinned(scores, MOST_DOTS, keep=front)
    figure = _figure("trainable parameters (logarithmic)", f"validation {findings.metric}")
    figure.update_xaxes(type="log", tickformat="~s", dtick="D2" if sizes.max() < 200 * sizes.min() else 1)
    figure.add_trace(_dots(findings, shown, sizes, trials=trials, name="trial", colour=_DOT))
    edge = [place for place in front if scores[place] >= findings.floor]
    figure.add_scatter(
        x=sizes[edge],
        y=[scores[place] for place in edge],
        mode="lines+markers",
        line={"color": _BLUE, "width": 2, "shape": "hv"},
        marker={"size": 7},
        name="best for its size (Pareto front)",
        text=[_hover(trials[place], findings.metric) for place in edge],
        hovertemplate="%{text}<extra></extra>",
    )
    marks = _final_marks(findings)
    heights = [max(findings.floor, value) for value in scores] + [y for _, y, _, _ in marks]
    low, high = _with_margin(heights)
    limit = findings.request.max_parameters
    manual = findings.problem.manual.parameters if findings.problem.manual else None
    for size, name, dash in ((limit, "limit", "dot"), (manual, "made by hand", "dash")):
        if size:
            title = f"{name}: {count(size)}"
            line = {"color": _QUIET if name == "limit" else _ORANGE, "width": 1.8, "dash": dash}
            figure.add_scatter(x=[size, size], y=[low, high], mode="lines", line=line, name=title, hoverinfo="name")
    for kind, name, symbol, colour in (
        ("found", "found, post-trained", "diamond", _BLUE),
        ("manual", "made by hand, post-trained", "star", _ORANGE),
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
    figure.update_xaxes(range=_with_margin([float(np.log10(width)) for width in widths]))
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
            f"{escape(row.name)}<br>{count(row.parameters)} parameters<br>"
            f"validation {score(row.validation[metric].mean)}"
            + (f", test {score(row.scores[metric].mean)}" if metric in row.scores else ""),
            row.kind,
        )
        for row in finals.rows
        if row.parameters and row.kind in {"found", "manual"} and metric in row.validation
    ]


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
        line={"color": _BLUE, "width": 1.2},
        fill="tozeroy",
        fillcolor="rgba(31, 90, 138, 0.18)",
        hovertemplate="minute %{x:.2f}: %{y:.0f}% busy<extra></extra>",
    )
    if bars:
        _add_bars(figure, done)
    _style(figure, "", "")
    figure.update_layout(showlegend=False, bargap=0.25, height=upper + 80 + bars * (lower + 24))
    figure.update_yaxes(range=[0, 106], title_text="busy", tickvals=[0, 50, 100], ticktext=["0%", "50%", "100%"], row=1)
    figure.update_xaxes(title_text="minutes since the start", row=1 + bars)
    figure.update_xaxes(range=[0, end / 60])
    if bars:
        figure.update_yaxes(type="category", autorange="reversed", showgrid=False, row=2)
    return figure


def _add_bars(figure: Any, trials: Sequence[Trial]) -> None:
    """Add a row a worker with a bar a trial."""
    figure.add_bar(
        orientation="h",
        y=[f"worker {trial.worker}" for trial in trials],
        base=[round(trial.started / 60, 5) for trial in trials],
        x=[round((trial.finished - trial.started) / 60, 5) for trial in trials],
        marker={
            "color": [_BLUE if trial.outcome.status is Status.OK else _RED for trial in trials],
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


def effect_chart(effect: Effect, scale: tuple[float, float], metric: str) -> Any:
    """Draw the mean score of each option of a decision, or a number against the score."""
    figure = _figure("", "")
    figure.update_layout(showlegend=False, margin={"l": 8, "r": 12, "t": 4, "b": 34}, font_size=11)
    if effect.values is None:
        _add_options(figure, effect, scale, metric)
    else:
        _add_numbers(figure, effect, scale, metric)
    return figure


def _add_options(figure: Any, effect: Effect, scale: tuple[float, float], metric: str) -> None:
    levels = effect.levels[:MOST_OPTIONS]
    figure.add_scatter(
        x=[level.mean for level in levels],
        y=[_label(level.name, place) for place, level in enumerate(levels)],
        error_x={"type": "data", "array": [level.error or 0.0 for level in levels], "thickness": 1.4, "width": 3},
        mode="markers",
        marker={"color": _BLUE, "size": [7 if level.error is not None else 5 for level in levels]},
        text=[
            f"{escape(level.name)}<br>mean {score(level.mean)}"
            f"{f' ± {score(level.error)}' if level.error is not None else ''}<br>{amount(level.count, 'trial')}"
            for level in levels
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    for place, level in enumerate(levels):
        figure.add_annotation(
            x=1, xref="paper", y=place, text=f"{level.count:,}", showarrow=False, xanchor="right",
            font={"size": 10, "color": _QUIET}, bgcolor="rgba(255,255,255,0.8)",
        )  # fmt: skip
    width = scale[1] - scale[0]
    figure.update_xaxes(range=[scale[0], scale[1] + 0.12 * width], nticks=5, title_text=f"mean {metric}")
    figure.update_yaxes(type="category", range=[len(levels) - 0.4, -0.6], tickfont={"size": 11}, showgrid=True)
    figure.update_layout(height=58 + 21 * max(3, len(levels)))


def _add_numbers(figure: Any, effect: Effect, scale: tuple[float, float], metric: str) -> None:
    assert effect.values is not None
    some = _evenly(effect.trials, 400)
    figure.add_scatter(
        x=effect.values[some],
        y=effect.scores[some],
        mode="markers",
        marker={"color": _DOT, "size": 4, "opacity": 0.6},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[level.at for level in effect.levels],
        y=[level.mean for level in effect.levels],
        error_y={"type": "data", "array": [level.error or 0.0 for level in effect.levels], "thickness": 1.4},
        mode="lines+markers",
        line={"color": _BLUE, "width": 2},
        text=[
            f"{escape(level.name)}<br>mean {score(level.mean)}<br>{amount(level.count, 'trial')}"
            for level in effect.levels
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    decision = effect.decision
    logarithmic = not isinstance(decision, Choice) and decision.log
    low, high = min(scale[0], float(effect.scores.min())), max(scale[1], float(effect.scores.max()))
    figure.update_xaxes(type="log" if logarithmic else "linear", nticks=6)
    figure.update_yaxes(range=_with_margin([low, high]), nticks=6, title_text=metric)
    figure.update_layout(height=260)


def _label(name: str, place: int) -> str:
    """Return an option's label; invisible marks keep equally cut labels apart."""
    return escape(brief(name, 26)) + "\N{ZERO WIDTH SPACE}" * place


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


def _evenly(length: int, most: int) -> np.ndarray:
    """Return at most `most` positions, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(int))


def _with_margin(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
    return [low - margin, high + margin]


def _figure(x: str, y: str) -> Any:
    figure = go.Figure()
    _style(figure, x, y)
    return figure


def _style(figure: Any, x: str, y: str) -> None:
    """Give a figure the page's look."""
    figure.update_layout(
        template="none",
        height=440,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        font={"family": _FONT, "size": 12.5, "color": _INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={**_TOP_LEGEND, "font": {"size": 12}, "itemsizing": "trace"},
        hoverlabel={"bgcolor": "white", "bordercolor": _GRID, "font": {"color": _INK, "family": _FONT}},
    )
    axis = {"automargin": True, "gridcolor": _GRID, "linecolor": "#b8c2cc", "zeroline": False, "showline": True}
    figure.update_xaxes(
        **axis,
        ticks="outside",
        ticklen=4,
        tickcolor="#b8c2cc",
        title={"text": x, "standoff": 8, "font": {"size": 12.5, "color": _QUIET}},
    )
    figure.update_yaxes(**axis, title={"text": y, "standoff": 8, "font": {"size": 12.5, "color": _QUIET}})
