"""Optuna's samplers behind ask and tell: TPE, Gaussian process, NSGA-II.

A suggestion depends on what was told and on its number alone: each is made by a new study of all trials told, with a
sampler whose seed is the suggestion's own. That takes longer the longer a search lasts; ours do not.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from cellwright.errors import UsageError
from cellwright.methods.encoding import ascending, ordered
from cellwright.methods.known import Known
from cellwright.methods.objectives import values_of
from cellwright.seeds import Use, rng_for, seed_for
from cellwright.space import Choice, Decision, Float, Integer, Point, Space
from cellwright.trial import Fidelity, Proposal, Trial

__all__ = ["SAMPLERS", "Optuna"]

SAMPLERS = {"tpe": "TPESampler", "gp": "GPSampler", "nsga2": "NSGAIISampler"}
_OPTIONS = {"tpe": {"multivariate": True, "group": True, "constant_liar": False}}
_TRIES = 5  # to be suggested something new
_GENERATION = "NSGAIISampler:generation"  # what NSGA-II knows its populations by


class Optuna:
    """Asks one of Optuna's samplers; where it insists on what is known, chance helps out.

    Decisions that are switched off are neither suggested nor told. Failures are told as pruned; to the Gaussian
    process, which does not listen to that, as being as bad as the worst success.

    Args:
        sampler: one of SAMPLERS.
        objectives: several, for "nsga2"; none: the score.

    Raises:
        UsageError: Optuna is not installed.
    """

    def __init__(
        self, space: Space, *, seed: int, fidelity: Fidelity, sampler: str, objectives: Sequence[str] = ()
    ) -> None:
        try:
            import optuna
        except ModuleNotFoundError as error:
            raise UsageError(f"method {sampler} needs Optuna: pip install optuna") from error
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space = space
        self._seed = seed
        self._fidelity = fidelity
        self._kind = getattr(optuna.samplers, SAMPLERS[sampler])
        self._objectives = tuple(objectives)
        self._fills_in = sampler == "gp"
        self._known = Known(space)
        self._options = _OPTIONS.get(sampler, {})
        self._trials: dict[int, optuna.trial.FrozenTrial] = {}  # by the number of what began their training
        self._generation = 0
        self._distributions = {decision.name: _distribution(decision) for decision in space.decisions}
        self._orders = {  # choices between numbers are suggested as places in their order
            decision.name: ascending(decision)
            for decision in space.decisions
            if isinstance(decision, Choice) and ordered(decision)
        }

    def ask(self, number: int, pending: Mapping[int, Proposal]) -> Proposal | None:
        """Return what the sampler suggests, if it is new."""
        under_way = self._known.under_way(pending)
        for attempt in range(_TRIES):
            point, notes = self._suggested(seed_for(self._seed, Use.SAMPLE, number, attempt) % 2**32)
            if point is not None and self._known.new(point, under_way):
                return Proposal(number, point, self._fidelity, notes)
        return Proposal(number, self._known.sample(rng_for(self._seed, Use.SAMPLE, number), under_way), self._fidelity)

    def tell(self, trial: Trial) -> None:
        """Add a trial to the study, in place of the one it goes on with; an answer from the cache tells nothing.

        What NSGA-II did not suggest belongs to its generation of that time.
        """
        from optuna.trial import TrialState, create_trial

        self._known.add(trial)
        if trial.outcome.source is not None:
            return
        values = trial.proposal.point.values
        active = self._space.active(values)
        params = {
            decision.name: self._to_optuna(decision, value)
            for decision, value, on in zip(self._space.decisions, values, active, strict=True)
            if on
        }
        scored = None if trial.score is None else (trial.score,)
        reached = values_of(trial, self._objectives, self._space) if self._objectives else scored
        before = self._trials.get(trial.proposal.origin)
        attributes = before.system_attrs if before else trial.proposal.notes.get("optuna", {})
        self._generation = max(self._generation, attributes.get(_GENERATION, 0))
        self._trials[trial.proposal.origin] = create_trial(
            state=TrialState.PRUNED if reached is None else TrialState.COMPLETE,
            values=reached,
            params=params,
            distributions={name: self._distributions[name] for name in params},
            system_attrs={_GENERATION: self._generation, **attributes},
        )

    def _suggested(self, seed: int) -> tuple[Point | None, dict[str, Any]]:
        """Return a point, or None for a forbidden one, and what the sampler noted with it."""
        import optuna

        directions: Any = ["maximize"] * max(1, len(self._objectives))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # samplers that are new say so each time
            study = optuna.create_study(directions=directions, sampler=self._kind(seed=seed, **self._options))
            study.add_trials(self._as_told())
            trial = study.ask()
            values = [decision.at(0.0) for decision in self._space.decisions]
            for place, decision in enumerate(self._space.decisions):
                if self._space.active(values)[place]:
                    values[place] = self._from_optuna(decision, _suggest(trial, decision))
        noted = dict(study.get_trials(deepcopy=False)[-1].system_attrs)
        if not self._space.allows(values):
            return None, {}
        return Point(tuple(values), self._space.fingerprint), {"optuna": noted} if noted else {}

    def _as_told(self) -> list[Any]:
        """Return all trials as the sampler takes them."""
        from optuna.trial import TrialState, create_trial

        trials = list(self._trials.values())
        if not self._fills_in:
            return trials
        values = [trial.value for trial in trials if trial.value is not None]
        if not values:
            return trials
        return [
            trial
            if trial.state is TrialState.COMPLETE
            else create_trial(value=min(values), params=trial.params, distributions=trial.distributions)
            for trial in trials
        ]

    def _to_optuna(self, decision: Decision, value: float) -> float:
        order = self._orders.get(decision.name)
        return value if order is None else order.index(int(value))

    def _from_optuna(self, decision: Decision, value: Any) -> int | float:
        order = self._orders.get(decision.name)
        if order is not None:
            return order[int(value)]
        return float(value) if isinstance(decision, Float) else int(value)


def _suggest(trial: Any, decision: Decision) -> Any:
    if isinstance(decision, Float):
        return trial.suggest_float(decision.name, decision.low, decision.high, log=decision.log)
    if isinstance(decision, Integer):
        return trial.suggest_int(decision.name, decision.low, decision.high, log=decision.log)
    if ordered(decision):
        return trial.suggest_int(decision.name, 0, decision.size - 1)
    return trial.suggest_categorical(decision.name, list(range(decision.size)))


def _distribution(decision: Decision) -> Any:
    """Return what `_suggest` draws from."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(decision, Float):
        return FloatDistribution(decision.low, decision.high, log=decision.log)
    if isinstance(decision, Integer):
        return IntDistribution(decision.low, decision.high, log=decision.log)
    return IntDistribution(0, decision.size - 1) if ordered(decision) else CategoricalDistribution(range(decision.size))
