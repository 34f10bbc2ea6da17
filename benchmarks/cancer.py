"""Cancer at the paper's scale: for each data set a search, then everything on the same test rows.

Writes benchmarks/results/cancer.json and docs/results/cancer.md. What a run folder holds already is not done again, and
data that is not there is left out: GDSC and tissue come from `cellwright data get`, the others are named by --shared, a
folder with combo-almanac, uno-dose and expression.

    python benchmarks/cancer.py [--shared DIR] [--out runs/cancer] [--only NAME ...] [--minutes M] [--page | --means]
"""

import argparse
import textwrap
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import SHARED, kept, machine, machine_in_words, older, problem_of, run_in, since, write_result

import cellwright as cw
from cellwright.data.splits import Division
from cellwright.metrics import scores
from cellwright.posttrain import FEW_ROWS, usual_refit
from cellwright.posttrain.baselines import mean

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "results" / "cancer.md"
BEGIN, END = "<!-- results: benchmarks/cancer.py -->", "<!-- end of results -->"
_RATIOS = {"parameters": "fewer", "seconds": "faster"}


@dataclass(frozen=True)
class Task:
    """One row of the page.

    Attributes:
        data: below the shared folder; None: the problem's own.
        folds: searches and tests for each of so many folds; None: one split.
        minutes: of search (each fold).
        search: of a trial: epochs, and share of the training rows.
        posttrain: finalists, seeds and epochs.
        hand: epochs of the hand-designed network where they are not those of the finalists: it costs minutes each.
        hand_folds: the first folds, in which it is trained; None: all.
    """

    title: str
    problem: str
    data: str | None
    split: str
    minutes: float
    search: tuple[int, float]
    posttrain: tuple[int, int, int]
    folds: int | None = None
    hand: int | None = None
    hand_folds: int | None = None


def _matrix(title: str, file: str) -> Task:
    return Task(title, "nt3", f"expression/{file}.csv.gz", "row", 5, (25, 1.0), (1, 3, 25), folds=5, hand=15)


TASKS = {
    "almanac": Task("NCI-ALMANAC, by pair", "combo", "combo-almanac", "pair", 60, (5, 1.0), (3, 5, 12)),
    "gdsc-row": Task("GDSC1 AUC, by row", "uno", None, "row", 60, (4, 0.3), (2, 3, 6), hand=8),
    "gdsc-cell": Task("GDSC1 AUC, by cell line", "uno", None, "cell", 60, (4, 0.3), (2, 3, 3), hand=5),
    "dose-curve": Task("O'Neil doses, by curve", "uno", "uno-dose", "pair", 30, (15, 1.0), (3, 5, 25)),
    "dose-cell": Task("O'Neil doses, by cell line", "uno", "uno-dose", "cell", 30, (15, 1.0), (3, 5, 25)),
    "tissue": Task(
        "Tissue of origin",
        "tissue",
        None,
        "row",
        5,
        (25, 1.0),
        (1, 3, 25),
        folds=5,
        hand=6,
        hand_folds=1,
    ),
    "prostate": _matrix("Prostate (Singh)", "singh"),
    "colon": _matrix("Colon (Alon)", "alon"),
    "tissues-4": _matrix("Four tissues (Su)", "su"),
}


def searched(task: Task, folder: Path, shared: Path, minutes: float, fold: int) -> cw.Run:
    """Return the run of a task and fold, gone on with until its time is up."""
    division = Division(task.split, folds=task.folds, fold=fold)
    problem = partial(problem_of, task.problem, task.data, division, shared)
    epochs, fraction = task.search
    return run_in(folder, problem, minutes=minutes, workers=2, epochs=epochs, fraction=fraction, seed=1)


def judged(task: Task, run: cw.Run, fold: int) -> list[dict[str, Any]]:
    """Return the rows of the final table: the finalists and what they are compared with."""
    top, seeds, epochs = task.posttrain
    if task.hand is None:
        return list(run.posttrain(top=top, seeds=seeds, epochs=epochs).rows)
    simple = run.posttrain(top=top, seeds=seeds, epochs=epochs, against=("mean", "linear", "boosting"))
    if task.hand_folds is not None and fold >= task.hand_folds:
        return list(simple.rows)
    by_hand = run.posttrain(top=1, seeds=1, epochs=task.hand, against=("manual",), refit=False)
    return [*simple.rows, *(row for row in by_hand.rows if row["kind"] == "manual")]


def chosen(rows: list[dict[str, Any]], metric: str) -> dict[str, dict[str, Any]]:
    """Return a row a kind; of the found networks the one that is best on the validation rows."""
    found = [row for row in rows if row["kind"] == "found" and row["scores"]]
    best = max(found, key=lambda row: row["validation"][metric]["mean"])
    return {"found": best, **{row["kind"]: row for row in rows if row["kind"] != "found" and row["scores"]}}


