import gzip
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellwright.data.tables import Sheet, files_of, read
from cellwright.errors import DataError

TEXT = "cell,drug,dose,growth\nA 1,17,0.5,3.25\nB-2,18,1,-1e-3\n"
EXPECTED = {"cell": ["A 1", "B-2"], "drug": [17, 18], "dose": [0.5, 1.0], "growth": [3.25, -0.001]}


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def sheet(folder: Path, content: str) -> Sheet:
    return read(written(folder, "table.csv", content))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", TEXT),
        ("t.CSV", TEXT),
        ("t.tsv", TEXT.replace(",", "\t")),
        ("t.txt", TEXT.replace(",", ";")),
        ("t.tab", TEXT.replace(",", "|")),
        ("t.csv", TEXT.replace(",", ", ")),
        ("t.csv", "\ufeff" + TEXT),
        ("t.csv", TEXT.replace("\n", "\r\n")),
        ("t.csv", TEXT.removesuffix("\n")),
        ("t.csv", TEXT.replace("cell", '" cell "').replace("A 1", '"A 1"')),
        ("t.csv.gz", gzip.compress(TEXT.encode(), mtime=0)),
        ("t.tsv.xz", lzma.compress(TEXT.replace(",", "\t").encode())),
    ],
)
def test_a_table_is_read_whatever_separates_its_cells(tmp_path: Path, name: str, content: str | bytes) -> None:
    found = read(written(tmp_path, name, content))
    assert found.name == name
    assert found.columns == ("cell", "drug", "dose", "growth")
    assert found.frame.to_dict("list") == EXPECTED


@pytest.mark.parametrize("name", ["t.parquet", "t.pq"])
def test_a_parquet_file_is_read_with_its_index(tmp_path: Path, name: str) -> None:
    pd.DataFrame(EXPECTED).set_index("cell").to_parquet(tmp_path / name)
    assert read(tmp_path / name).frame.to_dict("list") == EXPECTED
    assert read(tmp_path / name, columns=["drug"]).frame["drug"].tolist() == [17, 18]


def test_some_columns_of_a_text_are_read(tmp_path: Path) -> None:
    assert read(written(tmp_path, "t.csv", TEXT), columns=["drug", "dose"]).columns == ("drug", "dose")


def test_the_row_names_that_r_writes_are_a_column(tmp_path: Path) -> None:
    found = sheet(tmp_path, "G1,G2\nA,1,2\nB,3,4\n")
    assert found.columns == ("", "G1", "G2")
    assert found.names("").tolist() == ["A", "B"]
    assert found.numbers("G2").tolist() == [2, 4]


def test_numbers_are_read_to_the_last_digit(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=200)
    found = sheet(tmp_path, "x\n" + "\n".join(map(repr, values.tolist())))
    np.testing.assert_array_equal(found.numbers("x"), values)


@pytest.mark.parametrize("cell", ["", "NA", "n/a", "NaN", "null", "None", "-", "."])
def test_what_stands_for_nothing_is_missing(tmp_path: Path, cell: str) -> None:
    found = sheet(tmp_path, f"name,x,y\nA,1,2\nB,{cell},3\n")
    np.testing.assert_array_equal(found.numbers("x", missing=True), [1, np.nan])
    np.testing.assert_array_equal(found.matrix(["x", "y"]), np.array([[1, 2], [np.nan, 3]], np.float32))
    with pytest.raises(DataError, match=r"table\.csv: column 'x' is empty in row 2; correct it, or leave the row out"):
        found.numbers("x")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("1 2 high 4", "column 'x' is no number in row 3: 'high'"),
        ("1 high high 4", "column 'x' is no number in row 2 and 1 more: 'high'"),
        ("inf 2 3 4", "column 'x' is no finite number in row 1: 'inf'"),
        ("1 2 3 -Infinity", "column 'x' is no finite number in row 4"),
        ("1 2 , 4", "column 'x' is no number in row 3: ','"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cells: str, message: str) -> None:
    found = sheet(tmp_path, "name;x\n" + "\n".join(f"A;{cell}" for cell in cells.split()))
    for look in (found.numbers, lambda column: found.matrix([column])):
        with pytest.raises(DataError, match=f"table.csv: {message}"):
            look("x")


