"""The source `tissue`: from which tissue 965 cancer cell lines came, with the expression of `gdsc`.

The labels are column GDSC1 of the table of cell lines that ships inside the source archive of `gdsctools` 1.0.1. The
archive is read and not installed; the one table is kept as it is, and checked by its hash.
"""

import hashlib
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from cellwright.data import cache, gdsc
from cellwright.data.frames import ROW, Frames
from cellwright.data.names import reduced
from cellwright.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GDSCTOOLS", "fetch", "is_fetched", "load"]

GDSCTOOLS = cache.Package(
    project="gdsctools",
    version="1.0.1",
    bytes=4_729_445,
    sha256="72bba53d42150b88b1e186da5d12d94eb2c9f5ac529f4c9f800f98639cf9d82b",
    source=True,
)
COMMAND = "cellwright data get tissue"
_FILE = "cosmic_info.csv.gz"
_MEMBER = f"gdsctools-{GDSCTOOLS.version}/gdsctools/data/{_FILE}"
_SHA256 = "14d7d010aa25c49cd3b44e6c9a3cad5543081cf676df4257ba26cca84eebe54e"


def fetch(folder: Path | None = None, *, progress: cache.Progress | None = None) -> Path:
    """Fetch `gdsc` and the labels if they are not there, and return the folder of the labels.

    Raises:
        DataError: the archive cannot be had or is not the pinned one, or the folder cannot be written.
    """
    tell = progress or (lambda _: None)
    gdsc.fetch(folder, progress=progress)
    home = _home(folder)
    if _is_whole(home):
        return home
    lying = home / GDSCTOOLS.file
    if lying.exists():
        _extract(lying, home)
        return home
    tell(f"downloading {GDSCTOOLS.file} ({GDSCTOOLS.bytes / 1e6:.1f} MB)")
    with cache.download(GDSCTOOLS, instead=cache.by_hand(GDSCTOOLS, home, COMMAND)) as path:
        _extract(path, home)
    return home


def is_fetched(folder: Path | None = None) -> bool:
    """Say whether labels and expression are there and whole."""
    return _is_whole(_home(folder)) and gdsc.is_fetched(folder)


def load(folder: Path | None = None) -> Frames:
    """Return expression and tissue of the lines that have both, one row a line.

    Raises:
        DataError: the data are not fetched yet, or damaged.
    """
    import pandas as pd

    home = _home(folder)
    if not _is_whole(home):
        raise DataError(f"the data set 'tissue' is not in {str(home.parent)!r}; fetch it: {COMMAND}")
    labels = pd.read_csv(home / _FILE, dtype=str).set_index("SAMPLE_NAME")["GDSC1"].dropna()
    return _joined(gdsc.expression(folder=folder), labels)


def _joined(expression: "pd.DataFrame", labels: "pd.Series[str]") -> Frames:
    # the names of the expression come reduced, so that TT may be TT or T-T: here no name is exact
    forms = labels.index.map(reduced)
    unique = set(forms[~forms.duplicated(keep=False)])
    table = expression.loc[sorted(line for line in expression.index if line in unique)]
    values = labels.set_axis(forms).loc[table.index]
    ambiguous = sum(line in set(forms) - unique for line in expression.index)
    others = f"{len(expression) - len(table) - ambiguous:,} have none, {ambiguous:,} could be several"
    notes = (f"{len(table):,} of {len(expression):,} lines have a tissue; {others}",)
    responses = values.rename("value").reset_index(drop=True).to_frame()
    return Frames(responses, {"expression": (ROW, table.reset_index(drop=True))}, notes)


def _home(folder: Path | None) -> Path:
    return (folder or cache.data_folder()) / "tissue"


def _is_whole(home: Path) -> bool:
    try:
        return hashlib.sha256((home / _FILE).read_bytes()).hexdigest() == _SHA256
    except OSError:
        return False


def _extract(path: Path, home: Path) -> None:
    """Take the one table out of the archive."""
    cache.verify(path, GDSCTOOLS)
    try:
        with tarfile.open(path) as archive:
            member = archive.extractfile(_MEMBER)
            assert member is not None, "a file, by the archive's hash"
            content = member.read()
    except (tarfile.TarError, KeyError, zlib.error, EOFError, OSError) as error:
        raise DataError(f"{str(path)!r} holds no readable {_MEMBER}: {error}") from error
    cache.replace(home / _FILE, content)
