"""How many architectures of 41 decisions are drawn, made canonical, keyed and counted in a second, on one core.

The space is combo-large of SC19 (arXiv:1909.00311): 13^33 x 51,891,840 points.

    python benchmarks/space_rate.py
"""

import statistics
import time

from common import write_result

from cellwright.problems.blocks import mlp
from cellwright.seeds import Use, rng_for
from cellwright.space import Sketch, Space

DRAWS, REPEATS = 2000, 5


def combo_large() -> Space:
    """Return the space: 33 operations and 8 skip connections."""
    sketch = Sketch()
    operations = mlp(0.05, 0.1, 0.2)
    inputs = [sketch.input("expression", 942), sketch.input("drug_1", 3820), sketch.input("drug_2", 3820)]
    cell_line = sketch.chain("expression", inputs[0], operations, 3)
    drug = sketch.chain("drug", inputs[1], operations, 3)
    cells = [sketch.concatenate("cell.0", cell_line, drug, sketch.mirror("drug_2", inputs[2], drug))]
    for number in range(1, 9):
        block = sketch.chain(f"block.{number}", cells[-1], operations, 3)
        sources = [[], inputs, *([one] for one in inputs), *([cell] for cell in cells)]
        cells.append(sketch.concatenate(f"cell.{number}", block, sketch.skip(f"skip.{number}", sources)))
    return sketch.space("combo-large", sketch.chain("last", cells[-1], operations, 3))


def main() -> None:
    space = combo_large()
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
