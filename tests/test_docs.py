"""The code of README and docs runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_python_runs(block: str, tmp_path: Path) -> None:
    script = tmp_path / "block.py"
    script.write_text(block)
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_commands_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text()
    named = set(re.findall(r"^    cellwright (\w+)", text, flags=re.MULTILINE))
    env = {**os.environ, "COLUMNS": "200"}
    for command in sorted(named):
        options = set(re.findall(rf"^    cellwright {command}.*$", text, flags=re.MULTILINE))
        shown = subprocess.run(
            [sys.executable, "-m", "cellwright", command, "--help"], capture_output=True, text=True, check=True, env=env
        ).stdout
        for flag in set(re.findall(r"--[a-z-]+", " ".join(options))):
            assert flag in shown, f"{command} {flag}"


def test_the_readme_claims_what_its_table_shows() -> None:
    text = " ".join((ROOT / "README.md").read_text().split())
    claimed = re.search(r"in (\d+) of the (\d+) comparisons below at least as accurate", text)
    counted = re.search(r"In (\d+) of the (\d+) rows the found network is at least as accurate", text)
    assert claimed
    assert counted
    assert claimed.groups() == counted.groups()