def test_rows_are_counted_with_commas(tmp_path: Path) -> None:
    found = sheet(tmp_path, "x\n" + "1\n" * 1233 + "bad\n" * 2000)
    with pytest.raises(DataError, match="in row 1,234 and 1,999 more: 'bad'"):
        found.numbers("x")


@pytest.mark.parametrize(
    ("cells", "numeric"), [("1 2 x", True), ("x y 1", False), ("x 1", False), ("NA NA 1", True), ("NA NA", True)]
)
def test_a_column_is_numeric_where_most_of_it_is(tmp_path: Path, cells: str, numeric: bool) -> None:
    assert sheet(tmp_path, "n,x\n" + "\n".join(f"A,{cell}" for cell in cells.split())).is_numeric("x") is numeric


def test_identifiers_are_text_without_a_decimal_point(tmp_path: Path) -> None:
    found = sheet(tmp_path, "cid,name,half\n17, A ,1.5\n2478,B,2\n")
    assert found.names("cid").tolist() == ["17", "2478"]
    assert found.names("name").tolist() == ["A", "B"]
    assert found.names("half").tolist() == ["1.5", "2.0"]
    frame = pd.DataFrame({"cid": [17.0, 2478.0]})
    assert Sheet(Path("t.parquet"), frame).names("cid").tolist() == ["17", "2478"]


@pytest.mark.parametrize("rows", ["1\n\n3\n", "A\n\nB\n", "A\n  \nB\n"])
def test_an_identifier_that_is_missing_is_named(tmp_path: Path, rows: str) -> None:
    text = "id,x\n" + "".join(f"{cell},1\n" for cell in rows.removesuffix("\n").split("\n"))
    with pytest.raises(DataError, match=r"table\.csv: column 'id' is empty in row 2; fill it in, or leave it out"):
        sheet(tmp_path, text).names("id")


def test_a_column_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"table.csv' has no column 'y'; it has 'a', 'b'$"):
        sheet(tmp_path, "a,b\n1,2\n").column("y")


def test_a_column_that_is_empty_throughout_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"column 'b' is empty throughout \(and 1 more are\); take it out"):
        sheet(tmp_path, "a,b,c\n1,,\n2,,\n").matrix(["a", "b", "c"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "", "is empty"),
        ("t.csv", "a,b\n", "has a header and no rows"),
        ("t.csv", "a,b\n1,2\n1,2,3,4\n", "is no table of equal rows: Expected 2 fields in line 3, saw 4"),
        ("t.csv.gz", gzip.compress(TEXT.encode() * 100, mtime=0)[:-20], "cannot be read"),
        ("t.csv.gz", b"text", "cannot be read: Not a gzipped file"),
        ("t.csv.xz", b"text", "cannot be read"),
        ("t.parquet", b"PAR1PAR1", "is no readable Parquet file"),
        ("t.parquet", b"", "is no readable Parquet file"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"{name}' {message}"):
        read(written(tmp_path, name, content))


def test_the_tables_of_a_folder_are_its_files_by_name(tmp_path: Path) -> None:
    for name in ("b.csv", "a.tsv.gz", "c.parquet", "notes.md", "README.txt", "readme.csv", ".hidden.csv", "d.pdf"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.csv").mkdir()
    assert [path.name for path in files_of(tmp_path)] == ["a.tsv.gz", "b.csv", "c.parquet"]
    assert files_of(tmp_path / "b.csv") == (tmp_path / "b.csv",)
    with pytest.raises(DataError, match=r"d.pdf' is no table; wanted is CSV, TSV or Parquet"):
        files_of(tmp_path / "d.pdf")
    with pytest.raises(DataError, match=r"no file or folder .*nowhere"):
        files_of(tmp_path / "nowhere")


def test_a_workbook_among_tables_is_told(tmp_path: Path) -> None:
    (tmp_path / "drugs.csv").write_text("drug,x\na,1\n")
    (tmp_path / "response.xlsx").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"'response\.xlsx' in .* cannot be read; save its sheets as CSV"):
        files_of(tmp_path)


def test_whole_numbers_of_which_the_first_is_missing_count_nothing(tmp_path: Path) -> None:
    values = pd.array([None, *range(1, 30)], dtype="Int64")
    pd.DataFrame({"n": values}).to_parquet(tmp_path / "t.parquet")
    sheet = read(tmp_path / "t.parquet")
    assert not sheet.counts("n")
    assert not sheet.ascends("n")
