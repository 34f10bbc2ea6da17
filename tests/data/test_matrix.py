from pathlib import Path

import numpy as np
import pytest

from cellwright.data.frames import ROW, Frames, dataset_of
from cellwright.data.matrix import read_matrix
from cellwright.data.options import TableOptions
from cellwright.errors import DataError

from .real import real

ROWS = "tumour,1,2\nnormal,3,4\ntumour,5,6\nnormal,7,8\n"


def matrix(folder: Path, content: str, **columns: str) -> Frames:
    path = folder / "samples.csv"
    path.write_text(content)
    return read_matrix(path, TableOptions(columns))


def test_a_labelled_matrix_is_read(tmp_path: Path) -> None:
    frames = matrix(tmp_path, f"label,G1,G2\n{ROWS}")
    assert frames.responses["value"].tolist() == ["tumour", "normal", "tumour", "normal"]
    ((name, (kind, table)),) = frames.features.items()
    assert (name, kind, table.columns.tolist()) == ("expression", ROW, ["G1", "G2"])
    np.testing.assert_array_equal(table, [[1, 2], [3, 4], [5, 6], [7, 8]])
    assert frames.notes == (
        "samples.csv: 4 samples, 2 features; 'label' holds the class, by its name: 2 classes of 2 to 2",
    )
    data, classes = dataset_of(frames)
    assert (classes, data.target.tolist()) == (("normal", "tumour"), [1, 0, 1, 0])
    assert list(data.tables) == ["expression"]


@pytest.mark.parametrize("name", ["Class", "tissue", "Cancer Type", "tumor_type", "y", "Diagnosis"])
def test_the_class_is_found_by_its_name_wherever_it_stands(tmp_path: Path, name: str) -> None:
    rows = "1,tumour,2\n3,normal,4\n5,tumour,6\n7,normal,8\n"
    frames = matrix(tmp_path, f"G1,{name},G2\n{rows}")
    assert frames.responses["value"].tolist() == ["tumour", "normal", "tumour", "normal"]


def test_text_that_repeats_is_the_class_and_other_text_is_left_out_and_told(tmp_path: Path) -> None:
    rows = "".join(f"S{n},{row}\n" for n, row in enumerate(ROWS.split()))
    frames = matrix(tmp_path, f"id,what,G1,G2\n{rows}")
    assert frames.responses["value"].tolist() == ["tumour", "normal", "tumour", "normal"]
    assert "'what' holds the class, being text that repeats" in frames.notes[0]
    assert frames.notes[1] == "samples.csv: not used: 'id'"


def test_codes_in_the_first_column_are_classes(tmp_path: Path) -> None:
    frames = matrix(tmp_path, "n,G1\n" + "".join(f"{n % 3},{n / 7}\n" for n in range(12)))
    assert dataset_of(frames)[1] == ("0", "1", "2")
    assert "being first and of few values" in frames.notes[0]


def test_the_class_may_be_named(tmp_path: Path) -> None:
    rows = "".join(f"{row},{1 + n % 2}\n" for n, row in enumerate(ROWS.split()))
    frames = matrix(tmp_path, f"label,G1,G2,stage\n{rows}", label="stage")
    assert dataset_of(frames)[1] == ("1", "2")
    assert "'stage' holds the class: 2 classes of 2 to 2" in frames.notes[0]


def test_empty_cells_are_missing_and_told(tmp_path: Path) -> None:
    frames = matrix(tmp_path, f"label,G1,G2\n{ROWS}".replace("3,4", "NA,4"))
    assert frames.features["expression"][1].isna().to_numpy().tolist() == [[n == 1, False] for n in range(4)]
    assert frames.notes[1] == "samples.csv: 1 empty cells become the mean of the training rows"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("label,G1\na,1\na,2\n", "column 'label' has one class only, 'a'; nothing can be learnt"),
        ("label,G1\na,1\nb,2\nc,3\n", "has 3 different values in 3 rows and so holds no classes; say --column label"),
        ("label,G1\na,x\nb,y\na,x\nb,y\n", "no column of numbers besides 'label'"),
        ("label,G1\na,1\n,2\na,3\nb,4\n", "column 'label' is empty in row 2"),
        ("label,G1\na,1\na,2\nb,3\nb,high\n", "column 'G1' is no number in row 4: 'high'"),
        ("G1,G2\n1.5,2\n2.5,3\n", "which column holds the class.*--column label=NAME; first are 'G1', 'G2'"),
    ],
)
def test_a_matrix_that_cannot_be_used_is_told(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=f"samples.csv.*{message}"):
        matrix(tmp_path, content)


def test_of_several_matrices_one_must_be_named(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"label,G1,G2\n{ROWS}")
    with pytest.raises(DataError, match=r"several tables \('a.csv', 'b.csv'\); name one: --data .*a.csv"):
        read_matrix(tmp_path, TableOptions())
    assert len(read_matrix(tmp_path / "b.csv", TableOptions()).responses) == 4


@pytest.mark.parametrize(
    ("name", "shape", "counts"),
    [
        ("alon", (62, 2000), {"t": 40, "n": 22}),
        ("singh", (102, 12600), {"Tumor": 52, "Normal": 50}),
        ("su", (102, 5565), {"1": 28, "2": 23, "3": 26, "4": 25}),
    ],
)
def test_real_matrices_have_their_published_classes(name: str, shape: tuple[int, int], counts: dict[str, int]) -> None:
    frames = read_matrix(real(f"expression/{name}.csv.gz"), TableOptions())
    assert frames.features["expression"][1].shape == shape
    found = frames.responses["value"].value_counts().to_dict()
    assert sorted(found.values()) == sorted(counts.values())
    assert set(found) == set(counts)
    assert dataset_of(frames)[1] == tuple(sorted(counts))


