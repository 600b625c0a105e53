"""The single steps of statistics by seed: interval, sign-flip test, correction, effect size, power."""

import functools
import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

__all__ = ["bootstrap_interval", "cohens_d", "detectable_difference", "holm", "mean_interval", "sign_flip_p"]

LEVEL = 0.05
POWER = 0.8
RESAMPLES = 9999
SEED = 0  # of what is sampled, so that one comparison always gives one result
# Up to 15 pairs all 2**n sign flips are taken, beyond that a sample of as many.
FLIPS = 2**15


def bootstrap_interval(values: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES) -> tuple[float, float]:
    """Confidence interval of the mean by the bias-corrected and accelerated bootstrap (BCa).

    Args:
        values: one number for each seed.
        level: 0.05 gives the 95 % interval.
        resamples: bootstrap samples, the same ones at each call.

    Returns:
        Its two ends: nan for one value, twice the value where all are equal.

    Example:
        >>> low, high = bootstrap_interval([1.0, 2.0, 3.0, 4.0, 5.0])
        >>> 1.5 < low < 2.2 and 3.8 < high < 4.5
        True
    """
    values = np.asarray(values, dtype="float64")
    if len(values) < 2:
        return math.nan, math.nan
    if np.ptp(values) == 0.0:
        return float(values[0]), float(values[0])
    low, high = stats.bootstrap(
        (values,), np.mean, confidence_level=1.0 - level, n_resamples=resamples, method="BCa", rng=SEED
    ).confidence_interval
    return float(low), float(high)


def sign_flip_p(values: ArrayLike, *, rounding: ArrayLike | None = None) -> float:
    """Two-sided p-value of Fisher's sign-flip test for the differences of two activations, one for each seed.

    If there were no difference, each sign could as well be the other one. All 2**n combinations are tried up to 15
    differences, a random sample of 2**15 beyond. The smallest value that n differences can give is 2 / 2**n.

    Args:
        values: the differences.
        rounding: how far each of them may be off by rounding, so that sums that tie in exact numbers tie here too;
            by default what float64 loses.

    Returns:
        The p-value, in (0, 1].

    Example:
        >>> sign_flip_p([0.1, 0.2, 0.3, 0.4, 0.5])  # all of one sign: 2 of 32
        0.0625

    Reference:
        R. A. Fisher, The Design of Experiments, 1935, section 21.
    """
    values = np.asarray(values, dtype="float64")
    values = values if values.sum() >= 0.0 else -values
    count = len(values)
    if rounding is None:
        rounding = count * np.finfo("float64").eps * np.abs(values)
    if 2**count <= FLIPS:
        flipped = (np.arange(2**count)[:, np.newaxis] >> np.arange(count)) & 1 == 1
    else:
        # The observed signs are one of the combinations: a sampled p-value is never 0.
        sampled = np.random.default_rng(SEED).choice((False, True), size=(FLIPS - 1, count))
        flipped = np.vstack([np.zeros(count, dtype=bool), sampled])
    # With the sum S >= 0 of all values and the sum F of the flipped ones, the flipped sum is S - 2F, and |S - 2F| >= S
    # where F <= 0 or S - F <= 0. Accuracies are shares of a few hundred images, so that these sums are often 0 in exact
    # numbers, but scores come as float32 and their differences are no multiples of a common unit any more: a sum that
    # is 0 but for the rounding of its own terms counts as 0. An outlier among the other terms blurs nothing.
    extreme = (flipped @ values <= flipped @ rounding) | (~flipped @ values <= ~flipped @ rounding)
    return float(extreme.mean())


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction of p-values for the number of comparisons.

    Args:
        p: uncorrected p-values.

    Returns:
        The corrected ones, in the same order, at most 1.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        corrected[index] = largest
    return corrected


def cohens_d(mean: float, sd: float, baseline_mean: float, baseline_sd: float) -> float:
    """Cohen's d of two groups of equal size: difference of means / root mean square of the standard deviations.

    Example:
        >>> round(cohens_d(87.48, 0.3967, 86.66, 0.584), 4)  # Mish and ReLU, from the README of Mish
        1.6426
    """
    return ratio(mean - baseline_mean, math.sqrt((sd**2 + baseline_sd**2) / 2.0))


def detectable_difference(sd: float, pairs: int, *, level: float = LEVEL) -> float:
    """The true difference that a two-sided t test of differences by seed finds with a power of 80 %.

    Args:
        sd: standard deviation of the differences.
        pairs: number of pairs.
        level: significance level, already divided by the number of comparisons.

    Returns:
        The difference, in units of `sd`; nan for fewer than two pairs.

    Example:
        >>> round(detectable_difference(1.0, 34), 2)  # textbooks: 34 pairs for d = 0.5
        0.5
    """
    if pairs < 2 or not math.isfinite(sd):
        return math.nan
    return sd * _detectable(pairs, level)


@functools.lru_cache(maxsize=256)
def _detectable(pairs: int, level: float) -> float:
    """In standard deviations of the differences; the same for all activations of a comparison."""
    freedom = pairs - 1
    threshold = stats.t.isf(level / 2.0, freedom)
    # Power is averaged over the sample's spread, at 2000 quantiles: scipy's noncentral t gives NaN for few pairs.
    spread = np.sqrt(stats.chi2.ppf((np.arange(2000) + 0.5) / 2000, freedom) / freedom)

    def missing(shift: float) -> float:
        found = stats.norm.cdf(shift - threshold * spread) + stats.norm.cdf(-shift - threshold * spread)
        return float(found.mean()) - POWER

    return float(optimize.brentq(missing, 0.0, 10.0 + 10.0 * threshold)) / math.sqrt(pairs)


def mean_interval(values: ArrayLike, *, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the first axis and the half-width of its t interval (0 for fewer than two values), NaN left out.

    Args:
        values: array of shape (seeds, ...).
        level: 0.05 gives the 95 % interval.

    Returns:
        Two arrays without the first axis. Where all seeds are NaN, both are NaN.

    Example:
        >>> mean, half = mean_interval([[1.0], [3.0]])
        >>> mean.tolist(), half.round(3).tolist()
        ([2.0], [12.706])
    """
    values = np.asarray(values, dtype="float64")
    values = np.where(np.isfinite(values), values, np.nan)
    count = np.sum(~np.isnan(values), axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # mean of nothing: NaN is the answer
        mean = np.nanmean(values, axis=0)
        error = np.nanstd(values, axis=0, ddof=1) / np.sqrt(count)
    half = np.where(count > 1, error * stats.t.isf(level / 2.0, np.maximum(count - 1, 1)), 0.0)
    return mean, np.where(count > 0, half, np.nan)


def ratio(difference: float, sd: float) -> float:
    """A difference in standard deviations; nan where there is no spread to measure with."""
    return float(difference / sd) if sd > 0.0 else math.nan
