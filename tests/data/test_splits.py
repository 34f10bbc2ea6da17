from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from cellwright.data.dataset import Dataset, Table
from cellwright.data.frames import dataset_of
from cellwright.data.observations import frames_of
from cellwright.data.splits import Division, Split, inner_folds, split_rows
from cellwright.errors import DataError, UsageError

shares = st.floats(0.01, 0.45)
seeds = st.integers(0, 2**40)
group_columns = st.lists(st.integers(0, 12), min_size=3, max_size=80).map(np.array).filter(lambda g: len(set(g)) > 2)
pair_columns = (
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=6, max_size=80)
    .map(np.array)
    .filter(lambda pairs: len(np.unique(pairs)) > 2)
)


def grouped(groups: np.ndarray) -> Dataset:
    """Rows that name a cell line each."""
    features = np.zeros((int(groups.max()) + 1, 1), np.float32)
    return Dataset({"cells": Table(features, "cell")}, {"cell": groups}, np.zeros(len(groups), np.float32))


def paired(pairs: np.ndarray) -> Dataset:
    """Rows that name two drugs each."""
    features = np.zeros((int(pairs.max()) + 1, 1), np.float32)
    index = {"drug_1": pairs[:, 0], "drug_2": pairs[:, 1]}
    tables = {key: Table(features, key) for key in index}
    return Dataset(tables, index, np.zeros(len(pairs), np.float32), dict.fromkeys(index, "drug"))


def plain(rows: int, target: np.ndarray | None = None, given: np.ndarray | None = None) -> Dataset:
    dense = {"x": Table(np.zeros((rows, 1), np.float32))}
    return Dataset(dense, {}, np.zeros(rows, np.float32) if target is None else target, {}, given)


def parts(split: Split) -> list[list[int]]:
    return [split.train.tolist(), split.validation.tolist(), split.test.tolist()]


def is_a_partition(split: Split, rows: int) -> bool:
    found = parts(split)
    ascending = all(part == sorted(part) and part for part in found)
    return ascending and sorted(row for part in found for row in part) == list(range(rows))


@given(group_columns, seeds, shares, shares)
def test_parts_are_disjoint_exhaustive_and_ascending(
    groups: np.ndarray, seed: int, validation: float, test: float
) -> None:
    split = split_rows(grouped(groups), Division("cell", seed, validation, test))
    assert is_a_partition(split, len(groups))
    assert is_a_partition(split_rows(grouped(groups), Division("row", seed, validation, test)), len(groups))


@given(group_columns, seeds, shares, shares)
def test_rows_of_a_group_stay_together(groups: np.ndarray, seed: int, validation: float, test: float) -> None:
    split = split_rows(grouped(groups), Division("cell", seed, validation, test))
    of_part = [set(groups[rows]) for rows in (split.train, split.validation, split.test)]
    assert sum(map(len, of_part)) == len(set(groups))


@given(group_columns, seeds)
def test_the_seed_decides_and_the_names_of_groups_do_not(groups: np.ndarray, seed: int) -> None:
    first = parts(split_rows(grouped(groups), Division("cell", seed)))
    assert first == parts(split_rows(grouped(groups), Division("cell", seed)))
    assert first == parts(split_rows(grouped(3 * groups + 7), Division("cell", seed)))


def test_another_seed_splits_otherwise() -> None:
    assert parts(split_rows(plain(100), Division())) != parts(split_rows(plain(100), Division(seed=1)))


def test_shares_of_single_rows_are_exact() -> None:
    split = split_rows(plain(1000), Division(seed=3, validation=0.1, test=0.25))
    assert [len(part) for part in parts(split)] == [650, 100, 250]


@pytest.mark.parametrize("seed", range(5))
def test_shares_of_many_groups_are_about_right(seed: int) -> None:
    groups = np.repeat(np.arange(300), np.random.default_rng(seed).integers(1, 20, 300))
    split = split_rows(grouped(groups), Division("cell", seed, validation=0.15, test=0.1))
    assert len(split.validation) / len(groups) == pytest.approx(0.15, abs=0.01)
    assert len(split.test) / len(groups) == pytest.approx(0.1, abs=0.01)


