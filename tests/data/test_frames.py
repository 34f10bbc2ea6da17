import numpy as np
import pandas as pd
import pytest

from cellwright.data.frames import ROW, Frames, dataset_of, keys_of
from cellwright.data.observations import Features, frames_of
from cellwright.data.words import few
from cellwright.errors import DataError
from cellwright.space.naming import is_identity

CELLS = pd.DataFrame([[1.0, 2], [3, np.nan], [5, 6]], index=["B", "A", "unused"], columns=["G1", "G2"])
DRUGS = pd.DataFrame([[0.5], [1.5], [2.5]], index=["x", "y", "z"], columns=["weight"])
BITS = pd.DataFrame([[1, 0], [0, 1], [1, 1]], index=["z", "y", "x"], columns=["b1", "b2"])
SINGLE = pd.DataFrame({"cell": ["A", "B", "A"], "drug": ["y", "x", "x"], "dose": [6.0, 5, 4], "value": [1.0, 2, 3]})
PAIRS = pd.DataFrame(
    {"cell": ["A", "B", "A"], "drug_1": ["y", "x", "x"], "drug_2": ["z", "z", "y"], "value": [1.0, 2, 3]}
)


def test_single_drugs_become_tables_read_by_key() -> None:
    data, classes = dataset_of(
        Frames(SINGLE, {"expression": ("cell", CELLS), "descriptors": ("drug", DRUGS), "bits": ("drug", BITS)})
    )
    assert classes == ()
    assert list(data.tables) == ["dose", "expression", "id:cell", "descriptors", "bits", "id:drug"]
    rows = np.arange(3)
    assert data.expanded("dose", rows).tolist() == [[6], [5], [4]]
    np.testing.assert_array_equal(data.expanded("expression", rows), [[3, np.nan], [1, 2], [3, np.nan]])
    assert data.expanded("descriptors", rows).tolist() == [[1.5], [0.5], [0.5]]
    assert data.expanded("bits", rows).tolist() == [[0, 1], [1, 1], [1, 1]]
    assert data.expanded("id:cell", rows).tolist() == [[1, 0], [0, 1], [1, 0]]
    assert data.expanded("id:drug", rows).tolist() == [[0, 1], [1, 0], [1, 0]]
    assert len(data.tables["expression"].features) == 2  # of what rows name, and of nothing else
    assert data.target.dtype == np.float32
    assert data.target.tolist() == [1, 2, 3]
    assert data.groupings == ("row", "pair", "cell", "drug")


def test_pairs_read_one_table_of_all_that_is_known_of_drugs() -> None:
    data, _ = dataset_of(
        Frames(PAIRS, {"expression": ("cell", CELLS), "descriptors": ("drug", DRUGS), "bits": ("drug", BITS)})
    )
    assert list(data.tables) == ["expression", "id:cell", "drug_1", "drug_2", "id:drug_1", "id:drug_2"]
    assert data.tables["drug_1"].features is data.tables["drug_2"].features
    assert data.tables["id:drug_1"].features is data.tables["id:drug_2"].features
    assert data.expanded("id:drug_2", np.arange(3)).tolist() == [[0, 0, 1], [0, 0, 1], [0, 1, 0]]
    assert data.kinds == {"drug_1": "drug", "drug_2": "drug"}
    assert data.expanded("drug_1", np.arange(3)).tolist() == [[1.5, 0, 1], [0.5, 1, 1], [0.5, 1, 1]]
    assert data.expanded("drug_2", np.arange(3)).tolist() == [[2.5, 1, 0], [2.5, 1, 0], [1.5, 0, 1]]
    assert data.groupings == ("row", "pair", "cell", "drug")


def test_labels_become_codes_in_their_order() -> None:
    responses = pd.DataFrame({"value": ["normal", "tumour", "borderline", "normal"], "given": [0, 0, 1, 1]})
    matrix = pd.DataFrame(np.arange(8.0).reshape(4, 2), columns=["G1", "G2"])
    data, classes = dataset_of(Frames(responses, {"expression": (ROW, matrix)}))
    assert classes == ("borderline", "normal", "tumour")
    assert data.target.dtype == np.int64
    assert data.target.tolist() == [1, 2, 0, 1]
    assert data.given is not None
    assert data.given.tolist() == [False, False, True, True]
    assert data.tables["expression"].key is None
    np.testing.assert_array_equal(data.tables["expression"].features, matrix)


def test_truth_values_are_classes() -> None:
    responses = pd.DataFrame({"value": [True, False, True]})
    data, classes = dataset_of(Frames(responses, {"x": (ROW, pd.DataFrame({"G": [1.0, 2, 3]}))}))
    assert classes == ("False", "True")
    assert data.target.tolist() == [1, 0, 1]


