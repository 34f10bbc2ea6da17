import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.data.names import fit_names, match_names


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


def fit(names: list[str], others: list[str]) -> tuple[dict[str, str], str]:
    found = fit_names(names, {other: (other,) for other in others})
    return {name: other for name, (other,) in found.found.items()}, found.how


def test_a_beginning_that_names_share_is_cut_off_where_more_match_without_it() -> None:
    columns = ["GENE_SYMBOLS", "DATA.906826", "DATA.687983", "DATA.12"]
    found, how = fit(["906826", "687983", "12"], columns)
    assert found == {"906826": "DATA.906826", "687983": "DATA.687983"}  # 12 could be anything
    assert how == "without 'DATA.', with which names in the table begin"
    found, how = fit(["NSC740", "NSC3088"], ["740", "3088"])
    assert found == {"NSC740": "740", "NSC3088": "3088"}
    assert how == "without 'NSC', with which names in the measurements begin"


def test_an_ending_such_as_a_tissue_is_cut_off_where_more_match_without_it() -> None:
    found, how = fit(["22RV1", "A-549"], ["22RV1_PROSTATE", "A549_LUNG", "MCF7_BREAST"])
    assert found == {"22RV1": "22RV1_PROSTATE", "A-549": "A549_LUNG"}
    assert how == "without what follows the first '_' of names in the table ('22RV1_PROSTATE': '22RV1')"
    found, how = fit(["22RV1_PROSTATE", "A549_LUNG"], ["22RV1", "A549"])
    assert found == {"22RV1_PROSTATE": "22RV1", "A549_LUNG": "A549"}


def test_names_that_are_one_without_their_ending_do_not_match() -> None:
    assert fit(["TT", "A"], ["TT_THYROID", "TT_OESOPHAGUS", "A_LUNG"]) == ({}, "")


def test_nothing_is_cut_off_names_that_match_as_they_are() -> None:
    assert fit(["a_1", "b_1"], ["a_1", "b_1", "a", "b"]) == ({"a_1": "a_1", "b_1": "b_1"}, "")


@given(names=NAMES, others=NAMES)
def test_a_fit_keeps_what_matches_as_it_is_and_gives_no_name_twice(names: list[str], others: list[str]) -> None:
    found, _ = fit(names, others)
    assert match_names(names, others).found.items() <= found.items()
    assert len(set(found.values())) == len(found)
