"""The statistics of a comparison, against published numbers, other implementations and simulation with fixed seeds."""

import csv
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from keras_acts.experiments.analysis.differences import differences, worst_score
from keras_acts.experiments.analysis.inference import (
    cohens_d,
    detectable_difference,
    holm,
    levels_by_holm,
    mean_interval,
    pairs_needed,
    standard_error,
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


def against_zero(values, **settings):
    """The difference of an activation from one whose scores are all 0."""
    scores = {"relu": by_seed(np.zeros(len(values))), "other": by_seed(values)}
    (found,) = differences(scores, "relu", **{"higher_is_better": True, **settings})
    return found


# ---- Published numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_cohens_d_of_the_mish_table(name):
    mean, sd, published = PUBLISHED[name]
    assert cohens_d(*MISH, mean, sd) == pytest.approx(published, rel=0.03)
    scores = {name: by_seed(sample(mean, sd, 23, 0)), "mish": by_seed(sample(*MISH, 23, 1))}
    (found,) = differences(scores, name, higher_is_better=True)
    assert found.d == pytest.approx(published, rel=0.03)
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
    # With 22 degrees of freedom in place of 44.
    assert found.low == pytest.approx(0.5247, abs=0.02)
    assert found.high == pytest.approx(1.1179, abs=0.02)


MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def test_darwins_maize():
    """Fisher (1935), The Design of Experiments, section 17: t = 2.148, just beyond 2.145, the 5 % point."""
    found = against_zero(MAIZE)
    assert found.p == pytest.approx(stats.ttest_1samp(MAIZE, 0.0).pvalue, rel=1e-12)
    assert 0.048 < found.p < 0.05
    assert (found.low, found.high) == pytest.approx(stats.ttest_1samp(MAIZE, 0.0).confidence_interval(), rel=1e-9)


def test_corrected_resampled_t_is_that_of_the_paper():
    """Nadeau and Bengio (2003), section 3: the mean over sqrt((1/J + n2/n1) s^2), with J - 1 degrees of freedom."""
    values = np.random.default_rng(3).normal(0.3, 1.0, 10)
    found = against_zero(values, overlap=360 / 1077)
    t = values.mean() / math.sqrt((1 / 10 + 360 / 1077) * values.var(ddof=1))
    assert found.p == pytest.approx(2.0 * stats.t.sf(abs(t), 9), rel=1e-12)


def test_holm_of_the_textbook():
    """R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")."""
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.6, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


def detectable(sd, pairs, overlap=0.0):
    return detectable_difference(standard_error(sd, pairs, overlap), pairs)


def test_detectable_difference_of_the_textbook():
    """G*Power: a paired t test needs 34 pairs for d = 0.5, and 15 for d = 0.8, at 5 % with a power of 80 %."""
    assert detectable(1.0, 34) <= 0.5 < detectable(1.0, 33)
    assert detectable(1.0, 15) <= 0.8 < detectable(1.0, 14)
    assert detectable(2.0, 34) == pytest.approx(2.0 * detectable(1.0, 34))
    assert detectable(1.0, 34, overlap=1 / 3) == pytest.approx(detectable(1.0, 34) * math.sqrt(1 + 34 / 3))
    assert math.isnan(detectable_difference(1.0, 1))


def test_seeds_that_are_missing():
    """R: the half-width of a 95 % interval falls below half a standard deviation at 18 values, 2.11 / sqrt(18)."""
    assert pairs_needed(0.5, 1.0) == 18
    assert stats.t.isf(0.025, 17) / math.sqrt(18) < 0.5 < stats.t.isf(0.025, 16) / math.sqrt(17)
    assert pairs_needed(0.5, 1.0, overlap=1 / 3) is None
    assert pairs_needed(5.0, 1.0, overlap=1 / 3) == 3  # 4.303 sqrt(1/3 + 1/3) = 3.51; of two 12.71 sqrt(5/6) = 11.6


# ---- Test and interval -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_intervals_leave_out_zero_where_holm_finds_a_difference(seed):
    generator = np.random.default_rng(seed)
    activations, pairs = int(generator.integers(2, 13)), int(generator.integers(2, 13))
    common = generator.normal(size=pairs)
    scores = {f"a{i}": by_seed(common + generator.choice([0.0, 0.5, 2.0]) + generator.normal(size=pairs))
              for i in range(activations)}  # fmt: skip
    overlap = float(generator.choice([0.0, 1 / 3]))
    found = differences(scores, "a0", higher_is_better=True, overlap=overlap)
    assert [each.significant for each in found] == [each.low > 0.0 or each.high < 0.0 for each in found]
    assert [each.interval_level for each in found] == levels_by_holm([each.p for each in found])


def test_equal_differences_are_not_known_better_than_to_one_row():
    """Three seeds that differ by the same one of 360 images: as if each were off by rounding."""
    found = against_zero([1 / 360] * 3, resolution=1 / 360)
    assert found.p == pytest.approx(2.0 * stats.t.sf(math.sqrt(6.0) * math.sqrt(3.0), 2), rel=1e-9)
    assert against_zero([1 / 360] * 10, resolution=1 / 360).significant
    assert against_zero([0.0] * 3, resolution=1 / 360).p == 1.0


def test_one_pair_shows_nothing():
    found = against_zero([1.0])
    assert (found.p, found.significant) == (1.0, False)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize(
    ("values", "worth", "expected"),
    [
        ([1.0, 1.1, 0.9, 1.0, 1.05], 0.5, "better"),
        ([0.1, -0.1, 0.05, -0.05, 0.0], 0.5, "equivalent"),
        ([0.10, 0.11, 0.09, 0.10, 0.10], 0.5, "equivalent"),  # surely more than 0, and not worth having
        ([2.0, -1.0, 0.5, -0.5, 1.0], 0.5, "undecided"),
    ],
)
def test_what_is_worth_having(values, worth, expected):
    found = against_zero(values, worth=worth)
    assert found.equivalent == (expected == "equivalent")
    assert found.undecided == (expected == "undecided")
    assert (found.significant and not found.equivalent) == (expected == "better")
    if expected == "undecided":
        assert found.pairs_to_decide > found.pairs


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
    seeds = np.linspace(0.0, 1.0, 8)  # hard and easy data
    scores = {"relu": by_seed(seeds), "gelu": by_seed(seeds + 0.01 + 0.001 * np.arange(8))}
    (found,) = differences(scores, "relu", higher_is_better=True)
    assert found.significant
    assert found.d < 0.1
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


# ---- Simulation: benchmarks/statistics.py has all settings, with their results ---------------------------------------


@pytest.mark.parametrize("noise", ["normal", "skewed", "rounded"])
def test_identical_activations_are_seldom_called_different(noise):
    """In 1,000 families of three comparisons."""
    generator = np.random.default_rng(5)
    draw = {
        "normal": generator.normal,
        "skewed": generator.exponential,
        "rounded": lambda size: np.rint(2.0 * generator.normal(size=size)) / 2.0,
    }[noise]
    found = 0
    for scores in draw(size=(1000, 4, 10)):
        named = dict(zip("rabc", map(by_seed, scores), strict=True))
        found += any(each.significant for each in differences(named, "r", higher_is_better=True))
    # Up to here a false-positive rate of 5 % gets with probability 0.999.
    assert found <= stats.binom.ppf(0.999, 1000, 0.05)


def test_the_power_is_the_one_that_is_said():
    generator = np.random.default_rng(6)
    effect = detectable(1.0, 10)
    found = sum(against_zero(effect + generator.normal(size=10)).significant for _ in range(1000))
    assert stats.binom.ppf(0.001, 1000, 0.8) <= found <= stats.binom.ppf(0.999, 1000, 0.8)


def test_what_the_readme_says_is_what_was_simulated():
    """By benchmarks/statistics.py, 10,000 families in each row."""
    table = (Path(__file__).parents[2] / "benchmarks" / "results" / "statistics.md").read_text(encoding="utf-8")
    rows = [list(map(float, re.findall(r"([\d.]+) %", line))) for line in table.splitlines() if line[:6] in ROWS]
    assert len(rows) == 16
    for error, of_eleven, coverage, power in rows:
        assert max(error, of_eleven) <= 5.5
        assert coverage >= 94.0
        assert abs(power - 80.0) <= 3.0


ROWS = ("| data", "| rows")


def test_choosing_a_rate_does_not_flatter_its_score():
    """By benchmarks/selection.py: with validation rows apart it adds at most 0.1 points, and did add more than 1."""
    table = (Path(__file__).parents[2] / "benchmarks" / "results" / "selection.md").read_text(encoding="utf-8")
    gains = [float(found) for found in re.findall(r"\| ([+-][\d.]+) \|", table)]
    as_it_was, fresh_seeds, apart = gains
    assert min(as_it_was, fresh_seeds) > 0.9
    assert abs(apart) <= 0.1


KEPT = Path(__file__).parents[2] / "benchmarks" / "results" / "digits"


def test_the_kept_verdict_follows_from_its_scores():
    """That of README's first command: Nadeau and Bengio's t and Holm's correction, written out here anew."""
    with (KEPT / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == "test"]
    scores = {}
    for row in rows:
        scores.setdefault(row["activation"], {})[int(row["seed"])] = float(row["score"])
    assert {len(each) for each in scores.values()} == {10}
    said = (KEPT / "verdict.txt").read_text(encoding="utf-8")
    p = {}
    for name, each in scores.items():
        if name != "relu":
            gaps = np.array([each[seed] - scores["relu"][seed] for seed in range(10)])
            t = gaps.mean() / (gaps.std(ddof=1) * math.sqrt(1 / 10 + 360 / 1077))
            p[name] = 2.0 * stats.t.sf(abs(t), 9)
            assert re.search(rf"^\s*{name} +{100 * np.mean(list(each.values())):.1f} ", said, flags=re.MULTILINE)
    smallest = sorted(p, key=p.get)
    assert len(p) * p[smallest[0]] > 0.05  # so that Holm's correction finds nothing
    (line,) = [line for line in said.splitlines() if line.startswith("no significant difference between relu and ")]
    assert all(name in line for name in p)
