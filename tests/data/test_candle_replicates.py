import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cellwright.data.candle.replicates import coded, mean_of_equal


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(-9, 9)), max_size=40))
def test_means_are_those_of_equal_codes_in_order(rows: list[tuple[int, int, int]]) -> None:
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    codes, means = mean_of_equal([table[:, 0], table[:, 1]], table[:, 2])
    pairs = sorted({(one, two) for one, two, _ in rows})
    assert list(zip(*(code.tolist() for code in codes), strict=True)) == pairs
    expected = [np.mean([value for *pair, value in rows if tuple(pair) == each]) for each in pairs]
    np.testing.assert_allclose(means, expected)


@given(st.lists(st.one_of(st.just(np.nan), st.floats(-5, 5, width=32)), max_size=20))
def test_codes_lead_back_to_the_values(values: list[float]) -> None:
    given_values = np.array(values, dtype=np.float32)
    distinct, codes = coded(given_values)
    np.testing.assert_array_equal(distinct[codes] if values else given_values, given_values)
    assert len(np.unique(distinct)) == len(distinct)
    np.testing.assert_array_equal(np.sort(distinct), distinct)