def test_three_groups_fill_three_parts_whatever_the_shares() -> None:
    for test in (0.01, 0.9):
        split = split_rows(grouped(np.array([0, 0, 1, 2, 2, 2])), Division("cell", validation=0.05, test=test))
        assert all(parts(split))


@pytest.mark.parametrize("seed", range(20))
def test_one_huge_group_is_for_training(seed: int) -> None:
    groups = np.array([5] * 900 + [0, 1, 2, 3, 4] * 20)
    split = split_rows(grouped(groups), Division("cell", seed))
    assert set(groups[split.train]) >= {5}
    assert len(split.test) + len(split.validation) <= 100
    pairs = np.stack([np.full(200, 12), np.arange(200) % 12], axis=1)  # one drug is in every pair
    split = split_rows(paired(pairs), Division("drug", seed))
    assert len(split.train) >= 0.75 * 200
    assert all(parts(split))


@given(pair_columns, seeds, shares, shares)
def test_no_training_row_has_a_drug_of_a_test_or_validation_row_that_made_it_one(
    pairs: np.ndarray, seed: int, validation: float, test: float
) -> None:
    try:
        split = split_rows(paired(pairs), Division("drug", seed, validation, test))
    except DataError:
        return  # so few drugs that a part would be empty
    assert sorted(row for part in parts(split) for row in part) == list(range(len(pairs)))
    trained, validated = set(pairs[split.train].ravel()), set(pairs[split.validation].ravel())
    assert all(set(pair) - trained - validated for pair in pairs[split.test])
    assert all(set(pair) - trained for pair in pairs[split.validation])


def test_pairs_of_drugs_are_divided_by_drug() -> None:
    pairs = np.array([(a, b) for a in range(40) for b in range(a)])
    split = split_rows(paired(pairs), Division("drug", 1, validation=0.1, test=0.1))
    new = [np.setdiff1d(np.arange(40), pairs[split.train]), np.setdiff1d(np.arange(40), pairs[split.train])]
    # of 40 drugs in all pairs, 2 are in a tenth of the rows
    assert len(new[0]) == 4
    tested = [drug for drug in new[0] if drug not in pairs[split.validation]]
    assert len(tested) == 2
    np.testing.assert_array_equal(split.test, np.flatnonzero(np.isin(pairs, tested).any(axis=1)))
    fresh = np.isin(pairs, new[0]).any(axis=1) & ~np.isin(pairs, tested).any(axis=1)
    np.testing.assert_array_equal(split.validation, np.flatnonzero(fresh))


@given(pair_columns, seeds)
def test_a_pair_is_on_one_side_in_either_order(pairs: np.ndarray, seed: int) -> None:
    if len(np.unique(np.sort(pairs, axis=1), axis=0)) < 3:
        return
    split = split_rows(paired(pairs), Division("pair", seed))
    of_part = [
        {frozenset(pair) for pair in pairs[rows].tolist()} for rows in (split.train, split.validation, split.test)
    ]
    assert sum(map(len, of_part)) == len({frozenset(pair) for pair in pairs.tolist()})
    assert is_a_partition(split, len(pairs))
    turned = np.where(np.arange(len(pairs))[:, None] % 2 == 0, pairs, pairs[:, ::-1])
    assert parts(split_rows(paired(turned), Division("pair", seed))) == parts(split)


@pytest.mark.parametrize(
    ("pairs", "division"),
    [
        # of three drugs in three pairs, one tests, one validates, and no pair is left without either
        ([[0, 1], [0, 2], [1, 2]], Division("drug")),
        # both of the drugs that test and validate are in the one row that tests
        ([[0, 0]] * 5 + [[1, 2]], Division("drug", validation=0.25, test=0.25)),
    ],
)
def test_pairs_that_cannot_fill_all_parts_are_refused(pairs: list[list[int]], division: Division) -> None:
    with pytest.raises(DataError, match="split by something finer"):
        split_rows(paired(np.array(pairs)), division)


