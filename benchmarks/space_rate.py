"""How many architectures of 41 decisions are drawn, made canonical, keyed and counted in a second, on one core.

The space is combo-large of SC19 (arXiv:1909.00311): 13^33 x 51,891,840 points.

    python benchmarks/space_rate.py
"""

import argparse
import statistics
import time

from common import write_result

from cellwright.problems.combo import PUBLISHED_INPUTS, large
from cellwright.seeds import Use, rng_for

DRAWS, REPEATS = 2000, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    space = large(PUBLISHED_INPUTS)
    rates = []
    for repeat in range(REPEATS):
        started = time.perf_counter()
        for number in range(DRAWS):
            architecture = space.architecture(space.sample(rng_for(repeat, Use.SAMPLE, number)))
            _ = architecture.key, architecture.parameters
        rates.append(DRAWS / (time.perf_counter() - started))
    print(f"{len(space.decisions)} decisions, {space.size:,} points: {statistics.median(rates):,.0f} a second")
    write_result("space_rate", {"decisions": len(space.decisions), "per_second": rates})


if __name__ == "__main__":
    main()
