"""Which files are tables, and how they are opened.

A zip archive or a workbook may hold several tables. Each has a path of its own, as if the file were a folder:
`data.zip/expression.csv`, `book.xlsx/Sheet1`; so has what a file says of its samples: `GSE1_series_matrix.txt/samples`.
"""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable
from io import BytesIO, TextIOWrapper
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from cellwright.data.readers.books import sheet_names
from cellwright.data.readers.described import SAMPLES, describes_samples, holds_values
from cellwright.data.words import few
from cellwright.errors import DataError

__all__ = ["ARROW", "BOOKS", "TEXT", "files_of", "open_binary", "outer", "passed_over", "suffix"]

TEXT = (".csv", ".tsv", ".txt", ".tab", ".gct", ".soft")
ARROW = (".parquet", ".pq", ".feather", ".arrow")
BOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_OPEN: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_WANTED = "CSV, TSV, GCT, Parquet, Feather or Excel files (also .gz, .bz2, .xz or .zip)"
#: files that usually lie beside tables and are none
_OTHER = {
    *(".md", ".rst", ".pdf", ".html", ".htm", ".log", ".tex", ".bib", ".docx", ".doc", ".odt", ".pptx", ".rtf"),
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".tif", ".tiff", ".eps"),
    *(".py", ".r", ".rmd", ".sh", ".ipynb", ".m", ".jl", ".pl", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".lock"),
}
_MENTIONED = {".docx", ".doc", ".odt", ".rtf", ".pptx"}  # may hold a table that somebody wants read
_ADVICE = {
    **dict.fromkeys((".rds", ".rda", ".rdata"), "R's own format; save the table with write.csv"),
    **dict.fromkeys((".h5", ".hdf5", ".h5ad", ".loom", ".mtx"), "save its matrix as Parquet or CSV"),
    **dict.fromkeys((".pkl", ".pickle", ".npy", ".npz", ".mat"), "save the table as Parquet or CSV"),
    **dict.fromkeys((".sav", ".dta", ".sas7bdat", ".json", ".jsonl"), "save the table as CSV"),
    **dict.fromkeys((".tar", ".tgz", ".7z", ".rar"), "an archive; unpack it, or use .zip"),
}


def files_of(place: Path) -> tuple[Path, ...]:
    """Return the tables of a folder, sorted by name, or those of the one file that `place` is.

    Raises:
        DataError: there is none.
    """
    file = outer(place)
    if file is None:
        if not place.is_dir():
            raise DataError(f"there is no file or folder {str(place)!r}")
        found = tuple(
            table for path in sorted(place.iterdir()) if path.is_file() and _is_table(path.name)
            for table in _tables_in(path)
        )  # fmt: skip
        if not found:
            others = passed_over(place)
            raise DataError(
                f"{str(place)!r} holds no table; wanted are {_WANTED}" + (f" ({'; '.join(others)})" if others else "")
            )
        return found
    if not _is_table(file.name):
        raise DataError(f"{str(place)!r} is no table; wanted are {_WANTED}")
    return _tables_in(place) if file == place else (place,)


def passed_over(place: Path) -> tuple[str, ...]:
    """Return the files of a folder that may have been meant as tables and are not read, each with the reason."""
    if not place.is_dir():
        return ()
    found = []
    for path in sorted(place.iterdir()):
        ending = suffix(path)
        if not path.is_file() or _is_table(path.name) or _is_hidden(path.name):
            continue
        if not ending or (ending in _OTHER and ending not in _MENTIONED):
            continue
        found.append(f"{path.name} is not read: {_ADVICE.get(ending, 'not a table')}")
    return tuple(found)


def outer(path: Path) -> Path | None:
    """Return the file that a path leads to or into; None if there is none."""
    return next((place for place in (path, *path.parents) if place.is_file()), None)


def open_binary(path: Path) -> BinaryIO:
    """Open a table's file, unpacked."""
    file = outer(path)
    if file is None:
        raise DataError(f"there is no file or folder {str(path)!r}")
    if file.suffix.lower() == ".zip":
        stream = _member(path, file)
    else:
        stream = cast("BinaryIO", _OPEN.get(path.suffix.lower(), open)(file, "rb"))
    if suffix(path) in TEXT:
        return stream
    with stream:
        return BytesIO(stream.read())  # readers of these jump about in it


def suffix(path: Path) -> str:
    """Return the ending that says what a file is, without that of its packing."""
    return (path.with_suffix("") if path.suffix.lower() in (*_OPEN, ".zip") else path).suffix.lower()


def _member(path: Path, file: Path) -> BinaryIO:
    """Open a file of an archive."""
    members = {str(member) for member in _members(file)}
    inner = path.relative_to(file).as_posix()
    if inner not in members:
        raise DataError(f"{str(file)!r} has no table {inner!r}; it has {few(sorted(members))}")
    try:
        with zipfile.ZipFile(file) as archive:
            stream = cast("BinaryIO", archive.open(inner))
    except RuntimeError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error  # it needs a password
    unpack = _OPEN.get(path.suffix.lower())
    if unpack is None:
        return stream
    with stream:
        return cast("BinaryIO", unpack(BytesIO(stream.read()), "rb"))


def _tables_in(path: Path) -> tuple[Path, ...]:
    """Return the tables of a file."""
    if path.suffix.lower() == ".zip":
        members = tuple(path / member for member in _members(path))
        if not members:
            raise DataError(f"{str(path)!r} holds no table; wanted are text, Parquet and Feather files")
        return members
    if suffix(path) in BOOKS:
        sheets = sheet_names(path, open_binary(path))
        return (path,) if len(sheets) == 1 else tuple(path / name for name in sheets)
    if suffix(path) not in TEXT or not _begins(path, describes_samples):
        return (path,)
    return (path, path / SAMPLES) if _begins(path, holds_values) else (path / SAMPLES,)


def _begins(path: Path, so: Callable[[Iterable[str]], bool]) -> bool:
    """Return whether a text file begins so."""
    try:
        with TextIOWrapper(open_binary(path), encoding="utf-8", errors="replace") as stream:
            return so(stream)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):  # who reads the values says so
        return False


def _members(path: Path) -> list[PurePosixPath]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(info.filename) for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error
    return [
        name
        for name in sorted(names)
        if suffix(Path(name)) in (*TEXT, *ARROW) and not _is_hidden(name.name) and "__MACOSX" not in name.parts
    ]


def _is_hidden(name: str) -> bool:
    return name.lower().startswith(("readme", "license", "~$", "."))


def _is_table(name: str) -> bool:
    path = Path(name)
    return (suffix(path) in (*TEXT, *ARROW, *BOOKS) or path.suffix.lower() == ".zip") and not _is_hidden(name)
