from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from cellwright.data.intensities import are_raw, as_logarithms

from .real import real

SIZES = ((60, 40), (60, 200), (20_000, 20))


class Expression:
    """Made-up expression of some genes in some samples, in every unit it is published in."""

    def __init__(self, genes: int, samples: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.rng, self.shape = rng, (samples, genes)
        silent = rng.random(genes) < 0.35
        level = np.where(silent, rng.normal(-4, 1.5, genes), rng.normal(2, 2.2, genes))
        self.rate = np.exp(level) * np.exp(rng.normal(0, 0.15 + 0.6 * rng.random(genes), self.shape))
        depth = np.exp(rng.normal(0, 0.4, (samples, 1)))
        self.counts = rng.poisson(rng.gamma(5, 0.2, self.shape) * self.rate * depth * 20)  # negative binomial
        self.few_counts = rng.poisson(self.rate * depth * 2)
        self.tpm = self.rate / self.rate.sum(axis=1, keepdims=True) * 300 * genes
        self.array = rng.normal(7.5, 2.3, genes).clip(3, 14) + rng.normal(0, 0.5, self.shape)  # log2
        share = rng.beta(0.4, 0.6, genes)
        self.beta = rng.beta(share * 20 + 0.1, (1 - share) * 20 + 0.1, self.shape)
        clinic = ((60, 10), (900, 500), (250_000, 60_000), (26, 4), (80, 12), (170, 9))
        self.clinic = np.column_stack([np.abs(rng.normal(mean, spread, samples)) for mean, spread in clinic])

    @property
    def scores(self) -> np.ndarray:
        logs = np.log2(1 + self.counts)
        return np.asarray((logs - logs.mean(axis=0)) / np.maximum(logs.std(axis=0), 1e-6))


Made = Mapping[str, Callable[[Expression], np.ndarray]]
RAW: Made = {
    "counts": lambda it: it.counts,
    "counts of shallow sequencing": lambda it: it.few_counts,
    "counts with empty cells": lambda it: np.where(it.rng.random(it.shape) < 0.1, np.nan, it.counts),
    "counts beside clinical columns": lambda it: np.column_stack([it.clinic, it.counts]),
    "expected counts": lambda it: it.counts + (it.counts > 0) * it.rng.random(it.shape),
    "TPM": lambda it: it.tpm,
    "FPKM": lambda it: it.tpm / 3,
    "intensities": lambda it: 2**it.array,
    "intensities with a background": lambda it: 90 + 2 ** (it.array - 2),
    "intensities less a background": lambda it: 2 ** (it.array - 3) + it.rng.normal(0, 12, it.shape),
    "proteins": lambda it: 2 ** (it.array + 20),
}
OTHER: Made = {
    "logarithms of counts": lambda it: np.log2(1 + it.counts),
    "natural logarithms": lambda it: np.log(1 + it.counts),
    "decimal logarithms": lambda it: np.log10(1 + it.tpm),
    "logarithms of TPM": lambda it: np.log2(1 + it.tpm),
    "logarithms of TPM with a small offset": lambda it: np.log2(0.001 + it.tpm),
    "logarithms of TPM beside clinical columns": lambda it: np.column_stack([it.clinic, np.log2(1 + it.tpm)]),
    "logarithms of intensities": lambda it: it.array,
    "logarithms of intensities beside clinical columns": lambda it: np.column_stack([it.array, it.clinic]),
    "logarithms of proteins": lambda it: it.array + 20,
    "z-scores": lambda it: it.scores,
    "z-scores beside clinical columns": lambda it: np.column_stack([it.scores, it.clinic]),
    "ranks": lambda it: it.tpm.argsort(axis=1).argsort(axis=1),
    "quantiles": lambda it: it.tpm.argsort(axis=1).argsort(axis=1) / it.shape[1],
    "methylation": lambda it: it.beta,
    "methylation in percent": lambda it: 100 * it.beta,
    "methylation as M values": lambda it: np.log2((it.beta + 0.01) / (1.01 - it.beta)),
    "copy-number ratios": lambda it: it.rng.normal(0, 0.4, it.shape),
    "copy numbers": lambda it: it.rng.poisson(2, it.shape) + (it.rng.random(it.shape[1]) < 0.02) * 40,
    "genotypes": lambda it: it.rng.binomial(2, it.rng.random(it.shape[1]), it.shape),
    "mutations": lambda it: it.rng.random(it.shape) < 0.1,
    "clinical scores": lambda it: it.rng.integers(0, 11, it.shape),
    "spectra": lambda it: it.rng.normal(1000, 100, it.shape),
    "pixels": lambda it: it.rng.integers(0, 256, it.shape),
    "zeros": lambda it: np.zeros(it.shape),
}


@pytest.mark.parametrize(("genes", "samples"), SIZES)
def test_raw_expression_is_told_from_everything_else(genes: int, samples: int) -> None:
    for seed in range(1 if genes > 1000 else 5):
        made = Expression(genes, samples, seed)
        raw = {name for name, make in {**RAW, **OTHER}.items() if are_raw(make(made).astype(np.float32))}
        assert raw == set(RAW), f"seed {seed}"


@pytest.mark.parametrize(("name", "raw"), [("singh", True), ("alon", True), ("su", False)])
def test_real_intensities_are_recognised_and_real_scores_are_not(name: str, raw: bool) -> None:
    table = pd.read_csv(real(f"expression/{name}.csv.gz")).iloc[:, 1:]
    assert are_raw(table.to_numpy(np.float32)) is raw


def test_counts_become_logarithms_and_the_note_says_so() -> None:
    counts = Expression(60, 40, 0).counts.astype(np.float32)
    counts[3, 5] = np.nan
    notes: list[str] = []
    logs = as_logarithms(counts, "m.csv", notes)
    np.testing.assert_allclose(logs, np.log2(1 + counts), rtol=1e-6)
    assert logs.dtype == np.float32
    most = np.nanmax(counts)
    assert notes == [f"m.csv: the values look like counts (whole numbers up to {most:,.0f}): they become log2(1 + x)"]


def test_logarithms_may_be_standardised_within_each_sample_which_sees_no_other() -> None:
    intensities = Expression(60, 40, 0).tpm
    intensities[3, 5], intensities[4] = np.nan, 7.0
    notes: list[str] = []
    logs = as_logarithms(intensities, "m.csv", notes, within_samples=True)
    others = np.delete(logs, 4, axis=0)
    np.testing.assert_allclose(np.nanmean(others, axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(np.nanstd(others, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(logs[4], 0, atol=1e-5)  # a sample of one value has no spread
    assert np.isnan(logs[3, 5])
    assert "raw intensities, TPM or FPKM" in notes[0]
    assert notes[0].endswith("they become log2(1 + x), standardised within each sample")
    half = as_logarithms(intensities[:20], "m.csv", notes, within_samples=True)
    np.testing.assert_array_equal(half, logs[:20])


def test_values_below_a_background_keep_their_sign() -> None:
    values = 2 ** Expression(60, 40, 0).array
    values[:, 0] = -3.0
    np.testing.assert_allclose(as_logarithms(values, "m.csv", [])[:, 0], -2.0)


def test_other_values_stay_and_the_note_says_so() -> None:
    logs = np.log2(1 + Expression(60, 40, 0).tpm)
    notes: list[str] = []
    assert as_logarithms(logs, "m.csv", notes) is logs
    assert notes[0].startswith("m.csv: the values, from 0.005425 to 12.83, ")
    assert notes[0].endswith("are no raw counts or intensities by their distribution: they are used as they are")


def test_a_few_columns_show_no_distribution() -> None:
    assert not are_raw(Expression(8, 40, 0).counts.astype(np.float32))


def test_empty_columns_and_rows_do_no_harm() -> None:
    counts = Expression(60, 40, 0).counts.astype(np.float32)
    counts[:, 7] = counts[9] = np.nan
    assert are_raw(counts)
    logs = as_logarithms(counts, "m.csv", [], within_samples=True)
    assert np.isnan(logs[9]).all()
    assert np.isnan(logs[:, 7]).all()
