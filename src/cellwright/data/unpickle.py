"""Pickles read without running anything that they might bring."""

import collections
import io
import pickle
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellwright.errors import DataError

__all__ = ["TENSORS", "unpickled"]


class _Restricted(pickle.Unpickler):
    """Reads a pickle that may name nothing but what is admitted, so that it can run nothing else."""

    def __init__(self, file: io.BytesIO, admitted: Mapping[tuple[str, str], Any]) -> None:
        super().__init__(file)
        self._admitted = admitted

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._admitted[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not admitted") from None

    def persistent_load(self, pid: Any) -> Any:
        return pid  # inert; who wants it checks it


def unpickled(file: io.BytesIO, name: str, admitted: Mapping[tuple[str, str], Any]) -> Any:
    """Return what a pickle holds.

    Args:
        name: of the file, for messages.
        admitted: what it may name, (module, name), and what stands in for that.

    Raises:
        DataError: it names anything else, or is broken.
    """
    try:
        return _Restricted(file, admitted).load()
    except (
        *(pickle.UnpicklingError, EOFError, MemoryError, OverflowError),
        *(AttributeError, IndexError, KeyError, TypeError, ValueError),  # what the unpickler raises on broken bytes
    ) as error:
        raise DataError(f"{name} cannot be used: {error}") from error


def _storage(content: bytes) -> NDArray[np.float32]:
    """Read what `torch.save` wrote before version 1.6: five pickles, a length, and the raw numbers of one storage.

    Source: `torch.serialization._legacy_save`.
    """
    file = io.BytesIO(content)
    magic, protocol, system = (_part(file) for _ in range(3))
    _expect(magic == 0x1950A86A20F9469CFC6C, "magic number", magic)
    _expect(protocol == 1001, "protocol", protocol)
    _expect(isinstance(system, dict) and system.get("little_endian") is True, "byte order", system)
    reference, keys = _part(file), _part(file)
    _expect(isinstance(reference, tuple) and len(reference) == 6, "reference", reference)
    kind, number_type, key, place, count, view = reference
    _expect((kind, number_type, place, view) == ("storage", _Float, "cpu", None), "reference", reference)
    _expect(keys == [key], "list of keys", keys)
    raw = content[file.tell() :]
    _expect(type(count) is int and raw[:8] == struct.pack("<q", count), "number of elements", count)
    _expect(len(raw) == 8 + 4 * count, "number of bytes", len(raw))
    return np.frombuffer(raw, dtype="<f4", offset=8).astype(np.float32)


def _part(file: io.BytesIO) -> Any:
    return _Restricted(file, {("torch", "FloatStorage"): _Float}).load()


def _expect(holds: bool, what: str, found: object) -> None:
    if not holds:
        raise pickle.UnpicklingError(f"a tensor's storage has an unexpected {what}: {found!r}")


def _tensor(storage: object, *layout: object) -> NDArray[np.float32]:
    """Stand in for torch's function of the same arguments; only a whole vector is admitted."""
    if not isinstance(storage, np.ndarray):
        raise pickle.UnpicklingError("a tensor has no storage")
    # Offset, size, stride, whether it wants a gradient, and the hooks of its backward pass.
    if layout != (0, storage.shape, (1,), False, collections.OrderedDict()):
        raise pickle.UnpicklingError(f"a tensor is no plain vector of {len(storage)} numbers: {layout!r}")
    return storage


class _Float:
    """Stands for torch.FloatStorage."""


#: what pickled vectors of torch name, and the numpy functions that stand in; torch itself is not needed
TENSORS: Mapping[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): collections.OrderedDict,  # a tensor's backward hooks, empty
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch.storage", "_load_from_bytes"): _storage,
}
