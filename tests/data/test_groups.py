"""Rows that belong together, such as those of one patient, stay together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from cellwright.data.dataset import Dataset, Table
from cellwright.data.frames import Frames, dataset_of
from cellwright.data.split_notes import split_notes
from cellwright.data.splits import Division, Split, inner_folds, split_rows
from cellwright.errors import DataError

ROWS = 120
RNG = np.random.default_rng(0)
CELLS = pd.DataFrame(RNG.normal(size=(12, 2)), index=[f"c{number}" for number in range(12)], columns=["a", "b"])


def patients(
    groups: Sequence[int] | np.ndarray, target: np.ndarray | None = None, given: np.ndarray | None = None
) -> Dataset:
    """Samples of patients."""
    rows = len(groups)
    values = np.zeros(rows, np.float32) if target is None else target
    table = {"x": Table(np.arange(rows, dtype=np.float32)[:, None])}
    return Dataset(table, {}, values, given=given, group=np.asarray(groups), group_name="patient")


def sides(split: Split, rows: int) -> np.ndarray:
    found = np.full(rows, -1)
    for number, part in enumerate((split.train, split.validation, split.test)):
        assert (found[part] == -1).all()
        found[part] = number
    assert (found >= 0).all()
    return found


def are_whole(groups: np.ndarray, side: np.ndarray) -> bool:
    return len(set(zip(groups.tolist(), side.tolist(), strict=True))) == len(set(groups.tolist()))


samples = st.integers(6, 90).flatmap(
    lambda rows: st.tuples(
        st.lists(st.integers(0, 9), min_size=rows, max_size=rows).map(np.array),
        st.lists(st.integers(0, 2), min_size=rows, max_size=rows).map(np.array),
        st.lists(st.sampled_from([0, 0, 0, 1]), min_size=rows, max_size=rows).map(np.array),
        st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=rows, max_size=rows).map(np.array),
    )
)
seeds = st.integers(0, 2**20)


def pairs_of(rows: tuple[np.ndarray, ...], *, given: bool) -> Dataset:
    """Pairs of drugs tried on samples of patients."""
    groups, classes, test, drugs = rows
    table = np.zeros((6, 1), np.float32)
    return Dataset(
        {"drug_1": Table(table, "drug_1"), "drug_2": Table(table, "drug_2")},
        {"drug_1": drugs[:, 0], "drug_2": drugs[:, 1]},
        classes,
        {"drug_1": "drug", "drug_2": "drug"},
        given=test if given else None,
        group=groups,
        group_name="patient",
    )


@given(samples, seeds, st.booleans(), st.sampled_from([None, 2, 3]), st.sampled_from(["auto", "patient", "drug"]))
def test_no_group_is_on_two_sides(
    rows: tuple[np.ndarray, ...], seed: int, classes: bool, folds: int | None, by: str
) -> None:
    dataset = pairs_of(rows, given=False)
    division = Division(by, seed, folds=folds).with_group("patient")
    try:
        split = split_rows(dataset, division, classes=classes)
    except DataError:
        reject()  # too few groups, or a class is in too few
    side = sides(split, dataset.rows)
    assert are_whole(rows[0], side)
    if by == "drug":
        drugs = [set(rows[3][part].ravel().tolist()) for part in (split.train, split.validation, split.test)]
        assert not drugs[0] & drugs[1] | drugs[0] & drugs[2] | drugs[1] & drugs[2]
    known = split.known
    try:
        parts = inner_folds(dataset, known, division, 2, seed, classes=classes)
    except DataError:
        return
    for learnt, held in parts:
        assert not set(rows[0][learnt]) & set(rows[0][held])
        assert sorted([*learnt.tolist(), *held.tolist()]) == known.tolist()
    assert Counter(row for _, held in parts for row in held.tolist()) == Counter(known.tolist())


@given(samples, seeds, st.booleans())
def test_beside_given_test_rows_no_group_is_on_two_sides(
    rows: tuple[np.ndarray, ...], seed: int, classes: bool
) -> None:
    dataset = pairs_of(rows, given=True)
    division = Division("given", seed)
    try:
        split = split_rows(dataset, division, classes=classes)
    except DataError:
        reject()
    np.testing.assert_array_equal(split.test, np.flatnonzero(rows[2]))
    assert are_whole(rows[0][split.known], sides(split, dataset.rows)[split.known])
    for part in (Division("given"), Division("auto")):
        try:
            parts = inner_folds(dataset, split.known, part, 2, seed, classes=classes)
        except DataError:
            return
        assert all(not set(rows[0][learnt]) & set(rows[0][held]) for learnt, held in parts)


def test_given_validation_rows_validate() -> None:
    given = np.arange(ROWS) % 3
    split = split_rows(patients(np.arange(ROWS) // 4, given=given), Division("auto"))
    assert [part.tolist() for part in (split.train, split.test, split.validation)] == [
        np.flatnonzero(given == part).tolist() for part in range(3)
    ]
    with pytest.raises(DataError, match="leaves none to train on"):
        split_rows(patients(np.arange(ROWS), given=1 + np.arange(ROWS) % 2), Division("given"))


def test_auto_is_by_given_test_rows_then_by_the_group() -> None:
    groups = np.arange(20) // 2
    given = np.arange(20) > 14
    assert Division("auto", 3).of(patients(groups)) == Division("patient", 3)
    assert Division("auto", 3).of(patients(groups, given=given)) == Division("given", 3)
    assert Division("auto", folds=5).of(patients(groups, given=given)) == Division("patient", folds=5)
    assert Division("auto").of(patients(groups, given=np.zeros(20, int))) == Division("patient")  # none is for testing
    assert patients(groups, given=given).groupings == ("row", "patient", "given")
    assert patients(groups).groups("patient").tolist() == [[number] for number in groups.tolist()]


def test_a_group_beside_another_split_is_said() -> None:
    assert Division("auto").with_group("patient") == Division("auto")
    assert Division("row").with_group("patient") == Division("patient")
    assert str(Division("cell").with_group("patient")) == "cell, with each patient on one side"
    assert str(Division("given")) == "given test rows"


def test_classes_keep_their_shares_where_every_group_is_of_one_class() -> None:
    groups = np.repeat(np.arange(60), 3)
    classes = np.repeat(RNG.permutation([0] * 40 + [1] * 20), 3)
    split = split_rows(patients(groups, classes), Division("patient", 1, 0.2, 0.2), classes=True)
    assert [np.bincount(classes[rows]).tolist() for rows in (split.train, split.validation, split.test)] == [
        [72, 36],
        [24, 12],
        [24, 12],
    ]
    for _, held in inner_folds(patients(groups, classes), split.train, Division("patient"), 4, 0, classes=True):
        assert np.bincount(classes[held]).tolist() == [18, 9]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("folds", [None, 3])
def test_a_class_that_few_mixed_groups_have_is_trained_on(seed: int, folds: int | None) -> None:
    groups = np.repeat(np.arange(20), 6)
    classes = np.arange(ROWS) % 2
    classes[groups < 3] = np.arange(18) % 3  # three patients have some of a third class
    for fold in range(folds or 1):
        division = Division("patient", seed, 0.2, 0.2, folds=folds, fold=fold)
        split = split_rows(patients(groups, classes), division, classes=True)
        assert set(classes[split.train]) == {0, 1, 2}
        for rows in (split.validation, split.test):
            assert len(set(classes[rows])) >= 2


def test_a_class_of_too_few_groups_is_named_with_a_way_out() -> None:
    groups = np.repeat(np.arange(30), 4)
    classes = np.where(groups < 2, 2, groups % 2)
    told = r"class 'rare' has rows of 2 patient\(s\) only; this split needs 3 of each class: "
    with pytest.raises(DataError, match=told + r".*--min-class 9"):
        split_rows(patients(groups, classes), Division("auto"), classes=True, labels=("usual", "other", "rare"))
    with pytest.raises(DataError, match=told + "split by something else, or bring more data"):
        split_rows(
            patients(groups, (groups < 2).astype(np.int64)), Division("auto"), classes=True, labels=("usual", "rare")
        )


def test_a_class_of_given_test_rows_alone_is_named() -> None:
    groups = np.repeat(np.arange(30), 4)
    classes = (groups < 2).astype(np.int64)
    dataset = patients(groups, classes, (groups < 2).astype(np.int8))
    split = split_rows(dataset, Division("auto"), classes=True, labels=("usual", "rare"))
    note = "class 'rare' has no training row, so that no network can tell it: its 8 row(s) count as errors"
    assert note in split_notes(dataset, Division("given"), split, ("usual", "rare"))


def test_a_class_of_one_group_beside_given_test_rows_is_trained_on() -> None:
    groups = np.repeat(np.arange(30), 4)
    classes = np.where(groups == 29, 2, groups % 2)
    split = split_rows(patients(groups, classes, (groups < 4).astype(np.int8)), Division("auto"), classes=True)
    assert set(np.flatnonzero(classes == 2)) <= set(split.train)


def test_both_cell_lines_and_tissues_stay_on_one_side() -> None:
    cells = RNG.integers(24, size=300)
    tissue = cells // 3
    dataset = Dataset(
        {"cells": Table(np.zeros((24, 1), np.float32), "cell")},
        {"cell": cells},
        np.zeros(300, np.float32),
        group=tissue,
        group_name="tissue",
    )
    division = Division("cell", 0, 0.2, 0.2).with_group("tissue")
    side = sides(split_rows(dataset, division), 300)
    assert are_whole(tissue, side)
    assert are_whole(cells, side)
    crossed = replace(dataset, group=RNG.integers(3, size=300))
    with pytest.raises(DataError, match=r"300 rows fall into 1 group\(s\) that share no cell and no tissue, too few"):
        split_rows(crossed, division)


def test_what_stands_on_both_sides_is_counted() -> None:
    groups = np.arange(40) // 4
    given = (np.arange(40) % 8 == 0).astype(np.int8)  # one row of every second patient
    dataset = patients(groups, given=given)
    notes = split_notes(dataset, Division("given"), split_rows(dataset, Division("given")))
    assert notes[0] == (
        "split by given test rows; the others by patient (10 groups: 9 training, 1 validation); 32 training, 3 "
        "validation and 5 test rows"
    )
    assert notes[1:] == ("5 of 10 values of 'patient' have rows on both sides of the given split",)
    with_validation = replace(dataset, given=np.where(np.arange(40) % 8 == 1, 2, given).astype(np.int8))
    (first, *_) = split_notes(with_validation, Division("given"), split_rows(with_validation, Division("given")))
    assert first == "split by given test rows; 30 training, 5 validation and 5 test rows"
    same = replace(patients(groups), alike=np.arange(40) % 20)  # the first patient's samples are the sixth's
    (_, note) = split_notes(same, Division("patient"), split_rows(same, Division("patient", 2)))
    assert note.endswith("sets of rows with equal inputs have rows on both sides of the split")
    by_row = split_notes(dataset, Division("row"), split_rows(dataset, Division("row")))
    assert by_row[0] == "split by row; 32 training, 4 validation and 4 test rows"
    assert by_row[-1] == "the test rows that the data names are not used as such: rows are split by row"


def test_readers_hand_over_groups_and_given_rows() -> None:
    frame = pd.DataFrame({"cell": ["c1", "c2", "c3"], "value": [1.0, 2, 3], "given": [0, 2, 1], "group": list("qpq")})
    data, _ = dataset_of(Frames(frame, {"expression": ("cell", CELLS)}, group="tissue"))
    assert data.groupings == ("row", "pair", "cell", "tissue", "given")
    assert data.groups("tissue").tolist() == [[1], [0], [1]]
    assert data.given is not None
    assert data.given.tolist() == [0, 2, 1]
    assert list(data.tables) == ["expression", "id:cell"]


@pytest.mark.parametrize("name", ["row", "pair", "given", "auto", "", "cell"])
def test_a_group_whose_name_means_something_else_is_refused(name: str) -> None:
    frame: Any = pd.DataFrame({"cell": ["c1", "c2", "c3"], "value": [1.0, 2, 3], "group": list("qpq")})
    data, _ = dataset_of(Frames(frame, {"expression": ("cell", CELLS)}))
    with pytest.raises(DataError, match=f"a group cannot be called '{name}'"):
        replace(data, group=np.array([0, 1, 0]), group_name=name)


def test_a_group_may_be_what_a_key_names() -> None:
    frame = pd.DataFrame({"cell": ["c1", "c2", "c1"], "value": [1.0, 2, 3], "group": ["c1", "c2", "c1"]})
    data, _ = dataset_of(Frames(frame, {"expression": ("cell", CELLS)}, group="cell"))
    assert data.groupings == ("row", "pair", "cell")
    assert Division("auto").of(data).by == "cell"
