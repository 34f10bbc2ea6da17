"""Write docs/api.md, the reference of the public names, from their docstrings: python docs/make_api.py."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cellwright

__all__ = ["reference"]

_PAGE = Path(__file__).with_name("api.md")
_MODULES = {"problems": ("load", "space", "starts")}


def reference() -> str:
    """Return the page."""
    parts = ["# API reference", "", "Made from docstrings by `docs/make_api.py`: change those, and run it again.", ""]
    for name in cellwright.__all__:
        thing = getattr(cellwright, name)
        if isinstance(thing, ModuleType):
            for function in _MODULES[name]:
                parts += _entry(f"cellwright.{name}.{function}", getattr(thing, function), "##")
        else:
            parts += _entry(f"cellwright.{name}", thing, "##")
            if inspect.isclass(thing):
                for method, what in _methods(thing):
                    parts += _entry(f"{name}.{method}", what, "###")
    return "\n".join(parts)


def _entry(name: str, thing: Any, level: str) -> list[str]:
    lines = [f"{level} {name}", ""]
    if callable(thing):
        short = name.rpartition(".")[2]
        lines += ["```text", f"{short}{_signature(thing)}", "```", ""]
    text = inspect.getdoc(thing)
    own = "" if inspect.isclass(thing) and thing.__doc__ and thing.__doc__.startswith(f"{thing.__name__}(") else text
    return [*lines, *_prose(own or ""), ""]


def _signature(thing: Any) -> str:
    signature = inspect.signature(thing)
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
    shown = str(inspect.Signature([one for one in plain if one.name != "self"]))
    return re.sub(r"<function .*? at 0x[0-9a-f]+>", "...", shown)


def _prose(text: str) -> list[str]:
    """Return a docstring as Markdown: sections become bold, their entries lists."""
    lines: list[str] = []
    listed = False
    for line in text.splitlines():
        heading = re.fullmatch(r"(Args|Raises|Attributes|Source|Shape):", line)
        entry = re.fullmatch(r"    (\w+): (.*)", line)
        if heading:
            lines += ["", f"**{heading[1]}**", ""] if lines and lines[-1] else [f"**{heading[1]}**", ""]
            listed = True
        elif listed and entry:
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            lines.append(f"  {line.strip()}" if listed and line.startswith("     ") else line)
    return lines


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    for name, what in vars(kind).items():
        if name.startswith("_") or isinstance(what, property) or not inspect.getdoc(getattr(kind, name)):
            continue
        if inspect.isfunction(what) or isinstance(what, classmethod | staticmethod):
            yield name, getattr(kind, name)


if __name__ == "__main__":
    _PAGE.write_text(reference())
