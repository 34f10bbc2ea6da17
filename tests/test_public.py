import importlib
import re
from pathlib import Path

import pytest

import cellwright
from cellwright.problem import Problem

ROOT = Path(cellwright.__file__).parent
MODULES = sorted(
    ".".join(("cellwright", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
    if path.name not in {"__main__.py", "strategies.py"}
)


@pytest.mark.parametrize("name", MODULES)
def test_all_is_the_truth(name: str) -> None:
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", []):
        assert getattr(module, public) is not None, public


def test_the_version_is_that_of_the_changelog() -> None:
    text = (Path(__file__).parent.parent / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## \[?([0-9][^\] ]*)", text, flags=re.MULTILINE)
    assert cellwright.__version__ == versions[0]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cellwright.nothing


def test_dir_shows_the_public_names_only() -> None:
    assert set(dir(cellwright)) == {*cellwright.__all__, "__version__"}


def test_what_a_notebook_shows_is_short_and_says_what_it_is(tumor: Problem) -> None:
    space = cellwright.problems.space(tumor)
    shown = {
        repr(tumor): ("Problem 'tumor'", "569 rows", "measurements 30", "6,274"),
        repr(space): (f"Space {space.name!r}", "decisions", space.decisions[0].name),
        repr(tumor.manual): ("Architecture ", "6,274 parameters"),
    }
    for text, words in shown.items():
        assert all(word in text for word in words), text
        assert text.count("\n") <= 5
