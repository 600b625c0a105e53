"""The critical point of an activation: weights and biases with which signals and gradients survive depth."""

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from keras_acts.analysis import moments, quadrature, roots
from keras_acts.analysis.elementwise import Elementwise

__all__ = ["CriticalPoint", "VarianceTable", "critical_point"]

VARIANCES = np.logspace(-12.0, 8.0, 401)
EDGES = np.logspace(-9.0, 6.0, 91)  # of panels in |x|
# Below this a difference of two moments in the table is its error.
NEGLIGIBLE = 1e-6
# What a critical point must hold: the variance of a network of this depth within this factor.
DEPTH, FACTOR = 30, 5.0
# It starts off by this, as the variance of a layer of finite width fluctuates.
OFF = 1.6


@dataclass(frozen=True)
class CriticalPoint:
    """Variances of weights and biases at which signals and gradients neither grow nor shrink with depth.

    Attributes:
        weight_variance: fan_in times the variance of each weight, C_W.
        bias_variance: variance of each bias, C_b.
        variance: the variance of pre-activations there, K*. 0.0 where they shrink towards 0, but slower than
            exponentially, so that only small signals survive depth (tanh); 1.0 where every variance is as good (relu).
    """

    weight_variance: float
    bias_variance: float
    variance: float


def critical_point(measured: Elementwise) -> CriticalPoint | None:
    """Where the slopes of the variance map and of the gradient map are both 1, and the variance does not run away.

    With C_W = 1 / E f'^2 the second is 1 at every variance q; C_b = q - C_W E f^2 makes q a fixed point. What is left
    is one equation in q. Iterating the map instead, as some published code does, converges very slowly or not at all.
    The equation may have several roots, at any scale, and the variance runs away from some of them, so it is tabulated
    at all scales first.
    """
    table = VarianceTable(measured)
    significant = np.flatnonzero(np.abs(table.excess) > NEGLIGIBLE)
    growth_at_zero = _growth_at_zero(measured, table)
    if len(significant) == 0 or growth_at_zero > 1.0 + NEGLIGIBLE:
        # Where f is linear between its zeros, every variance is a root: all hold for relu, large ones for soft_shrink.
        falling = _falling_roots(measured, VARIANCES[significant], table.excess[significant])
        for variance in falling if len(significant) else [1.0, 100.0, 1e4, 1e6]:
            point = _at(measured, variance)
            if point is not None and table.holds(point):
                return point
    if growth_at_zero < FACTOR and len(significant):
        return CriticalPoint(1.0 / moments.derivative_second_moment(measured, 1e-30), 0.0, 0.0)
    return None


class VarianceTable:
    """What the variance map is made of, for x ~ N(0, q) at all `VARIANCES` q; NaN where it is infinite.

    `second` is E f(x)^2, `gradient` E f'(x)^2, and `excess` by how much the slope of the variance map exceeds that of
    the gradient map, relatively. They are good to about 6 digits: one set of points in x serves every q.
    """

    def __init__(self, measured: Elementwise) -> None:
        edges = np.unique([*-EDGES, 0.0, *EDGES, *np.clip(measured.kinks, -EDGES[-1], EDGES[-1])])
        centre, radius = 0.5 * (edges[1:] + edges[:-1])[:, None], 0.5 * np.diff(edges)[:, None]
        self._x, self._shares = (centre + radius * quadrature.NODES).ravel(), (radius * quadrature.WEIGHTS).ravel()
        with np.errstate(all="ignore"):
            self._squares = measured.squares(self._x, orders=1)
            self.second, self.gradient, response = self.moments(VARIANCES)
            self.excess = response / self.gradient - 1.0
            # Where f bends in the tails only, there are no digits.
            reached = np.where(np.abs(self._x) < 10.0 * np.sqrt(VARIANCES)[:, None], self._squares[1], 0.0).max(axis=-1)
            self.excess[~(self.gradient > 1e-11 * reached) | (reached == 0.0)] = math.nan

    def moments(self, variances: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """E f(x)^2, E f'(x)^2 and the derivative of the first by the variance, for each variance within the table."""
        variances = variances[:, None]
        z = self._x / np.sqrt(variances)
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * math.pi * variances) * self._shares

        def expectation(values: np.ndarray) -> np.ndarray:
            return np.where(density > 0.0, density * values, 0.0).sum(axis=-1)

        square, gradient = self._squares
        response = expectation(square * (z * z - 1.0)) / (2.0 * variances[:, 0])
        return expectation(square), expectation(gradient), response

    def through(self, variance: np.ndarray, weight_variance: float, bias_variance: float = 0.0) -> np.ndarray:
        """The variances in each layer of a deep network, from the given ones on."""
        found = [variance]
        with np.errstate(divide="ignore"):
            log_second = np.log(self.second)
            for _ in range(DEPTH):
                second = np.exp(np.interp(np.log(found[-1]), np.log(VARIANCES), log_second))
                found.append(bias_variance + weight_variance * second)
        return np.array(found)

    def holds(self, point: CriticalPoint) -> bool:
        """Whether the variance stays near that of the point, from above and from below."""
        start = point.variance * np.array([1.0 / OFF, OFF])
        ratios = self.through(start, point.weight_variance, point.bias_variance) / point.variance
        return bool(np.all((ratios > 1.0 / FACTOR) & (ratios < FACTOR)))


def _growth_at_zero(measured: Elementwise, table: VarianceTable) -> float:
    """By what factor the variance grows in a deep network with C_W = 1 / f'(0)^2 and no biases, at most.

    Infinite if 0 is no fixed point around which f is a line, or if the variance goes on falling exponentially, as it
    does where f is another line at larger scales. Any variance counts up to twice that of the first layer.
    """
    if measured.squares(np.zeros(1))[0] != 0.0 or not abs(table.excess[0]) < 0.01:
        return math.inf
    weight_variance = 1.0 / table.gradient[0]  # which is the variance behind a first layer whose inputs have variance 1
    start = VARIANCES[2.0 * weight_variance >= VARIANCES]
    through = table.through(start, weight_variance)
    falls_on = through[DEPTH, -1] * FACTOR < through[DEPTH // 2, -1]
    return math.inf if falls_on else float(np.max(through / start))


def _falling_roots(measured: Elementwise, variances: np.ndarray, table: np.ndarray) -> Iterator[float]:
    """The variances at which the excess falls through 0, to full precision. From the others the variance runs away."""
    for index in np.flatnonzero((table[:-1] > 0.0) & (table[1:] < 0.0)):
        low, high = map(float, variances[index : index + 2])
        with contextlib.suppress(ValueError):  # infinite moments, or a function that oscillates at a smaller scale
            yield roots.between(lambda variance: moments.slope_excess(measured, variance), low, high)


def _at(measured: Elementwise, variance: float) -> CriticalPoint | None:
    gradient = moments.derivative_second_moment(measured, variance)
    if gradient == 0.0:
        return None
    weight_variance = 1.0 / gradient
    bias_variance = variance - weight_variance * moments.value_moments(measured, variance=variance)[1]
    if bias_variance < -NEGLIGIBLE * variance:
        return None
    # For scale-free functions it is 0 but for rounding.
    return CriticalPoint(weight_variance, bias_variance if bias_variance > 1e-9 * variance else 0.0, variance)
