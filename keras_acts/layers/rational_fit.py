"""The rational function P(x) / (1 + |b_1 x + ... + b_n x^n|) nearest to an activation, by least squares."""

from collections.abc import Callable

import numpy as np
from numpy.polynomial.polynomial import polyval

__all__ = ["fit", "safe_rational"]

Array = np.ndarray
POINTS = 401


def safe_rational(x: Array, numerator: Array, denominator: Array) -> Array:
    """P(x) / (1 + |Q(x)|), with P from the constant upwards and Q from the linear term upwards."""
    return polyval(x, numerator) / (1.0 + np.abs(polyval(x, [0.0, *denominator])))


def fit(function: Callable[[Array], Array], degrees: tuple[int, int], reach: float) -> tuple[Array, Array]:
    """Numerator and denominator for a function on [-reach, reach].

    Several starts, from which Levenberg's and Marquardt's method goes down the sum of squares; the best end counts.
    """
    x = np.linspace(-reach, reach, POINTS)
    y = np.asarray(function(x), "float64")
    ends = [_descend(x, y, start, degrees[0] + 1) for start in _starts(x, y, degrees)]
    best = min(ends, key=lambda coefficients: _squares(x, y, coefficients, degrees[0] + 1))
    return best[: degrees[0] + 1], best[degrees[0] + 1 :]


def _starts(x: Array, y: Array, degrees: tuple[int, int]) -> list[Array]:
    powers = x[:, None] ** np.arange(max(degrees) + 1)
    starts = []
    # A polynomial over a fixed even denominator 1 + c x^2 (or 1 where there is no such term).
    for c in (0.05, 0.3, 1.0):
        denominator = np.zeros(degrees[1])
        denominator[1:2] = c
        weight = 1.0 / (1.0 + np.abs(polyval(x, [0.0, *denominator])))
        numerator = np.linalg.lstsq(powers[:, : degrees[0] + 1] * weight[:, None], y, rcond=None)[0]
        starts.append(np.concatenate([numerator, denominator]))
    # P = y (1 + Q), linear in the coefficients, each time weighted with the denominator found before.
    weight = np.ones_like(x)
    for _ in range(5):
        columns = np.hstack([powers[:, : degrees[0] + 1], -y[:, None] * powers[:, 1 : degrees[1] + 1]])
        solution = np.linalg.lstsq(columns * weight[:, None], y * weight, rcond=None)[0]
        weight = 1.0 / (1.0 + np.abs(polyval(x, [0.0, *solution[degrees[0] + 1 :]])))
    return [*starts, solution]


def _squares(x: Array, y: Array, coefficients: Array, split: int) -> float:
    return float(np.sum((safe_rational(x, coefficients[:split], coefficients[split:]) - y) ** 2))


def _descend(x: Array, y: Array, coefficients: Array, split: int, steps: int = 100) -> Array:
    damping, current = 1e-3, _squares(x, y, coefficients, split)
    for _ in range(steps):
        numerator, denominator = coefficients[:split], coefficients[split:]
        q = polyval(x, [0.0, *denominator])
        value = safe_rational(x, numerator, denominator)
        over = 1.0 / (1.0 + np.abs(q))
        of_numerator = x[:, None] ** np.arange(split) * over[:, None]
        of_denominator = x[:, None] ** np.arange(1, len(denominator) + 1) * (-value * np.sign(q) * over)[:, None]
        jacobian = np.hstack([of_numerator, of_denominator])
        normal = jacobian.T @ jacobian
        gradient = jacobian.T @ (y - value)
        step = np.linalg.lstsq(normal + damping * np.diag(np.diag(normal) + 1e-12), gradient, rcond=None)[0]
        squares = _squares(x, y, coefficients + step, split)
        if squares < current:
            converged = current - squares < 1e-10 * current
            coefficients, current, damping = coefficients + step, squares, max(damping / 3.0, 1e-12)
            if converged:
                break
        else:
            damping *= 4.0
            if damping > 1e8:
                break
    return coefficients