def test_a_row_that_names_the_unknown_is_told() -> None:
    with pytest.raises(DataError, match=r"rows name 1 cell\(s\) without expression: 'A'"):
        dataset_of(Frames(SINGLE, {"expression": ("cell", CELLS.drop("A")), "descriptors": ("drug", DRUGS)}))


def test_an_entity_that_has_two_rows_is_told() -> None:
    twice = pd.concat([DRUGS, DRUGS.loc[["y"]]])
    with pytest.raises(DataError, match="descriptors has a drug twice: 'y'; keep one row of each"):
        dataset_of(Frames(SINGLE, {"expression": ("cell", CELLS), "descriptors": ("drug", twice)}))


def test_keys_of_a_kind_are_one_or_two() -> None:
    assert keys_of("drug", ["cell", "drug_1", "drug_2"]) == ("drug_1", "drug_2")
    assert keys_of("cell", ["cell", "drug_1", "drug_2"]) == ("cell",)


OWN = pd.DataFrame(
    {
        "who": ["A", "B", "A"],
        "left": [17, 18, 17],
        "right": [18, 17, 17],
        "hot": [1, 2, 3],
        "wet": [0.5, 1, 2],
        "yield": [9, 8, 7],
    },
    index=[5, 5, 7],
)
MADE = pd.DataFrame([[1.0], [2.0]], index=[17, 18], columns=["mass"])


def test_frames_of_ones_own_come_under_the_names_used_here() -> None:
    features: Features = {"weather": ["hot", "wet"], "genes": ("who", CELLS), "solvent": (("left", "right"), MADE)}
    data, classes = dataset_of(frames_of(OWN, "yield", features))
    assert classes == ()
    assert [name for name in data.tables if not is_identity(name)] == ["weather", "genes", "solvent_1", "solvent_2"]
    assert {name for name in data.tables if is_identity(name)} == {"id:who", "id:solvent_1", "id:solvent_2"}
    rows = np.arange(3)
    assert data.expanded("weather", rows).tolist() == [[1, 0.5], [2, 1], [3, 2]]
    np.testing.assert_array_equal(data.expanded("genes", rows), [[3, np.nan], [1, 2], [3, np.nan]])
    assert data.expanded("solvent_1", rows).tolist() == [[1], [2], [1]]
    assert data.expanded("solvent_2", rows).tolist() == [[2], [1], [1]]
    assert data.target.tolist() == [9, 8, 7]
    assert set(data.groupings) == {"row", "pair", "who", "solvent"}


@pytest.mark.parametrize(
    ("target", "features", "message"),
    [
        ("yeild", {"x": ["hot"]}, r"the responses have no column 'yeild'; they have 'who', 'left'"),
        ("yield", {"x": ["cold"]}, r"no column 'cold'"),
        ("yield", {"x": ("whose", CELLS)}, r"no column 'whose'"),
        ("yield", {"x": ["who"]}, r"input 'x' takes numbers, and there is something else in 'who'"),
        (
            "yield",
            {"x": ("who", CELLS.assign(G1="text"))},
            r"input 'x' takes numbers, and there is something else in 'G1'",
        ),
    ],
)
def test_frames_that_do_not_fit_are_refused(target: str, features: Features, message: str) -> None:
    with pytest.raises(DataError, match=message):
        frames_of(OWN, target, features)


def test_an_empty_cell_of_a_target_or_key_is_told() -> None:
    for column, use in (("yield", {"x": ["hot"]}), ("who", {"x": ("who", CELLS)})):
        holed = OWN.assign(**{column: OWN[column].where(OWN["hot"] != 2)})
        with pytest.raises(
            DataError, match=f"column '{column}' is empty in 1 rows, the first is row 1; leave them out"
        ):
            frames_of(holed, "yield", use)


@pytest.mark.parametrize("kind", ["float64", "Float64"])
def test_an_empty_cell_of_a_feature_is_missing(kind: str) -> None:
    holed = OWN.assign(hot=OWN["hot"].where(OWN["hot"] != 2).astype(kind))  # type: ignore[call-overload]
    dataset, _ = dataset_of(frames_of(holed, "yield", {"x": ["hot"]}))
    assert np.isnan(dataset.tables["x"].features[:, 0]).tolist() == (OWN["hot"] == 2).tolist()


def test_names_are_listed_up_to_a_few() -> None:
    assert few(["a", "b"]) == "'a', 'b'"
    assert few([str(number) for number in range(1_004)]) == "'0', '1', '2', '3' and 1,000 more"
