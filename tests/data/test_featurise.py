import math
import sys
import warnings
from typing import Any

import numpy as np
import pytest

from cellwright.data.featurise import Features, descriptors, fingerprints, parse
from cellwright.errors import DataError, UsageError

pytest.importorskip("rdkit")

ETHANOL, BENZENE, SALT, LONG = "CCO", "c1ccccc1", "[Na+].[Cl-]", "C" * 300


def test_molecules_are_parsed_in_order() -> None:
    parsed = parse([ETHANOL, BENZENE])
    assert [molecule.GetNumAtoms() for molecule in parsed.molecules] == [3, 6]
    assert parsed.rows.tolist() == [0, 1]
    assert parsed.rows.dtype == np.int64


@pytest.mark.parametrize("bad", ["", "  ", "C(", "[Zz]", "C\ud800", None, math.nan, 3, b"CCO"])
def test_a_bad_smiles_is_named_with_its_row_or_dropped(bad: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError) as caught:
        parse([ETHANOL, bad])
    assert f"row 1 (counted from 0) is no molecule: {bad!r}" in str(caught.value)
    assert "drop_bad=True" in str(caught.value)
    assert parse([ETHANOL, bad, BENZENE], drop_bad=True).rows.tolist() == [0, 2]
    assert capfd.readouterr().err == ""


def test_the_noise_of_rdkit_is_silenced_here_and_nowhere_else(capfd: pytest.CaptureFixture[str]) -> None:
    from rdkit import Chem

    parse(["C("], drop_bad=True)
    assert capfd.readouterr().err == ""
    assert Chem.MolFromSmiles("C(") is None
    assert "SMILES Parse Error" in capfd.readouterr().err


def test_one_text_is_not_a_list_of_smiles() -> None:
    with pytest.raises(DataError, match=r"give \['CCO'\]"):
        parse("CCO")


def test_descriptors_are_those_of_rdkit_in_its_order() -> None:
    from rdkit import Chem
    from rdkit.Chem import Descriptors

    features = descriptors([ETHANOL])
    assert features.names == tuple(name for name, _ in Descriptors.descList)
    assert features.values.dtype == np.float32
    molecule = Chem.MolFromSmiles(ETHANOL)
    expected = {name: function(molecule) for name, function in Descriptors.descList}
    expected["Ipc"] = math.log1p(expected["Ipc"])
    np.testing.assert_allclose(features.values[0], list(expected.values()), rtol=1e-6)
    assert features.values[0, features.names.index("MolWt")] == pytest.approx(46.069)


def test_a_descriptor_that_raises_is_nan_but_an_interrupt_is_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    from rdkit.Chem import Descriptors

    def raising(error: type[BaseException]) -> Any:
        def descriptor(_: object) -> float:
            raise error

        return descriptor

    ipc = ("Ipc", lambda _: 0.0)
    monkeypatch.setattr(Descriptors, "descList", [ipc, ("broken", raising(ZeroDivisionError))])
    assert math.isnan(descriptors([ETHANOL]).values[0, 1])
    monkeypatch.setattr(Descriptors, "descList", [ipc, ("stopped", raising(KeyboardInterrupt))])
    with pytest.raises(KeyboardInterrupt):
        descriptors([ETHANOL])


def test_a_descriptor_that_is_not_defined_is_nan() -> None:
    features = descriptors([SALT])
    missing = {name for name, value in zip(features.names, features.values[0], strict=True) if math.isnan(value)}
    assert "BCUT2D_MWHI" in missing
    assert "MolWt" not in missing


def test_no_descriptor_is_infinite_however_large_the_molecule() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        features = descriptors([LONG])
    assert not np.isinf(features.values).any()
    assert features.values[0, features.names.index("Ipc")] == pytest.approx(216.77, abs=0.01)


@pytest.mark.parametrize("featurise", [descriptors, fingerprints])
def test_the_features_of_a_molecule_depend_on_it_alone(featurise: Any) -> None:
    together = featurise([LONG, SALT, "C(", ETHANOL], drop_bad=True)
    assert together.rows.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(together.values[2], featurise([ETHANOL]).values[0])


@pytest.mark.parametrize("featurise", [descriptors, fingerprints])
def test_nothing_left_is_no_rows(featurise: Any) -> None:
    features = featurise(["C("], drop_bad=True)
    assert features.values.shape == (0, len(features.names))


def test_fingerprints_are_bits() -> None:
    features = fingerprints([BENZENE, ETHANOL], bits=64, radius=1)
    assert features.names[0] == "morgan_0"
    assert features.names[-1] == "morgan_63"
    assert features.values.shape == (2, 64)
    assert features.values.dtype == np.float32
    # Benzene has one kind of atom, so one environment of radius 0 and one of radius 1.
    assert features.values.sum(axis=1).tolist()[0] == 2


def test_a_size_out_of_range_is_refused() -> None:
    with pytest.raises(UsageError, match="bits must be at least 1, not 0"):
        fingerprints([ETHANOL], bits=0)
    with pytest.raises(UsageError, match="radius must be at least 0, not -1"):
        fingerprints([ETHANOL], radius=-1)


def test_features_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match="expected 1 molecules x 1 names"):
        Features(values=np.zeros((2, 1), dtype=np.float32), names=("a",), rows=np.array([0]))


def test_a_missing_rdkit_is_answered_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(DataError, match=r"pip install rdkit"):
        descriptors([ETHANOL])