def test_classes_keep_their_shares() -> None:
    classes = np.array([0] * 700 + [1] * 200 + [2] * 100)
    split = split_rows(plain(1000, classes), Division(seed=1, validation=0.2, test=0.1), classes=True)
    assert is_a_partition(split, 1000)
    assert [np.bincount(classes[rows]).tolist() for rows in (split.train, split.validation, split.test)] == [
        [490, 140, 70],
        [140, 40, 20],
        [70, 20, 10],
    ]


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
@pytest.mark.parametrize("by", ["row", "cell"])
def test_folds_take_turns_and_together_test_every_row_once(by: str, folds: int) -> None:
    groups = np.arange(403) if by == "row" else np.random.default_rng(0).integers(40, size=403)
    splits = [split_rows(grouped(groups), Division(by, 5, folds=folds, fold=fold)) for fold in range(folds)]
    assert all(is_a_partition(split, 403) for split in splits)
    assert sorted(row for split in splits for row in split.test.tolist()) == list(range(403))
    sizes = [len(split.test) for split in splits]
    most = 1 if by == "row" else int(np.bincount(groups).max())
    assert all(abs(size - 403 / folds) <= most for size in sizes)
    assert all(abs(len(split.validation) - 0.1 * 403) <= 2 * most for split in splits)
    if by == "cell":
        assert all(set(groups[split.test]).isdisjoint(groups[split.train]) for split in splits)


def test_folds_of_groups_of_any_size_test_every_row_once() -> None:
    groups = np.array([0, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9])
    splits = [split_rows(grouped(groups), Division("cell", 2, folds=2, fold=fold)) for fold in range(2)]
    assert all(is_a_partition(split, len(groups)) for split in splits)
    assert sorted(row for split in splits for row in split.test.tolist()) == list(range(len(groups)))


def test_folds_of_pairs_by_drug_test_every_row_at_least_once() -> None:
    pairs = np.array([(a, b) for a in range(20) for b in range(a)])
    splits = [split_rows(paired(pairs), Division("drug", folds=4, fold=fold)) for fold in range(4)]
    assert all(is_a_partition(split, len(pairs)) for split in splits)
    assert {row for split in splits for row in split.test.tolist()} == set(range(len(pairs)))
    for split in splits:
        known = set(pairs[split.train].ravel())
        assert all(set(pair) - known for pair in pairs[split.test].tolist())


def test_folds_keep_the_shares_of_classes() -> None:
    classes = np.random.default_rng(0).permutation([0] * 60 + [1] * 30 + [2] * 10)
    splits = [split_rows(plain(100, classes), Division(folds=5, fold=fold), classes=True) for fold in range(5)]
    assert sorted(row for split in splits for row in split.test.tolist()) == list(range(100))
    for split in splits:
        assert is_a_partition(split, 100)
        assert np.bincount(classes[split.test]).tolist() == [12, 6, 2]
        assert np.bincount(classes[split.validation]).tolist() == [6, 3, 1]


@pytest.mark.parametrize("classes", [False, True])
def test_given_test_rows_test_and_the_others_are_divided_by_row(classes: bool) -> None:
    given = np.arange(200) % 4 == 3
    target = np.random.default_rng(0).permutation([0] * 100 + [1] * 100)
    splits = [
        split_rows(plain(200, target, given), Division("given", seed, validation=0.2), classes=classes)
        for seed in range(5)
    ]
    for split in splits:
        np.testing.assert_array_equal(split.test, np.flatnonzero(given))
        assert is_a_partition(split, 200)
        assert 28 <= len(split.validation) <= 30  # a fifth of the rows, or of each class, rounded down
        if classes:
            share = target[~given].mean()
            assert target[split.validation].mean() == pytest.approx(share, abs=1 / 30)
    assert len({tuple(split.validation) for split in splits}) == 5


@pytest.mark.parametrize("given", [None, np.zeros(10, bool), np.ones(10, bool), np.arange(10) > 0])
def test_data_that_gives_no_test_rows_is_told(given: np.ndarray | None) -> None:
    with pytest.raises(DataError, match=r"names no test rows \(or nothing else\); split by row"):
        split_rows(plain(10, given=given), Division("given"))


def test_auto_is_given_where_the_data_names_test_rows_and_else_row() -> None:
    given = np.arange(20) > 14
    assert Division("auto", 3).of(plain(20)) == Division("row", 3)
    assert Division("auto", 3).of(plain(20, given=given)) == Division("given", 3)
    assert Division("auto", folds=5).of(plain(20, given=given)) == Division("row", folds=5)
    assert Division("cell").of(plain(20, given=given)) == Division("cell")


