"""Names of one thing in two tables that differ in punctuation, or in what stands before or behind them."""

import collections
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Fit", "Matches", "fit_names", "match_names", "may_be_structure", "reduced"]

_STRUCTURE = re.compile(r"(?:Cl|Br|Si|Se|Na|Li|Ca|Mg|Zn|Al|\[[^\]]+\]|[BCNOPSFIKHbcnops0-9()=#@+\-/\\.%$:*~])+")
_BEFORE = re.compile(r"[^._:\- ]+[._:\- ]+|[A-Za-z]+(?=\d{3})")  # DATA.906826, NSC740
_SHORTEST = 3  # digits of a number without the letters before it: shorter ones are anything


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


@dataclass(frozen=True, slots=True)
class Fit:
    """Names of one table in another, perhaps after something was cut off.

    Attributes:
        found: what the other table calls it, by the name in this one; several where the other table repeats it.
        how: what was cut off, in words; "" if nothing.
    """

    found: Mapping[str, tuple[str, ...]]
    how: str = ""


def fit_names(names: Iterable[str], others: Mapping[str, tuple[str, ...]]) -> Fit:
    """Match names as `match_names` does; where that leaves some over, try them without a beginning or an ending.

    A beginning is one that most names of a table share ("DATA.906826"); an ending follows the first "_", as a tissue
    does in CCLE's names ("22RV1_PROSTATE"). Something is cut off in one of the two tables, where at least two
    more names match one to one then, or all.

    Args:
        others: what stands for each name in the other table, such as its columns.
    """
    wanted = set(names)
    plain = match_names(wanted, others).found
    found, how = dict(plain), ""
    left, free = wanted - plain.keys(), others.keys() - set(plain.values())
    if left and free:
        for words, cut_names, cut_others in _cuts(left, free):
            mine, its = _by_form(left, cut_names), _by_form(free, cut_others)
            matched = match_names(mine, its).found
            if len(plain) + len(matched) > len(found) and len(matched) >= min(2, len(left)):
                found, how = {**plain, **{mine[name]: its[other] for name, other in matched.items()}}, words
    return Fit({name: others[other] for name, other in found.items()}, how)


_Cut = Callable[[str], str]


def _cuts(names: set[str], others: set[str]) -> Iterator[tuple[str, _Cut, _Cut]]:
    """Return ways to cut names: in words, and for each side."""
    for own, side, where in ((False, others, "the table"), (True, names, "the measurements")):
        before = collections.Counter(match[0] for match in map(_BEFORE.match, side) if match)
        beginning, count = before.most_common(1)[0] if before else ("", 0)
        if count > 1 and 2 * count >= len(side):
            cut = functools.partial(_without_beginning, beginning)
            words = f"without {beginning!r}, with which names in {where} begin"
            yield (words, cut, str) if own else (words, str, cut)
        ending = next((name for name in sorted(side) if "_" in name), None)
        if ending is not None:
            words = f"without what follows the first '_' of names in {where} ({ending!r}: {_without_ending(ending)!r})"
            yield (words, _without_ending, str) if own else (words, str, _without_ending)


def _without_beginning(beginning: str, name: str) -> str:
    rest = name.removeprefix(beginning)
    return name if rest.isdigit() and len(rest) < _SHORTEST else rest


def _without_ending(name: str) -> str:
    return name.partition("_")[0] or name


def _by_form(names: set[str], cut: _Cut) -> dict[str, str]:
    """Return the name by what is left of it, where that is left of one name only."""
    by_form: dict[str, list[str]] = collections.defaultdict(list)
    for name in names:
        by_form[cut(name)].append(name)
    return {form: several[0] for form, several in by_form.items() if len(several) == 1}


def may_be_structure(name: str) -> bool:
    """Return whether a name could be a SMILES string: it has nothing that none has."""
    return _STRUCTURE.fullmatch(name) is not None


def _is_exact(name: str) -> bool:
    structure = may_be_structure(name) and any(sign in name for sign in "()=#@[]")
    return structure or not any(letter.isalpha() for letter in name)


@functools.lru_cache(maxsize=2**18)
def reduced(name: str) -> str:
    """Return the letters and digits of a name, in upper case."""
    return "".join(letter for letter in name if letter.isalnum()).upper()
