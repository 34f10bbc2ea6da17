import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.data.names import match_names


def test_an_exact_name_comes_first_and_its_match_is_not_given_twice() -> None:
    found = match_names(["TT", "T-T", "a.1"], ["TT", "A1"])
    assert found.found == {"TT": "TT", "a.1": "A1"}
    assert found.ambiguous == ("T-T",)


def test_two_names_of_one_form_are_ambiguous_unless_exact() -> None:
    found = match_names(["B-1", "C 2"], ["B1", "B.1", "C2", "C 2"])
    assert found.found == {"C 2": "C 2"}
    assert found.ambiguous == ("B-1",)


def test_a_name_without_letters_or_digits_matches_only_exactly() -> None:
    found = match_names(["-", "+"], ["-", "--"])
    assert found.found == {"-": "-"}
    assert found.absent == ("+",)


NAMES = st.lists(st.text("aAb1- ", min_size=1, max_size=3), max_size=8)


@given(names=NAMES, others=NAMES)
def test_every_name_is_matched_ambiguous_or_absent_and_none_is_given_twice(names: list[str], others: list[str]) -> None:
    found = match_names(names, others)
    assert sorted([*found.found, *found.ambiguous, *found.absent]) == sorted(set(names))
    assert len(set(found.found.values())) == len(found.found)
    assert set(found.found.values()) <= set(others)


@given(names=NAMES, others=NAMES)
def test_the_order_and_repetition_of_names_change_nothing(names: list[str], others: list[str]) -> None:
    assert match_names(names, others) == match_names([*reversed(names), *names], [*others, *others])


def test_letters_of_other_scripts_count() -> None:
    found = match_names(["\u03b1-MSH", "--"], ["\u03b1msh", "\u03b2msh", "__"])
    assert found.found == {"\u03b1-MSH": "\u03b1msh"}
    assert found.absent == ("--",)


@pytest.mark.parametrize(
    ("name", "other"),
    [("CC(C)O", "CCCO"), ("C=C", "CC"), ("C[C@H](N)O", "C[C@@H](N)O"), ("1-12", "11-2"), ("17.0", "170")],
)
def test_structures_and_numbers_match_exactly_or_not_at_all(name: str, other: str) -> None:
    assert match_names([name], [other]).absent == (name,)
    assert match_names([other], [name]).absent == (other,)
    assert match_names([name], [name]).found == {name: name}


@pytest.mark.parametrize("name", ["PC-3", "NCI/ADR-RES", "Nutlin-3a (-)", "HS 578T", "(5Z)-7-Oxozeaenol", "CCO"])
def test_a_name_is_no_structure(name: str) -> None:
    plain = "".join(letter for letter in name if letter.isalnum()).lower()
    assert match_names([plain], [name]).found == {plain: name}
