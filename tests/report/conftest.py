"""Runs made by hand: a request, a log of given trials, and the tumour problem."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.report.crafted import Maker, Told, events

from cellwright import problems
from cellwright.problem import Problem
from cellwright.runs import Run
from cellwright.space import Float, Integer, Space, When, space_to_json
from cellwright.store.folder import LOG, Request, create_folder
from cellwright.trial import Fidelity


@pytest.fixture(scope="session")
def problem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Problem]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELLWRIGHT_DATA", str(tmp_path_factory.mktemp("data")))
        yield problems.load("tumor")


@pytest.fixture(scope="session")
def space(problem: Problem) -> Space:
    """The tumour space with two settings, one of which is switched on by a skip."""
    plain = problems.space(problem)
    rate = Float("learning rate", 1e-4, 1e-1, log=True)
    (skip,) = [decision for decision in plain.decisions if decision.name == "skip.1"]
    warm = Integer("warm-up", 0, 40, when=When("skip.1", (skip.means(0),)))
    return Space("tumor-settings", plain.vertices, (rate, warm))


@pytest.fixture
def crafted(problem: Problem, space: Space, tmp_path: Path) -> Maker:
    """Return a maker of run folders with given trials."""

    def make(
        told: Sequence[Told],
        *,
        name: str = "run",
        finished: bool = True,
        of: tuple[Problem, Space] = (problem, space),
        **changes: Any,
    ) -> Run:
        problem, space = of
        fields: dict[str, Any] = {
            "problem": problem.name,
            "space": space_to_json(space),
            "method": "random",
            "options": {},
            "workers": 2,
            "fidelity": Fidelity(2, 0.5),
            "evaluations": 100,
            "minutes": None,
            "max_parameters": 5000,
            "seed": 7,
            "recipe": {"learning_rate": 0.001},
            "timeout": 600.0,
            "memory_gib": None,
            "retries": 1,
            "device": "auto",
        }
        folder = tmp_path / name
        create_folder(folder, Request(**{**fields, **changes}), problem)
        (folder / LOG).write_text("".join(json.dumps(event) + "\n" for event in events(told, space, finished=finished)))
        return Run(folder)

    return make
