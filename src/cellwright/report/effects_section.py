"""The section on what each decision does."""

from cellwright.report.effect_chart import MOST_OPTIONS, effect_chart
from cellwright.report.effects import Effect, marginal_effects
from cellwright.report.findings import Findings
from cellwright.report.look import html
from cellwright.report.markup import NO_SUCCESS, escape, missing, picture, section
from cellwright.report.words import amount, percent, score

__all__ = ["effects_section"]

_MOST_EFFECTS = 12
_TITLE = "What each decision does"


def effects_section(findings: Findings) -> str:
    how = (
        "Each chart shows one decision: the mean score of the networks with each option, its standard error, and the "
        "number of networks (right). The most important decisions come first."
    )
    effects = marginal_effects(findings.space, findings.series, findings.floor)
    if not effects:
        return section("decisions", _TITLE, how, missing(NO_SUCCESS))
    shown = effects[:_MOST_EFFECTS]
    ends = [
        end
        for effect in shown
        for level in effect.levels
        for end in (level.mean - (level.error or 0), level.mean + (level.error or 0))
    ]
    margin = 0.04 * (max(ends) - min(ends)) or 0.01
    scale = (min(ends) - margin, max(ends) + margin)
    multiples = "".join(_multiple(effect, place, scale, findings.metric) for place, effect in enumerate(shown))
    note = f'<p class="note">{escape(" ".join(_notes(findings, effects)))}</p>'
    return section("decisions", _TITLE, how, f'<div class="multiples">{multiples}</div>', note)


def _notes(findings: Findings, effects: list[Effect]) -> list[str]:
    notes = []
    parts = [effect.share for effect in effects if effect.share is not None]
    if parts:
        notes.append(
            "The percentage is the share of the scores' variance that a random forest attributes to the decision. "
            f"All shares together make {percent(sum(parts))}, the variance that the forest explains in networks it was "
            "not fitted to (out-of-bag R²)."
            + ("" if sum(parts) else " The trials are too few, or too alike, to tell the decisions apart.")
        )
    low = sum((trial.score or 0.0) < findings.floor for trial in findings.series)
    if low:
        floor = score(findings.floor)
        notes.append(
            f"For means and shares, {amount(low, 'score')} below {floor} {'is' if low == 1 else 'are'} raised to "
            f"{floor} (winsorized), so that a few poor networks do not dominate."
        )
    notes.append("A search does not try all options equally often: the charts describe its trials and prove no cause.")
    if len(effects) > _MOST_EFFECTS:
        notes.append(f"{amount(len(effects) - _MOST_EFFECTS, 'decision')} of lower importance not shown.")
    return notes


def _multiple(effect: Effect, place: int, scale: tuple[float, float], metric: str) -> str:
    name = effect.decision.name
    best = max(effect.levels, key=lambda level: level.mean)
    share = "too few trials for a share" if effect.share is None else f"{percent(effect.share)} of variance"
    said = f"{name}: best on average {best.name} with {score(best.mean)}, over {amount(effect.trials, 'trial')}."
    chart = html(effect_chart(effect, scale, metric), f"chart-decision-{place}")
    hidden = len(effect.levels) - MOST_OPTIONS if effect.values is None else 0
    note = f"{amount(hidden, 'option')} with lower means not shown." if hidden > 0 else ""
    heading = f"<h3>{escape(name)} <span>{escape(share)}</span></h3>"
    return f'<div class="multiple">{heading}{picture(chart, said, note)}</div>'
