import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import StandardScaler

from cellwright.data.scaling import CLIP, fit_standard, have_other_units, moments

values = st.floats(-1e3, 1e3, width=32).map(lambda x: round(x, 3)) | st.just(float("nan"))


@st.composite
def tables(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Features of some entities, and how many training rows read each."""
    shape = draw(st.tuples(st.integers(1, 8), st.integers(1, 3)))
    features = draw(hnp.arrays(np.float32, shape, elements=values))
    counts = draw(hnp.arrays(np.int64, shape[0], elements=st.integers(0, 4)))
    assume(counts.sum() > 0)
    return features, counts


@given(tables())
def test_scaling_is_that_of_the_expanded_training_rows(table: tuple[np.ndarray, np.ndarray]) -> None:
    features, counts = table
    expanded = np.repeat(features.astype(np.float64), counts, axis=0)
    standard = fit_standard(features, counts)
    seen = ~np.isnan(standard.mean)
    for column in expanded[:, ~seen].T:  # only what teaches nothing is left out
        known = column[~np.isnan(column)]
        assert len(known) == 0 or known.std() <= 1e-8 * abs(known.mean())
    applied = standard.apply(features)
    assert (applied[:, ~seen] == 0).all()
    bits = seen & (np.isnan(expanded) | np.isin(expanded, (0, 1))).all(axis=0)
    if bits.any():
        means = np.broadcast_to(np.nanmean(expanded[:, bits], axis=0), features[:, bits].shape)
        filled = np.where(np.isnan(features[:, bits]), means, features[:, bits])
        np.testing.assert_allclose(applied[:, bits], filled.clip(-CLIP, CLIP), rtol=1e-6)
    seen &= ~bits
    if seen.any():
        peer = StandardScaler().fit(expanded[:, seen])
        np.testing.assert_allclose(standard.mean[seen], peer.mean_, atol=1e-9)
        np.testing.assert_allclose(standard.scale[seen], peer.scale_, rtol=1e-9)
        by_peer = np.nan_to_num(peer.transform(features[:, seen].astype(np.float64)), nan=0.0)
        np.testing.assert_allclose(applied[:, seen], by_peer.clip(-CLIP, CLIP), rtol=1e-5, atol=1e-6)
    assert applied.dtype == np.float32


@given(tables(), values)
def test_entities_without_training_rows_change_nothing(table: tuple[np.ndarray, np.ndarray], value: float) -> None:
    features, counts = table
    changed = features.copy()
    changed[counts == 0] = value
    before, after = fit_standard(features, counts), fit_standard(changed, counts)
    np.testing.assert_array_equal(before.mean, after.mean)
    np.testing.assert_array_equal(before.scale, after.scale)


def test_a_missing_value_becomes_the_mean_of_the_training_rows() -> None:
    features = np.array([[1.0], [5.0], [np.nan], [100.0]])
    standard = fit_standard(features, np.array([3, 1, 2, 0]))
    assert standard.mean == [2.0]
    assert standard.apply(features)[2] == 0.0


def test_bits_stay_as_they_are_and_missing_ones_become_the_mean() -> None:
    features = np.array([[1.0, 1, 0], [0, np.nan, 1], [1, 0, 1], [5, 1, np.nan]])
    standard = fit_standard(features, np.array([3, 1, 2, 0]))
    # the last row trains nothing: its 5 does not make a number of the first column
    expected = np.array([[1.0, 1, 0], [0, 0.6, 1], [1, 0, 1], [5, 1, 0.5]])
    np.testing.assert_allclose(standard.apply(features), expected)
    # read by a training row, it does
    assert fit_standard(features, np.array([3, 1, 2, 1])).mean.tolist() == [10 / 7, 0, 0]


def test_a_bit_that_is_constant_in_training_becomes_0() -> None:
    features = np.array([[1.0, 0], [1, 0], [0, 1]])
    assert (fit_standard(features, np.array([1, 1, 0])).apply(features) == 0.0).all()


def test_a_constant_feature_becomes_zero() -> None:
    features = np.array([[0.1, 1e6], [0.1, 1e6], [0.3, 2e6]], np.float32)
    standard = fit_standard(features, np.array([5, 7, 0]))
    assert (standard.apply(features) == 0.0).all()  # also where other rows differ


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1.0, 1e9])
def test_the_unit_of_a_feature_does_not_matter(unit: float) -> None:
    features = np.array([[1.0], [2.0], [4.0]])
    counts = np.array([1, 1, 2])
    expected = fit_standard(features, counts).apply(features)
    scaled = features * unit
    np.testing.assert_allclose(fit_standard(scaled, counts).apply(scaled), expected, rtol=1e-6)


def test_what_is_far_from_all_training_rows_is_clipped() -> None:
    features = np.array([[-1.0], [1.0], [1e6], [-1e6]])
    standard = fit_standard(features, np.array([1, 1, 0, 0]))
    assert standard.apply(features).tolist() == [[-1.0], [1.0], [10.0], [-10.0]]


def test_sequences_are_scaled_place_by_place() -> None:
    features = np.random.default_rng(0).normal(size=(6, 2, 3))
    counts = np.array([1, 0, 2, 3, 1, 1])
    flat = features.reshape(6, 6)
    applied = fit_standard(features, counts).apply(features)
    np.testing.assert_array_equal(applied, fit_standard(flat, counts).apply(flat).reshape(6, 2, 3))


def test_one_scale_for_all_keeps_small_features_small() -> None:
    # means 2 and 10; deviations 1 and 7 over two training rows each: one scale, the root of (1 + 49) / 2 = 5
    features = np.array([[1.0, 3], [3, 17], [7, 60]])
    counts = np.array([2, 2, 0])
    standard = fit_standard(features, counts, common=True)
    assert standard.mean.tolist() == [2, 10]
    np.testing.assert_allclose(standard.scale, [5, 5])
    np.testing.assert_allclose(standard.apply(features), [[-0.2, -1.4], [0.2, 1.4], [1.0, 10.0]], rtol=1e-6)
    np.testing.assert_allclose(
        fit_standard(features, counts).apply(features), [[-1.0, -1.0], [1.0, 1.0], [5.0, 50 / 7]]
    )


def test_what_is_constant_or_a_bit_takes_no_part_in_the_common_scale() -> None:
    features = np.array([[1.0, 3, 8, 1], [3, 17, 8, 0], [7, 60, 9, 1]])
    standard = fit_standard(features, np.array([1, 1, 0]), common=True)
    np.testing.assert_allclose(standard.scale[:2], [5, 5])
    applied = standard.apply(features)
    assert (applied[:, 2] == 0).all()
    assert applied[:, 3].tolist() == [1, 0, 1]


def test_features_that_are_all_constant_have_no_common_scale() -> None:
    features = np.full((3, 2), 4.0)
    assert (fit_standard(features, np.array([1, 1, 1]), common=True).apply(features) == 0).all()


def test_bits_alone_have_no_common_scale_and_no_warning() -> None:
    bits = np.array([[0.0, 1], [1, 0]])
    assert fit_standard(bits, np.array([1, 1]), common=True).apply(bits).tolist() == bits.tolist()


@given(tables())
def test_a_common_scale_only_changes_the_size(table: tuple[np.ndarray, np.ndarray]) -> None:
    features, counts = table
    own, common = fit_standard(features, counts), fit_standard(features, counts, common=True)
    np.testing.assert_array_equal(own.mean, common.mean)
    numbers = ~np.isnan(own.mean) & ~np.isclose(own.scale, 1)
    # one scale for all, or, of so few features of which one is no logarithm, each its own
    assert len(set(common.scale[numbers].tolist())) <= 1 or (common.scale == own.scale).all()


def genes_and(others: np.ndarray, genes: int = 60) -> np.ndarray:
    """Logarithms of expression beside other columns."""
    return np.column_stack([others, np.random.default_rng(0).normal(7, 1, (len(others), genes))])


@pytest.mark.parametrize("genes", [60, 20_000])
def test_a_few_features_of_another_unit_do_not_set_the_scale_of_all(genes: int) -> None:
    rng = np.random.default_rng(1)
    clinic = np.column_stack([rng.normal(62, 11, 80), rng.gamma(2, 500, 80), rng.normal(250_000, 60_000, 80)])
    both, counts = genes_and(clinic, genes), np.ones(80, int)
    scaled = fit_standard(both, counts, common=True).apply(both)
    alone = fit_standard(both[:, 3:], counts, common=True).apply(both[:, 3:])
    np.testing.assert_array_equal(scaled[:, 3:], alone)
    np.testing.assert_allclose(scaled[:, :3].std(axis=0), 1, rtol=1e-5)


@pytest.mark.parametrize("silent", [0.0, 0.5, 0.9])
def test_genes_that_most_samples_do_not_express_have_the_unit_of_the_others(silent: float) -> None:
    rng = np.random.default_rng(2)
    level = np.where(rng.random(20_000) < silent, rng.normal(-6, 2, 20_000), rng.normal(3, 2.5, 20_000))
    logs = np.log2(1 + np.exp(level + rng.normal(0, 0.7, (50, 20_000))))
    logs[:, 0] = np.where(rng.random(50) < 0.5, 0, 14)  # as a gene of the Y chromosome
    mean, deviation, _ = moments(logs, np.ones(50, int))
    assert not have_other_units(mean, deviation).any()


def test_few_features_of_which_one_is_no_logarithm_are_scaled_each_on_its_own() -> None:
    both = genes_and(np.full((80, 1), 1e6) * np.arange(80)[:, None], genes=4)
    np.testing.assert_allclose(fit_standard(both, np.ones(80, int), common=True).apply(both).std(axis=0), 1, rtol=1e-5)
    genes = genes_and(np.zeros((80, 0)), genes=4)
    assert len(set(fit_standard(genes, np.ones(80, int), common=True).scale.tolist())) == 1


def test_a_dozen_genes_among_clinical_measurements_keep_their_scale() -> None:
    rng = np.random.default_rng(1)
    clinic = np.column_stack([rng.normal(55, 14, 80), rng.normal(250_000, 60_000, 80), rng.gamma(2, 500, 80)])
    both = genes_and(np.column_stack([clinic, rng.normal(200, 40, 80)]), genes=12)
    counts = np.ones(80, int)
    scaled = fit_standard(both, counts, common=True).apply(both)
    np.testing.assert_allclose(scaled[:, :4].std(axis=0), 1, rtol=1e-5)
    np.testing.assert_array_equal(scaled[:, 4:], fit_standard(both[:, 4:], counts, common=True).apply(both[:, 4:]))
