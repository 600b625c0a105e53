"""Moments of an activation of a normal random number: all that initialization at infinite width depends on."""

import math

import numpy as np

from keras_acts.analysis import quadrature
from keras_acts.analysis.elementwise import Elementwise

__all__ = ["derivative_second_moment", "inverse_root", "mean_response", "slope_excess", "value_moments"]
__all__ += ["variance_response"]


def value_moments(f: Elementwise, variance: float = 1.0) -> tuple[float, float]:
    """E f(z) and E f(z)^2 for z ~ N(0, variance)."""

    def powers(x: np.ndarray) -> np.ndarray:
        return np.stack([f.value(x), *f.squares(x)])

    first, second = _expectation(f, powers, variance)
    return float(first), float(second)


def derivative_second_moment(f: Elementwise, variance: float = 1.0) -> float:
    """E f'(z)^2 for z ~ N(0, variance)."""
    return float(_expectation(f, lambda x: f.squares(x, orders=1)[1], variance))


def variance_response(f: Elementwise, variance: float = 1.0) -> float:
    """The derivative of E f(z)^2 with respect to the variance of z ~ N(0, variance).

    By Stein's identity it is E f(z)^2 (z^2 / variance - 1) / (2 variance), which needs no derivative of f.
    """
    return float(_expectation(f, lambda x: f.squares(x)[0] * (x * x / variance - 1.0), variance)) / (2.0 * variance)


def mean_response(f: Elementwise) -> float:
    """The derivative of E f(z) with respect to the variance of z ~ N(0, variance) at variance 1, likewise."""
    return float(_expectation(f, lambda x: f.value(x) * (x * x - 1.0), 1.0)) / 2.0


def slope_excess(f: Elementwise, variance: float) -> float:
    """By how much `variance_response` exceeds `derivative_second_moment`, relatively."""

    def integrand(x: np.ndarray) -> np.ndarray:
        square, gradient = f.squares(x, orders=1)
        return np.stack([square * (x * x / variance - 1.0) / (2.0 * variance), gradient])

    response, gradient = map(float, _expectation(f, integrand, variance))
    return response / gradient - 1.0 if gradient > 0.0 else math.inf


def inverse_root(moment: float, f: Elementwise, what: str) -> float:
    """1 / sqrt(moment), or an error if the moment is 0."""
    if not moment > 1e-14:
        raise ValueError(f"An activation has a gain if its {what} is not zero almost everywhere. Received: '{f.name}'")
    return 1.0 / math.sqrt(moment)


def _expectation(f: Elementwise, integrand: quadrature.Integrand, variance: float) -> np.ndarray:
    return quadrature.expectation(integrand, 0.0, math.sqrt(variance), f.kinks, f"The square of '{f.name}'")
