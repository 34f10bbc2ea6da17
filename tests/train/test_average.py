from typing import Any

import numpy as np
import pytest
import torch

from cellwright import Problem
from cellwright.build import Members
from cellwright.train.average import Average

from .test_fit import network, trained


def first(members: Members) -> np.ndarray:
    return next(members.parameters()).detach().numpy().copy()


def moved(members: Members, by: float) -> None:
    with torch.no_grad():
        for weight in members.parameters():
            weight.add_(by)


@pytest.mark.parametrize("power", [0.0, 1.0, 6.0])
def test_later_steps_count_by_a_power_of_their_number(response: Problem, power: float) -> None:
    torch.manual_seed(0)
    members = Members(network(response))
    average = Average(members, power)
    seen = []
    for step in range(1, 101):
        moved(members, float(np.sin(step)))
        average.take(step)
        seen.append(first(members))
    shares = np.diff((np.arange(101) / 100) ** (power + 1))
    expected = np.tensordot(shares, np.array(seen), axes=1)
    np.testing.assert_allclose(first(average.network), expected, rtol=1e-4, atol=1e-5)


def test_long_training_is_looked_at_now_and_then(response: Problem) -> None:
    members = Members(network(response))
    average = Average(members, 6.0)
    looks = 0
    for step in range(1, 3001):
        before = average.state()["step"]
        average.take(step)
        looks += average.state()["step"] > before
    assert 500 < looks < 1200
    assert average.state()["step"] > 2950


def test_one_that_goes_on_ends_where_an_unbroken_one_does(response: Problem) -> None:
    torch.manual_seed(0)
    members = Members(network(response))
    whole, begun = Average(members, 3.0), Average(members, 3.0)
    second = Average(members, 3.0)
    for step in range(1, 31):
        moved(members, step)
        whole.take(step)
        (begun if step <= 10 else second).take(step)
        if step == 10:
            second.take_up(begun.state())
    for a, b in zip(whole.network.state_dict().values(), second.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_it_is_steadier_and_better_than_the_last_weights(response: Problem) -> None:
    def scores(average: float | None) -> tuple[float, float]:
        fits = [trained(response, epochs=12, learning_rate=0.03, seed=seed, average=average) for seed in range(5)]
        jumps = [np.abs(np.diff(fit.history[4:])).mean() for fit in fits]
        return float(np.mean([fit.scores["r2"] for fit in fits])), float(np.mean(jumps))

    (last, noise), (mean, calm) = scores(None), scores(6.0)
    assert mean > last
    assert calm < noise / 2


def test_what_is_measured_and_kept_is_the_average(response: Problem) -> None:
    options: dict[str, Any] = {"epochs": 3, "learning_rate": 0.03}
    fitted, plain = trained(response, **options), trained(response, average=None, **options)
    dataset, split = response.data()
    assert fitted.measured(dataset.target, split.validation) == fitted.scores != plain.scores
