"""The sections with what happened and how to make it happen again."""

import shlex
from collections.abc import Sequence

from cellwright.errors import DataError
from cellwright.report.findings import Findings
from cellwright.report.markup import definitions, details, escape, missing, section, table
from cellwright.report.words import (
    NOTHING,
    amount,
    brief,
    count,
    duration,
    percent,
    shape_in_words,
)
from cellwright.space.draw import space_text
from cellwright.trial import Status

__all__ = ["failures_section", "reproduce_section"]

_MOST_ERROR = 4000
_MEANINGS = {
    Status.OK: "trained and scored",
    Status.CACHED: "the same network as an earlier trial: its result was taken, nothing trained",
    Status.REJECTED: "over a limit, or not to be built: not trained",
    Status.OVER: "over a limit, as was found by training it: its score does not count",
    Status.DIVERGED: "a loss or a prediction was not finite",
    Status.TIMEOUT: "took longer than allowed",
    Status.MEMORY: "out of memory",
    Status.KILLED: "the worker died",
    Status.FAILED: "another error",
}


def failures_section(findings: Findings) -> str:
    how = (
        "How the trials ended; a failure is ranked below every success and stays in the log, with its message, "
        "of which the first of each kind can be unfolded."
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
    how = "The request, the problem and the commands that make this run and this report again."
    request, problem = findings.request, findings.problem
    fidelity = request.fidelity
    asked = definitions(
        [
            ("method", request.method),
            *((f"option {name}", value) for name, value in request.options.items()),
            ("seed", request.seed),
            ("epochs", fidelity.epochs),
            ("share of training rows", percent(fidelity.fraction)),
            *([("seconds of training", fidelity.seconds)] if fidelity.seconds else []),
            *([("cross-validated in parts", fidelity.folds)] if fidelity.folds > 1 else []),
            *([("further tries of leaders", request.replicates)] if request.replicates else []),
            *([("halving", request.halving)] if request.halving else []),
            *([("objectives", ", ".join(request.objectives))] if request.objectives else []),
            ("limit on evaluations", count(request.evaluations)),
            ("limit on minutes", NOTHING if request.minutes is None else f"{request.minutes:g}"),
            ("limit on parameters", count(request.max_parameters)),
            *((f"limit on {name}", f"{most:,.12g}") for name, most in request.at_most.items()),
            ("workers", request.workers),
            ("time allowed a trial", duration(request.timeout)),
            ("device", request.device),
            ("recipe", ", ".join(f"{name} {value}" for name, value in request.recipe.items())),
            ("versions", ", ".join(f"{name} {version}" for name, version in request.versions.items())),
        ]
    )
    manual = problem.manual
    facts = definitions(
        [
            ("problem", problem.name),
            ("task", problem.task.value),
            ("target", problem.target),
            ("metric", findings.metric),
            ("rows", f"{problem.rows:,}{_parts(findings)}"),
            ("split by", str(problem.division)),
            *((f"input {name}", shape_in_words(shape)) for name, shape in problem.inputs),
            ("outputs", problem.outputs),
            ("network made by hand", amount(manual.parameters, "parameter") if manual else "none"),
            ("fingerprint of the space", findings.space.fingerprint),
        ]
    )
    listing = f'<pre class="commands">{escape(_commands(findings))}</pre>'
    space = details("The space that was searched", f"<pre>{escape(space_text(findings.space))}</pre>")
    columns = f'<div class="columns"><div><h3>Request</h3>{asked}</div><div><h3>Problem</h3>{facts}</div></div>'
    return section("reproduce", "Reproduce", how, columns, "<h3>Commands</h3>", listing, space)


def _parts(findings: Findings) -> str:
    try:
        _, split = findings.problem.data()
    except DataError:
        return ""
    return f": {len(split.train):,} train, {len(split.validation):,} validate, {len(split.test):,} test"


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
