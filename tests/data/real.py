"""The real tables that lie beside the repository; tests on them are skipped where they do not."""

from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[2].parent / "shared" / "data"


def real(name: str) -> Path:
    """Return a folder or file of the shared data, or skip the test."""
    if not (_FOLDER / name).exists():
        pytest.skip(f"needs {_FOLDER / name}")
    return _FOLDER / name
