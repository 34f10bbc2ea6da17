"""What a GEO series matrix or a GCT 1.3 file says of its samples above the values: a table of its own, FILE/samples."""

import csv
from collections.abc import Iterable, Iterator
from itertools import dropwhile, islice, takewhile
from typing import TYPE_CHECKING

from cellwright.data.readers.table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SAMPLES", "describes_samples", "holds_values", "read_described"]

#: what that table is called within the file
SAMPLES = "samples"
_GEO = "!Sample_"
_NAME = "geo_accession"
_CHARACTERISTICS = "characteristics"
_SAME_FOR_ALL = ("contact", "data_row_count", "relation", "supplementary_file", "status")  # administration
_MOST_LINES = 1000  # above the values
_MISSING = ("", "--", "NA", "N/A", "n/a", "NaN", "nan", "null", "None")


def describes_samples(lines: Iterable[str]) -> bool:
    """Return whether a file of text names and describes its samples above its values."""
    above = iter(lines)
    first = next(above, "")
    if first.startswith("#1.3"):
        size = next(above, "").split()
        return len(size) > 3 and size[3].isdigit() and int(size[3]) > 0
    if not first.startswith("!"):
        return False
    told = takewhile(lambda line: not line.rstrip().endswith("_table_begin"), islice(above, _MOST_LINES))
    return any(line.startswith(f"{_GEO}{_NAME}\t") for line in (first, *told))


def holds_values(lines: Iterable[str]) -> bool:
    """Return whether a file that `describes_samples` has a table with rows."""
    above = iter(lines)
    if next(above, "").startswith("#"):
        return True
    begun = dropwhile(lambda line: not line.rstrip().endswith("_table_begin"), islice(above, _MOST_LINES))
    _, _, row, *_ = (*islice(begun, 3), "", "", "")
    return bool(row) and not row.startswith("!")


def read_described(stream: Iterable[str]) -> Table:
    """Return one row a sample, its name first, of a file that `describes_samples`."""
    lines = iter(csv.reader(stream, delimiter="\t"))
    first = next(lines, [""])
    columns = _of_gct(lines) if first[0].startswith("#1.3") else _of_geo([first, *_above(lines)])
    import pandas as pd

    frame = pd.DataFrame({place: _values(column) for place, column in enumerate(columns.values())})
    return Table(frame, tuple(columns))


def _above(lines: Iterator[list[str]]) -> Iterator[list[str]]:
    for fields in lines:
        if fields and fields[0].endswith("_table_begin"):
            return
        if fields:
            yield fields


def _of_gct(lines: Iterator[list[str]]) -> dict[str, list[str]]:
    _, _, before, count, *_ = next(lines)
    header = next(lines)
    start = 1 + int(before)
    return {"id": header[start:]} | {fields[0]: fields[start:] for fields in islice(lines, int(count))}


def _of_geo(lines: Iterable[list[str]]) -> dict[str, list[str]]:
    """Return the columns: those of characteristics by their own names ("age: 61"), which may stand in any line."""
    told = [(fields[0].removeprefix(_GEO), fields[1:]) for fields in lines if fields[0].startswith(_GEO)]
    names = next((values for name, values in told if name == _NAME), [])
    columns: dict[str, list[str]] = {_NAME: names}
    for name, values in told:
        if name.startswith(_SAME_FOR_ALL) or name == _NAME or len(values) != len(names):
            continue
        for sample, value in enumerate(values):
            key, sign, said = value.partition(": ") if name.startswith(_CHARACTERISTICS) else (name, ":", value)
            key, said = (key.strip(), said) if sign else (name, value)
            columns.setdefault(key, [""] * len(names))[sample] = said.strip()
    return {name: values for name, values in columns.items() if name == _NAME or len(set(values)) > 1}


def _values(column: list[str]) -> "pd.Series":
    import pandas as pd

    texts = pd.Series(column, dtype=object)
    texts = texts.mask(texts.isin(_MISSING))
    numbers = pd.to_numeric(texts, errors="coerce")
    return numbers if (numbers.notna() == texts.notna()).all() else texts
