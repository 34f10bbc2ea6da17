"""Columns that belong to one of a pair each."""

import re
from collections.abc import Sequence
from itertools import takewhile

from cellwright.errors import DataError

__all__ = ["check_sides"]


def check_sides(pair: str, keys: Sequence[str], name: str, columns: Sequence[str]) -> None:
    """Refuse columns one of which seems to belong to each of a pair, whose members change places without them.

    They are two, and differ as the pair's key columns do: dose_a and dose_b beside drug_a and drug_b.
    """
    first, second = map(str, keys)
    start = _alike_so_far(first, second)
    end = _alike_so_far(first[start:][::-1], second[start:][::-1])
    one, other = first[start : len(first) - end], second[start : len(second) - end]
    known = set(columns)
    for column in columns:
        for place in [match.start() for match in re.finditer(re.escape(one), column)] if one else [len(column)]:
            before, after = column[:place], column[place + len(one) :]
            twin = f"{before}{other}{after}"
            if twin not in known:
                continue
            form = re.compile(f"{re.escape(before)}.{{0,{max(len(one), len(other))}}}{re.escape(after)}", re.DOTALL)
            if {each for each in columns if form.fullmatch(each)} == {column, twin}:
                raise DataError(
                    f"columns {column!r} and {twin!r} of input {name!r} seem to belong to one each of the pair "
                    f"{pair!r}, which may come in either order: put them into the pair's table, under keys "
                    "such as a drug at a dose; or, if they belong to the row, rename them"
                )


def _alike_so_far(first: str, second: str) -> int:
    """Return how many characters both begin with."""
    return sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(first, second, strict=False)))
