"""Whether a difference is real: statistics of scores that are paired by seed. Numbers in, numbers out.

Every activation is compared with one baseline. A difference is shown only where two methods agree: the bootstrap
interval (BCa) leaves out 0, and the p-value of the sign-flip test, after Holm's correction for the number of
comparisons, is below the level.
Reference for this protocol: arXiv:2511.19794.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

LEVEL = 0.05
POWER = 0.8
RESAMPLES = 9999
# All 2**n sign flips are taken up to 15 pairs, a sample of as many beyond.
FLIPS = 2**15


@dataclass(frozen=True)
class Difference:
    """An activation against the baseline, over their common seeds, in units of the metric.

    Attributes:
        activation: what is compared.
        baseline: what it is compared with.
        pairs: number of common seeds.
        mean: mean of the paired differences, activation minus baseline.
        low: lower end of the bootstrap interval of the mean; nan for one pair.
        high: upper end.
        p: two-sided p-value of the sign-flip test.
        p_holm: the same after Holm's correction for all comparisons with this baseline.
        d_paired: Cohen's d of the pairs, mean difference / standard deviation of the differences.
        d_pooled: Cohen's d of the two groups, mean difference / root mean square of their standard deviations.
        probability_better: share of seeds for which the activation is better, ties counting half.
        detectable: the difference that this number of seeds and this spread show with a power of 80 %.
        higher_is_better: the direction of the metric.
        diverged: diverged runs of the activation; they count as the worst score.
        baseline_diverged: diverged runs of the baseline.
        level: the level of `shown` and of the interval.
    """

    activation: str
    baseline: str
    pairs: int
    mean: float
    low: float
    high: float
    p: float
    p_holm: float
    d_paired: float
    d_pooled: float
    probability_better: float
    detectable: float
    higher_is_better: bool
    diverged: int = 0
    baseline_diverged: int = 0
    level: float = LEVEL

    @property
    def shown(self) -> bool:
        """True if both the corrected test and the interval leave out "no difference"."""
        return self.p_holm < self.level and (self.low > 0.0 or self.high < 0.0)

    @property
    def better(self) -> bool:
        """True if the mean difference is in the activation's favour, shown or not."""
        return self.mean > 0.0 if self.higher_is_better else self.mean < 0.0