def summary(task: Task, runs: list[cw.Run], tables: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return for each kind its parameters, seconds and score: over seeds of one split, or over folds."""
    metric = runs[0].problem.metric
    kinds = {}
    for kind in tables[0]:
        rows = [table[kind] for table in tables if kind in table]
        means = [row["scores"][metric]["mean"] for row in rows]
        spread = rows[0]["scores"][metric]["sd"] if task.folds is None else None
        if len(means) > 1:
            spread = float(np.std(means, ddof=1))
        kinds[kind] = {
            "parameters": None
            if rows[0]["parameters"] is None
            else float(np.mean([row["parameters"] for row in rows])),
            "seconds": float(np.mean([row["training_seconds"] for row in rows])),
            "score": float(np.mean(means)),
            "sd": spread,
            "scores": means,
        }
    return {
        "title": task.title,
        "metric": metric,
        "rows": runs[0].problem.rows,
        "split": task.split,
        "folds": task.folds,
        "method": runs[0].request.method,
        **since(runs[0]),
        "minutes": float(np.sum([run.summary()["seconds"] for run in runs]) / 60),
        "networks": int(np.sum([run.summary()["trials"] for run in runs])),
        "seeds": task.posttrain[1],
        "epochs": task.posttrain[2],
        "hand_folds": task.hand_folds or task.folds,
        "hand_epochs": task.hand or task.posttrain[2],
        "kinds": kinds,
        "networks_found": [table["found"]["key"] for table in tables],
    }


def means(task: Task, shared: Path) -> list[float]:
    """Return the scores of means without features on the test rows, of the one split or of each fold."""
    scored = []
    for fold in range(task.folds or 1):
        division = Division(task.split, folds=task.folds, fold=fold)
        problem = problem_of(task.problem, task.data, division, shared)
        dataset, split = problem.data()
        predicted = mean(problem, 0, refit=usual_refit(problem)).final(split.test)
        scored.append(scores(problem.task, np.asarray(dataset.target[split.test]), predicted)[problem.metric])
    return scored


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
        "(11.5 times), 2.6 times faster, 0.649 and 0.729; NT3 96,777,878 and 120,968 (800 times), 12 times faster, 0.986 and",
        "0.989. Those are other data, split by row with drugs and cell lines on both sides, so only ratios compare.",
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
        for name, result in results.items()
        if TASKS[name].hand is not None and result["rows"] < FEW_ROWS
    ]
    if few:
        words += (
            " The final weights of found networks and baselines are learnt from training and validation rows together "
            f"where there are fewer than {FEW_ROWS:,} rows; those of the hand-designed network, which takes long, from the "
            f"training rows only, with one seed and fewer epochs, on {'; '.join(few)}."
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--out", type=Path, default=Path("runs/cancer"))
    parser.add_argument("--only", nargs="*", choices=TASKS, default=[])
    parser.add_argument("--minutes", type=float, help="of each search, in place of the usual")
    parser.add_argument("--page", action="store_true", help="write the page from the results that are there")
    parser.add_argument("--means", action="store_true", help="of results that are there, fit only the means anew")
    arguments = parser.parse_args()
    results = kept("cancer").get("tasks", {})
    for name in () if arguments.page else arguments.only or TASKS:
        task = TASKS[name]
        if task.data and not (arguments.shared / task.data).exists():
            print(f"{name}: no data below {arguments.shared}, left out")
            continue
        if arguments.means:
            if name not in results:
                print(f"{name}: no results to renew, left out")
                continue
            scored = means(task, arguments.shared)
            results[name]["kinds"]["mean"] |= {"score": float(np.mean(scored)), "scores": scored}
            print(name, scored)
            write_result("cancer", {"tasks": results})
            continue
        runs, tables = [], []
        for fold in range(task.folds or 1):
            folder = arguments.out / (name if task.folds is None else f"{name}-{fold + 1}")
            run = searched(task, folder, arguments.shared, arguments.minutes or task.minutes, fold)
            tables.append(chosen(judged(task, run, fold), run.problem.metric))
            runs.append(run)
            print(
                name,
                fold,
                {kind: round(row["scores"][run.problem.metric]["mean"], 4) for kind, row in tables[-1].items()},
            )
        results[name] = summary(task, runs, tables)
        write_result("cancer", {"tasks": {key: results[key] for key in TASKS if key in results}})
    results = {key: results[key] for key in TASKS if key in results}
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(results))
    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n\n{excerpt(results)}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
