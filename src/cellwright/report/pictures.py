"""The sections with pictures of the trials: trajectory, size, workers, decisions."""

from cellwright.methods.objectives import cost_text
from cellwright.report.busy_chart import busy_chart
from cellwright.report.findings import Findings
from cellwright.report.look import html
from cellwright.report.markup import NO_SUCCESS, details, escape, missing, picture, section, table
from cellwright.report.trial_charts import MOST_DOTS, front_chart, trajectory_chart, window
from cellwright.report.words import (
    COST_NAMES,
    amount,
    count,
    duration,
    percent,
    score,
    spread,
)
from cellwright.trial import Status

__all__ = ["busy_section", "front_section", "trajectory_section"]

_MOST_FRONT = 12


def trajectory_section(findings: Findings) -> str:
    how = (
        "Each dot is a trained network, at the minute its training ended. A search that learns raises the mean "
        "(orange), not only the best so far (black)."
    )
    if not findings.scored:
        return section("trajectory", "Search trajectory", how, missing(NO_SUCCESS))
    series = [trial.score for trial in findings.series if trial.score is not None]
    first, last = _ends(series, window(len(series)))
    full = [findings.scores[place] for place in findings.full]
    said = (
        f"{amount(len(findings.scored), 'trial')} over {duration(findings.summary['seconds'])}; best single trial: "
        f"{findings.validated} {score(max(full))}; mean of the first networks {score(first)}, of the last "
        f"{score(last)}."
    )
    chart = html(trajectory_chart(findings), "chart-trajectory")
    note = _left_out(findings)
    if findings.below:
        note += f" The mean counts them as {score(findings.floor)}."
    return section("trajectory", "Search trajectory", how, picture(chart, said, note))


def _ends(scores: list[float], most: int) -> tuple[float, float]:
    first, last = scores[:most], scores[-most:]
    return sum(first) / len(first), sum(last) / len(last)


def _left_out(findings: Findings) -> str:
    """Return what a picture of all trials does not show."""
    notes = []
    if findings.below:
        notes.append(
            f"{amount(findings.below, 'score')} below {score(findings.floor)} (the lowest: "
            f"{score(min(findings.scores))}) {'is' if findings.below == 1 else 'are'} drawn at the lower edge, as "
            "triangles, to keep the other networks legible."
        )
    if len(findings.scored) > MOST_DOTS:
        notes.append(
            f"{MOST_DOTS:,} of {len(findings.scored):,} dots are drawn: the best, and an even selection of the others."
        )
    return " ".join(notes)


def front_section(findings: Findings) -> str:
    manual = findings.problem.manual
    how = (
        "Each dot is a network: the higher, the more accurate; the further left, the smaller. The blue line is the "
        "Pareto front: no other network is both smaller and at least as accurate."
    )
    how += " The dashed line marks the size of the hand-designed network." if manual else ""
    sized = [trial for trial in findings.judged if trial.outcome.parameters]
    if not sized:
        return section("size", "Accuracy against size", how, missing(NO_SUCCESS))
    said = (
        f"{findings.validated[0].upper()}{findings.validated[1:]} against parameters of "
        f"{amount(len(sized), 'network')}, from "
        f"{count(min(trial.outcome.parameters or 0 for trial in sized))} to "
        f"{count(max(trial.outcome.parameters or 0 for trial in sized))} parameters."
        + (f" The hand-designed network has {count(manual.parameters)}." if manual else "")
    )
    rejected = findings.count(Status.REJECTED)
    notes = []
    if rejected:
        notes.append(f"Not shown: {amount(rejected, 'proposal')} over a limit or impossible to build, not trained.")
    finals = findings.finals
    if finals and finals.manual:
        notes.append("Diamonds and stars: validation scores after post-training, which uses all training rows.")
        if finals.metric in finals.manual.scores:
            test = finals.manual.scores[finals.metric]
            notes.append(f"On the test rows the hand-designed network reaches {spread(test.mean, test.sd)}.")
    elif manual:
        notes.append("Post-training gives the score of the hand-designed network.")
    left_out = _left_out(findings)
    chart = html(front_chart(findings), "chart-size")
    shown = picture(chart, said, " ".join([*notes, left_out]).strip())
    return section("size", "Accuracy against size", how, shown, *_front_table(findings))


def _front_table(findings: Findings) -> list[str]:
    """Return the Pareto front as a table: the score, the parameters, and what else is an objective."""
    front = findings.summary["front"]
    if not front:
        return []
    objectives = findings.summary["objectives"]
    costs = [name.removeprefix("-") for name in objectives if name != findings.problem.metric]
    sizes = {trial.number: trial.outcome.parameters for trial in findings.trials}
    others = [name for name in costs if name != "parameters"]
    rows = [
        (
            str(point["number"]),
            score(point[findings.problem.metric], 4),
            count(sizes[point["number"]]),
            *(cost_text(point[name]) for name in others),
        )
        for point in sorted(front, key=lambda point: -point[findings.problem.metric])
    ]
    columns = [("trial", True), (findings.validated, True), ("parameters", True)]
    columns += [(COST_NAMES[name], True) for name in others]
    *first, last = [findings.metric, *(COST_NAMES[name] for name in costs or ["parameters"])]
    caption = f"Pareto front of {', '.join(first)} and {last}"
    listed = table(columns, rows, caption=caption)
    best = findings.summary["best"]
    if any(point[findings.problem.metric] > best["score"] for point in front):
        listed += (
            f'<p class="note">Scores are means over the tries of a network. Trial {best["number"]} counts as the best: '
            "networks are ranked by that mean, shrunk towards the median of all networks, the more the fewer its "
            "tries, since part of a high score is luck.</p>"
        )
    if len(rows) > _MOST_FRONT:
        return [details(f"{caption}: {amount(len(rows), 'network')}", listed)]
    return [f"<h3>{escape(caption)}</h3>", listed]


def busy_section(findings: Findings) -> str:
    how = (
        "The curve is the share of workers that were training at each moment. Below it, each bar is a trial on its "
        "worker (red: failed), and the gaps are idle time."
    )
    mean = findings.utilisation
    if not findings.spans or mean is None:
        return section("utilisation", "Worker utilisation", how, missing("No trial has run yet."))
    said = f"Workers were busy {percent(mean)} of the time on average, of {amount(findings.workers, 'worker')}."
    note = f"{said} The start-up of a worker counts as busy."
    return section(
        "utilisation", "Worker utilisation", how, picture(html(busy_chart(findings), "chart-busy"), said, note)
    )
