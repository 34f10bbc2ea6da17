"""The order of the modules, and its only definition: each may import what stands above it, and itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cellwright

ROOT = Path(cellwright.__file__).parent
ORDER = (
    "errors",
    "seeds",
    "limits",
    "space",
    "trial",
    "trial_table",
    "data",
    "metrics",
    "problem",
    "build",
    "train",
    "methods",
    "store",
    "executors",
    "replay",
    "run",
    "drive",
    "problems",
    "finals",
    "posttrain",
    "comparison",
    "report",
    "runs",
    "api",
    "testing",
    "cli",
    "__main__",
)
#: these load no torch when they are imported
NO_TORCH = (
    "errors",
    "seeds",
    "limits",
    "space",
    "trial",
    "data",
    "metrics",
    "problem",
    "problems",
    "methods",
    "store",
    "replay",
    "run",
    "drive",
    "runs",
    "api",
)
#: a module and what it may not import although the order would allow it
FORBIDDEN = {
    "run": {"train", "problem", "data", "build"},  # the loop knows evaluators as callables only
    "methods": {"data", "problem", "build", "train"},  # a search sees points, never networks
    "build": {"data", "problem", "trial"},  # the builder sees architectures, never choices
    "problems": {"build", "train", "run", "drive", "methods", "store", "executors"},
}


def _part(module: str) -> str:
    """Return the part of the package a module belongs to; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "cellwright":
            found.add(_part(node.module))
            if node.module == "cellwright":  # from cellwright import problems
                found |= {alias.name for alias in node.names if (ROOT / alias.name).exists()}
        elif isinstance(node, ast.Import):
            found |= {_part(alias.name) for alias in node.names if alias.name.split(".")[0] == "cellwright"}
    return found - {""}


SOURCES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def test_the_order_names_every_part() -> None:
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in SOURCES}
    assert parts == set(ORDER)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down_only(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    allowed = set(ORDER[: ORDER.index(part) + 1]) - FORBIDDEN.get(part, set())
    if part == "api":
        allowed |= {"problems"}
    assert _imports(path) <= allowed


@pytest.mark.parametrize("module", ["cellwright", "cellwright.cli"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    heavy = ("torch", "pandas", "numpy", "sklearn", "rdkit", "plotly", "pydantic")
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("part", NO_TORCH)
def test_importing_a_part_loads_no_torch(part: str) -> None:
    code = f"import sys, cellwright.{part}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
