"""Networks whose training was left off, kept on disk so that it can be taken up again by any worker.

What cannot be kept or found costs time and nothing else: training then begins anew, to the same end.
"""

import os
import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

__all__ = ["Slot"]

_MOST_BYTES = 2**31  # of a folder; the oldest go first


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one network in a folder of such."""

    folder: Path
    name: str

    def part(self, number: int) -> "Slot":
        """Return the place of one of several networks of a trial."""
        return replace(self, name=f"{self.name}-{number}")

    def load(self, device: torch.device) -> Mapping[str, Any] | None:
        """Return what was kept; None: nothing, or not whole."""
        try:
            found: Mapping[str, Any] = torch.load(self._path, map_location=device, weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError):
            return None
        return found

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep a state in place of what was here; on a full disk, keep nothing."""
        building = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError, RuntimeError):  # torch says RuntimeError where a disk is full
            self.folder.mkdir(parents=True, exist_ok=True)
            torch.save(dict(state), building)
            building.replace(self._path)
            self._make_room()
        with suppress(OSError):
            building.unlink(missing_ok=True)

    def clear(self) -> None:
        """Keep nothing any more."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self.folder / f"{self.name}.pt"

    def _make_room(self) -> None:
        found = []
        for path in self.folder.glob("*.pt"):
            with suppress(OSError):  # another worker was quicker
                stat = path.stat()
                found.append((stat.st_mtime, stat.st_size, path))
        spent = 0
        for _, size, path in sorted(found, reverse=True):
            spent += size
            if spent > _MOST_BYTES:
                path.unlink(missing_ok=True)
