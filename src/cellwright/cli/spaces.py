"""`cellwright spaces`: what may be built."""

from typing import Annotated, Any

import typer

from cellwright.cli.options import Json
from cellwright.cli.terminal import count, print_json, show, table, width
from cellwright.errors import UsageError

__all__ = ["spaces"]

_WIDEST = 110


def spaces(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Draw this space.", show_default=False)] = None,
    *,
    json: Json = False,
) -> None:
    """List the search spaces at the published input sizes, or draw one."""
    from cellwright import problems
    from cellwright.space.draw import space_text

    known = problems.spaces()
    chosen = [each for each in known if name in (None, each.space.name)]
    if not chosen:
        raise UsageError(f"there is no space {name!r}; known: {', '.join(each.space.name for each in known)}")
    if json:
        print_json([_row(each) for each in chosen])
    elif name:
        print(space_text(chosen[0].space, width=min(width(), _WIDEST)), end="")
    else:
        numbers = ("decisions", "size", "hand-designed, parameters")
        shown = table("space", "problem", *numbers, right=numbers)
        for each in chosen:
            size = each.space.size
            shown.add_row(
                each.space.name,
                each.problem,
                count(len(each.space.decisions)),
                "infinite" if size is None else count(size),
                count(each.manual_parameters),
            )
        show(shown, "", f"cellwright spaces {chosen[0].space.name} draws one")


def _row(named: Any) -> dict[str, Any]:
    size = named.space.size
    return {
        "name": named.space.name,
        "problem": named.problem,
        "decisions": len(named.space.decisions),
        "size": None if size is None else str(size),
        "manual_parameters": named.manual_parameters,
    }
