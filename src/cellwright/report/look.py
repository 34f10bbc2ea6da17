"""What all pictures have in common."""

from collections.abc import Sequence
from typing import Any

from plotly import graph_objects as go

__all__ = ["BLUE", "DOT", "EARLY", "INK", "ORANGE", "QUIET", "RED", "blank", "html", "style", "with_margin"]

INK, QUIET, _GRID = "#1b2733", "#5b6875", "#e6eaee"
BLUE, ORANGE, RED, DOT, EARLY = "#1f5a8a", "#c2571a", "#b3261e", "#8fa3b5", "#d3dbe3"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
_TOP_LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}


def html(figure: Any, name: str) -> str:
    """Return a figure as a piece of HTML that the loader of `plotly_js` draws."""
    return (
        f'<div id="{name}" class="plot" style="min-height: {figure.layout.height}px"></div>'
        f'<script type="application/json" data-chart="{name}">{figure.to_json()}</script>'
    )


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
