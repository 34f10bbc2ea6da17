"""The command `cellwright`: parses, calls, prints. Strings become objects here and nowhere else.

Exit status: 0 done; 1 the work failed; 2 bad usage; 130 stopped by a signal, to be resumed.
"""

import os
import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cellwright import __version__
from cellwright.cli import compare, data, posttrain, problems, report, resume, search, spaces, status, trials
from cellwright.errors import CellwrightError, UsageError, os_reason

__all__ = ["app", "main"]

_DEBUG = "--debug"
app = typer.Typer(
    name="cellwright",
    help="Search for small, fast, accurate networks for scientific data.",
    epilog="A first try: cellwright search tumor --evaluations 30",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("problems")(problems.problems)
app.command("spaces")(spaces.spaces)
app.add_typer(data.app, name="data")
app.command("search")(search.search)
app.command("resume")(resume.resume)
app.command("status")(status.status)
app.command("trials")(trials.trials)
app.command("compare")(compare.compare)
app.command("posttrain")(posttrain.posttrain)
app.command("report")(report.report)


@app.callback(invoke_without_command=True)
def _cellwright(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[  # noqa: ARG001  # main reads it, wherever it stands; declared for the help
        bool, typer.Option(_DEBUG, help="Show tracebacks (also: CELLWRIGHT_DEBUG=1).")
    ] = False,
) -> None:
    """Search for small, fast, accurate networks for scientific data."""
    if version:
        print(f"cellwright {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; errors are one or two lines on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # closed, as under some daemons
    debug = _DEBUG in words or os.environ.get("CELLWRIGHT_DEBUG", "0") not in {"", "0"}
    words = [word for word in words if word != _DEBUG]
    try:
        _check_once(words)
        status = app(words, prog_name="cellwright", standalone_mode=False, obj=words)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `cellwright trials DIR | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  # the program's edge: whatever happens is told in a line or two
        if debug:
            traceback.print_exc()
        return _tell(error)
    return status if isinstance(status, int) else 0


def _check_once(words: Sequence[str]) -> None:
    """Raise UsageError where an option that takes one value is given twice: the last would count, silently."""
    command = typer.main.get_command(app)
    for word in words:  # to the command that is called, which may be one of a group
        found = getattr(command, "commands", {}).get(word)
        if found is None:
            break
        command = found
    several = {name for option in command.params if getattr(option, "multiple", False) for name in option.opts}
    given = Counter(word.partition("=")[0] for word in words if word.startswith("--") and len(word) > len("--"))
    for name, times in given.items():
        if times > 1 and name not in several and any(name in option.opts for option in command.params):
            raise UsageError(f"{name} is given {times} times; give it once")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w")


def _tell(error: Exception) -> int:
    """Print an error and return the exit status it stands for."""
    message, status = str(error), 1
    if isinstance(error, typer.TyperException):
        context: typer.Context | None = getattr(error, "ctx", None)
        path = context.command_path if context else "cellwright"
        message, status = f"{error.format_message()}\n{path} --help shows what can be asked for", error.exit_code
    elif isinstance(error, CellwrightError):
        status = 2 if isinstance(error, UsageError) else 1
    elif isinstance(error, OSError):
        place = f"{str(error.filename)!r}: " if error.filename else ""
        message = f"{place}{os_reason(error)}"
    else:
        message = (
            f"{type(error).__name__}: {error}\nthis is a bug in cellwright; run again with --debug for the traceback"
        )
    first, *rest = [" ".join(line.split()) for line in message.splitlines() if line.strip()] or [repr(error)]
    print("\n".join([f"error: {first}", *([" ".join(rest)] if rest else [])]), file=sys.stderr)
    return status
