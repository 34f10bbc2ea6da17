"""What a search is going to do, in words."""

from pathlib import Path
from typing import TYPE_CHECKING

from cellwright.cli.terminal import count, duration, plural

if TYPE_CHECKING:
    from cellwright.limits import Limits
    from cellwright.problem import Problem
    from cellwright.space import Space

__all__ = ["plan"]


def plan(
    problem: "Problem", space: "Space", limits: "Limits", folder: Path, method: str, folds: int
) -> list[tuple[str, str]]:
    """Return what will be done, in words."""
    from cellwright.space.naming import input_in_words

    inputs = ", ".join(f"{input_in_words(name)} {' x '.join(map(count, shape))}" for name, shape in problem.inputs)
    size = "infinitely many networks" if space.size is None else f"{count(space.size)} points"
    scored = "the validation rows" if folds == 1 else f"training and validation rows in {folds} parts"
    ends = [plural(limits.evaluations, "trial")] if limits.evaluations else []
    ends += [duration(60 * limits.minutes)] if limits.minutes else []
    return [
        ("problem", f"{problem.name}: {problem.rows:,} rows; {inputs}"),
        *(("data" if number == 0 else "", note) for number, note in enumerate(problem.notes)),
        ("target", f"{problem.target}; score: {problem.metric} on {scored}, split by {problem.division}"),
        ("space", f"{space.name}: {len(space.decisions)} decisions, {size}"),
        ("limit", _limit(problem, limits.parameters)),
        *(("", f"{most:,.12g} {name}") for name, most in limits.at_most.items()),
        ("search", f"{method}; ends after {' or '.join(ends)}"),
        ("run", str(folder)),
    ]


def _limit(problem: "Problem", parameters: int | None) -> str:
    by_hand = f"the hand-designed network has {count(problem.manual.parameters)}" if problem.manual else ""
    if parameters is None:
        return f"none on parameters{f'; {by_hand}' if by_hand else ''}"
    words = f"{count(parameters)} parameters a network"
    return f"{words}{f'; {by_hand}' if by_hand else ''} (--max-parameters none lifts it)"
