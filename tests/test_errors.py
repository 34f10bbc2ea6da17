"""What the operating system says, in a few words."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from cellwright.errors import os_reason

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")


def onto_a_full_disk(_source: str, _target: str) -> None:
    with FULL.open("wb") as file:
        file.write(b"anything")


def test_a_full_disk_reads_the_same_whoever_met_it(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    for name in ("one", "two"):
        (tmp_path / "from" / name).write_text(name)
    with pytest.raises(OSError) as of_one:
        onto_a_full_disk("", "")
    with pytest.raises(shutil.Error) as of_folder:
        shutil.copytree(tmp_path / "from", tmp_path / "to", copy_function=onto_a_full_disk)
    with FULL.open("wb", buffering=0) as file, pytest.raises(OSError) as of_array:
        np.zeros(100_000).tofile(file)
    assert [os_reason(each.value) for each in (of_one, of_folder, of_array)] == ["No space left on device"] * 3
