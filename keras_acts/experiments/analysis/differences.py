"""Whether a difference is real: statistics of scores that are compared by seed. Numbers in, numbers out.

Every activation is compared with one baseline by Student's t test of the differences by seed, with Holm's correction
for the number of comparisons. Where each seed divides the same rows anew it is Nadeau and Bengio's corrected resampled
t test (Machine Learning 52, 2003): such differences are not independent. The interval of each comparison is that of
its test, at the level at which Holm's correction tests it, so that both always agree.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from keras_acts.experiments import tuning
from keras_acts.experiments.analysis import inference
from keras_acts.experiments.analysis.inference import LEVEL

__all__ = ["Difference", "differences", "worst_score"]


@dataclass(frozen=True)
class Difference:
    """An activation against the baseline, over their common seeds, in units of the metric.

    Attributes:
        activation: what is compared.
        baseline: what it is compared with.
        pairs: number of common seeds.
        mean: mean of the differences by seed, activation minus baseline.
        low: lower end of the t interval of the mean, at `interval_level`; nan for one pair.
        high: upper end.
        interval_level: the level at which Holm's correction tests this comparison, such as 0.05 / 11.
        p: two-sided p-value of the t test.
        p_holm: the same after Holm's correction for all comparisons with this baseline.
        d: Cohen's d of the two groups, mean difference / root mean square of their standard deviations.
        probability_better: share of seeds for which the activation is better, ties counting half.
        detectable: the difference that this number of seeds and this spread find with a power of 80 %.
        higher_is_better: the direction of the metric.
        diverged: diverged runs of the activation; they count as the worst score.
        baseline_diverged: diverged runs of the baseline.
        level: the level of `significant`, for all comparisons with this baseline together.
        worth: the smallest difference worth having; None where none was named.
        pairs_to_decide: where it is undecided, about how many seeds would decide it if mean and spread stay; None where
            no number of them would, or nothing is to decide.
    """

    activation: str
    baseline: str
    pairs: int
    mean: float
    low: float
    high: float
    interval_level: float
    p: float
    p_holm: float
    d: float
    probability_better: float
    detectable: float
    higher_is_better: bool
    diverged: int = 0
    baseline_diverged: int = 0
    level: float = LEVEL
    worth: float | None = None
    pairs_to_decide: int | None = None

    @property
    def significant(self) -> bool:
        """True if the corrected test finds a difference, and so the interval leaves out 0."""
        return self.p_holm < self.level

    @property
    def equivalent(self) -> bool:
        """True if the whole interval is nearer to 0 than the smallest difference worth having, and no run diverged."""
        near = self.worth is not None and max(abs(self.low), abs(self.high)) < self.worth
        return near and not self.diverged and not self.baseline_diverged

    @property
    def undecided(self) -> bool:
        """True if a smallest difference worth having was named, and neither it nor "none" is shown."""
        return self.worth is not None and not self.significant and not self.equivalent and not self.never_finishes

    @property
    def never_finishes(self) -> bool:
        """True if every run of the activation or of the baseline diverged: there is nothing to compare."""
        return self.pairs in (self.diverged, self.baseline_diverged)

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
    overlap: float = 0.0,
    resolution: float = 0.0,
    worth: float | None = None,
) -> list[Difference]:
    """Compare every activation with the baseline.

    A score that is not finite is a diverged run. It is counted and takes the worst score there is: 0 where higher is
    better (nothing right), or one below it, the worst finite score of all runs where lower is better.

    Args:
        scores: by activation, the score of each seed. Seeds that only one of the two has are left out.
        baseline: a key of `scores`.
        higher_is_better: True for accuracies, False for errors.
        level: significance level, between 0 and 1.
        overlap: rows tested / rows trained on, where each seed divides the same rows anew; 0 where seeds are
            independent.
        resolution: the step between two scores, such as 1 / test rows for accuracies.
        worth: the smallest difference worth having, in units of the metric.

    Returns:
        One `Difference` for each activation but the baseline, in the order of `scores`.

    Raises:
        ValueError: if the baseline is unknown, or an activation has no seed in common with it.

    Example:
        >>> scores = {"relu": {0: 0.90, 1: 0.91, 2: 0.89}, "gelu": {0: 0.92, 1: 0.93, 2: 0.90}}
        >>> (found,) = differences(scores, "relu", higher_is_better=True)
        >>> round(found.mean, 4), round(found.p, 3), found.significant
        (0.0167, 0.038, True)
    """
    if baseline not in scores:
        raise ValueError(f"`baseline` must be among: {', '.join(scores)}. Received: {baseline!r}")
    worst = worst_score(scores, higher_is_better=higher_is_better)
    recorded = {name: _common_seeds(scores, name, baseline) for name in scores if name != baseline}
    filled = {name: np.where(np.isfinite(both), both, worst) for name, both in recorded.items()}
    gaps = {name: ours - theirs for name, (ours, theirs) in filled.items()}
    means = {name: float(each.mean()) for name, each in gaps.items()}
    spreads = {name: inference.spread(each, resolution) for name, each in gaps.items()}
    errors = {name: inference.standard_error(spreads[name], len(each), overlap) for name, each in gaps.items()}
    p = [inference.p_value(means[name], errors[name], len(each)) for name, each in gaps.items()]
    found = []
    corrected = zip(gaps, p, inference.holm(p), inference.levels_by_holm(p, level), strict=True)
    for name, raw_p, p_holm, interval_level in corrected:
        mean, pairs, (ours, theirs) = means[name], len(gaps[name]), filled[name]
        low, high = inference.interval(mean, errors[name], pairs, interval_level)
        better = gaps[name] if higher_is_better else -gaps[name]
        diverged, baseline_diverged = np.sum(~np.isfinite(recorded[name]), axis=1)
        needed = None
        if worth is not None:  # with a narrower interval, 0 or what is worth having would lie outside
            gap = max(abs(mean), worth - abs(mean))
            needed = inference.pairs_needed(gap, spreads[name], overlap=overlap, level=interval_level)
        found.append(
            Difference(
                activation=name,
                baseline=baseline,
                pairs=pairs,
                mean=mean,
                low=low,
                high=high,
                interval_level=interval_level,
                p=raw_p,
                p_holm=p_holm,
                d=inference.cohens_d(ours.mean(), _sd(ours), theirs.mean(), _sd(theirs)),
                probability_better=float(np.mean(better > 0.0) + 0.5 * np.mean(better == 0.0)),
                detectable=inference.detectable_difference(errors[name], pairs, level=level / len(p)),
                higher_is_better=higher_is_better,
                diverged=int(diverged),
                baseline_diverged=int(baseline_diverged),
                level=level,
                worth=worth,
                pairs_to_decide=needed,
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
    """The score that a diverged run counts as: the worst finite score of all runs; where higher is better at most 0."""
    groups = [group.values() for group in scores.values()]
    if higher_is_better:
        return tuning.worst_of(groups, higher_is_better)
    return max((value for group in groups for value in group if math.isfinite(value)), default=0.0)


def _sd(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan
