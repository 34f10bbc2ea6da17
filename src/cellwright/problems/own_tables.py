"""Tables of the user's own, for problems of cell lines and drugs: CANDLE's files by their names, or any others."""

from cellwright.data import candle
from cellwright.data.frames import Frames
from cellwright.data.options import TableOptions
from cellwright.data.responses import read_responses
from cellwright.errors import UsageError
from cellwright.problems.built_in import Asked

__all__ = ["read_own"]


def read_own(asked: Asked, *, pairs: bool) -> Frames:
    """Read the tables that were asked for.

    Args:
        pairs: whether a row names two drugs; otherwise one.

    Raises:
        UsageError: something is asked of CANDLE's files, which are read by conventions of their own.
        DataError: the tables cannot be used.
    """
    assert asked.data is not None
    options = asked.tables
    if options.min_class > 1:
        raise UsageError("--min-class leaves rare classes out; a drug response is a number and has no classes")
    benchmark, read = ("combo", candle.read_combo) if pairs else ("uno", candle.read_uno)
    if options.columns or not candle.holds(asked.data, benchmark):
        return read_responses(asked.data, pairs=pairs, options=options, given=asked.division.by == "given")
    if options != TableOptions():
        raise UsageError(
            f"{str(asked.data)!r} holds CANDLE's files, which are read by CANDLE's conventions and take no --group, "
            "--test, --column exclude= or --drop-missing-targets; name the columns (--column value=NAME ...) to have "
            "them read as tables of your own"
        )
    return read(asked.data)
