"""A data set as tensors on the device: no loader, no copies but those of a batch."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from cellwright.build import Batch
from cellwright.data.dataset import Dataset
from cellwright.metrics import Task

__all__ = ["Dedup", "Resident", "pick_device"]

#: "auto": each distinct entity of a batch once; "never": every row expanded, as everyone else does
Dedup = Literal["auto", "never"]


def pick_device(name: str) -> torch.device:
    """Return the device called `name`; "auto" is a GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


class Resident:
    """Tables, index columns and target on one device."""

    def __init__(
        self, dataset: Dataset, task: Task, *, inputs: frozenset[str], device: torch.device, dedup: Dedup = "auto"
    ) -> None:
        """Copy the tables of `inputs` to `device`."""
        self.device = device
        self.dedup = dedup
        tables = {name: table for name, table in dataset.tables.items() if name in inputs}
        self.features = {name: _tensor(table.features, device) for name, table in tables.items()}
        self.keys = {name: table.key for name, table in tables.items()}
        wanted = {key for key in self.keys.values() if key is not None}
        self.index = {key: _tensor(dataset.index[key], device).long() for key in wanted}
        target = _tensor(dataset.target, device)
        self.target = target.float() if task is Task.REGRESSION else target.long()

    def batch(self, rows: Tensor) -> Batch:
        """Return the inputs of `rows`, int64 (rows,)."""
        features: dict[str, Tensor] = {}
        gather: dict[str, Tensor] = {}
        read: dict[str, Tensor] = {}
        for of, column in self.index.items():
            read[of] = column[rows]
            if self.dedup == "auto":
                read[of], gather[of] = torch.unique(read[of], return_inverse=True)
        for name, key in self.keys.items():
            features[name] = self.features[name].index_select(0, rows if key is None else read[key])
        keys = {name: key for name, key in self.keys.items() if key is not None and key in gather}
        return Batch(features, keys, gather)


def _tensor(array: np.ndarray, device: torch.device) -> Tensor:
    """Return a copy on `device`; arrays mapped read-only are no tensors' business."""
    return torch.tensor(array, device=device)
