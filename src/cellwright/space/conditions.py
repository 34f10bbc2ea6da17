"""When a decision matters, and which combinations may not occur."""

import math
from collections.abc import Iterator, Sequence
from itertools import product

from cellwright.errors import SpaceError
from cellwright.space.decisions import Choice, Decision, Float, Value, When

__all__ = ["Conditions"]

_MOST_ENTANGLED = 1_000_000


class Conditions:
    """The conditions of a space's decisions and its forbidden combinations, by position.

    Args:
        space: its name, for messages.
        decisions: all of them; a condition asks about one before its own.
        forbidden: combinations of conditions that must not all hold.

    Raises:
        SpaceError: a condition asks about what is not there, or comes too early; a combination is empty.
    """

    def __init__(self, space: str, decisions: Sequence[Decision], forbidden: Sequence[tuple[When, ...]]) -> None:
        self._space = space
        self._decisions = decisions
        self.positions = {decision.name: index for index, decision in enumerate(decisions)}
        self._whens = [(index, self._resolved(d.when)) for index, d in enumerate(decisions) if d.when is not None]
        for index, (parent, _) in self._whens:
            if parent >= index:
                raise SpaceError(
                    f"decision {decisions[index].name!r} depends on {decisions[parent].name!r}, "
                    "which must come before it"
                )
        for clause in forbidden:
            if not clause or not all(isinstance(condition, When) for condition in clause):
                raise SpaceError(f"space {space!r} forbids {clause!r}; a combination is a tuple of When, not empty")
        self._clauses = [[self._resolved(condition) for condition in clause] for clause in forbidden]

    def __bool__(self) -> bool:
        """Whether any decision matters only at times."""
        return bool(self._whens)

    def active(self, values: Sequence[Value]) -> list[bool]:
        """Return for each decision whether it matters, given all values."""
        active = [True] * len(self._decisions)
        for index, condition in self._whens:
            parent = condition[0]
            active[index] = active[parent] and values[parent] in condition[1]
        return active

    def allow(self, values: Sequence[Value]) -> bool:
        """Return whether no forbidden combination occurs among the active decisions."""
        return next(self.broken(values), None) is None

    def broken(self, values: Sequence[Value]) -> Iterator[list[int]]:
        """Yield the places of the decisions of each forbidden combination that occurs."""
        if not self._clauses:
            return
        active = self.active(values)
        for clause in self._clauses:
            if all(active[i] and values[i] in wanted for i, wanted in clause):
                yield [i for i, _ in clause]

    def count(self) -> int | None:
        """Return how many allowed assignments differ in an active decision; None where a Float makes it infinite.

        Raises:
            SpaceError: conditions and forbidden combinations tie more than a million assignments together.
        """
        decisions, sizes = self._decisions, [decision.size or 0 for decision in self._decisions]
        if any(isinstance(decision, Float) for decision in decisions):
            return None
        # whose values decide about others: parents of conditions, members of forbidden combinations
        tied = sorted({parent for _, (parent, _) in self._whens} | {i for clause in self._clauses for i, _ in clause})
        entangled = math.prod(sizes[index] for index in tied)
        if entangled > _MOST_ENTANGLED:
            raise SpaceError(
                f"the size of {self._space!r} cannot be counted: its conditions tie {entangled} assignments"
            )
        free = math.prod(sizes[i] for i, d in enumerate(decisions) if i not in tied and d.when is None)
        hanging = [i for i, d in enumerate(decisions) if i not in tied and d.when is not None]
        values: list[Value] = [decision.at(0.0) for decision in decisions]
        total = 0
        for assignment in product(*(range(sizes[index]) for index in tied)):
            for index, step in zip(tied, assignment, strict=True):
                values[index] = getattr(decisions[index], "low", 0) + step
            active = self.active(values)
            # a switched-off decision counts once: with its first value
            once = all(active[i] or not step for i, step in zip(tied, assignment, strict=True))
            if once and self.allow(values):
                total += math.prod(sizes[i] for i in hanging if active[i])
        return total * free

    def _resolved(self, condition: When) -> tuple[int, frozenset[Value]]:
        """Return the position of the decision asked about, and the values that fulfil the condition."""
        index = self.positions.get(condition.decision)
        if index is None:
            raise SpaceError(f"a condition asks about {condition.decision!r}; known here: {sorted(self.positions)}")
        decision = self._decisions[index]
        if isinstance(decision, Float):
            raise SpaceError(
                f"a condition cannot ask about the real number {decision.name!r}; use an Integer or Choice"
            )
        if isinstance(decision, Choice):
            options = {(type(option), option): position for position, option in enumerate(decision.options)}
            unknown = [value for value in condition.values if (type(value), value) not in options]
            if unknown:
                raise SpaceError(f"decision {decision.name!r} has no option {unknown[0]!r}: {decision.options!r}")
            return index, frozenset(options[type(value), value] for value in condition.values)
        return index, frozenset(decision.check(value) for value in condition.values)
