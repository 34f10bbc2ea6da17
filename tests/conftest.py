"""What all tests share: a data folder of their own, one torch thread, warm workers, and two small problems."""

import os
from collections.abc import Iterator
from multiprocessing import forkserver

import numpy as np
import pytest
import torch
from hypothesis import settings

from cellwright import problems
from cellwright.data.dataset import Dataset, Table
from cellwright.data.splits import Division
from cellwright.metrics import Task
from cellwright.problem import Problem, prepare
from cellwright.space.by_hand import by_hand

# the same examples each time where nobody is there to look at a new one
settings.register_profile("cellwright", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("cellwright")
torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _own_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELLWRIGHT_DATA", str(tmp_path_factory.mktemp("data")))
        # whichever test comes first: the server that workers are copied from has imported torch
        forkserver.set_forkserver_preload(["cellwright.train.warm"])
        forkserver.ensure_running()
        yield


@pytest.fixture(scope="session")
def tumor(_own_data_folder: None) -> Problem:
    return problems.load("tumor")


@pytest.fixture(scope="session")
def response(tmp_path_factory: pytest.TempPathFactory) -> Problem:
    """The response of 20 cell lines to 25 drugs: linear in their features and in the dose, with little noise."""
    rng = np.random.default_rng(0)
    rows = 2000
    cells, drugs = rng.normal(size=(20, 6)), rng.normal(size=(25, 5))
    dose = rng.normal(size=(rows, 1))
    index = {"cell": rng.integers(20, size=rows), "drug": rng.integers(25, size=rows)}
    target = (cells @ rng.normal(size=6))[index["cell"]] + (drugs @ rng.normal(size=5))[index["drug"]]
    target = 7 + 3 * (target + dose[:, 0] + 0.1 * rng.normal(size=rows))
    features = {"dose": (dose, None), "expression": (cells, "cell"), "descriptors": (drugs, "drug")}
    tables = {name: Table(values.astype(np.float32), key) for name, (values, key) in features.items()}
    dataset = Dataset(tables, index, target.astype(np.float32))
    return prepare(
        tmp_path_factory.mktemp("problems") / "response",
        name="response",
        dataset=dataset,
        division=Division(),
        task=Task.REGRESSION,
        metric="r2",
        target="response",
        manual=by_hand,
    )