def differences(
    scores: Mapping[str, Mapping[int, float]],
    baseline: str,
    *,
    higher_is_better: bool,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> list[Difference]:
    """Compare every activation with the baseline.

    A score that is not finite is a diverged run. It is counted and takes the worst score there is: 0 where higher is
    better (nothing right), the worst finite score of all runs where lower is better.

    Args:
        scores: by activation, the score of each seed. Seeds that the baseline lacks are left out.
        baseline: a key of `scores`.
        higher_is_better: True for accuracies, False for errors.
        level: significance level, between 0 and 1.
        resamples: bootstrap samples.

    Returns:
        One `Difference` for each activation but the baseline, in the order of `scores`.

    Raises:
        ValueError: if the baseline is unknown, or an activation has no seed in common with it.

    Example:
        >>> scores = {"relu": {0: 0.90, 1: 0.91, 2: 0.89}, "gelu": {0: 0.92, 1: 0.93, 2: 0.90}}
        >>> (found,) = differences(scores, "relu", higher_is_better=True)
        >>> round(found.mean, 4), found.p, found.shown  # three seeds can show nothing
        (0.0167, 0.25, False)
    """
    if baseline not in scores:
        raise ValueError(f"`baseline` must be among: {', '.join(scores)}. Received: {baseline!r}")
    worst = worst_score(scores, higher_is_better=higher_is_better)
    others = [activation for activation in scores if activation != baseline]
    pairs = {}
    for activation in others:
        seeds = sorted(scores[activation].keys() & scores[baseline].keys())
        if not seeds:
            raise ValueError(
                f"Every activation needs a seed in common with the baseline {baseline!r}. Received: {activation!r} "
                f"with seeds {sorted(scores[activation])}, the baseline with {sorted(scores[baseline])}"
            )
        pairs[activation] = tuple(np.array([scores[key][seed] for seed in seeds]) for key in (activation, baseline))
    raw = {activation: tuple(map(np.isfinite, pair)) for activation, pair in pairs.items()}
    filled = {
        activation: tuple(np.where(np.isfinite(values), values, worst) for values in pair)
        for activation, pair in pairs.items()
    }
    p = {activation: sign_flip_p(ours - theirs) for activation, (ours, theirs) in filled.items()}
    p_holm = dict(zip(p, holm(list(p.values())), strict=True))
    found = []
    for activation, (ours, theirs) in filled.items():
        paired = ours - theirs
        low, high = bootstrap_interval(paired, level=level, resamples=resamples)
        better = paired if higher_is_better else -paired
        found.append(
            Difference(
                activation=activation,
                baseline=baseline,
                pairs=len(paired),
                mean=float(paired.mean()),
                low=low,
                high=high,
                p=p[activation],
                p_holm=p_holm[activation],
                d_paired=_ratio(paired.mean(), _sd(paired)),
                d_pooled=cohens_d(ours.mean(), _sd(ours), theirs.mean(), _sd(theirs)),
                probability_better=float(np.mean(better > 0.0) + 0.5 * np.mean(better == 0.0)),
                detectable=detectable_difference(_sd(paired), len(paired), level=level / len(others)),
                higher_is_better=higher_is_better,
                diverged=int(np.sum(~raw[activation][0])),
                baseline_diverged=int(np.sum(~raw[activation][1])),
                level=level,
            )
        )
    return found


def worst_score(scores: Mapping[str, Mapping[int, float]], *, higher_is_better: bool) -> float:
    """The score that a diverged run counts as: 0 where higher is better, else the worst finite score of all runs."""
    if higher_is_better:
        return 0.0
    return max((value for group in scores.values() for value in group.values() if math.isfinite(value)), default=0.0)


def bootstrap_interval(
    values: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """Confidence interval of the mean by the bias-corrected and accelerated bootstrap (BCa).

    Args:
        values: one number for each seed.
        level: 0.05 gives the 95 % interval.
        resamples: bootstrap samples.
        seed: of the resampling, so that one comparison always gives one result.

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
    interval = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=1.0 - level,
        n_resamples=resamples,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def sign_flip_p(values: ArrayLike, *, seed: int = 0) -> float:
    """Two-sided p-value of Fisher's sign-flip test for paired differences.

    If there were no difference, each sign could as well be the other one. All 2**n combinations are tried up to 15
    pairs, a random sample of 2**15 beyond. The smallest value that n pairs can give is 2 / 2**n.

    Args:
        values: the paired differences.
        seed: of the random sample.

    Returns:
        The p-value, in (0, 1].

    Example:
        >>> sign_flip_p([0.1, 0.2, 0.3, 0.4, 0.5])  # all of one sign: 2 of 32
        0.0625

    Reference:
        R. A. Fisher, The Design of Experiments, 1935, section 21.
    """
    values = np.asarray(values, dtype="float64")
    if not values.any():
        return 1.0
    # Rounding would break ties between sums that are equal: integer multiples of a unit this fine are summed exactly.
    unit = 2.0 ** (math.floor(math.log2(np.abs(values).sum())) - 40)
    whole = np.rint(values / unit).astype("int64")
    count = len(whole)
    if 2**count <= FLIPS:
        signs = 1 - 2 * ((np.arange(2**count)[:, np.newaxis] >> np.arange(count)) & 1)
    else:
        # The observed signs are one of the combinations: a sampled p-value is never 0.
        sampled = np.random.default_rng(seed).choice((-1, 1), size=(FLIPS - 1, count))
        signs = np.vstack([np.ones(count, dtype="int64"), sampled])
    return float(np.mean(np.abs(signs @ whole) >= abs(whole.sum())))


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
    return _ratio(mean - baseline_mean, math.sqrt((sd**2 + baseline_sd**2) / 2.0))


def seeds_needed(comparisons: int, level: float = LEVEL) -> int:
    """The fewest seeds with which a difference can come out as significant at all.

    The sign-flip test gives at least 2 / 2**n, Holm's correction multiplies the smallest by the comparisons m:
    with m * 2 / 2**n >= level nothing can be shown, however large the difference.

    Args:
        comparisons: activations without the baseline, at least 1.
        level: significance level, in (0, 1).

    Returns:
        The smallest n with comparisons * 2 / 2**n < level.

    Raises:
        ValueError: for a number out of range.

    Example:
        >>> seeds_needed(1), seeds_needed(11)
        (6, 9)
    """
    if comparisons < 1:
        raise ValueError(f"`comparisons` must be an integer >= 1. Received: comparisons={comparisons!r}")
    if not 0.0 < level < 1.0:
        raise ValueError(f"`level` must be between 0 and 1. Received: level={level!r}")
    seeds = 1
    while comparisons * 2.0 / 2.0**seeds >= level:
        seeds += 1
    return seeds


def detectable_difference(sd: float, pairs: int, *, level: float = LEVEL, power: float = POWER) -> float:
    """The true difference that a paired, two-sided t test finds with the given power.

    Args:
        sd: standard deviation of the paired differences.
        pairs: number of pairs.
        level: significance level, already divided by the number of comparisons.
        power: probability of finding it.

    Returns:
        The difference, in units of `sd`; nan for fewer than two pairs.

    Example:
        >>> round(detectable_difference(1.0, 34), 2)  # 34 pairs for d = 0.5: the textbooks' case
        0.5
    """
    if pairs < 2 or not math.isfinite(sd):
        return math.nan
    freedom = pairs - 1
    threshold = stats.t.isf(level / 2.0, freedom)
    # Power is averaged over the sample's spread, at 2000 quantiles: scipy's noncentral t gives NaN for few pairs.
    spread = np.sqrt(stats.chi2.ppf((np.arange(2000) + 0.5) / 2000, freedom) / freedom)

    def missing(shift: float) -> float:
        found = stats.norm.cdf(shift - threshold * spread) + stats.norm.cdf(-shift - threshold * spread)
        return float(found.mean()) - power

    return float(optimize.brentq(missing, 0.0, 10.0 + 10.0 * threshold)) * sd / math.sqrt(pairs)


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


def _sd(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def _ratio(difference: float, sd: float) -> float:
    """nan where there is no spread to measure with."""
    return float(difference / sd) if sd > 0.0 else math.nan
