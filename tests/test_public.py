import importlib
import re
from pathlib import Path

import pytest

import cellwright

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
