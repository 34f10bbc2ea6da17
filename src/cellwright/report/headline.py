"""The result in one sentence."""

from cellwright.finals import Finals, Row
from cellwright.report.findings import Findings
from cellwright.report.markup import cards
from cellwright.report.words import NOTHING, amount, count, duration, metric_name, percent, score, share_of, spread

__all__ = ["figures", "headline", "standfirst"]


_ENDS = {
    "evaluations": "ended after all evaluations",
    "minutes": "ended when the time was up",
    "converged": "converged: only known networks are proposed",
    "exhausted": "ended: no network is left to try",
    "interrupted": "interrupted",
    "unfinished": "not finished",
}


def headline(findings: Findings) -> str:
    """Return what the run found: after post-training on the test rows, before it on the validation rows."""
    finals = findings.finals
    row = finals.chosen if finals else None
    if finals and row:
        return _final(finals, row)
    if findings.chosen is None:
        over = sum(trial.over for trial in findings.trials)
        failed = sum(not trial.over for trial in findings.evaluated)
        counts = (failed, "trial", "failed"), (over, "network", "over a limit")
        parts = [f"{amount(number, noun)} {said}" for number, noun, said in counts if number]
        return f"{', '.join(parts)}; no network has succeeded yet" if parts else "No trial has ended yet"
    trial, architecture = findings.chosen
    size = architecture.parameters
    manual = findings.problem.manual
    beside = share_of(manual.parameters / size) if manual and size else ""
    network = f"A network with {amount(size, 'parameter')}" if size else f"Trial {trial.number}"
    return f"{network}{f' ({beside})' if beside else ''} reaches {findings.validated} {score(trial.score)}"


def _final(finals: Finals, row: Row) -> str:
    metric = finals.metric
    beside = share_of(row.ratios.parameters)
    network = f"A network with {amount(row.parameters, 'parameter')}" if row.parameters else row.title
    reached = spread(row.scores[metric].mean, row.scores[metric].sd)
    sentence = f"{network}{f' ({beside})' if beside else ''} reaches test {metric_name(metric)} {reached}"
    manual = finals.manual
    if manual and metric in manual.scores:
        sentence += f"; the hand-designed network reaches {_reached(manual, metric)}"
    better = finals.simpler(row.scores[metric].mean)
    if better:
        sentence += f"; a baseline is better: {better.title}, {_reached(better, metric)}"
    return sentence


def _reached(row: Row, metric: str) -> str:
    return spread(row.scores[metric].mean, row.scores[metric].sd)


def standfirst(findings: Findings) -> str:
    """Return how it was found, in a sentence or two."""
    request, summary = findings.request, findings.summary
    found = f"Found by {request.method.upper() if request.method in {'a3c', 'a2c'} else request.method} search"
    tried = f"{amount(summary['networks'], 'network')} trained"
    if summary["networks"] < summary["trials"]:
        tried += f" in {amount(summary['trials'], 'trial')}"
    tried += f" by {amount(findings.workers, 'worker')}"
    begun = found if findings.chosen else f"Searched by {request.method}"
    text = f"{begun}: {tried} in {duration(summary['seconds'])}." if findings.evaluated else f"{begun}."
    finals = findings.finals
    if finals and finals.chosen:
        seeds = f", mean ± standard deviation over {amount(finals.seeds, 'seed')}" if finals.seeds > 1 else ""
        text += f" Chosen on the validation rows, judged once on the test rows{seeds}."
    elif findings.chosen:
        text += " This score is optimistic, as the best of many; post-training gives the score on the test rows."
    if summary["state"] == "unfinished":
        text += " The run is unfinished: it is going on, or was killed."
    return text


def figures(findings: Findings) -> str:
    """Return the key figures."""
    summary = findings.summary
    best = summary["best"]
    tried = len(findings.evaluated)
    share = f"{percent(summary['failed'] / tried)} of the trials" if tried and summary["failed"] else ""
    return cards(
        (
            (
                f"best {findings.validated}",
                score(best["score"]) if best else NOTHING,
                f"trial {best['number']}, {amount(best['parameters'] or 0, 'parameter')}" if best else "",
            ),
            ("trials", count(summary["trials"]), f"of {amount(summary['networks'], 'network')}"),
            ("failed", count(summary["failed"]), share),
            ("cached", count(summary["cached"]), "equal to an earlier network"),
            ("rejected", count(summary["rejected"]), "over a limit"),
            ("utilisation", percent(findings.utilisation), f"of {amount(findings.workers, 'worker')}"),
            ("minutes", f"{summary['seconds'] / 60:,.1f}", _ENDS.get(summary["state"], summary["state"])),
        )
    )
