"""What all benchmarks share: results with the versions and the machine they came from."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cellwright.store.folder import versions

RESULTS = Path(__file__).parent / "results"


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
