"""Roots of functions of one number. SciPy would do it, but is no dependency of the package."""

from collections.abc import Callable

__all__ = ["between"]


def between(function: Callable[[float], float], low: float, high: float) -> float:
    """A root of a continuous function with different signs at `low` and `high`, by regula falsi (Illinois).

    Raises:
        ValueError: if the signs are the same.

    Example:
        >>> round(between(lambda x: x * x - 2.0, 0.0, 2.0), 12)
        1.414213562373
    """
    at_low, at_high = function(low), function(high)
    if at_low * at_high > 0.0:
        raise ValueError(f"A root lies between different signs. Received: {at_low} at {low}, {at_high} at {high}")
    for _ in range(100):
        if at_low == 0.0 or at_high == 0.0 or abs(high - low) <= 1e-15 * abs(high):
            break
        new = high - at_high * (high - low) / (at_high - at_low)
        if new in (low, high):
            break
        at_new = function(new)
        if at_new * at_high < 0.0:
            low, at_low = high, at_high
        else:
            at_low *= 0.5  # the end that stays gets half its weight, or convergence would be linear
        high, at_high = new, at_new
    return low if abs(at_low) < abs(at_high) else high
