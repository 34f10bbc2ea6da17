"""The page as a whole, and its way to the disk."""

import os
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from cellwright.errors import RunError, os_reason
from cellwright.report.curves import curves_section
from cellwright.report.data_section import data_section
from cellwright.report.effects_section import effects_section
from cellwright.report.finals_section import finals_section
from cellwright.report.findings import Findings, Source, gather
from cellwright.report.headline import figures, headline, standfirst
from cellwright.report.markup import escape
from cellwright.report.network import architecture_section
from cellwright.report.pictures import busy_section, front_section, trajectory_section
from cellwright.report.plotly_js import loader, packed
from cellwright.report.record import failures_section, reproduce_section
from cellwright.report.runs_section import runs_section

__all__ = ["page", "write_report"]


def write_report(run: Source, out: Path, against: Sequence[Source] = ()) -> Path:
    """Write the report of a run as one HTML file that needs nothing else, and return its path.

    The file appears whole or not at all; folders on the way to it are made.

    Args:
        against: other runs, which are shown beside it.

    Raises:
        UsageError: another run has another metric.
        RunError: the log or the final table is damaged, or the file cannot be written.
    """
    content = page(gather(run, against)).encode("utf-8", "replace")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).chmod(0o644)
            Path(name).replace(out)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunError(f"cannot write the report {str(out)!r}: {os_reason(error)}") from error
    return out


def page(findings: Findings) -> str:
    """Return the report as HTML."""
    title = f"{findings.problem.name}: {findings.request.method} search"
    style = files("cellwright.report").joinpath("report.css").read_text()
    final = finals_section(findings)
    sections = [
        *([final] if findings.finals else []),
        data_section(findings),
        trajectory_section(findings),
        front_section(findings),
        *curves_section(findings),
        busy_section(findings),
        effects_section(findings),
        architecture_section(findings),
        *([] if findings.finals else [final]),
        *runs_section(findings),
        failures_section(findings),
        reproduce_section(findings),
    ]
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>\n{style}</style>",
            "</head>\n<body>\n<header>",
            f'<p class="eyebrow">cellwright report · {escape(title)}</p>',
            f"<h1>{escape(headline(findings))}</h1>\n<p>{escape(standfirst(findings))}</p>",
            f"{figures(findings)}\n</header>",
            "<noscript><p>The charts of this page need JavaScript; the tables do not.</p></noscript>\n<main>",
            *sections,
            f"</main>\n{packed()}\n{loader()}\n</body>\n</html>\n",
        ]
    )
