import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwright.data.splits import Split, split_rows
from cellwright.errors import DataError, UsageError

shares = st.floats(0.01, 0.45)
group_columns = st.lists(st.integers(0, 12), min_size=3, max_size=80).map(np.array).filter(lambda g: len(set(g)) > 2)


def parts(split: Split) -> list[list[int]]:
    return [split.train.tolist(), split.validation.tolist(), split.test.tolist()]


@given(group_columns, st.integers(0, 2**40), shares, shares)
def test_parts_are_disjoint_exhaustive_and_ascending(
    groups: np.ndarray, seed: int, validation: float, test: float
) -> None:
    split = parts(split_rows(groups, seed=seed, validation=validation, test=test))
    assert sorted(row for part in split for row in part) == list(range(len(groups)))
    assert all(part == sorted(part) and part for part in split)


@given(group_columns, st.integers(0, 2**40), shares, shares)
def test_rows_of_a_group_stay_together(groups: np.ndarray, seed: int, validation: float, test: float) -> None:
    split = split_rows(groups, seed=seed, validation=validation, test=test)
    of_part = [set(groups[rows]) for rows in (split.train, split.validation, split.test)]
    assert sum(map(len, of_part)) == len(set(groups))


@given(group_columns, st.integers(0, 2**40))
def test_the_seed_decides_and_the_names_of_groups_do_not(groups: np.ndarray, seed: int) -> None:
    first = parts(split_rows(groups, seed=seed))
    assert first == parts(split_rows(groups, seed=seed))
    assert first == parts(split_rows(3 * groups + 7, seed=seed))


def test_another_seed_splits_otherwise() -> None:
    assert parts(split_rows(np.arange(100), seed=0)) != parts(split_rows(np.arange(100), seed=1))


def test_shares_of_single_rows_are_exact() -> None:
    split = split_rows(np.arange(1000), seed=3, validation=0.1, test=0.25)
    assert [len(part) for part in parts(split)] == [650, 100, 250]


@pytest.mark.parametrize("seed", range(5))
def test_shares_of_many_groups_are_about_right(seed: int) -> None:
    groups = np.repeat(np.arange(300), np.random.default_rng(seed).integers(1, 20, 300))
    split = split_rows(groups, seed=seed, validation=0.15, test=0.1)
    assert len(split.validation) / len(groups) == pytest.approx(0.15, abs=0.01)
    assert len(split.test) / len(groups) == pytest.approx(0.1, abs=0.01)


def test_three_groups_fill_three_parts_whatever_the_shares() -> None:
    for test in (0.01, 0.9):
        split = split_rows(np.array([0, 0, 1, 2, 2, 2]), seed=0, validation=0.05, test=test)
        assert all(parts(split))


def test_classes_keep_their_shares() -> None:
    classes = np.array([0] * 700 + [1] * 200 + [2] * 100)
    split = split_rows(np.arange(1000), seed=1, validation=0.2, test=0.1, classes=classes)
    assert sorted(row for part in parts(split) for row in part) == list(range(1000))
    assert [np.bincount(classes[rows]).tolist() for rows in (split.train, split.validation, split.test)] == [
        [490, 140, 70],
        [140, 40, 20],
        [70, 20, 10],
    ]
    assert all(part == sorted(part) for part in parts(split))


@pytest.mark.parametrize(("validation", "test"), [(0.0, 0.1), (0.1, 0.0), (-0.1, 0.1), (0.5, 0.5), (1.0, 0.1)])
def test_shares_that_leave_nothing_are_refused(validation: float, test: float) -> None:
    with pytest.raises(UsageError, match="leave rows to train on"):
        split_rows(np.arange(10), seed=0, validation=validation, test=test)


def test_too_few_groups_are_refused() -> None:
    with pytest.raises(DataError, match=r"10 rows in 2 group\(s\) cannot fill.*split by something finer"):
        split_rows(np.array([0, 1] * 5), seed=0)
    with pytest.raises(DataError, match=r"2 rows in 2 group\(s\)"):
        split_rows(np.arange(10), seed=0, classes=np.array([0] * 8 + [1] * 2))
