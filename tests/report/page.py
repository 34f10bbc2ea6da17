"""A report as a test reads it, and a final table as post-training writes it."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

_VOID = {"meta", "rect", "path", "br", "line", "circle"}


class Checked(HTMLParser):
    """Collects what a page loads, its text, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data"}]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.text += data


def checked(path: Path) -> tuple[Checked, str]:
    """Return the page without plotly.js, parsed and as it stands."""
    page = re.sub(r'<script id="plotly"[^<]*</script>', "", path.read_text())
    parsed = Checked()
    parsed.feed(page)
    assert parsed.open == []
    return parsed, page


def charts(page: str) -> dict[str, Any]:
    """Return the charts of a page as plotly.js gets them, by name."""
    found = re.findall(r'<script type="application/json" data-chart="([^"]+)">([^<]*)</script>', page)
    return {name: json.loads(figure) for name, figure in found}


def tables(page: str) -> dict[str, list[list[str]]]:
    """Return the tables of a page by caption: the header, then the rows, as text."""
    found = {}
    for caption, body in re.findall(r'<caption class="unseen">([^<]*)</caption>(.*?)</table>', page, re.DOTALL):
        lines = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
        found[caption] = [
            [unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line)]
            for line in lines
        ]
    return found


def finals(**changes: Any) -> dict[str, Any]:
    def row(name: str, kind: str, score: float, sd: float | None, **fields: Any) -> dict[str, Any]:
        scores = {"accuracy": {"mean": score, "sd": sd}, "auc": {"mean": score + 0.01, "sd": sd}}
        nothing = {"parameters": None, "training_seconds": None, "score": None}
        plain = {"parameters": None, "training_seconds": None, "key": None, "number": None, "note": None}
        return {
            "name": name,
            "kind": kind,
            "scores": scores,
            "validation": scores,
            "ratios": nothing,
            **plain,
            **fields,
        }

    ratios = {"parameters": 6.274, "training_seconds": 12.4, "score": 1.02}
    whole = {
        "metric": "accuracy",
        "metrics": ["accuracy", "auc"],
        "epochs": 10,
        "seeds": 3,
        "rows": [
            row(
                "found 1 (trial 3)",
                "found",
                0.962,
                0.004,
                parameters=1000,
                training_seconds=0.5,
                ratios=ratios,
                number=3,
            ),
            row("by hand", "manual", 0.943, 0.006, parameters=6274, training_seconds=6.2, note="slow <b>one</b>"),
            row("linear", "linear", 0.95, None, training_seconds=0.1),
        ],
    }
    return {**whole, **changes}
