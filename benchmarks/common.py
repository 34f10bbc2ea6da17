"""What all benchmarks share: results with the versions and the machine they came from."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cellwright.store.folder import versions

RESULTS = Path(__file__).parent / "results"
_DOCS = RESULTS.parent.parent / "docs"
SEARCH_PAGE = _DOCS / "results" / "search.md"  # two scripts write it, each its own part
IMAGES = _DOCS / "images"
_REAL = "<!-- real training: benchmarks/search_real.py -->"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform(terse=True)}


def write_search_page(*, tables: str | None = None, real: str | None = None) -> None:
    """Write one part of the page on searches, and keep the other."""
    before, _, after = (SEARCH_PAGE.read_text() if SEARCH_PAGE.exists() else "").partition(_REAL)
    parts = [(tables or before).strip(), _REAL, (real or after).strip()]
    SEARCH_PAGE.write_text("\n\n".join(part for part in parts if part) + "\n")


def write_result(name: str, result: dict[str, Any]) -> Path:
    """Write benchmarks/results/NAME.json and return its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    stamp = datetime.now(UTC).date().isoformat()
    path.write_text(
        json.dumps({"date": stamp, "machine": machine(), "versions": versions(), **result}, indent=1) + "\n"
    )
    print(f"written: {path}")
    return path
