"""`cellwright problems`: what can be searched."""

from typing import Any

from cellwright.cli.options import Json
from cellwright.cli.terminal import count, print_json, show, table

__all__ = ["problems"]


def problems(*, json: Json = False) -> None:
    """List the built-in problems."""
    from cellwright.space.naming import input_in_words

    rows = _rows()
    if json:
        print_json(rows)
        return
    shown = table(
        "problem", "rows", "inputs", "score", "hand-designed, parameters", right=("rows", "hand-designed, parameters")
    )
    for row in rows:
        inputs = [f"{input_in_words(name)} {count(width)}" for name, width in row["inputs"].items()]
        for line, part in enumerate(inputs):
            first = (row["name"], count(row["rows"]), row["metric"], count(row["manual_parameters"]))
            name, number, metric, manual = first if line == 0 else ("", "", "", "")
            shown.add_row(name, number, part, metric, manual)
    show(shown, "")
    show(*(f"{row['name']}: {row['title']}" for row in rows))
    notes = [f"{row['name']}: {row['note']}" for row in rows if row["note"]]
    if notes:
        show("", *notes)
    missing = [row for row in rows if not row["fetched"]]
    if missing:
        show("")
    for row in missing:
        how = f"get its data: cellwright data get {row['source']}" if row["source"] else "bring your tables: --data DIR"
        show(f"{row['name']} is shown at the published sizes; {how}")


def _rows() -> list[dict[str, Any]]:
    """Return the problems as JSON: at the sizes of the data where it is prepared, else at the published ones."""
    from cellwright import problems as library
    from cellwright.data.sources import is_fetched, sources

    installed = {source.name for source in sources() if not source.bytes_to_download}
    rows = []
    for built in library.built_in():
        problem = library.load(built.name) if built.source in installed else library.prepared(built.name)
        shapes = dict(problem.inputs) if problem else built.published
        manual = problem.manual if problem else built.manual(built.published, built.outputs)
        rows.append(
            {
                "name": built.name,
                "title": built.title,
                "note": built.note,
                "task": built.task.value,
                "rows": problem.rows if problem else None,
                "inputs": {name: shape[0] if len(shape) == 1 else list(shape) for name, shape in shapes.items()},
                "metric": built.metric,
                "manual_parameters": manual.parameters if manual else None,
                "sizes": "data" if problem else "published",
                "splits": list(problem.splits) if problem else None,
                "spaces": list(built.spaces),
                "source": built.source,
                "own_data": bool(built.roles),
                "fetched": built.source is not None and is_fetched(built.source),
            }
        )
    return rows
