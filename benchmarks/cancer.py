"""Cancer at the paper's scale: for each data set a search, then everything on the same test rows.

Writes benchmarks/results/cancer.json and docs/results/cancer.md. What a run folder holds already is not done again, and
data that is not there is left out: GDSC and tissue come from `cellwright data get`, the others are named by --shared, a
folder with combo-almanac, uno-dose and expression.

    python benchmarks/cancer.py [--shared DIR] [--out runs/cancer] [--only NAME ...] [--minutes M] [--page | --means]
"""

import argparse
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cancer_page import excerpt, page
from common import SHARED, kept, problem_of, run_in, since, write_result

import cellwright as cw
from cellwright.data.splits import Division
from cellwright.metrics import scores
from cellwright.posttrain import default_refit
from cellwright.posttrain.baselines import mean

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "results" / "cancer.md"
BEGIN, END = "<!-- results: benchmarks/cancer.py -->", "<!-- end of results -->"


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
        predicted = mean(problem, 0, refit=default_refit(problem)).final(split.test)
        scored.append(scores(problem.task, np.asarray(dataset.target[split.test]), predicted)[problem.metric])
    return scored


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
