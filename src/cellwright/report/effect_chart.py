"""The picture of what a decision does."""

from typing import Any

from cellwright.report.effects import Effect
from cellwright.report.look import BLUE, DOT, QUIET, blank, with_margin
from cellwright.report.markup import escape
from cellwright.report.series import evenly
from cellwright.report.words import amount, brief, score
from cellwright.space import Choice

__all__ = ["MOST_OPTIONS", "effect_chart"]

MOST_OPTIONS = 16


def effect_chart(effect: Effect, scale: tuple[float, float], metric: str) -> Any:
    """Draw the mean score of each option of a decision, or a number against the score."""
    figure = blank("", "")
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
        marker={"color": BLUE, "size": [7 if level.error is not None else 5 for level in levels]},
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
            font={"size": 10, "color": QUIET}, bgcolor="rgba(255,255,255,0.8)",
        )  # fmt: skip
    width = scale[1] - scale[0]
    figure.update_xaxes(range=[scale[0], scale[1] + 0.12 * width], nticks=5, title_text=f"mean {metric}")
    figure.update_yaxes(type="category", range=[len(levels) - 0.4, -0.6], tickfont={"size": 11}, showgrid=True)
    figure.update_layout(height=58 + 21 * max(3, len(levels)))


def _add_numbers(figure: Any, effect: Effect, scale: tuple[float, float], metric: str) -> None:
    assert effect.values is not None
    some = evenly(effect.trials, 400)
    figure.add_scatter(
        x=effect.values[some],
        y=effect.scores[some],
        mode="markers",
        marker={"color": DOT, "size": 4, "opacity": 0.6},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[level.at for level in effect.levels],
        y=[level.mean for level in effect.levels],
        error_y={"type": "data", "array": [level.error or 0.0 for level in effect.levels], "thickness": 1.4},
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        text=[
            f"{escape(level.name)}<br>mean {score(level.mean)}<br>{amount(level.count, 'trial')}"
            for level in effect.levels
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    decision = effect.decision
    logarithmic = not isinstance(decision, Choice) and decision.log
    low, high = min(scale[0], float(effect.scores.min())), max(scale[1], float(effect.scores.max()))
    wide = effect.values.max() > 30 * effect.values.min()
    if logarithmic:
        figure.update_xaxes(type="log", tickformat="~g", dtick=1 if wide else "D2")
    figure.update_yaxes(range=with_margin([low, high]), nticks=6, title_text=metric)
    figure.update_layout(height=260)


def _label(name: str, place: int) -> str:
    """Return an option's label; invisible marks keep equally cut labels apart."""
    return escape(brief(name, 30)) + "\N{ZERO WIDTH SPACE}" * place
