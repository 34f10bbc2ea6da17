import gzip
import io
import lzma
import zipfile
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
    with pytest.raises(
        DataError, match=r"table\.csv: column 'x' is empty in row 2 \(line 3\); correct it, or leave the row out"
    ):
        found.numbers("x")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("1 2 high 4", r"column 'x' is no number in row 3 \(line 4\): 'high'"),
        ("1 high high 4", r"column 'x' is no number in row 2 \(line 3\) and 1 more: 'high'"),
        ("inf 2 3 4", r"column 'x' is no finite number in row 1 \(line 2\): 'inf'"),
        ("1 2 3 -Infinity", "column 'x' is no finite number in row 4"),
        ("1 2 , 4", r"column 'x' is no number in row 3 \(line 4\): ','"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cells: str, message: str) -> None:
    found = sheet(tmp_path, "name;x\n" + "\n".join(f"A;{cell}" for cell in cells.split()))
    for look in (found.numbers, lambda column: found.matrix([column])):
        with pytest.raises(DataError, match=f"table.csv: {message}"):
            look("x")


def test_rows_are_counted_with_commas(tmp_path: Path) -> None:
    found = sheet(tmp_path, "x\n" + "1\n" * 1233 + "bad\n" * 2000)
    with pytest.raises(DataError, match=r"in row 1,234 \(line 1,235\) and 1,999 more: 'bad'"):
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
    with pytest.raises(
        DataError, match=r"table\.csv: column 'id' is empty in row 2 \(line 3\); fill it in, or leave it out"
    ):
        sheet(tmp_path, text).names("id")


def test_a_column_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"table.csv' has no column 'y'; it has 'a', 'b'$"):
        sheet(tmp_path, "a,b\n1,2\n").column("y")


def test_columns_that_are_empty_throughout_are_left_out_and_named(tmp_path: Path) -> None:
    notes: list[str] = []
    columns, values = sheet(tmp_path, "a,b,c\n1,,\n2,,\n").filled(["a", "b", "c"], notes)
    assert (columns, values.tolist()) == (["a"], [[1], [2]])
    assert notes == ["table.csv: empty throughout and not used: 'b', 'c'"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "", "is empty"),
        ("t.csv", "a,b\n", "has a header and no rows"),
        ("t.csv", "a,b\n1,2\n1,2,3,4\n", "is no table of equal rows: line 3 has 4 fields, and line 1 names 2 columns"),
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
    with pytest.raises(DataError, match=r"d.pdf' is no table; wanted are CSV, TSV, GCT, Parquet"):
        files_of(tmp_path / "d.pdf")
    with pytest.raises(DataError, match=r"no file or folder .*nowhere"):
        files_of(tmp_path / "nowhere")


def test_a_damaged_workbook_among_tables_is_named(tmp_path: Path) -> None:
    (tmp_path / "drugs.csv").write_text("drug,x\na,1\n")
    (tmp_path / "response.xlsx").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"response\.xlsx' cannot be read"):
        files_of(tmp_path)


def test_whole_numbers_of_which_the_first_is_missing_count_nothing(tmp_path: Path) -> None:
    values = pd.array([None, *range(1, 30)], dtype="Int64")
    pd.DataFrame({"n": values, "x": 1.5}).to_parquet(tmp_path / "t.parquet")
    sheet = read(tmp_path / "t.parquet")
    assert not sheet.counts("n")
    assert not sheet.ascends("n")


def zipped(**members: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("_", "."), text)
    return content.getvalue()


R = '"cell" "drug" "dose" "growth"\n"1" "A 1" 17 0.5 3.25\n"2" "B-2" 18 1 -1e-3\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.txt", R.replace('"1" ', "").replace('"2" ', "")),
        ("t.csv", "sep=;\n" + TEXT.replace(",", ";")),
        ("t.csv", TEXT.replace("cell", "cell").encode("utf-16")),
        ("t.csv", "# exported on a Monday\n# by nobody\n" + TEXT),
        ("t.csv", TEXT.replace(",", ";").replace("0.5", "0,5").replace("3.25", "3,25").replace("-1e-3", "-0,001")),
        ("t.csv", TEXT.replace("\n", ",,\n")),
        ("t.csv", TEXT + ",,,\n,,,\n"),
        ("t.csv.zip", zipped(t_csv=TEXT)),
        ("t.zip", zipped(t_csv=TEXT)),
    ],
    ids=[
        "white space",
        "sep=",
        "UTF-16",
        "comments",
        "decimal commas",
        "empty columns",
        "empty rows",
        "zip",
        "archive",
    ],
)
def test_what_programs_write_around_a_table_is_no_obstacle(tmp_path: Path, name: str, content: str | bytes) -> None:
    (path,) = files_of(written(tmp_path, name, content))
    found = read(path)
    assert found.columns == ("cell", "drug", "dose", "growth")
    assert found.frame.to_dict("list") == EXPECTED


def test_the_row_names_of_a_table_that_r_wrote_are_a_column(tmp_path: Path) -> None:
    found = read(written(tmp_path, "t.txt", R))
    assert found.columns == ("", "cell", "drug", "dose", "growth")
    assert found.frame.drop(columns="").to_dict("list") == EXPECTED


