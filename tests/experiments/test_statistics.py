"""The statistics of a comparison, against published numbers, exact enumeration and simulation with fixed seeds."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from keras_acts.experiments.analysis import inference
from keras_acts.experiments.analysis.differences import differences, seeds_needed, worst_score
from keras_acts.experiments.analysis.inference import (
    bootstrap_interval,
    cohens_d,
    detectable_difference,
    holm,
    mean_interval,
    sign_flip_p,
)

# README of Mish: SqueezeNet on CIFAR-10, 23 runs. Mean and standard deviation of the accuracy in %, Cohen's d of Mish.
MISH = (87.48, 0.3967)
PUBLISHED = {"relu": (86.66, 0.584, 1.6455), "selu": (83.91, 0.5995, 7.021)}


def sample(mean, sd, count, seed):
    """Values with exactly this mean and standard deviation."""
    values = np.random.default_rng(seed).normal(size=count)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


def by_seed(values):
    return {seed: float(value) for seed, value in enumerate(values)}


# ---- Published numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_cohens_d_of_the_mish_table(name):
    mean, sd, published = PUBLISHED[name]
    assert cohens_d(*MISH, mean, sd) == pytest.approx(published, rel=0.03)
    scores = {name: by_seed(sample(mean, sd, 23, 0)), "mish": by_seed(sample(*MISH, 23, 1))}
    (found,) = differences(scores, name, higher_is_better=True)
    assert found.d_pooled == pytest.approx(published, rel=0.03)
    assert found.mean == pytest.approx(MISH[0] - mean)
    assert found.significant
    assert found.better


def test_interval_of_the_mish_table():
    """Published: 0.5247 to 1.1179 from a t test of independent groups; the same for pairs that do not correlate."""
    mean, sd, _ = PUBLISHED["relu"]
    relu, mish = sample(mean, sd, 23, 0), sample(*MISH, 23, 1)
    noise = (mish - mish.mean()) - np.polyval(np.polyfit(relu, mish - mish.mean(), 1), relu)
    mish = MISH[0] + MISH[1] * noise / noise.std(ddof=1)
    assert abs(np.corrcoef(relu, mish)[0, 1]) < 1e-9
    (found,) = differences({"relu": by_seed(relu), "mish": by_seed(mish)}, "relu", higher_is_better=True)
    assert found.low == pytest.approx(0.5247, abs=0.04)
    assert found.high == pytest.approx(1.1179, abs=0.04)


def test_sign_flips_of_darwins_maize():
    """Fisher (1935): of the 32768 combinations, 863 have a sum of 314 or more, so 1726 on both sides."""
    maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    assert sign_flip_p(maize) == pytest.approx(1726 / 32768, rel=1e-12)


def test_holm_of_the_textbook():
    """R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")."""
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


def test_detectable_difference_of_the_textbook():
    """G*Power: a paired t test needs 34 pairs for d = 0.5, and 15 for d = 0.8, at 5 % with a power of 80 %."""
    assert detectable_difference(1.0, 34) <= 0.5 < detectable_difference(1.0, 33)
    assert detectable_difference(1.0, 15) <= 0.8 < detectable_difference(1.0, 14)
    assert detectable_difference(2.0, 34) == pytest.approx(2.0 * detectable_difference(1.0, 34))
    assert math.isnan(detectable_difference(1.0, 1))


# ---- Exactness -------------------------------------------------------------------------------------------------------


IMAGES = 360  # in the test data of digits


def enumerated(right, wrong):
    """The p-value for numbers of images, in integers: among all flips, those that differ at least as much."""
    signs = np.array(list(itertools.product((1, -1), repeat=len(right))))
    return np.mean(np.abs(signs @ (right - wrong)) >= abs(np.sum(right - wrong)))


CASES = [(1, 100), (2, 100), (5, 200), (9, 200), (10, 200)]
CASES += [pytest.param(count, 2000, marks=pytest.mark.slow) for count in (5, 9, 10)]


@pytest.mark.parametrize(("count", "cases"), CASES)
def test_sign_flips_of_recorded_accuracies_are_enumerated_exactly(count, cases, monkeypatch):
    """Accuracies as the trainer records them, float32 shares of the images, with many sums that tie."""
    monkeypatch.setattr(inference, "bootstrap_interval", lambda *_, **__: (math.nan, math.nan))  # takes its time
    generator = np.random.default_rng(count)
    for _ in range(cases):
        chances = np.clip(generator.uniform(0.4, 1.0) + generator.normal(0.0, 0.01, 2), 0.0, 1.0)
        ours, theirs = generator.binomial(IMAGES, chances[:, np.newaxis], (2, count))
        scores = {
            name: {seed: float(np.float32(images) / np.float32(IMAGES)) for seed, images in enumerate(group)}
            for name, group in (("ours", ours), ("theirs", theirs))
        }
        (found,) = differences(scores, "theirs", higher_is_better=True)
        assert found.p == enumerated(ours, theirs), (ours, theirs)


