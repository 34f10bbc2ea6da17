"""Networks kept on disk for any worker: those whose training was left off, and the weights that children inherit.

What cannot be kept or found costs time and nothing else: training then begins anew, to the same end.
"""

import os
import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Slot"]

_WEIGHTS = ".weights"
_MOST_BYTES = 2**31  # of a folder; the oldest go first


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one network in a folder of such.

    Attributes:
        parent: the name of the network whose weights this one begins with; None: it has none.
        bequeath: keep the weights of this one when its training ends.
    """

    folder: Path
    name: str
    parent: str | None = None
    bequeath: bool = False

    def part(self, number: int) -> "Slot":
        """Return the place of one of several networks of a trial."""
        parent = self.parent and f"{self.parent}-{number}"
        return replace(self, name=f"{self.name}-{number}", parent=parent)

    def inherit(self, network: nn.Module) -> None:
        """Give a new network the weights of its parent, as far as they fit and are still there."""
        kept = Slot(self.folder, f"{self.parent}{_WEIGHTS}").load(torch.device("cpu")) if self.parent else None
        if kept is not None:
            network.load_state_dict(_fitting(kept, network.state_dict()))

    def leave(self, network: nn.Module) -> None:
        """Keep the weights of a network for its children."""
        if self.bequeath:
            Slot(self.folder, f"{self.name}{_WEIGHTS}").save(network.state_dict())

    def load(self, device: torch.device) -> Mapping[str, Any] | None:
        """Return what was kept; None: nothing, or not whole."""
        try:
            found: Mapping[str, Any] = torch.load(self._path, map_location=device, weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
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
        for path in self.folder.glob("*.pt*"):  # also what a killed worker left half written
            with suppress(OSError):  # another worker was quicker
                stat = path.stat()
                found.append((stat.st_mtime, stat.st_size, path))
        spent = 0
        for _, size, path in sorted(found, reverse=True):
            spent += size
            if spent > _MOST_BYTES:
                path.unlink(missing_ok=True)


def _fitting(parent: Mapping[str, Tensor], child: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the child's weights, with the parent's where weights of equal names and shapes follow one another."""
    old, new = list(parent), list(child)
    result = dict(child)
    for block in SequenceMatcher(None, _kinds(parent), _kinds(child), autojunk=False).get_matching_blocks():
        for place in range(block.size):
            result[new[block.b + place]] = parent[old[block.a + place]]
    return result


def _kinds(weights: Mapping[str, Tensor]) -> list[tuple[str, tuple[int, ...]]]:
    return [(name.rsplit(".", 1)[-1], tuple(tensor.shape)) for name, tensor in weights.items()]