def test_a_file_that_is_not_unicode_is_read_as_windows_writes_it(tmp_path: Path) -> None:
    found = read(written(tmp_path, "t.csv", "drug,dose µM\nA,1\nB,2\n".encode("cp1252")))
    assert found.columns == ("drug", "dose µM")
    assert "cp1252" in " ".join(found.notes)


@pytest.mark.parametrize("name", ["t.gct", "t.txt", "t.gct.gz"])
def test_a_gct_file_is_read_below_its_first_lines(tmp_path: Path, name: str) -> None:
    text = "#1.2\n2\t3\nName\tDescription\tA\tB\tC\nG1\tone\t1\t2\t3\nG2\ttwo\t4\t5\t6.5\n"
    content = gzip.compress(text.encode(), mtime=0) if name.endswith(".gz") else text
    found = read(written(tmp_path, name, content))
    assert found.columns == ("Name", "Description", "A", "B", "C")
    assert found.numbers("C").tolist() == [3, 6.5]
    assert found.where([1]) == ("row 2 (line 5)")


def test_the_table_of_a_geo_series_is_read(tmp_path: Path) -> None:
    text = (
        '!Series_title\t"made up"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n!series_matrix_table_begin\n'
        '"ID_REF"\t"GSM1"\t"GSM2"\n"p1"\t1.5\t2\n"p2"\t3\t4\n!series_matrix_table_end\n'
    )
    found = read(written(tmp_path, "GSE0_series_matrix.txt", text))
    assert found.columns == ("ID_REF", "GSM1", "GSM2")
    assert found.numbers("GSM2").tolist() == [2, 4]


def test_of_several_lines_of_names_one_is_kept(tmp_path: Path) -> None:
    lines = ["\tENSG00000141510\tENSG00000133703\tENSG00000136997", "\t101\t102\t103", "sample\tTP53\tKRAS\tMYC"]
    rows = [f"S{number}\t{number}.5\t{number}.25\t1.{number}" for number in range(1, 9)]
    found = read(written(tmp_path, "expression.tsv", "\n".join([*lines, *rows]) + "\n"))
    assert found.columns[1:] == ("TP53", "KRAS", "MYC")
    assert found.numbers("MYC").tolist() == [float(f"1.{number}") for number in range(1, 9)]
    assert found.notes


def test_a_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    found = sheet(tmp_path, "a,,c\n1,x,2\n2,3,4\n")
    with pytest.raises(DataError, match=r"column 2, which has no name is no number in row 1 \(line 2\)") as caught:
        found.numbers(found.columns[1])
    assert "Unnamed" not in str(caught.value)


def test_a_sheet_of_a_workbook_is_a_table(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(tmp_path / "book.xlsx") as writer:
        pd.DataFrame(EXPECTED).to_excel(writer, sheet_name="one", index=False)
        pd.DataFrame({"x": [1, 2]}).to_excel(writer, sheet_name="two", index=False)
    first, _ = files_of(tmp_path)
    assert read(first).frame.to_dict("list") == EXPECTED
    assert read(first).name == "book.xlsx/one"


def test_a_wide_parquet_file_takes_memory_of_its_own_size(tmp_path: Path) -> None:
    import subprocess
    import sys

    wide = np.zeros((20, 20_000), np.float32)
    pd.DataFrame(wide, columns=[f"G{place}" for place in range(20_000)]).to_parquet(tmp_path / "wide.parquet")
    code = (
        "import resource, sys; from pathlib import Path; from cellwright.data.tables import read;"
        "import pandas, pyarrow;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; read(Path(sys.argv[1]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "wide.parquet")], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 600_000  # KiB; pandas.read_parquet takes 2 GB


@pytest.mark.parametrize(
    ("separator", "fields", "expected"),
    [
        (";", ("943", "1.815", "12.000", "7.001"), (943, 1815, 12000, 7001)),
        ("\t", ("705,00", "1.815,50", "2.000,25", "1.000,00"), (705, 1815.5, 2000.25, 1000)),
        (",", ("943", '"1,815"', '"12,000"', '"1,234,567"'), (943, 1815, 12000, 1234567)),
        (
            ";",
            ("1.815", "2.250", "3.125", "4.500"),
            (1.815, 2.25, 3.125, 4.5),
        ),  # nothing shows that these are thousands
        (";", ("0.943", "1.815", "2.000", "7.125"), (0.943, 1.815, 2.0, 7.125)),
        (";", ("943", "1.81", "2.000", "7.125"), (943, 1.81, 2.0, 7.125)),
    ],
)
def test_thousands_are_told_from_decimals(
    tmp_path: Path, separator: str, fields: tuple[str, ...], expected: tuple[float, ...]
) -> None:
    rows = "".join(f"S{number}{separator}{field}\n" for number, field in enumerate(fields))
    sheet = read(written(tmp_path, "t.csv", f"sample{separator}value\n{rows}"))
    assert sheet.frame["value"].tolist() == pytest.approx(list(expected))
