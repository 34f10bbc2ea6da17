"""What benchmarks/cancer.py writes of its results: docs/results/cancer.md, and the table of README.md."""

import textwrap
from typing import Any

import numpy as np
from common import machine, machine_in_words, older

from cellwright.posttrain import FEW_ROWS

_RATIOS = {"parameters": "fewer", "seconds": "faster"}


def page(results: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    lines = [
        "# Cancer: found networks beside hand-designed ones and baselines",
        "",
        "Each row is one search on the default space of its problem, on two cores, then post-training; made by",
        "`benchmarks/cancer.py`, which anyone can run. The finalist that is best on the *validation* rows is shown.",
        "Scores are R², or accuracy for classes; ± is the standard deviation over seeds, or over folds where there are",
        "folds. The spaces were designed with experiments on NCI-ALMANAC, the O'Neil doses, tissue, colon and",
        "prostate, some of them under other splits, so these data are not new to them.",
        "",
        _paragraph(_outcome(results), _rows_used(results)),
        "",
        "| data | hand-designed | found | linear | boosting | means | parameters | training seconds |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for result in results.values():
        kinds = result["kinds"]
        cells = [_score(kinds.get(kind)) for kind in ("manual", "found", "linear", "boosting", "mean")]
        hand, found = kinds.get("manual"), kinds["found"]
        sizes, times = (_pair(hand, found, what) for what in ("parameters", "seconds"))
        lines.append(f"| {result['title']} | {' | '.join(cells)} | {sizes} | {times} |")
    lines += [
        "",
        "Where a linear model or boosting is ahead or within the spread, take that: it is simpler. Where there are",
        "folds, found less linear, fold by fold (± standard error, corrected for rows that folds share: Nadeau and",
        "Bengio 2003):",
        "",
        *_differences(results),
        "",
        "How much was spent:",
        "",
    ]
    for result in results.values():
        folds = f"{result['folds']} folds, each searched for itself; " if result["folds"] else ""
        lines.append(
            f"- {result['title']}: {result['rows']:,} rows; {folds}{result['networks']:,} networks in "
            f"{result['minutes']:.0f} minutes of `{result['method']}`; {result['seeds']} seeds, "
            f"at most {result['epochs']} epochs{_less_by_hand(result)}"
        )
    lines += [
        *older({result["title"]: result for result in results.values()}, "hand-designed and found"),
        "",
        "The paper's own figures (SC19, one K80; reported there), hand-designed and found: Combo 13,772,001 parameters",
        "and 1,883,301 (7.3 times fewer), trained 2.5 times faster, R² 0.926 and 0.930; Uno 19,274,001 and 1,670,401",
        "(11.5 times), 2.6 times faster, 0.649 and 0.729; NT3 96,777,878 and 120,968 (800 times), 12 times faster,",
        "0.986 and 0.989. Those are other data, split by row with drugs and cell lines on both sides, so only ratios",
        "compare.",
        "",
        f"{machine_in_words()}, two fits at a time, a thread each. Networks train with",
        "factored towers here, the hand-designed ones too: beside the usual expanded rows the ratios would be larger.",
        "[Figures](../../benchmarks/results/cancer.json).",
    ]
    return "\n".join(lines) + "\n"


def _differences(results: dict[str, Any]) -> list[str]:
    """Return by how much the found networks are ahead of the linear model, a line for each task that has folds."""
    lines = []
    for result in results.values():
        if result["folds"]:
            found, linear = (np.array(result["kinds"][kind]["scores"]) for kind in ("found", "linear"))
            shared = 1 / len(found) + 1 / (result["folds"] - 1)  # of the tested to the trained rows
            error = float(np.std(found - linear, ddof=1) * np.sqrt(shared))
            lines.append(f"- {result['title']}: {np.mean(found - linear):+.4f} ± {error:.4f}")
    return lines


def _less_by_hand(result: dict[str, Any]) -> str:
    """Return how much less was spent on the hand-designed network."""
    if result["hand_epochs"] == result["epochs"]:
        return ""
    folds = result.get("hand_folds", result["folds"])
    only = "" if folds == result["folds"] else f", {folds} fold only"
    return f" (hand-designed: 1 seed, at most {result['hand_epochs']}{only})"


def excerpt(results: dict[str, Any]) -> str:
    """Return the table of README.md."""
    lines = [
        "| test R² or accuracy | hand-designed | found | parameters | training | linear | boosting |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for result in results.values():
        kinds = result["kinds"]
        hand, found = kinds.get("manual"), kinds["found"]
        best = max(kinds, key=lambda kind: kinds[kind]["score"])
        score = {kind: f"**{_score(of)}**" if kind == best else _score(of) for kind, of in kinds.items()}
        cells = [score.get("manual", "-"), score["found"]]
        cells += [f"{_times(hand, found, what)} {words}" if hand else "-" for what, words in _RATIOS.items()]
        cells += [score.get(kind, "-") for kind in ("linear", "boosting")]
        lines.append(f"| {result['title']} | {' | '.join(cells)} |")
    box = machine()
    how = (
        f"On {box['cores']} cores ({box['processor']}), minutes of search each. The found network is the finalist that "
        "is best on the validation rows; ± over seeds, or over folds; bold is the best."
    )
    more = "What was spent where, and the paper's own figures: [results](docs/results/cancer.md)."
    lines += [
        "",
        _paragraph(_outcome(results)),
        "",
        _paragraph(how, _rows_used(results), more),
        *older({result["title"]: result for result in results.values()}, "hand-designed and found"),
    ]
    return "\n".join(lines)


def _paragraph(*sentences: str) -> str:
    return textwrap.fill(" ".join(sentences), 120, break_on_hyphens=False)


def _outcome(results: dict[str, Any]) -> str:
    """Return in words how the found networks compare with the hand-designed ones and the baselines, row by row."""
    both = [result for result in results.values() if "manual" in result["kinds"]]
    ahead = {result["title"]: _ahead(result, "manual") for result in both}
    sizes, times = (
        [result["kinds"]["manual"][what] / result["kinds"]["found"][what] for result in both]
        for what in ("parameters", "seconds")
    )
    reached = sum(difference >= 0 for difference in ahead.values())
    words = (
        f"In {reached} of the {len(both)} rows the found network is at least as accurate as the hand-designed one, "
        f"with {_number(min(sizes))} to {_number(max(sizes))} times fewer parameters and {_number(min(times))} to "
        f"{_number(max(times))} times less training time."
    )
    behind = [f"{title} (by {-difference:.4f})" for title, difference in ahead.items() if difference < 0]
    words += f" It is less accurate on {'; '.join(behind)}." if behind else ""
    beaten = [
        f"{result['title']} ({kind})"
        for result in results.values()
        for kind in ("linear", "boosting")
        if kind in result["kinds"] and _ahead(result, kind) < 0
    ]
    return f"{words} A baseline is more accurate than it on {'; '.join(beaten)}." if beaten else words


def _ahead(result: dict[str, Any], kind: str) -> float:
    return float(result["kinds"]["found"]["score"] - result["kinds"][kind]["score"])


def _rows_used(results: dict[str, Any]) -> str:
    """Return in words which rows the models learn from and are judged on."""
    words = "All models of a row of the table are judged on the same test rows, which are used once"
    fewer = [
        f"{result['title']}, where it is judged on {result['hand_folds']} of the {result['folds']} folds only"
        for result in results.values()
        if result.get("hand_folds", result["folds"]) != result["folds"]
    ]
    words += f", except the hand-designed network of {' and of '.join(fewer)}." if fewer else "."
    few = [
        result["title"]
        for result in results.values()
        if result["hand_epochs"] != result["epochs"] and result["rows"] < FEW_ROWS
    ]
    if few:
        words += (
            " The final weights of found networks and baselines are learnt from training and validation rows together "
            f"where there are fewer than {FEW_ROWS:,} rows; those of the hand-designed network, which takes long, from "
            f"the training rows only, with one seed and fewer epochs, on {'; '.join(few)}."
        )
    return words


def _score(kind: dict[str, Any] | None) -> str:
    if kind is None:
        return "-"
    return f"{kind['score']:.4f}" + ("" if kind["sd"] is None else f" ± {kind['sd']:.4f}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _times(hand: dict[str, Any], found: dict[str, Any], what: str) -> str:
    return f"{_number(hand[what] / found[what])}x"


def _pair(hand: dict[str, Any] | None, found: dict[str, Any], what: str) -> str:
    if hand is None:
        return _number(found[what])
    return f"{_number(hand[what])} to {_number(found[what])} ({_times(hand, found, what)})"
