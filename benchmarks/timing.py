"""Interleaved timing: every candidate once per round, so that what the machine does meanwhile hits all alike.

What ran before leaves its traces in caches, in the allocator and in threads that spin for more work: the order is drawn
anew for each round, and each candidate runs once for warmth before it is timed.
"""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """Median of the per-round ratios, with the quartiles as its spread."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}-{self.high:.2f})"


def interleaved(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each candidate in each round. A call must return only when its work is done."""
    for run in candidates.values():  # compile and warm up
        run()
        run()
    times: dict[str, list[float]] = {name: [] for name in candidates}
    draw = random.Random(0)
    for _ in range(rounds):
        for name in draw.sample(sorted(candidates), len(candidates)):
            run = candidates[name]
            run()
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return times


def ratio(times: Mapping[str, list[float]], of: str, to: str) -> Ratio:
    """Time of one candidate in units of another's, round by round."""
    ratios = [a / b for a, b in zip(times[of], times[to], strict=True)]
    low, median, high = statistics.quantiles(ratios, n=4)
    return Ratio(median, low, high)
