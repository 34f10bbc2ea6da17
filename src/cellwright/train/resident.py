"""A data set as tensors on the device: no loader, no copies but those of a batch."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from cellwright.build import REPEATED, Batch
from cellwright.data.dataset import Dataset
from cellwright.errors import UsageError
from cellwright.metrics import Task
from cellwright.space.naming import is_identity

__all__ = ["Dedup", "Resident", "check_device", "pick_device"]

#: "auto": each distinct entity of a batch once; "never": every row expanded, as everyone else does
Dedup = Literal["auto", "never"]

#: draws an entity from which on a batch meets 90 % of them (1 - exp(-2.3)): finding which costs more than it saves
_NEARLY_ALL = 2.3


def pick_device(name: str) -> torch.device:
    """Return the device called `name`; "auto" is a GPU where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def check_device(name: str) -> None:
    """Raise UsageError unless there is such a device here."""
    if name == "auto":
        return
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "cuda"):
            raise UsageError(f"networks are trained on cpu, cuda or cuda:N, not on {name!r}")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch says AssertionError where it was built without CUDA
        reason = str(error).splitlines()[0]
        raise UsageError(f"there is no device {name!r} here ({reason}); --device auto takes what there is") from error


class Resident:
    """Tables, index columns and target on one device; inputs that share an array share a tensor."""

    def __init__(
        self, dataset: Dataset, task: Task, *, inputs: frozenset[str], device: torch.device, dedup: Dedup = "auto"
    ) -> None:
        """Copy the tables of `inputs` to `device`."""
        self.device = device
        self.dedup = dedup
        tables = {name: table for name, table in dataset.tables.items() if name in inputs}
        arrays = {id(table.features): table.features for table in tables.values()}
        tensors = {number: _tensor(array, device) for number, array in arrays.items()}
        self.features = {name: tensors[id(table.features)] for name, table in tables.items()}
        self.keys = {name: table.key for name, table in tables.items()}
        entities = {table.key: len(table.features) for table in tables.values() if table.key is not None}
        # of a pair both keys, though only one is read: which of the two that is must not matter
        used = [(keys, [entities[key] for key in keys if key in entities]) for keys in dataset.members.values()]
        self._kinds = [(keys, counts[0]) for keys, counts in used if counts]
        self.index = {key: _tensor(dataset.index[key], device) for keys, _ in self._kinds for key in keys}
        self._read = {name: key for name, key in self.keys.items() if key is not None and dedup == "auto"}
        self._own = [name for name, key in self.keys.items() if key is None]  # inputs of which each row has its own
        target = _tensor(dataset.target, device)
        self.target = target.float() if task is Task.REGRESSION else target.long()

    @property
    def has_twins(self) -> bool:
        """Whether a row names two of a kind, such as both drugs of a pair."""
        return any(len(keys) > 1 for keys, _ in self._kinds)

    def acquaint(self, dataset: Dataset, rows: np.ndarray) -> None:
        """Let identities tell only the entities that `rows` read: of others there is nothing to learn who they are."""
        seen: dict[int, Tensor] = {}
        for name, key in self.keys.items():
            if is_identity(name) and key is not None:
                features = dataset.tables[name].features
                if id(features) not in seen:
                    kind = dataset.kinds.get(key, key)
                    read = np.concatenate([dataset.index[other][rows] for other in dataset.members[kind]])
                    known = np.zeros((len(features), 1), np.float32)
                    known[read] = 1
                    seen[id(features)] = _tensor(features * known, self.device)
                self.features[name] = seen[id(features)]

    def batch(self, rows: Tensor, swap: Tensor | None = None, repeats: int = 1) -> Batch:
        """Return the inputs of `rows`, int64 (rows,), all of them so many times over.

        Where `swap`, bool (rows * repeats,), is true, twins are exchanged.
        Twins (both drugs of a pair) read one tensor, of the entities that either of them meets, so that the network
        can compute what they have in common once.
        """
        every = rows.repeat(repeats)
        read, gather = self._read, dict[str, Tensor]()
        if repeats > 1 and self.dedup == "auto":
            read = read | dict.fromkeys(self._own, REPEATED)
            gather[REPEATED] = torch.arange(len(rows), device=rows.device).repeat(repeats)
        # by key, the entities to select; None: all
        wanted: dict[str | None, Tensor | None] = {None: rows if gather else every}
        for keys, entities in self._kinds:
            columns = [self.index[key].index_select(0, every) for key in keys]
            if swap is not None and len(columns) == 2:
                first, second = columns
                columns = [torch.where(swap, second, first), torch.where(swap, first, second)]
            if self.dedup == "never":
                wanted.update(zip(keys, columns, strict=True))
                continue
            distinct: Tensor | None = None
            if len(every) * len(keys) < _NEARLY_ALL * entities:
                distinct, places = torch.unique(torch.cat(columns), return_inverse=True)
                columns = list(places.view(len(keys), -1).unbind())
            wanted.update(dict.fromkeys(keys, distinct))
            gather.update(zip(keys, columns, strict=True))
        selected: dict[tuple[int, int], Tensor] = {}
        features = {name: _select(self.features[name], wanted[key], selected) for name, key in self.keys.items()}
        return Batch(features, read, gather)


def _select(table: Tensor, entities: Tensor | None, selected: dict[tuple[int, int], Tensor]) -> Tensor:
    """Return entities of a table, None being all; one tensor for all who ask for the same."""
    if entities is None:
        return table
    wanted = (id(table), id(entities))
    if wanted not in selected:
        selected[wanted] = table.index_select(0, entities)
    return selected[wanted]


def _tensor(array: np.ndarray, device: torch.device) -> Tensor:
    """Return a copy on `device`; arrays mapped read-only are no tensors' business."""
    return torch.tensor(array, device=device)
