"""The searches of others behind ask and tell, set up as their authors recommend; for benchmarks.

A decision between numbers goes to them as a range of places, any other as categories. What they repeat is evaluated
again, as it would be for their users.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from cellwright.methods import Search
from cellwright.methods.encoding import ordered
from cellwright.space import Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["PEERS"]


class _Peer:
    """A search whose suggestions are counted, so that repeats are evaluations."""

    def __init__(self, space: Space, seed: int) -> None:
        self.space = space
        self.seed = seed
        self._times: dict[str, int] = {}

    def proposal(self, number: int, values: tuple[int, ...]) -> Proposal:
        point = Point(values, self.space.fingerprint)
        key = self.space.architecture(point).key
        times = self._times.get(key, 0)
        self._times[key] = times + 1
        return Proposal(number, point, Fidelity(replicate=times))


class Uniform(_Peer):
    """Random search that repeats itself."""

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return any point."""
        rng = np.random.default_rng((self.seed, number))
        return self.proposal(number, self.space.sample(rng).values)

    def tell(self, trial: Trial) -> None:
        """Learn nothing."""


class RegularizedEvolution(_Peer):
    """As published (arXiv:1802.01548): population 100, sample 25, mutation only, repeats allowed."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._rng = np.random.default_rng(seed)
        self._population: deque[tuple[float, Point]] = deque(maxlen=100)
        self._asked = 0

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return a random point at first, then a child of the best of a sample."""
        self._asked += 1
        if self._asked <= 100 or not self._population:
            return self.proposal(number, self.space.sample(self._rng).values)
        chosen = self._rng.choice(len(self._population), size=min(25, len(self._population)), replace=False)
        _, parent = max((self._population[int(place)] for place in chosen), key=lambda one: one[0])
        return self.proposal(number, self.space.mutate(parent, self._rng).values)

    def tell(self, trial: Trial) -> None:
        """Take a trial into the population."""
        if trial.score is not None:
            self._population.append((trial.score, trial.proposal.point))


class Reinforce(_Peer):
    """A softmax a decision, moved by REINFORCE with a moving average as baseline (as NAS-Bench-101 and 201 do)."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._rng = np.random.default_rng(seed)
        self._logits = [np.zeros(decision.size or 0) for decision in space.decisions]
        self._adam = [(np.zeros_like(one), np.zeros_like(one)) for one in self._logits]
        self._baseline: float | None = None
        self._scale: list[float] = []
        self._told = 0

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Draw from the policy."""
        values = tuple(int(self._rng.choice(len(p), p=p)) for p in map(_softmax, self._logits))
        return self.proposal(number, values)

    def tell(self, trial: Trial) -> None:
        """Follow the gradient of one point."""
        if trial.score is None:
            return
        self._told += 1
        # rewards of unit spread, as accuracies in percent are for the published step of 0.05
        self._scale.append(trial.score)
        spread = float(np.std(self._scale[:100])) or 1.0
        self._baseline = trial.score if self._baseline is None else 0.9 * self._baseline + 0.1 * trial.score
        advantage = (trial.score - self._baseline) / spread
        correction = np.sqrt(1 - 0.999**self._told) / (1 - 0.9**self._told)
        for place, value in enumerate(trial.proposal.point.values):
            gradient = -_softmax(self._logits[place]) * advantage
            gradient[int(value)] += advantage
            first, second = self._adam[place]
            self._adam[place] = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
            first, second = self._adam[place]
            self._logits[place] = self._logits[place] + 0.05 * correction * first / (np.sqrt(second) + 1e-8)


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max())
    normal: np.ndarray = weights / weights.sum()
    return normal


