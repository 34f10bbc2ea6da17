"""Workbooks of Excel and LibreOffice: each sheet is a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from cellwright.data.readers.header import MISSING, header_of
from cellwright.data.readers.table import Table
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_sheet", "sheet_names"]

_LOOKED_AT = 12


def sheet_names(path: Path, stream: BinaryIO) -> list[str]:
    """Return the names of a workbook's sheets, without empty ones.

    Raises:
        DataError: the workbook cannot be read, or is empty.
    """
    book = _open(path, stream)
    names = _filled(book)
    if not names:
        raise DataError(f"{str(path)!r} is empty: fill it, or take it out of the folder")
    return names


def read_sheet(path: Path, file: Path, stream: BinaryIO) -> Table:
    """Read a sheet of a workbook.

    Args:
        path: leads to the sheet; or to the file, if it has one sheet.
        file: the workbook.
        stream: what it holds.

    Raises:
        DataError: there is no such sheet, or it holds no table.
    """
    import pandas as pd

    book = _open(file, stream)
    names = [str(name) for name in book.sheet_names]
    name = path.relative_to(file).as_posix() if path != file else _filled(book)[0]
    if name not in names:
        raise DataError(f"{str(file)!r} has no sheet {name!r}; it has {', '.join(map(repr, names))}")
    rows: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    top = next((at for at, row in enumerate(rows) if any(_text(field) for field in row)), None)
    if top is None:
        raise DataError(f"{str(path)!r} is empty: fill it, or take it out of the folder")
    header = header_of([[_text(field) for field in row] for row in rows[top : top + _LOOKED_AT]], path, top + 1, "row")
    first = top + header.rows
    frame = pd.DataFrame(rows[first:], columns=range(len(header.names)))
    return Table(_typed(frame), header.names, header.notes, lambda row: f"row {first + row + 1:,} of the sheet")


def _open(path: Path, stream: BinaryIO) -> Any:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise DataError(
            f"{str(path)!r} is a workbook: pip install python-calamine to read it, or save its sheets as CSV"
        ) from error
    try:
        return CalamineWorkbook.from_filelike(stream)
    except (CalamineError, OSError) as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error


def _filled(book: Any) -> list[str]:
    """Return the names of the sheets that hold something."""
    return [str(name) for name in book.sheet_names if book.get_sheet_by_name(name).height > 0]


def _text(field: Any) -> str:
    whole = isinstance(field, float) and field.is_integer()
    return str(int(field) if whole else field).strip()


def _typed(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return columns of numbers as numbers; an empty field is missing."""
    import pandas as pd

    def column(values: "pd.Series[Any]") -> "pd.Series[Any]":
        if values.dtype.kind != "O" and not isinstance(values.dtype, pd.StringDtype):
            return values
        filled = values.astype(object)
        text = filled.map(lambda field: field.strip() if isinstance(field, str) else field)
        missing = text.map(lambda field: isinstance(field, str) and field.lower() in MISSING)
        return text.mask(missing, None).infer_objects()

    return pd.DataFrame({name: column(values) for name, values in frame.items()}, columns=frame.columns)