@pytest.mark.parametrize(("validation", "test"), [(0.0, 0.1), (0.1, 0.0), (-0.1, 0.1), (0.5, 0.5), (1.0, 0.1)])
def test_shares_that_leave_nothing_are_refused(validation: float, test: float) -> None:
    with pytest.raises(UsageError, match="leave rows to train on"):
        Division(validation=validation, test=test)


@pytest.mark.parametrize(("folds", "fold"), [(1, 0), (0, 0), (-2, 0), (5, 5), (5, -1)])
def test_a_fold_that_is_none_is_refused(folds: int, fold: int) -> None:
    with pytest.raises(UsageError, match=f"no fold {fold + 1} of {folds}; there are 1 to N"):
        Division(folds=folds, fold=fold)


def test_a_negative_seed_and_folds_of_given_rows_are_refused() -> None:
    with pytest.raises(UsageError, match="the seed of a split must not be negative: -1"):
        Division(seed=-1)
    with pytest.raises(UsageError, match="there are no folds"):
        Division("given", folds=5)


def test_a_division_says_in_words_what_it_is() -> None:
    assert str(Division("drug")) == "drug"
    assert str(Division("drug", folds=5, fold=2)) == "drug, fold 3 of 5"


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DataError, match=r"10 rows in 2 group\(s\) cannot fill.*split by something finer"):
        split_rows(grouped(np.array([0, 1] * 5)), Division("cell"))
    with pytest.raises(DataError, match=r"12 rows in 4 group\(s\) cannot fill"):
        split_rows(grouped(np.array([0, 1, 2, 3] * 3)), Division("cell", folds=4))


@pytest.mark.parametrize(("folds", "least"), [(None, 3), (5, 6)])
def test_too_few_rows_of_a_class_are_refused(folds: int | None, least: int) -> None:
    target = np.array([0] * 8 + [1] * 2)
    with pytest.raises(
        DataError, match=rf"class 1 has 2 row\(s\), not counting repeats; this split needs {least} of each class"
    ):
        split_rows(plain(10, target), Division(folds=folds), classes=True)


def test_an_unknown_grouping_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DataError, match="cannot be split by 'tissue'; this data knows row, pair, cell"):
        split_rows(grouped(np.arange(9)), Division("tissue"))


@given(group_columns, seeds, st.integers(2, 6), st.data())
def test_inner_folds_are_disjoint_cover_their_rows_and_keep_groups_together(
    groups: np.ndarray, seed: int, folds: int, data: st.DataObject
) -> None:
    rows = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups))))
    dataset = grouped(groups)
    if len(set(groups[rows])) < folds:
        with pytest.raises(
            DataError, match=rf"group\(s\) cannot make {folds} parts; take fewer, or split by something"
        ):
            inner_folds(dataset, rows, Division("cell"), folds, seed)
        return
    found = inner_folds(dataset, rows, Division("cell"), folds, seed)
    assert len(found) == folds
    assert sorted(row for _, held in found for row in held.tolist()) == rows.tolist()
    for learnt, held in found:
        assert len(held)
        assert sorted([*learnt.tolist(), *held.tolist()]) == rows.tolist()
        assert learnt.tolist() == sorted(learnt.tolist())
        assert held.tolist() == sorted(held.tolist())
        assert set(groups[learnt]).isdisjoint(groups[held])
    again = inner_folds(dataset, rows, Division("cell"), folds, seed)
    assert [held.tolist() for _, held in again] == [held.tolist() for _, held in found]


@pytest.mark.parametrize("by", ["row", "given", "auto"])
def test_inner_folds_by_row_are_of_equal_size_and_of_chance(by: str) -> None:
    rows = np.arange(100, 203)
    first, other = (inner_folds(plain(300, given=np.arange(300) > 250), rows, Division(by), 4, seed) for seed in (0, 1))
    assert sorted(len(held) for _, held in first) == [25, 26, 26, 26]
    assert [held.tolist() for _, held in first] != [held.tolist() for _, held in other]


