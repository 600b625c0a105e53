"""What checks find, a line each, and the error that tells it."""

from typing import Any

import numpy as np

__all__ = ["Findings", "not_close", "raise_if_any"]

Findings = list[str]


def not_close(what: str, actual: Any, expected: Any, tolerance: float) -> Findings:
    """A finding unless both are close, in units of the largest expected number."""
    actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
    if actual.shape != expected.shape:
        return [f"{what} has the shape {actual.shape}, expected {expected.shape}"]
    if not np.all(np.isfinite(actual)):
        return [f"{what} is not finite"]
    error = np.max(np.abs(actual - expected), initial=0.0) / np.max(np.abs(expected), initial=1e-3)
    return [] if error <= tolerance else [f"{what} is off by {error:.3g} of the largest number; allowed: {tolerance:g}"]


def raise_if_any(findings: Findings, tested: Any) -> None:
    """Raise an AssertionError with all findings, if there are any."""
    if findings:
        places = "1 place" if len(findings) == 1 else f"{len(findings)} places"
        raise AssertionError(f"{tested!r} breaks the contract in {places}:\n" + "\n".join(findings))
