import numpy as np
import pytest
from tests.spaces import settings_space, small_space

from cellwright.methods.encoding import Encoding
from cellwright.methods.gaussian import Gaussian, Relevance, _places
from cellwright.methods.known import Known
from cellwright.space import Choice, Float, Space, When

SPACE = Space(
    "mixed",
    (),
    (Choice("kind", ("a", "b", "c")), Float("rate", 0, 1), Choice("noise", ("x", "y", "z")), Float("no", 0, 1)),
)


def learnt(count: int, seed: int = 0, chance: float = 0.0) -> tuple[Gaussian, np.ndarray, np.ndarray]:
    """Return a process that learnt of `count` points, and rows and scores of 200 others."""
    rng = np.random.default_rng(seed)
    encoding = Encoding(SPACE, Known(SPACE))
    rows = encoding([SPACE.sample(rng) for _ in range(count + 200)])
    scores = np.where(rows[:, 0] == 1, 1.0, -0.5) + np.sin(4 * rows[:, 3]) + chance * rng.normal(size=len(rows))
    return Gaussian(rows[:count], scores[:count], encoding.blocks), rows[count:], scores[count:]


def test_it_predicts_what_is_smooth_and_knows_how_unsure_it_is() -> None:
    process, rows, scores = learnt(60)
    mean, deviation = process(rows)
    assert np.corrcoef(mean, scores)[0, 1] > 0.95
    assert np.mean(np.abs(mean - scores) < 2 * deviation) > 0.9
    few, rows, scores = learnt(10)
    mean, doubt = few(rows)
    assert np.mean(np.abs(mean - scores) < 2 * doubt) > 0.9
    assert doubt.mean() > 3 * deviation.mean()


def test_what_matters_is_found_relevant() -> None:
    kind, rate, noise, no = learnt(80)[0].kernel.k1.k2.relevance
    assert min(kind, rate) > 3 * max(noise, no)


def test_chance_is_taken_for_noise_and_not_for_doubt() -> None:
    quiet, loud = learnt(80)[0], learnt(80, chance=1.0)[0]
    assert loud.kernel.k2.noise_level > 5 * quiet.kernel.k2.noise_level
    process, rows, _ = learnt(200, chance=1.0)
    assert process(rows)[1].mean() < 0.5


def test_a_kernel_serves_other_points_of_the_space() -> None:
    other = learnt(80)[0]
    rng = np.random.default_rng(5)
    encoding = Encoding(SPACE, Known(SPACE))
    rows = encoding([SPACE.sample(rng) for _ in range(30)])
    process = Gaussian(rows, rows[:, 3].astype(np.float64), encoding.blocks, other)
    assert process.kernel.theta.tolist() == pytest.approx(other.kernel.theta.tolist())


def test_the_gradient_of_the_kernel_is_its_gradient() -> None:
    rows = np.random.default_rng(0).random((7, 5))
    blocks = (slice(0, 3), slice(3, 4), slice(4, 5))
    kernel = Relevance(blocks, np.array([0.5, 2.0, 1.0]))
    _, gradient = kernel(rows, eval_gradient=True)
    for place in range(3):
        step = np.eye(3)[place] * 1e-6
        above, below = (kernel.clone_with_theta(kernel.theta + sign * step)(rows) for sign in (1, -1))
        assert np.allclose((above - below) / 2e-6, gradient[:, :, place], atol=1e-6)


def test_values_of_one_decision_are_at_most_about_1_apart() -> None:
    """Options without an order exactly; what is switched off is as far from the least number as from the largest."""
    decisions = (
        Choice("on", (True, False)),
        Choice("kind", tuple("abcdef"), when=When("on", (True,))),
        Float("rate", 0, 1, when=When("on", (True,))),
    )
    space = Space("s", (), decisions)
    encoding = Encoding(space, Known(space))
    rows = encoding([space.point(values) for values in ((0, 1, 0.0), (0, 4, 1.0), (1, 4, 0.0))])
    places = _places(rows, encoding.blocks)
    apart = (places[:, None] - places) ** 2
    kind, rate = (apart[:, :, block].sum(axis=-1) for block in encoding.blocks[1:])
    assert [kind[0, 1], kind[0, 2], kind[1, 2]] == pytest.approx([1.0, 0.5, 0.5])
    assert [rate[0, 1], rate[0, 2], rate[1, 2]] == pytest.approx([1.0, 0.25, 0.25])


def test_a_kernel_keeps_its_unit_when_a_row_is_far_off() -> None:
    """As the sizes of a network that cannot be built are: zeros."""
    rng = np.random.default_rng(0)
    rows = rng.uniform(5, 6.4, (60, 1)).astype(np.float32)
    scores = np.sin(4 * rows[:, 0].astype(np.float64))
    blocks = (slice(0, 1),)
    plain = Gaussian(rows, scores, blocks)
    other = Gaussian(np.vstack([rows, np.zeros((1, 1), np.float32)]), np.append(scores, 0.0), blocks, plain)
    there = np.linspace(5, 6.4, 50)[:, None]
    assert np.allclose(other(there)[0], np.sin(4 * there[:, 0]), atol=0.1)


def test_few_rows_do_not_carry_the_hyperparameters_away() -> None:
    """Of three rows without noise the likelihood alone would believe anything."""
    rows = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 1.0]], np.float32)
    theta = Gaussian(rows, np.array([0.0, 0.0, 0.0]), (slice(0, 1), slice(1, 2))).kernel.theta
    assert np.abs(theta - np.log([1.0, 1.0, 1.0, 0.05])).max() < 2


@pytest.mark.parametrize("space", [settings_space(), small_space()], ids=["settings", "networks"])
def test_blocks_are_the_columns_of_decisions(space: Space) -> None:
    encoding = Encoding(space, Known(space))
    columns = [column for block in encoding.blocks for column in range(block.start, block.stop)]
    assert columns == list(range(encoding([space.sample(np.random.default_rng(0))]).shape[1]))
    known = 3 if space.vertices else 0
    assert len(encoding.blocks) == len(space.decisions) + known
