"""The folder of a run: what was asked for, the problem it is about, and the log."""

import contextlib
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from cellwright.data.folder import copy_data
from cellwright.errors import RunError, UsageError, os_reason
from cellwright.problem import Problem
from cellwright.store.log import JsonLog
from cellwright.trial import Fidelity

__all__ = [
    "LOG",
    "Request",
    "check_request",
    "create_folder",
    "open_folder",
    "remove_folder",
    "versions",
    "write_whole",
]

LOG = "log.jsonl"
_REQUEST = "run.json"
_PROBLEM = "problem"


def versions() -> dict[str, str]:
    """Return what results may depend on."""
    packages = ("cellwright", "torch", "numpy", "scikit-learn", "pandas")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for; written once, so that a run can be resumed with nothing but its folder.

    Attributes:
        space: its whole definition as JSON.
        options: of the method.
        recipe: of training, field by field.
        timeout: seconds a trial may take.
        memory_gib: a worker may allocate.
        retries: of a trial whose worker died.
        objectives: what is traded against one another, the problem's score first; none: the score alone counts.
        replicates: further tries of each leader.
        halving: "asha" or "hyperband"; None: each network is trained to the end.
        starts: values of the points that are tried first.
        at_most: limits on what a network costs, beside its parameters.
        command: words of the command line behind `cellwright`; none: it was asked for from Python.
        versions: of what results may depend on.
    """

    problem: str
    space: Mapping[str, Any]
    method: str
    options: Mapping[str, Any]
    workers: int
    fidelity: Fidelity
    evaluations: int | None
    minutes: float | None
    max_parameters: int | None
    seed: int
    recipe: Mapping[str, Any]
    timeout: float | None
    memory_gib: float | None
    retries: int
    device: str
    objectives: tuple[str, ...] = ()
    replicates: int = 0
    halving: str | None = None
    starts: tuple[tuple[int | float, ...], ...] = ()
    at_most: Mapping[str, float] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=versions)


_ADAPTER = TypeAdapter(Request)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, and keeps its old content until then."""
    building = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        building.write_bytes(content)
        building.replace(path)
    finally:
        building.unlink(missing_ok=True)


def check_request(request: Request) -> None:
    """Raise UsageError unless the request can be written, and read again."""
    try:
        _ADAPTER.validate_json(_ADAPTER.dump_json(request, warnings=False))
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}; got {first['input']!r}") from error
    except PydanticSerializationError as error:
        raise UsageError(f"numbers, words and true or false can be asked for: {error}") from error


def create_folder(folder: Path, request: Request, problem: Problem) -> None:
    """Make `folder` a run folder; whoever makes its log has it to himself.

    Raises:
        RunError: it holds a run already, or what is not ours to overwrite, or cannot be written.
    """
    log = folder / LOG
    elsewhere = "name another folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        begun = log.exists()  # by a start that did not get far
        if (folder / _REQUEST).exists():
            raise RunError(f"{str(folder)!r} holds a run already; go on with it (cellwright resume), or {elsewhere}")
        if begun and log.stat().st_size:
            raise RunError(f"{str(folder)!r} holds the log of a run whose {_REQUEST} is gone; {elsewhere}")
        if not begun and (folder / _PROBLEM).exists():
            raise RunError(f"{str(folder)!r} holds something called {_PROBLEM!r} that is no run's; {elsewhere}")
        alone = JsonLog(log, write=True)
        try:
            if (folder / _REQUEST).exists():  # another was quicker
                raise RunError(f"{str(folder)!r} has just become another run; {elsewhere}")
            copy_data(problem.folder, folder / _PROBLEM)
            write_whole(folder / _REQUEST, _ADAPTER.dump_json(request, indent=1))
        finally:
            alone.close()
    except OSError as error:
        raise RunError(f"cannot make the run folder {str(folder)!r}: {os_reason(error)}; {elsewhere}") from error


def remove_folder(folder: Path) -> None:
    """Take away what `create_folder` made, and the folder if nothing else is in it."""
    for name in (_REQUEST, LOG):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / _PROBLEM, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def open_folder(folder: Path) -> tuple[Request, Problem]:
    """Return what a run folder was asked for, and its problem.

    Raises:
        RunError: it is no run folder, or `run.json` is damaged.
    """
    path = folder / _REQUEST
    try:
        request = _ADAPTER.validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise RunError(f"{str(folder)!r} is no run folder: it has no {_REQUEST}") from error
    except OSError as error:
        raise RunError(f"cannot read {str(path)!r}: {os_reason(error)}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise RunError(f"{str(path)!r} is damaged: {first['loc']}: {first['msg']}; restore it from a copy") from error
    return request, Problem.load(folder / _PROBLEM)
