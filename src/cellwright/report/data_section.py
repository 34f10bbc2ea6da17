"""The section on the data: what is predicted from which inputs on which rows, and everything noted while reading it."""

from cellwright.data.splits import Division
from cellwright.errors import DataError
from cellwright.problem import Problem
from cellwright.report.findings import Findings
from cellwright.report.markup import definitions, escape, section, table
from cellwright.report.words import amount, entity, metric_name, shape_in_words
from cellwright.space.naming import input_in_words

__all__ = ["data_section", "split_in_words"]

_MOST_CLASSES = 12


def data_section(findings: Findings) -> str:
    problem = findings.problem
    how = "What is predicted, from which inputs, on which rows, and everything that was noted while the data was read."
    facts = definitions(
        [
            ("problem", problem.name),
            ("task", problem.task.value),
            ("target", problem.target),
            *([("classes", _classes(problem.classes))] if problem.classes else []),
            ("metric", metric_name(problem.metric)),
            ("rows", f"{problem.rows:,}{_parts(problem)}"),
            ("split", split_in_words(problem.division)),
            (
                "hand-designed network",
                amount(problem.manual.parameters, "parameter") if problem.manual else "none",
            ),
        ]
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in problem.notes)
    said = f'<h3>Notes from reading the data</h3><ul class="note">{notes}</ul>' if notes else ""
    columns = f'<div class="columns"><div>{facts}</div><div>{_inputs(problem)}</div></div>'
    return section("data", "The data", how, columns, said)


def split_in_words(division: Division) -> str:
    """Return how rows are divided into training, validation and test rows."""
    match division.by:
        case "row":
            how = "at random, row by row"
        case "given":
            how = "the test rows are those that the data names"
        case by:
            how = f"by {entity(by)}: all rows of one {entity(by)} are in the same part"
    if division.also not in ("", division.by):
        how += f", and all rows of one {division.also}"
    part = "" if division.folds is None else f"; test fold {division.fold + 1} of {division.folds}"
    return f"{how}{part}; seed {division.seed}"


def _parts(problem: Problem) -> str:
    try:
        _, split = problem.data()
    except DataError:
        return ""
    return f": {len(split.train):,} training, {len(split.validation):,} validation, {len(split.test):,} test"


def _classes(labels: tuple[str, ...]) -> str:
    more = f" and {len(labels) - _MOST_CLASSES:,} more" if len(labels) > _MOST_CLASSES else ""
    return f"{len(labels):,}: {', '.join(labels[:_MOST_CLASSES])}{more}"


def _inputs(problem: Problem) -> str:
    kinds, keep = dict(problem.kinds), dict(problem.keep)
    rows = [
        [
            escape(input_in_words(name)),
            escape(shape_in_words(shape)) + ("<small>of largest variance</small>" if name in keep else ""),
            escape(entity(kinds[name]) if name in kinds else "row"),
        ]
        for name, shape in problem.inputs
    ]
    columns = (("input", False), ("features", True), ("one vector for each", False))
    return table(columns, rows, caption="Inputs of the networks")