@pytest.mark.parametrize("count", [5, 9, 10])
def test_sign_flips_of_plain_numbers_are_enumerated_exactly(count):
    """Multiples of 0.1 tie in truth, and differ by rounding when they are summed in floating point."""
    generator = np.random.default_rng(count)
    for _ in range(500):
        tenths = generator.integers(-3, 6, count)
        assert sign_flip_p(tenths * 0.1) == enumerated(tenths, np.zeros(count, int)), tenths


def test_an_outlier_does_not_blur_the_signs_of_the_others():
    """A diverged run among errors is larger by powers of ten than the differences that are counted beside it."""
    small = [0.001, 0.002, 0.003, 0.004, 0.005, 0.006]
    scores = {"relu": by_seed([1e6, *np.ones(6)]), "gelu": by_seed([1.0, *(1.0 - np.array(small))])}
    (found,) = differences(scores, "relu", higher_is_better=False)
    assert found.p == 2.0 / 2.0**7


@pytest.mark.parametrize("count", [3, 6, 10])
def test_the_smallest_p_is_two_of_all_flips(count):
    assert sign_flip_p(np.arange(1, count + 1)) == 2.0 / 2.0**count


def test_many_pairs_are_sampled_repeatably():
    values = np.random.default_rng(0).normal(0.5, 1.0, 40)
    assert sign_flip_p(values) == sign_flip_p(values)
    assert sign_flip_p(values) == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue, abs=0.01)


@pytest.mark.parametrize("comparisons", [1, 2, 5, 11, 40])
def test_seeds_needed_is_the_border(comparisons):
    seeds = seeds_needed(comparisons)
    base = by_seed(np.zeros(seeds))
    better = by_seed(np.linspace(1.0, 1.1, seeds))
    scores = {"relu": base} | {f"a{number}": better if number == 0 else base for number in range(comparisons)}
    assert differences(scores, "relu", higher_is_better=True, resamples=99)[0].significant
    fewer = {name: {seed: group[seed] for seed in range(seeds - 1)} for name, group in scores.items()}
    assert not differences(fewer, "relu", higher_is_better=True, resamples=99)[0].significant


def test_seeds_needed_refuses_nonsense():
    with pytest.raises(ValueError, match="`comparisons` must be an integer >= 1"):
        seeds_needed(0)
    with pytest.raises(ValueError, match="`level` must be between 0 and 1"):
        seeds_needed(1, level=0.0)


def test_interval_of_few_or_equal_values():
    assert bootstrap_interval([2.0, 2.0, 2.0]) == (2.0, 2.0)
    assert all(map(math.isnan, bootstrap_interval([2.0])))


def test_mean_interval_is_the_t_interval():
    values = np.random.default_rng(0).normal(size=(6, 2))
    expected = stats.t.interval(0.95, 5, values.mean(axis=0), stats.sem(values, axis=0))
    spoilt = np.vstack([values, [[np.nan, np.inf]]])  # a diverged seed is left out of a curve
    mean, half = mean_interval(spoilt)
    np.testing.assert_allclose((mean - half, mean + half), expected)
    mean, half = mean_interval([[np.nan, 1.0]])
    assert np.isnan(mean[0])
    assert (mean[1], half[1]) == (1.0, 0.0)


# ---- What differences does with records ------------------------------------------------------------------------------


def test_pairing_finds_what_groups_do_not():
    seeds = np.linspace(0.0, 1.0, 8)  # hard and easy splits
    scores = {"relu": by_seed(seeds), "gelu": by_seed(seeds + 0.01 + 0.001 * np.arange(8))}
    (found,) = differences(scores, "relu", higher_is_better=True)
    assert found.significant
    assert found.d_by_seed > 2.0
    assert found.d_pooled < 0.1
    assert found.probability_better == 1.0


