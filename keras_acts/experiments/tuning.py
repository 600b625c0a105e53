"""The learning rate of an activation: the best of a grid on validation data, by runs that are used for nothing else.

Where the best of them is at an end of the grid, the grid goes on there, at most two steps a side.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from keras_acts.experiments.runs.records import Record

__all__ = ["GRID", "SEEDS", "at_an_end", "best", "next_rate", "trials", "worst_of"]

GRID = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
SEEDS = tuple(range(1_000_000, 1_000_003))  # no comparison has as many: its own seeds are fresh
STEPS = 2

Trials = Mapping[float, Sequence[float]]


def trials(records: Iterable[Record]) -> dict[float, list[float]]:
    """For each rate, smallest first, the validation score of each tuning seed, nan where the run diverged."""
    found: dict[float, list[float]] = {}
    for record in sorted(records, key=lambda record: (record.run.learning_rate, record.run.seed)):
        if record.run.tuning:
            score = math.nan if record.diverged else record.score
            found.setdefault(record.run.learning_rate, []).append(score)
    return found


def best(scores: Trials, higher_is_better: bool) -> float:
    """The rate with the best mean score; of several alike, the one in the middle.

    Example:
        >>> best({1e-3: [0.8, 0.9], 1e-2: [0.9, 0.9]}, higher_is_better=True)
        0.01
    """
    rates = sorted(scores)
    from_middle = {rate: abs(number - (len(rates) - 1) / 2.0) for number, rate in enumerate(rates)}
    worst = worst_of(scores.values(), higher_is_better)

    def merit(rate: float) -> tuple[float, int, float]:
        finite = [score for score in scores[rate] if math.isfinite(score)]
        diverged = len(scores[rate]) - len(finite)
        mean = (sum(finite) + (diverged * worst if diverged else 0.0)) / len(scores[rate])
        return mean if higher_is_better else -mean, -diverged, -from_middle[rate]

    return max(rates, key=merit)


def at_an_end(scores: Trials, rate: float) -> bool:
    """Whether no lower or no higher rate than this one was tried, though others were."""
    return len(scores) > 1 and rate in (min(scores), max(scores))


def next_rate(scores: Trials, grid: Sequence[float], higher_is_better: bool) -> float | None:
    """The rate to be tried beside those of `scores`, or None where the best of them is settled.

    Args:
        scores: for each rate that was tried, the validation score of each tuning seed.
        grid: the rates that were to be tried at first.
        higher_is_better: the direction of the score.

    Example:
        >>> next_rate({1e-3: [0.8], 3e-3: [0.8], 1e-2: [0.9]}, (1e-3, 3e-3, 1e-2), higher_is_better=True)
        0.03
    """
    rate = best(scores, higher_is_better)
    if not at_an_end(scores, rate):
        return None
    upwards = rate == max(scores)
    beyond = [each for each in scores if (each > max(grid) if upwards else each < min(grid))]
    if len(beyond) >= STEPS:
        return None
    towards = sorted(scores, reverse=not upwards)
    # The step before the last one, so that 1, 3, 10 goes on with 30; of two rates, the only step there is.
    before = towards[-3:-1] if len(towards) > 2 else towards
    further = rate * (before[1] / before[0])
    rounded = float(f"{further:.3g}")
    for each in (rounded, further):  # of a close grid the rounded one may lie inside
        if math.isfinite(each) and each > 0.0 and (each > rate if upwards else each < rate):
            return each
    return None  # no number lies beyond


def worst_of(groups: Iterable[Iterable[float]], higher_is_better: bool) -> float:
    """What a run that diverged counts as: an infinite error; nothing right, or as little as any other has."""
    finite = [score for each in groups for score in each if math.isfinite(score)]
    return min([0.0, *finite]) if higher_is_better else math.inf