class Optuna(_Peer):
    """Optuna's samplers, by ask and tell.

    Args:
        costs: told of a trial beside its score, each to be kept low.
    """

    def __init__(self, space: Space, seed: int, sampler: str, costs: Sequence[Callable[[Trial], float]] = ()) -> None:
        super().__init__(space, seed)
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        made = {
            "random": lambda: optuna.samplers.RandomSampler(seed=seed),
            "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
            "gp": lambda: optuna.samplers.GPSampler(seed=seed),
            "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed),
        }[sampler]
        self._failed = optuna.trial.TrialState.FAIL
        self._costs = tuple(costs)
        self._study = optuna.create_study(directions=["maximize"] + ["minimize"] * len(self._costs), sampler=made())
        self._trials: dict[int, Any] = {}

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return what the study suggests."""
        trial = self._study.ask()
        self._trials[number] = trial
        values = tuple(
            trial.suggest_int(d.name, 0, (d.size or 1) - 1) if ordered(d)
            else trial.suggest_categorical(d.name, list(range(d.size or 0)))
            for d in self.space.decisions
        )  # fmt: skip
        return self.proposal(number, values)

    def tell(self, trial: Trial) -> None:
        """Tell the study."""
        own = self._trials.pop(trial.number)
        if trial.score is None:
            self._study.tell(own, state=self._failed)
        else:
            self._study.tell(own, [trial.score, *(cost(trial) for cost in self._costs)])


class Smac(_Peer):
    """SMAC's facade for hyperparameters (random forest), by ask and tell."""

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        import tempfile
        from pathlib import Path

        from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, OrdinalHyperparameter
        from smac import HyperparameterOptimizationFacade, Scenario

        configurations = ConfigurationSpace(seed=seed)
        for decision in space.decisions:
            kind = OrdinalHyperparameter if ordered(decision) else CategoricalHyperparameter
            configurations.add(kind(decision.name, list(range(decision.size or 0))))
        scenario = Scenario(
            configurations, deterministic=True, n_trials=10_000, seed=seed,
            output_directory=Path(tempfile.mkdtemp(prefix="smac-")),
        )  # fmt: skip
        self._smac = HyperparameterOptimizationFacade(scenario, _never, overwrite=True, logging_level=50)
        self._infos: dict[int, Any] = {}
        self._costs: list[float] = []

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return what SMAC suggests."""
        info = self._smac.ask()
        self._infos[number] = info
        return self.proposal(number, tuple(int(info.config[d.name]) for d in self.space.decisions))

    def tell(self, trial: Trial) -> None:
        """Tell SMAC a cost."""
        from smac.runhistory.dataclasses import TrialValue
        from smac.runhistory.enumerations import StatusType

        info = self._infos.pop(trial.number)
        if trial.score is None:  # of an infinite cost its forest cannot learn
            self._smac.tell(info, TrialValue(cost=max(self._costs, default=0.0), status=StatusType.CRASHED))
        else:
            self._costs.append(-trial.score)
            self._smac.tell(info, TrialValue(cost=-trial.score))


def _never(config: Any, seed: int = 0) -> float:
    raise AssertionError("asked and told, never called")


class DeepHyper(_Peer):
    """DeepHyper's CBO, by ask and tell.

    Args:
        options: of CBO.
    """

    def __init__(self, space: Space, seed: int, **options: Any) -> None:
        super().__init__(space, seed)
        import logging

        from deephyper.hpo import CBO, HpProblem

        logging.disable(logging.INFO)
        problem = HpProblem()
        for decision in space.decisions:
            size = decision.size or 0
            problem.add_hyperparameter(
                (0, size - 1) if ordered(decision) else [f"o{i}" for i in range(size)], decision.name
            )
        import tempfile

        folder = tempfile.mkdtemp(prefix="deephyper-")
        self._cbo = CBO(problem, random_state=seed, verbose=0, log_dir=folder, **options)
        self._asked: dict[int, dict[str, Any]] = {}

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return what CBO suggests."""
        (configuration,) = self._cbo.ask(1)
        self._asked[number] = configuration
        values = tuple(int(str(configuration[d.name]).removeprefix("o")) for d in self.space.decisions)
        return self.proposal(number, values)

    def tell(self, trial: Trial) -> None:
        """Tell CBO an objective."""
        self._cbo.tell([(self._asked.pop(trial.number), "F" if trial.score is None else trial.score)])


#: name -> what makes it
PEERS: dict[str, Callable[[Space, int], Search]] = {
    "uniform": Uniform,
    "rea": RegularizedEvolution,
    "reinforce": Reinforce,
    "optuna-random": lambda space, seed: Optuna(space, seed, "random"),
    "optuna-tpe": lambda space, seed: Optuna(space, seed, "tpe"),
    "optuna-gp": lambda space, seed: Optuna(space, seed, "gp"),
    "smac": Smac,
    "deephyper": DeepHyper,
    # its cheap way to propose, a thirtieth of the default's time, for runs that the default is too slow for
    "deephyper-sampling": partial(DeepHyper, acq_optimizer="sampling"),
}