def test_lower_is_better_turns_the_verdict_and_not_the_numbers():
    scores = {"relu": by_seed([5.0, 6.0, 7.0, 8.0]), "snake": by_seed([4.0, 5.5, 7.0, 9.0])}
    (up,) = differences(scores, "relu", higher_is_better=True)
    (down,) = differences(scores, "relu", higher_is_better=False)
    assert up.mean == down.mean == -0.125
    assert (up.better, down.better) == (False, True)
    assert (up.probability_better, down.probability_better) == (0.375, 0.625)
    assert (up.low, up.high, up.p) == (down.low, down.high, down.p)


def test_only_common_seeds_are_compared():
    scores = {"relu": {0: 1.0, 1: 2.0, 2: 3.0}, "gelu": {1: 2.5, 2: 3.5, 7: 100.0}}
    (found,) = differences(scores, "relu", higher_is_better=True)
    assert (found.pairs, found.mean) == (2, 0.5)


@pytest.mark.parametrize(("higher_is_better", "worst"), [(True, 0.0), (False, 0.9)])
def test_diverged_runs_count_as_the_worst(higher_is_better, worst):
    scores = {"relu": {0: 0.8, 1: 0.9}, "gelu": {0: math.nan, 1: 0.7}}
    assert worst_score(scores, higher_is_better=higher_is_better) == worst
    (found,) = differences(scores, "relu", higher_is_better=higher_is_better)
    assert found.mean == pytest.approx(((worst - 0.8) + (0.7 - 0.9)) / 2.0)
    assert (found.diverged, found.baseline_diverged) == (1, 0)
    (found,) = differences(scores, "gelu", higher_is_better=higher_is_better)
    assert (found.diverged, found.baseline_diverged) == (0, 1)


def test_all_diverged_is_no_difference():
    nothing = dict.fromkeys(range(6), math.inf)
    (found,) = differences({"relu": nothing, "gelu": nothing}, "relu", higher_is_better=False)
    assert (found.mean, found.p, found.significant) == (0.0, 1.0, False)


def test_bad_scores_are_refused():
    with pytest.raises(ValueError, match=r"`baseline` must be among: gelu\. Received: 'relu'"):
        differences({"gelu": {0: 1.0}}, "relu", higher_is_better=True)
    with pytest.raises(ValueError, match=r"seed in common with the baseline 'relu'\. Received: 'gelu' with"):
        differences({"relu": {0: 1.0}, "gelu": {1: 1.0}}, "relu", higher_is_better=True)


# ---- Simulation ------------------------------------------------------------------------------------------------------


def simulate(families, activations, seeds, draw, generator):
    """Number of comparisons (families of activations) in which something, and in which the first one, is shown."""
    anything = first = 0
    for _ in range(families):
        difficulty = generator.normal(size=seeds)  # common to all activations of a seed
        scores = {name: by_seed(difficulty + draw(number)) for number, name in enumerate(activations)}
        found = differences(scores, activations[0], higher_is_better=True, resamples=299)
        anything += any(one.significant for one in found)
        first += found[0].significant
    return anything, first


@pytest.mark.slow
@pytest.mark.parametrize("noise", ["normal", "skewed", "rounded"])
def test_identical_activations_are_seldom_called_different(noise):
    generator = np.random.default_rng(5)
    draws = {
        "normal": lambda number: generator.normal(size=10),
        "skewed": lambda number: generator.exponential(size=10),
        "rounded": lambda number: np.rint(2.0 * generator.normal(size=10)) / 2.0,
    }
    families = 200
    found, _ = simulate(families, ["relu", "a", "b", "c"], 10, draws[noise], generator)
    # Up to here a false-positive rate of 5 % gets with probability 0.999.
    assert found <= stats.binom.ppf(0.999, families, 0.05)


def test_a_known_effect_is_found():
    """Two standard deviations of the pairs, 10 seeds, 3 comparisons: a t test at 5 % / 3 has a power of 0.998."""
    generator = np.random.default_rng(6)
    effect = np.array([0.0, 2.0 * math.sqrt(2.0), 0.0, 0.0])
    families = 100
    _, found = simulate(
        families, ["relu", "good", "b", "c"], 10, lambda number: effect[number] + generator.normal(size=10), generator
    )
    assert found >= stats.binom.ppf(0.001, families, 0.95)


def test_the_interval_covers_the_mean():
    """BCa of 20 normal values covers about 93 % (it knows no t distribution): between 90 and 96 %."""
    generator = np.random.default_rng(7)
    covered = 0
    for _ in range(500):
        low, high = bootstrap_interval(generator.normal(1.0, 1.0, 20), resamples=999)
        covered += low <= 1.0 <= high
    assert stats.binom.ppf(0.001, 500, 0.93) <= covered <= stats.binom.ppf(0.999, 500, 0.93)
