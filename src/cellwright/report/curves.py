"""The section with the learning curves of the best networks."""

from typing import Any

from cellwright.report.findings import Findings
from cellwright.report.look import BLUE, INK, ORANGE, blank, html
from cellwright.report.markup import picture, section
from cellwright.report.words import amount, score
from cellwright.trial import Trial

__all__ = ["curves_chart", "curves_section"]

_MOST = 5
_COLOURS = (BLUE, ORANGE, "#5fa05a", "#b07aa1", INK)


def curves_section(findings: Findings) -> list[str]:
    """Return the section; none where no learning curve was recorded."""
    best = _best(findings)
    if not best:
        return []
    folds = findings.request.fidelity.folds
    on = f"{findings.metric} on the first of the {folds} parts" if folds > 1 else findings.validated
    how = (
        f"The {on}, of the best networks of the search, after each epoch of training. A curve that still "
        "rises at its end suggests more epochs; a curve that falls suggests overfitting."
    )
    ends = ", ".join(f"trial {trial.number} ends at {score(trial.outcome.curve[-1][1])}" for trial in best)
    said = f"Learning curves of {amount(len(best), 'network')}: {ends}."
    return [section("curves", "Learning curves", how, picture(html(curves_chart(findings), "chart-curves"), said))]


def curves_chart(findings: Findings) -> Any:
    """Draw the validation score after each epoch, for the best few networks."""
    figure = blank("epochs", f"validation {findings.metric}")
    figure.update_layout(height=340)
    for trial, colour in zip(_best(findings), _COLOURS, strict=False):
        figure.add_scatter(
            x=[epochs for epochs, _ in trial.outcome.curve],
            y=[round(reached, 5) for _, reached in trial.outcome.curve],
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 5},
            name=f"trial {trial.number}",
            hovertemplate=f"trial {trial.number}, epoch %{{x}}: %{{y}}<extra></extra>",
        )
    return figure


def _best(findings: Findings) -> list[Trial]:
    return [trial for trial in findings.judged if trial.outcome.curve][:_MOST]
