"""Trials as flat tables: one row a trial, one column for each decision of the space."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "trial_table"]

#: columns of every table of trials, before those of decisions and further scores
COLUMNS = (
    *("number", "status", "score", "estimate", "tries", "parameters", "seconds", "microseconds", "key", "error"),
    *("source", "replicate", "epochs", "started", "finished", "worker"),
)
_OF_LEADERS = ("estimate", "tries")
_WHOLE = ("tries", "parameters", "source", "worker")  # whole numbers that a trial may lack


def trial_table(rows: Sequence[Mapping[str, Any]], decisions: Sequence[str]) -> "pd.DataFrame":
    """Return rows of `Run.rows` or `Run.best_rows` as a flat table.

    Args:
        decisions: each is a column, called "decision NAME" where its name is taken.
    """
    import pandas as pd

    leading = any("tries" in row for row in rows)
    columns = [name for name in COLUMNS if leading or name not in _OF_LEADERS]
    metrics = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    scores = {name: name if name not in (*columns, *decisions) else f"score {name}" for name in metrics}
    named = {name: name if name not in (*columns, *scores.values()) else f"decision {name}" for name in decisions}
    flat = [
        {
            **{name: row.get(name) for name in columns},
            **{named[name]: value for name, value in row["point"].items()},
            **{shown: row["scores"].get(name) for name, shown in scores.items()},
        }
        for row in rows
    ]
    frame = pd.DataFrame(flat, columns=[*columns, *named.values(), *scores.values()])
    whole = {name: "Int64" for name in _WHOLE if name in columns}
    return frame.astype({"error": "string", **whole})
