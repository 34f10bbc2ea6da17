"""The sections with pictures of the trials: trajectory, size, workers, decisions."""

from cellwright.methods.objectives import cost_text
from cellwright.report.busy_chart import busy_chart
from cellwright.report.effect_chart import MOST_OPTIONS, effect_chart
from cellwright.report.effects import Effect, marginal_effects
from cellwright.report.findings import Findings
from cellwright.report.look import html
from cellwright.report.markup import NO_SUCCESS, escape, missing, picture, section, table
from cellwright.report.trial_charts import MOST_DOTS, front_chart, trajectory_chart, window
from cellwright.report.words import (
    amount,
    count,
    duration,
    metric_name,
    percent,
    score,
    spread,
)
from cellwright.trial import Status

__all__ = ["busy_section", "effects_section", "front_section", "trajectory_section"]

_MOST_EFFECTS = 12


def trajectory_section(findings: Findings) -> str:
    how = (
        "Each dot is a trained network, placed at the minute it was finished; a search that learns lifts the mean "
        "(orange) and not only the best (black)."
    )
    if not findings.scored:
        return section("trajectory", "Search trajectory", how, missing(NO_SUCCESS))
    series = [trial.score for trial in findings.series if trial.score is not None]
    first, last = _ends(series, window(len(series)))
    full = [findings.scores[place] for place in findings.full]
    said = (
        f"{amount(len(findings.scored), 'trial')} over {duration(findings.summary['seconds'])}; best single try "
        f"{findings.validated} {score(max(full))}; mean of the first networks {score(first)}, of the last "
        f"{score(last)}."
    )
    chart = html(trajectory_chart(findings), "chart-trajectory")
    return section("trajectory", "Search trajectory", how, picture(chart, said, _left_out(findings)))


def _ends(scores: list[float], most: int) -> tuple[float, float]:
    first, last = scores[:most], scores[-most:]
    return sum(first) / len(first), sum(last) / len(last)


def _left_out(findings: Findings) -> str:
    """Return what a picture of all trials does not show."""
    notes = []
    if findings.below:
        notes.append(
            f"Triangles at the lower edge: {amount(findings.below, 'score')} below {score(findings.floor)}, the lowest "
            f"{score(min(findings.scores))}; in the mean they count as {score(findings.floor)}."
        )
    if len(findings.scored) > MOST_DOTS:
        notes.append(
            f"{MOST_DOTS:,} of {len(findings.scored):,} dots are drawn: the best, and the rest evenly thinned out."
        )
    return " ".join(notes)


def front_section(findings: Findings) -> str:
    manual = findings.problem.manual
    how = "Up is more accurate, left is smaller; the blue line joins the networks that no smaller one equals"
    how += ", and what lies left of the dashed line is smaller than the network made by hand." if manual else "."
    sized = [trial for trial in findings.judged if trial.outcome.parameters]
    if not sized:
        return section("size", "Accuracy against size", how, missing(NO_SUCCESS))
    said = (
        f"{findings.validated[0].upper()}{findings.validated[1:]} against parameters of "
        f"{amount(len(sized), 'network')}, from "
        f"{count(min(trial.outcome.parameters or 0 for trial in sized))} to "
        f"{count(max(trial.outcome.parameters or 0 for trial in sized))} parameters."
        + (f" The network made by hand has {count(manual.parameters)}." if manual else "")
    )
    rejected = findings.count(Status.REJECTED)
    notes = [f"{amount(rejected, 'proposal')}, over a limit or not to be built, were not trained."] if rejected else []
    finals = findings.finals
    if finals and finals.manual:
        notes.append("Stars and diamonds are scores on the validation rows after post-training, on all training rows.")
        if finals.metric in finals.manual.scores:
            test = finals.manual.scores[finals.metric]
            notes.append(f"On the test rows the network made by hand reaches {spread(test.mean, test.sd)}.")
    elif manual:
        notes.append("The score of the network made by hand is known after post-training.")
    left_out = _left_out(findings)
    chart = html(front_chart(findings), "chart-size")
    shown = picture(chart, said, " ".join([*notes, left_out]).strip())
    return section("size", "Accuracy against size", how, shown, *_front_table(findings))


def _front_table(findings: Findings) -> list[str]:
    """Return the front of several objectives as a table; none where the picture shows it all."""
    objectives = findings.summary["objectives"]
    if set(objectives) <= {findings.metric, "-parameters"} or not findings.summary["front"]:
        return []
    names = [name.removeprefix("-") for name in objectives]
    rows = [
        (str(point["number"]), score(point[names[0]]), *(cost_text(point[name]) for name in names[1:]))
        for point in findings.summary["front"]
    ]
    columns = [("trial", True), (metric_name(names[0]), True), *((name, True) for name in names[1:])]
    caption = f"Networks that none surpasses in all of {', '.join(title for title, _ in columns[1:])}"
    return [f"<p>{escape(caption)}:</p>", table(columns, rows, caption=caption)]


def busy_section(findings: Findings) -> str:
    how = (
        "The curve is the share of workers that were training at each moment; below, each bar is a trial on its "
        "worker, red where it failed, and gaps are waiting."
    )
    mean = findings.utilisation
    if not findings.spans or mean is None:
        return section("utilisation", "Worker utilisation", how, missing("No trial has been run yet."))
    said = f"Workers were busy {percent(mean)} of the time on average, of {amount(findings.workers, 'worker')}."
    note = f"{said} A worker's start-up counts as busy."
    return section(
        "utilisation", "Worker utilisation", how, picture(html(busy_chart(findings), "chart-busy"), said, note)
    )


def effects_section(findings: Findings) -> str:
    how = (
        "For each decision: the mean score of the networks that took each option, with its standard error, and how "
        "many they were (right); decisions that explain most of the differences come first."
    )
    effects = marginal_effects(findings.space, findings.series, findings.floor)
    if not effects:
        return section("decisions", "What each decision does", how, missing(NO_SUCCESS))
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
    notes = ["Options are not tried equally often or independently: this describes the trials and proves no cause."]
    if findings.below:
        notes.append(f"Scores below {score(findings.floor)} count as {score(findings.floor)}.")
    if len(effects) > len(shown):
        notes.append(f"{amount(len(effects) - len(shown), 'decision')} that explain less are left out.")
    note = f'<p class="note">{escape(" ".join(notes))}</p>'
    return section("decisions", "What each decision does", how, f'<div class="multiples">{multiples}</div>', note)


def _multiple(effect: Effect, place: int, scale: tuple[float, float], metric: str) -> str:
    name = effect.decision.name
    best = max(effect.levels, key=lambda level: level.mean)
    explained = "too few trials to say" if effect.explained is None else f"explains {percent(effect.explained)}"
    said = f"{name}: best on average {best.name} with {score(best.mean)}, over {amount(effect.trials, 'trial')}."
    chart = html(effect_chart(effect, scale, metric), f"chart-decision-{place}")
    hidden = len(effect.levels) - MOST_OPTIONS if effect.values is None else 0
    note = f"{amount(hidden, 'option')} with lower means left out." if hidden > 0 else ""
    heading = f"<h3>{escape(name)} <span>{escape(explained)}</span></h3>"
    return f'<div class="multiple">{heading}{picture(chart, said, note)}</div>'
