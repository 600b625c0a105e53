"""The single steps of statistics by seed: test, interval, correction, effect size, power, seeds that are missing."""

import functools
import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

__all__ = ["cohens_d", "detectable_difference", "holm", "interval", "levels_by_holm", "mean_interval", "p_value"]
__all__ += ["pairs_needed", "ratio", "spread", "standard_error"]

LEVEL = 0.05
POWER = 0.8
MOST_PAIRS = 1000  # more seeds are never advised


def spread(values: ArrayLike, resolution: float = 0.0) -> float:
    """Standard deviation of differences by seed; nan for fewer than two.

    Args:
        values: one difference for each seed.
        resolution: the step between two scores, such as 1 / test rows. Two scores that are rounded to it differ by
            resolution / sqrt(6) at least: a few differences that happen to be equal are not known better than that.

    Example:
        >>> spread([1.0, 2.0, 3.0])
        1.0
    """
    values = np.asarray(values, dtype="float64")
    return max(float(values.std(ddof=1)), resolution / math.sqrt(6.0)) if len(values) > 1 else math.nan


def standard_error(sd: float, pairs: int, overlap: float = 0.0) -> float:
    """Standard error of the mean of `pairs` differences: sd sqrt(1 / pairs + overlap).

    Args:
        sd: their standard deviation.
        pairs: how many there are.
        overlap: rows tested / rows trained on, where each seed divides the same rows anew: the training rows of two
            seeds are mostly the same, so that the differences hang together, and their mean is less sure than sd /
            sqrt(pairs). 0 where they are independent.

    Example:
        >>> standard_error(1.0, 4), round(standard_error(1.0, 4, overlap=1 / 3), 4)
        (0.5, 0.7638)

    Reference:
        C. Nadeau and Y. Bengio, Inference for the Generalization Error, Machine Learning 52, 2003.
    """
    return sd * math.sqrt(1.0 / pairs + overlap)


def p_value(mean: float, error: float, pairs: int) -> float:
    """Two-sided p-value of Student's t test of a mean difference; 1 for fewer than two pairs.

    Example:
        >>> round(p_value(1.0, 0.5, 10), 4)
        0.0766
    """
    if pairs < 2 or mean == 0.0:
        return 1.0
    return float(2.0 * special.stdtr(pairs - 1, -abs(mean) / error)) if error > 0.0 else 0.0


def interval(mean: float, error: float, pairs: int, level: float = LEVEL) -> tuple[float, float]:
    """The t interval of a mean difference, which leaves out 0 where `p_value` is below the level; nan for one pair.

    Example:
        >>> [round(end, 3) for end in interval(1.0, 0.5, 10)]
        [-0.131, 2.131]
    """
    half = -float(special.stdtrit(pairs - 1, level / 2.0)) * error if pairs > 1 else math.nan
    return mean - half, mean + half


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


def levels_by_holm(p: Sequence[float], level: float = LEVEL) -> list[float]:
    """The level at which Holm's correction tests each comparison: an interval at it agrees with the corrected p-value.

    The smallest p-value is held to level / m for m comparisons, the next one to level / (m - 1), until the first that
    is not below: all the rest are held to the level of that one.

    Example:
        >>> levels_by_holm([0.01, 0.2, 0.001], 0.06)
        [0.03, 0.06, 0.02]
    """
    levels = [0.0] * len(p)
    rejected = 0
    for index in sorted(range(len(p)), key=p.__getitem__):
        levels[index] = level / (len(p) - rejected)
        rejected += p[index] < levels[index]
    return levels


def cohens_d(mean: float, sd: float, baseline_mean: float, baseline_sd: float) -> float:
    """Cohen's d of two groups of equal size: difference of means / root mean square of the standard deviations.

    Example:
        >>> round(cohens_d(87.48, 0.3967, 86.66, 0.584), 4)  # Mish and ReLU, from the README of Mish
        1.6426
    """
    return ratio(mean - baseline_mean, math.sqrt((sd**2 + baseline_sd**2) / 2.0))


def detectable_difference(error: float, pairs: int, *, level: float = LEVEL) -> float:
    """The true difference that the two-sided t test finds with a power of 80 %.

    Args:
        error: standard error of the mean difference.
        pairs: number of pairs.
        level: the level of the test.

    Returns:
        The difference, in units of `error`; nan for fewer than two pairs.

    Example:
        >>> round(detectable_difference(standard_error(1.0, 34), 34), 2)  # textbooks: 34 pairs for d = 0.5
        0.5
    """
    if pairs < 2 or not math.isfinite(error):
        return math.nan
    return error * _detectable(pairs, level)


@functools.lru_cache(maxsize=256)
def _detectable(pairs: int, level: float) -> float:
    """In standard errors; the same for all activations of a comparison."""
    freedom = pairs - 1
    threshold = stats.t.isf(level / 2.0, freedom)
    # Power is averaged over the sample's spread, at 2000 quantiles: scipy's noncentral t gives NaN for few pairs.
    sizes = np.sqrt(stats.chi2.ppf((np.arange(2000) + 0.5) / 2000, freedom) / freedom)

    def missing(shift: float) -> float:
        found = stats.norm.cdf(shift - threshold * sizes) + stats.norm.cdf(-shift - threshold * sizes)
        return float(found.mean()) - POWER

    return float(optimize.brentq(missing, 0.0, 10.0 + 10.0 * threshold))


def pairs_needed(gap: float, sd: float, *, overlap: float = 0.0, level: float = LEVEL) -> int | None:
    """The fewest pairs whose interval has a half-width below `gap`, if the spread stays; None if no number of them.

    Example:
        >>> pairs_needed(0.5, 1.0)
        18
        >>> pairs_needed(0.5, 1.0, overlap=1 / 3)  # dividing the same rows ever again does not help
    """
    pairs = np.arange(2, MOST_PAIRS + 1)
    halves = stats.t.isf(level / 2.0, pairs - 1) * sd * np.sqrt(1.0 / pairs + overlap)
    enough = np.flatnonzero(halves < gap)
    return int(pairs[enough[0]]) if len(enough) else None


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
