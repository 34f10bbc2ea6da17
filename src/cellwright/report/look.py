"""What all pictures have in common."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from plotly import graph_objects as go

__all__ = ["BLUE", "DOT", "EARLY", "INK", "ORANGE", "QUIET", "RED", "blank", "evenly", "html", "style", "with_margin"]

INK, QUIET, _GRID = "#1b2733", "#5b6875", "#e6eaee"
BLUE, ORANGE, RED, DOT, EARLY = "#1f5a8a", "#c2571a", "#b3261e", "#8fa3b5", "#d3dbe3"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_TOP_LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}


def html(figure: Any, name: str) -> str:
    """Return a figure as a piece of HTML that plotly.js, already in the page, draws."""
    config = {"responsive": True, "displayModeBar": False}  # dragging zooms, a double click goes back
    text: str = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config=config)
    return text


def evenly(length: int, most: int) -> np.ndarray:
    """Return at most `most` positions, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(int))


def with_margin(values: Sequence[float]) -> list[float]:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
    return [low - margin, high + margin]


def blank(x: str, y: str) -> Any:
    figure = go.Figure()
    style(figure, x, y)
    return figure


def style(figure: Any, x: str, y: str) -> None:
    """Give a figure the page's look."""
    figure.update_layout(
        template="none",
        height=440,
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        font={"family": _FONT, "size": 12.5, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={**_TOP_LEGEND, "font": {"size": 12}, "itemsizing": "trace"},
        hoverlabel={"bgcolor": "white", "bordercolor": _GRID, "font": {"color": INK, "family": _FONT}},
    )
    axis = {"automargin": True, "gridcolor": _GRID, "linecolor": "#b8c2cc", "zeroline": False, "showline": True}
    figure.update_xaxes(
        **axis,
        ticks="outside",
        ticklen=4,
        tickcolor="#b8c2cc",
        title={"text": x, "standoff": 8, "font": {"size": 12.5, "color": QUIET}},
    )
    figure.update_yaxes(**axis, title={"text": y, "standoff": 8, "font": {"size": 12.5, "color": QUIET}})
