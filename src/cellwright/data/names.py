"""Names of one thing in two tables that differ in punctuation."""

import collections
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Matches", "match_names", "may_be_structure", "reduced"]

_STRUCTURE = re.compile(r"(?:Cl|Br|Si|Se|Na|Li|Ca|Mg|Zn|Al|\[[^\]]+\]|[BCNOPSFIKHbcnops0-9()=#@+\-/\\.%$:*~])+")


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of the names of one table.

    Attributes:
        found: the name in the other table, by the name in this one.
        ambiguous: names that could be more than one; dropped.
        absent: names the other table does not have; dropped.
    """

    found: Mapping[str, str]
    ambiguous: tuple[str, ...]
    absent: tuple[str, ...]


def match_names(names: Iterable[str], others: Iterable[str]) -> Matches:
    """Match the names of one table with those of another.

    An exact match comes first. Else the names are reduced to letters and digits in upper case, and match if exactly one
    name on each side has that form; so what is matched exactly by one name is not given to another. Else the name is
    ambiguous. Chemical structures and numbers, in which punctuation has a meaning, match exactly or not at all.
    """
    wanted, there = sorted(set(names)), set(others)
    sharing = collections.Counter(map(reduced, wanted))
    by_form = collections.defaultdict(list)
    for other in sorted(there):
        if not _is_exact(other):
            by_form[reduced(other)].append(other)
    matched, ambiguous, absent = {}, [], []
    for name in wanted:
        form = reduced(name)
        candidates = by_form.get(form, []) if form and not _is_exact(name) else []
        if name in there:
            matched[name] = name
        elif not candidates:
            absent.append(name)
        elif sharing[form] == len(candidates) == 1:
            matched[name] = candidates[0]
        else:
            ambiguous.append(name)
    return Matches(found=matched, ambiguous=tuple(ambiguous), absent=tuple(absent))


def may_be_structure(name: str) -> bool:
    """Return whether a name could be a SMILES string: it has nothing that none has."""
    return _STRUCTURE.fullmatch(name) is not None


def _is_exact(name: str) -> bool:
    structure = may_be_structure(name) and any(sign in name for sign in "()=#@[]")
    return structure or not any(letter.isalpha() for letter in name)


def reduced(name: str) -> str:
    """Return the letters and digits of a name, in upper case."""
    return "".join(letter for letter in name if letter.isalnum()).upper()