def test_inner_folds_keep_the_shares_of_classes() -> None:
    classes = np.random.default_rng(0).permutation([0] * 60 + [1] * 30 + [2] * 10 + [3] * 20)
    rows = np.flatnonzero(classes < 3)  # some others are for testing
    for _, held in inner_folds(plain(120, classes), rows, Division("row"), 5, 3, classes=True):
        assert np.bincount(classes[held]).tolist() == [12, 6, 2]


@given(pair_columns, seeds, st.integers(2, 4))
def test_inner_folds_of_pairs_by_drug_learn_nothing_of_a_drug_they_hold(
    pairs: np.ndarray, seed: int, folds: int
) -> None:
    rows = np.arange(len(pairs))
    try:
        found = inner_folds(paired(pairs), rows, Division("drug"), folds, seed)
    except DataError:  # too few drugs, or each row holds one of every part
        reject()
    held_drugs = []
    for learnt, held in found:
        assert sorted([*learnt.tolist(), *held.tolist()]) == rows.tolist()
        new = set(pairs[held].ravel().tolist()) - set(pairs[learnt].ravel().tolist())
        assert all(new & set(pair) for pair in pairs[held].tolist())
        held_drugs.append(new)
    assert set.union(*held_drugs) == set(pairs.ravel().tolist()), "each drug is new once"
    assert set(rows.tolist()) == {row for _, held in found for row in held.tolist()}


def test_inner_folds_of_pairs_keep_a_pair_on_one_side_in_either_order() -> None:
    pairs = np.array([(a, b) for a in range(8) for b in range(8) if a != b])
    for learnt, held in inner_folds(paired(pairs), np.arange(len(pairs)), Division("pair"), 5, 0):
        assert {frozenset(pair) for pair in pairs[learnt].tolist()}.isdisjoint(map(frozenset, pairs[held].tolist()))


def test_inner_folds_keep_the_shares_of_classes_where_each_row_is_the_only_one_of_its_cell() -> None:
    rng = np.random.default_rng(0)
    classes = rng.permutation([0] * 60 + [1] * 30 + [2] * 10)
    dataset = replace(grouped(rng.permutation(100)), target=classes)
    for _, held in inner_folds(dataset, np.arange(100), Division("cell"), 5, 3, classes=True):
        assert np.bincount(classes[held]).tolist() == [12, 6, 2]


def test_inner_folds_that_leave_nothing_to_learn_from_are_refused() -> None:
    with pytest.raises(DataError, match="take fewer, or split by something finer"):
        inner_folds(paired(np.array([[0, 1]] * 6)), np.arange(6), Division("drug"), 2, 0)


def test_equal_rows_of_classes_stay_together_and_classes_keep_their_shares() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(90, 5)).astype(np.float32)
    features[60:] = features[:30]  # 30 samples twice
    labels = pd.Series(np.array(["a", "b", "c"])[np.r_[np.arange(60) % 3, np.arange(30) % 3]])
    frame = pd.DataFrame(features, columns=list("uvwxy")).assign(label=labels)
    dataset, classes = dataset_of(frames_of(frame, "label", {"x": list("uvwxy")}))
    assert dataset.alike is not None
    assert (dataset.alike[60:] == dataset.alike[:30]).all()
    for fold in range(3):
        split = split_rows(dataset, Division(folds=3, fold=fold), classes=True, labels=classes)
        sides = np.empty(90, dtype=int)
        for side, rows in enumerate((split.train, split.validation, split.test)):
            sides[rows] = side
            assert set(dataset.target[rows]) == {0, 1, 2}
        assert (sides[60:] == sides[:30]).all()
        rest = np.sort(np.concatenate([split.train, split.validation]))
        for learnt, held in inner_folds(dataset, rest, Division("row"), 3, 0, classes=True):
            assert not set(dataset.alike[learnt]) & set(dataset.alike[held])
            assert set(dataset.target[held]) == {0, 1, 2}


@pytest.mark.parametrize("seed", range(8))
def test_of_several_huge_groups_the_largest_is_for_training(seed: int) -> None:
    groups = np.repeat([0, 1, 2], [250, 700, 50])
    split = split_rows(grouped(groups), Division("cell", seed))
    assert [len(split.train), len(split.validation), len(split.test)] == [700, 250, 50]
