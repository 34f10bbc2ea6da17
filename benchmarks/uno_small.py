"""Drug response on GDSC1: ten minutes of reinforcement-learned search, then everything on the same test rows.

Runs the two commands of the README, keeps the tables, and writes the README's table of results. What a run folder
holds already is not done again.

    python benchmarks/uno_small.py [--out runs/uno-benchmark] [--readme]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from common import machine, write_result

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- results: benchmarks/uno_small.py -->", "<!-- end of results -->"


def cellwright(*arguments: str) -> dict[str, Any]:
    """Run a command with --json and return its document."""
    done = subprocess.run(
        [sys.executable, "-m", "cellwright", *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def table(final: dict[str, Any], search: dict[str, Any]) -> str:
    """Return the results in Markdown; of the found networks the one that is best on the validation rows."""
    found = [row for row in final["rows"] if row["kind"] == "found" and row["scores"]]
    chosen = max(found, key=lambda row: row["validation"][final["metric"]]["mean"])
    by_hand = next(row for row in final["rows"] if row["kind"] == "manual")
    shown = [("found by a3c", chosen), ("made by hand", by_hand)]
    titles = {"boosting": "gradient boosting", "linear": "ridge regression", "mean": "means of drug and cell line"}
    shown += [(titles[row["kind"]], row) for row in final["rows"] if row["kind"] in titles]
    lines = ["| | parameters | training seconds | test R² |", "|---|---:|---:|---:|"]
    for title, row in shown:
        parameters = f"{row['parameters']:,}" if row["parameters"] else ""
        score = row["scores"][final["metric"]]
        deviation = f" ± {score['sd']:.4f}" if score["sd"] is not None else ""
        lines.append(f"| {title} | {parameters} | {row['training_seconds']:,.0f} | {score['mean']:.4f}{deviation} |")
    ratios = chosen["ratios"]
    box = machine()
    higher = "higher" if ratios["score"] >= 0 else "lower"
    text = (
        "Response of 921 cancer cell lines to 305 drugs (GDSC1, 242,949 pairs, split by row). The found network has "
        f"{ratios['parameters']:.1f} times fewer parameters than the one made by hand, trains "
        f"{ratios['training_seconds']:.1f} times faster, and its R² is {abs(ratios['score']):.4f} {higher}. It is the "
        f"one of {len(found)} finalists that is best on the validation rows; networks were trained with "
        f"{final['seeds']} seeds, at most {final['epochs']} epochs, two at a time with a thread each. The search "
        f"trained {search['trials']} networks in {search['seconds'] / 60:.0f} minutes on {box['cores']} cores "
        f"({box['processor']}). [Figures](benchmarks/results/uno_small.json), [script](benchmarks/uno_small.py)."
    )
    lines += ["", text]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="runs/uno-benchmark")
    parser.add_argument("--top", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    arguments = parser.parse_args()
    if (Path(arguments.out) / "run.json").exists():
        search = cellwright("resume", arguments.out)
    else:
        search = cellwright(
            "search", "uno", "--method", "a3c", "--workers", "2", "--minutes", "10", "--epochs", "1",
            "--fraction", "0.2", "--seed", "1", "--out", arguments.out,
        )  # fmt: skip
    final = cellwright(
        "posttrain",
        arguments.out,
        "--top",
        str(arguments.top),
        "--seeds",
        str(arguments.seeds),
        "--epochs",
        str(arguments.epochs),
    )
    search.pop("run")
    write_result("uno_small", {"search": search, "posttrain": final})
    text = table(final, search)
    print(text)
    if arguments.readme:
        readme = ROOT / "README.md"
        before, rest = readme.read_text().split(BEGIN)
        readme.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
