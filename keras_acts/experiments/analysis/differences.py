"""Whether a difference is real: statistics of scores that are compared by seed. Numbers in, numbers out.

Every activation is compared with one baseline. A difference is significant only where two methods agree: the bootstrap
interval (BCa) leaves out 0, and the p-value of the sign-flip test, after Holm's correction for the number of
comparisons, is below the level.
Reference for this protocol: arXiv:2511.19794.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keras_acts.experiments.analysis import inference
from keras_acts.experiments.analysis.inference import LEVEL, RESAMPLES

__all__ = ["Difference", "differences", "seeds_needed", "worst_score"]

FLOAT32 = float(np.finfo("float32").eps)  # scores are computed in float32: how far they may be off


@dataclass(frozen=True)
class Difference:
    """An activation against the baseline, over their common seeds, in units of the metric.

    Attributes:
        activation: what is compared.
        baseline: what it is compared with.
        pairs: number of common seeds.
        mean: mean of the differences by seed, activation minus baseline.
        low: lower end of the bootstrap interval of the mean; nan for one pair.
        high: upper end.
        p: two-sided p-value of the sign-flip test.
        p_holm: the same after Holm's correction for all comparisons with this baseline.
        d_by_seed: Cohen's d of the differences by seed, their mean / their standard deviation.
        d_pooled: Cohen's d of the two groups, mean difference / root mean square of their standard deviations.
        probability_better: share of seeds for which the activation is better, ties counting half.
        detectable: the difference that this number of seeds and this spread find with a power of 80 %.
        higher_is_better: the direction of the metric.
        diverged: diverged runs of the activation; they count as the worst score.
        baseline_diverged: diverged runs of the baseline.
        level: the level of `significant` and of the interval.
    """

    activation: str
    baseline: str
    pairs: int
    mean: float
    low: float
    high: float
    p: float
    p_holm: float
    d_by_seed: float
    d_pooled: float
    probability_better: float
    detectable: float
    higher_is_better: bool
    diverged: int = 0
    baseline_diverged: int = 0
    level: float = LEVEL

    @property
    def significant(self) -> bool:
        """True if both the corrected test and the interval leave out "no difference"."""
        return self.p_holm < self.level and (self.low > 0.0 or self.high < 0.0)

    @property
    def better(self) -> bool:
        """True if the mean difference is in the activation's favour, significant or not."""
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
        scores: by activation, the score of each seed. Seeds that only one of the two has are left out.
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
        >>> round(found.mean, 4), found.p, found.significant  # three seeds are never enough
        (0.0167, 0.25, False)
    """
    if baseline not in scores:
        raise ValueError(f"`baseline` must be among: {', '.join(scores)}. Received: {baseline!r}")
    worst = worst_score(scores, higher_is_better=higher_is_better)
    recorded = {name: _common_seeds(scores, name, baseline) for name in scores if name != baseline}
    filled = {name: np.where(np.isfinite(both), both, worst) for name, both in recorded.items()}
    p = [
        inference.sign_flip_p(ours - theirs, rounding=FLOAT32 * (np.abs(ours) + np.abs(theirs)))
        for ours, theirs in filled.values()
    ]
    found = []
    for (name, (ours, theirs)), raw_p, p_holm in zip(filled.items(), p, inference.holm(p), strict=True):
        gaps = ours - theirs
        low, high = inference.bootstrap_interval(gaps, level=level, resamples=resamples)
        better = gaps if higher_is_better else -gaps
        diverged, baseline_diverged = np.sum(~np.isfinite(recorded[name]), axis=1)
        found.append(
            Difference(
                activation=name,
                baseline=baseline,
                pairs=len(gaps),
                mean=float(gaps.mean()),
                low=low,
                high=high,
                p=raw_p,
                p_holm=p_holm,
                d_by_seed=inference.ratio(gaps.mean(), _sd(gaps)),
                d_pooled=inference.cohens_d(ours.mean(), _sd(ours), theirs.mean(), _sd(theirs)),
                probability_better=float(np.mean(better > 0.0) + 0.5 * np.mean(better == 0.0)),
                detectable=inference.detectable_difference(_sd(gaps), len(gaps), level=level / len(p)),
                higher_is_better=higher_is_better,
                diverged=int(diverged),
                baseline_diverged=int(baseline_diverged),
                level=level,
            )
        )
    return found


def _common_seeds(scores: Mapping[str, Mapping[int, float]], activation: str, baseline: str) -> np.ndarray:
    """The scores of both for the seeds that both have, of shape (2, seeds)."""
    seeds = sorted(scores[activation].keys() & scores[baseline].keys())
    if not seeds:
        raise ValueError(
            f"Every activation needs a seed in common with the baseline {baseline!r}. Received: {activation!r} "
            f"with seeds {sorted(scores[activation])}, the baseline with {sorted(scores[baseline])}"
        )
    return np.array([[scores[name][seed] for seed in seeds] for name in (activation, baseline)])


def worst_score(scores: Mapping[str, Mapping[int, float]], *, higher_is_better: bool) -> float:
    """The score that a diverged run counts as: 0 where higher is better, else the worst finite score of all runs."""
    if higher_is_better:
        return 0.0
    return max((value for group in scores.values() for value in group.values() if math.isfinite(value)), default=0.0)


def seeds_needed(comparisons: int, level: float = LEVEL) -> int:
    """The fewest seeds with which a difference can come out as significant at all.

    The sign-flip test gives at least 2 / 2**n, Holm's correction multiplies the smallest by the comparisons m:
    with m * 2 / 2**n >= level nothing can be significant, however large the difference.

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
    return next(seeds for seeds in itertools.count(1) if comparisons * 2.0 / 2.0**seeds < level)


def _sd(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan
