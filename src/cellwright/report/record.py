"""The sections with what happened and how to make it happen again."""

import shlex
from collections.abc import Sequence

from cellwright.comparison import settings
from cellwright.report.findings import Findings
from cellwright.report.markup import definitions, details, escape, missing, section, table
from cellwright.report.words import (
    brief,
    percent,
)
from cellwright.space.draw import space_text
from cellwright.trial import Status

__all__ = ["failures_section", "reproduce_section"]

_MOST_ERROR = 4000
_MEANINGS = {
    Status.OK: "trained and scored",
    Status.CACHED: "equal to the network of an earlier trial: that result was used, nothing was trained",
    Status.REJECTED: "over a limit or impossible to build: not trained",
    Status.OVER: "over a limit that only training reveals: its score does not count",
    Status.DIVERGED: "a loss or a prediction was not finite (NaN or infinite)",
    Status.TIMEOUT: "exceeded the time limit of a trial",
    Status.MEMORY: "out of memory",
    Status.KILLED: "its process died",
    Status.FAILED: "another error",
}


def failures_section(findings: Findings) -> str:
    how = (
        "How the trials ended. A failed trial ranks below every successful one; the log keeps its message. The first "
        "message of each kind unfolds on a click."
    )
    present = [status for status in Status if findings.count(status)]
    if not present:
        return section("failures", "Failures", how, missing("No trial has ended yet."))
    rows = [
        [
            status.value,
            f"{findings.count(status):,}",
            percent(findings.count(status) / len(findings.trials)),
            _MEANINGS[status],
        ]
        for status in present
    ]
    columns = (("status", False), ("trials", True), ("share", True), ("meaning", False))
    messages = "".join(_message(findings, status) for status in present if status not in (Status.OK, Status.CACHED))
    return section("failures", "Failures", how, table(columns, rows, caption="How the trials ended"), messages)


def _message(findings: Findings, status: Status) -> str:
    first = next(trial for trial in findings.trials if trial.outcome.status is status)
    error = brief(first.outcome.error or "no message", _MOST_ERROR)
    return details(f"{status.value}: the first message, of trial {first.number}", f"<pre>{escape(error)}</pre>")


def reproduce_section(findings: Findings) -> str:
    how = "The settings of the run, and the commands that make it and this report again."
    asked = definitions(settings(findings.request, findings.space, findings.limits).items())
    listing = f'<pre class="commands">{escape(_commands(findings))}</pre>'
    space = details("The space that was searched", f"<pre>{escape(space_text(findings.space))}</pre>")
    return section("reproduce", "Reproduce", how, asked, "<h3>Commands</h3>", listing, space)


def _commands(findings: Findings) -> str:
    folder = shlex.quote(str(findings.folder))
    after = [f"cellwright {name} {folder}" for name in ("resume", "posttrain", "report")]
    return "\n".join([*_search(findings), *after])


def _search(findings: Findings) -> list[str]:
    """Return what makes the same search again: the command line, or Python where it was asked for from there."""
    request, again = findings.request, f"{findings.folder}-again"
    if request.command:
        return [shlex.join(["cellwright", *_without(request.command, "--out", "--json"), "--out", again])]
    fidelity = request.fidelity
    given = {
        "method": request.method,
        "options": dict(request.options),
        "workers": request.workers,
        "evaluations": request.evaluations,
        "minutes": request.minutes,
        "epochs": fidelity.epochs,
        "fraction": fidelity.fraction,
        "seconds": fidelity.seconds,
        "inner_folds": fidelity.folds,
        "replicates": request.replicates,
        "halving": request.halving,
        "max_parameters": request.max_parameters,
        "at_most": dict(request.at_most),
        "objectives": request.objectives,
        "seed": request.seed,
        "timeout": request.timeout,
        "memory_gib": request.memory_gib,
        "retries": request.retries,
        "device": request.device,
        "out": again,
    }
    return [
        "# in Python, for that is where it was asked for",
        f"run = cellwright.Run({str(findings.folder)!r})",
        "cellwright.search(",
        "    run.problem,",
        "    space=run.space,",
        "    starts=[run.space.point(values) for values in run.request.starts],",
        "    recipe=cellwright.train.Recipe(**run.request.recipe),",
        *(f"    {name}={value!r}," for name, value in given.items()),
        ")",
        "# and in a shell",
    ]


def _without(words: Sequence[str], valued: str, flag: str) -> list[str]:
    """Return words without an option that has a value, and without a flag."""
    kept: list[str] = []
    skip = False
    for word in words:
        if not skip and word not in (valued, flag) and not word.startswith(f"{valued}="):
            kept.append(word)
        skip = not skip and word == valued
    return kept
