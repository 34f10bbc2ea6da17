"""Pieces of HTML: text that comes from elsewhere passes `escape`, and arguments called `html` have passed it."""

from collections.abc import Iterable, Sequence
from html import escape as _escape

__all__ = ["NO_SUCCESS", "cards", "definitions", "details", "escape", "missing", "picture", "section", "table"]

NO_SUCCESS = "No trial has succeeded yet, so there is nothing to show."
# control characters, such as those that colour a terminal, mean nothing here
_DROPPED = {code: None for code in (*range(32), 127) if chr(code) not in "\t\n"}


def escape(value: object) -> str:
    """Return any value as text that is safe in HTML, attributes included."""
    plain = str(value).encode("utf-8", "replace").decode().translate(_DROPPED)
    return _escape(plain, quote=True)


def section(name: str, title: str, how: str, *html: str) -> str:
    """Return a section; `how` is one sentence on how to read it."""
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{escape(title)}</h2>\n'
        f'<p class="how">{escape(how)}</p>\n{"".join(html)}\n</section>'
    )


def missing(text: str) -> str:
    """Return a sentence that stands where there is nothing to show."""
    return f'<p class="empty">{escape(text)}</p>'


def picture(html: str, said: str, note: str = "") -> str:
    """Return a chart with what it shows in words, for those who cannot see it, and a note below."""
    caption = f"<figcaption>{escape(note)}</figcaption>" if note else ""
    return f'<figure><div class="chart" role="img" aria-label="{escape(said)}">{html}</div>{caption}</figure>'


def table(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]], *, caption: str) -> str:
    """Return a table; the first cell of a row is its header.

    Args:
        columns: title, and whether it holds numbers.
        rows: cells of HTML.
    """
    classes = [' class="number"' if number else "" for _, number in columns]
    head = "".join(
        f'<th scope="col"{style}>{escape(title)}</th>' for (title, _), style in zip(columns, classes, strict=True)
    )
    lines = []
    for row in rows:
        first, *rest = row
        cells = "".join(f"<td{style}>{cell}</td>" for cell, style in zip(rest, classes[1:], strict=True))
        lines.append(f'<tr><th scope="row"{classes[0]}>{first}</th>{cells}</tr>')
    body = "\n".join(lines)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f'<caption class="unseen">{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def cards(figures: Iterable[tuple[str, str, str]]) -> str:
    """Return key figures: name, figure, and what it is of."""
    return (
        '<dl class="cards">'
        + "".join(
            f"<div><dt>{escape(name)}</dt><dd><strong>{escape(figure)}</strong>"
            f"{f'<span>{escape(note)}</span>' if note else ''}</dd></div>"
            for name, figure, note in figures
        )
        + "</dl>"
    )


def definitions(pairs: Iterable[tuple[str, object]]) -> str:
    """Return names and values in two columns."""
    inner = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="facts">{inner}</dl>'


def details(summary: str, html: str) -> str:
    """Return what unfolds on a click."""
    return f"<details><summary>{escape(summary)}</summary>{html}</details>"
