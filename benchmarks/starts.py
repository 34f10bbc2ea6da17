"""What the points are worth that a search tries first: each beside 50 random points of the same space.

On drug response by row and by cell line, on drug pairs and on doses, each trained for seconds on a part of the rows;
scores are of the validation rows, the random points one a seed, the first points twice.

    python benchmarks/starts.py [--shared DIR] [--out runs/starts]

The last two tasks want NCI-ALMANAC and O'Neil's doses, in --shared; without them they are left out.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from common import SHARED, at_hand, print_in_turn, problem_of, write_result

import cellwright as cw
from cellwright.data.splits import Division

#: problem, data below --shared, what keeps rows together, epochs, share of the training rows
TASKS = {
    "GDSC1 by row": ("uno", None, "row", 2, 0.05),
    "GDSC1 by cell line": ("uno", None, "cell", 2, 0.05),
    "NCI-ALMANAC by pair": ("combo", "combo-almanac", "pair", 3, 0.25),
    "O'Neil doses by curve": ("uno", "uno-dose", "pair", 6, 0.5),
}
RANDOM, SEEDS = 50, 2


def folder_of(out: Path, task: str, seed: int) -> Path:
    return out / f"{list(TASKS).index(task)}-{seed}"


def one(job: tuple[str, int, Path, Path]) -> str:
    """Try the first points, then random ones."""
    task, seed, out, shared = job
    problem, data, split, epochs, fraction = TASKS[task]
    loaded = problem_of(problem, data, Division(split), shared)
    first = cw.problems.starts(loaded, cw.problems.space(loaded))
    cw.search(
        loaded, method="random", workers=1, evaluations=len(first) + (RANDOM if seed == 1 else 0), epochs=epochs,
        fraction=fraction, replicates=0, starts=first, seed=seed, out=folder_of(out, task, seed),
    )  # fmt: skip
    return f"{task}, seed {seed}: done"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--out", type=Path, default=Path("runs/starts"))
    arguments = parser.parse_args()
    tasks = [task for task, (_, data, *_) in TASKS.items() if at_hand(data, arguments.shared)]
    jobs = [(task, seed, arguments.out, arguments.shared) for task in tasks for seed in range(1, SEEDS + 1)]
    print_in_turn(one, jobs, os.cpu_count() or 1)
    results = {}
    for task in tasks:
        tries: dict[str, list[float]] = {}
        drawn = []
        for seed in range(1, SEEDS + 1):
            run = cw.Run(folder_of(arguments.out, task, seed))
            trials = [trial for trial in run.replay().trials if trial.evaluated and trial.score is not None]
            first = {run.space.architecture(p).key for p in cw.problems.starts(run.problem, run.space)}
            for trial in trials:
                if trial.key in first:
                    tries.setdefault(trial.key, []).append(trial.score)
                else:
                    drawn.append(trial.score)
        starts = [float(np.mean(scores)) for scores in tries.values()]
        results[task] = {"starts": starts, "random": drawn}
        below = [float(np.mean(np.array(drawn) < score)) for score in starts]
        print(f"{task}: random, best of {len(drawn)}: {max(drawn):.3f}, median {np.median(drawn):.3f}")
        print("   starts: " + ", ".join(f"{s:.3f} (above {b:.0%})" for s, b in zip(starts, below, strict=True)))
    write_result("starts", {"tasks": results})


if __name__ == "__main__":
    main()
