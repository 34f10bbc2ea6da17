from dataclasses import replace

import numpy as np
import pytest

from cellwright.data.dataset import Dataset, Table
from cellwright.errors import DataError

CELLS = Table(np.arange(6, dtype=np.float32).reshape(3, 2), "cell")
DRUGS = Table(np.zeros((2, 1, 4), np.float32), "drug")
DOSE = Table(np.zeros((5, 1), np.float32))
INDEX = {"cell": np.array([2, 0, 2, 0, 1]), "drug": np.array([1, 0, 1, 1, 0])}
TARGET = np.zeros(5, np.float32)
DATA = Dataset({"cells": CELLS, "drugs": DRUGS, "dose": DOSE}, INDEX, TARGET)


def test_every_row_is_its_own_group_but_for_those_that_are_alike() -> None:
    assert DATA.groups("row").tolist() == [[0], [1], [2], [3], [4]]
    assert replace(DATA, alike=np.array([1, 0, 1, 2, 3])).groups("row").tolist() == [[1], [0], [1], [2], [3]]


def test_rows_are_grouped_by_an_index_column() -> None:
    assert DATA.groups("cell").tolist() == [[2], [0], [2], [0], [1]]


def test_a_pair_is_what_agrees_in_every_index_column() -> None:
    groups = DATA.groups("pair")
    assert groups.dtype == np.int64
    assert groups.shape == (5, 1)
    groups = groups[:, 0]
    same = groups[:, None] == groups
    assert same.tolist() == [
        [a == b for b in zip(*INDEX.values(), strict=True)] for a in zip(*INDEX.values(), strict=True)
    ]


PAIRS = Dataset(
    {"drug_1": Table(DRUGS.features, "drug_1"), "drug_2": Table(DRUGS.features, "drug_2"), "cells": CELLS},
    {"drug_1": np.array([0, 1, 1, 0, 0]), "drug_2": np.array([1, 0, 1, 0, 1]), "cell": INDEX["cell"]},
    TARGET,
    {"drug_1": "drug", "drug_2": "drug"},
    np.array([False, True, False, False, True]),
)


def test_both_drugs_of_a_pair_are_groups_of_a_row() -> None:
    assert PAIRS.members == {"cell": ("cell",), "drug": ("drug_1", "drug_2")}
    assert PAIRS.groups("drug").tolist() == [[0, 1], [1, 0], [1, 1], [0, 0], [0, 1]]
    assert PAIRS.groups("cell").tolist() == [[2], [0], [2], [0], [1]]


def test_a_pair_of_drugs_has_no_order_and_no_cell() -> None:
    groups = PAIRS.groups("pair")[:, 0]
    assert (groups[:, None] == groups).tolist() == [
        [a == b for b in ("01", "01", "11", "00", "01")] for a in ("01", "01", "11", "00", "01")
    ]


def test_groupings_say_what_rows_can_be_held_together_by() -> None:
    assert PAIRS.groupings == ("row", "pair", "cell", "drug", "given")
    assert DATA.groupings == ("row", "pair", "cell", "drug")
    assert Dataset({"dose": DOSE}, {}, TARGET).groupings == ("row",)
    with pytest.raises(DataError, match="split by 'drug_1'; this data knows row, pair, cell, drug, given"):
        PAIRS.groups("drug_1")


def test_a_kind_of_an_unknown_key_is_refused() -> None:
    with pytest.raises(DataError, match=r"a kind is given for 'drugs'; there are the index columns \['cell', 'drug'\]"):
        Dataset(DATA.tables, INDEX, TARGET, {"drugs": "drug"})


def test_keys_of_one_kind_read_tables_of_one_order() -> None:
    tables = {"drug_1": Table(np.zeros((2, 1), np.float32), "drug_1"), "drug_2": Table(np.zeros((3, 1)), "drug_2")}
    index = {"drug_1": INDEX["drug"], "drug_2": INDEX["drug"]}
    with pytest.raises(DataError, match=r"inputs of the drugs have \[2, 3\] entities; all need the same, in one order"):
        Dataset(tables, index, TARGET, dict.fromkeys(index, "drug"))


def test_an_unknown_grouping_is_answered_with_the_known_ones() -> None:
    with pytest.raises(DataError, match="split by 'tissue'; this data knows row, pair, cell, drug"):
        DATA.groups("tissue")
    with pytest.raises(DataError, match=r"split by 'pair'; this data knows row$"):
        Dataset({"dose": DOSE}, {}, TARGET).groups("pair")


def test_expanded_features_stand_row_by_row() -> None:
    rows = np.array([4, 0])
    assert DATA.expanded("cells", rows).tolist() == [[2, 3], [4, 5]]
    assert DATA.expanded("drugs", rows).shape == (2, 1, 4)
    assert DATA.expanded("dose", rows).shape == (2, 1)


@pytest.mark.parametrize(
    ("tables", "index", "message"),
    [
        ({}, {}, "at least one input"),
        ({"cells": CELLS}, {"cell": np.array([0, 1])}, "'cell' has 2 entries for 5 rows"),
        ({"cells": CELLS}, {}, r"'cells' is read by 'cell'; there are the index columns \[\]"),
        ({"cells": CELLS}, {"cell": np.array([0, 1, 2, 3, 0])}, "runs from 0 to 3; input 'cells' has 3 entities"),
        ({"cells": CELLS}, {"cell": np.array([0, 1, 2, -1, 0])}, "runs from -1 to 2"),
        ({"dose": Table(np.zeros((4, 1), np.float32))}, {}, "'dose' has 4 rows, the target 5"),
        ({"dose": Table(np.zeros(5, np.float32))}, {}, r"needs features \(entities, width\), not shape \(5,\)"),
        ({"dose": Table(np.zeros((5, 0), np.float32))}, {}, r"not shape \(5, 0\)"),
    ],
)
def test_data_that_does_not_fit_together_is_refused(
    tables: dict[str, Table], index: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        Dataset(tables, index, TARGET)