def test_raw_intensities_become_logarithms_standardised_within_each_sample(tmp_path: Path) -> None:
    # logarithms of 1 + x: 1, 2, 3 and 4, 6, 8; both samples differ in their middle and spread, and then no more
    frames = matrix(tmp_path, "label,G1,G2,G3\na,1,3,7\nb,15,63,255\na,255,15,63\nb,1,7,3\n")
    half = 1.5**0.5  # the deviation of 1, 2, 3 is the root of 2 / 3
    expected = [[-half, 0, half], [-half, 0, half], [half, -half, 0], [-half, half, 0]]
    np.testing.assert_allclose(frames.features["expression"][1], expected, rtol=1e-6, atol=1e-6)
    assert frames.notes[1] == (
        "samples.csv: values up to 255 are raw intensities: their logarithms, standardised within each sample"
    )


def test_intensities_below_zero_keep_their_sign_and_empty_cells_stay_empty(tmp_path: Path) -> None:
    frames = matrix(tmp_path, "label,G1,G2,G3\na,-3,0,3\nb,-63,NA,63\na,7,7,7\nb,1,2,4\n")
    found = frames.features["expression"][1].to_numpy()
    half = 1.5**0.5
    np.testing.assert_allclose(found[0], [-half, 0, half], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(found[1], [-1, np.nan, 1], rtol=1e-6)
    np.testing.assert_allclose(found[2], [0, 0, 0], atol=1e-6)  # a sample of one value has no spread


def test_one_sample_does_not_change_another(tmp_path: Path) -> None:
    rows = ["a,100,200,400", "b,7,90,13", "a,5,6,700", "b,60,61,62"]
    first, second = (
        matrix(tmp_path, "\n".join(["label,G1,G2,G3", *rows[:3], last, ""])).features["expression"][1].to_numpy()
        for last in (rows[3], "b,9000,1,2")
    )
    np.testing.assert_array_equal(first[:3], second[:3])
    assert (first[3] != second[3]).any()


@pytest.mark.parametrize("value", ["49.9", "-49.9"])
def test_small_values_stay_as_they_are(tmp_path: Path, value: str) -> None:
    frames = matrix(tmp_path, f"label,G1,G2\na,{value},2\nb,3,NA\na,5,6\nb,7,8\n")
    expected = np.array([[float(value), 2], [3, np.nan], [5, 6], [7, 8]], np.float32)
    np.testing.assert_array_equal(frames.features["expression"][1], expected)
    assert not any("intensities" in note for note in frames.notes)


def test_an_empty_sample_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 2 has no value at all"):
        matrix(tmp_path, "label,G1,G2\na,100,200\nb,NA,NA\na,5,600\nb,7,8\n")


def test_an_index_that_was_written_out_is_no_gene(tmp_path: Path) -> None:
    frames = matrix(tmp_path, ",label,G1,G2\n0,a,1,2\n1,b,3,4\n2,a,5,6\n3,b,7,8\n")
    assert list(frames.features["expression"][1].columns) == ["G1", "G2"]


def test_one_column_of_large_numbers_makes_no_intensities(tmp_path: Path) -> None:
    frames = matrix(tmp_path, "label,G1,G2,G3\na,1,2,3\nb,3,4,400\na,5,6,5\nb,7,8,900\n")
    assert not any("intensities" in note for note in frames.notes)


@pytest.mark.parametrize("name", ["id", "Patient ID", "Unnamed: 0", "sample", "whatever"])
def test_a_number_of_the_patient_is_no_gene(tmp_path: Path, name: str) -> None:
    ids = [10017, 10342, 10999, 20001, 20002, 30000]
    rows = "".join(f"{number},{'ab'[n % 2]},{n / 2},{1 - n / 3:.2f}\n" for n, number in enumerate(ids))
    (tmp_path / "m.csv").write_text(f"{name},class,G1,G2\n{rows}")
    frames = read_matrix(tmp_path / "m.csv", TableOptions())
    assert list(frames.features["expression"][1].columns) == ["G1", "G2"]
    assert any(f"not used: '{name}'" in note for note in frames.notes)


def test_whole_numbers_that_do_not_name_samples_are_genes(tmp_path: Path) -> None:
    rows = "".join(f"{'ab'[n % 2]},{n * 7 % 5},{n * 5 % 6}\n" for n in range(6))
    (tmp_path / "m.csv").write_text(f"class,G1,G2\n{rows}")
    assert list(read_matrix(tmp_path / "m.csv", TableOptions()).features["expression"][1].columns) == ["G1", "G2"]


@pytest.mark.parametrize("codes", ["012", "571"])
def test_a_column_that_says_the_class_again_is_no_gene(tmp_path: Path, codes: str) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{'abc'[kind]},{rng.normal():.3f},{codes[kind]}" for kind in rng.integers(0, 3, 60)]
    frames = matrix(tmp_path, "\n".join(["subtype,G1,label", *rows]) + "\n", label="subtype")
    ((_, table),) = frames.features.values()
    assert table.columns.tolist() == ["G1"]
    assert "samples.csv: not used, for saying the same as 'subtype': 'label'" in frames.notes
