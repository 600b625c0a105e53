"""What becomes of signals in a deep, wide network of random weights: variance and correlation from layer to layer."""

import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from keras_acts.analysis import moments, quadrature, roots
from keras_acts.analysis.criticality import NEGLIGIBLE, VARIANCES, CriticalPoint, VarianceTable
from keras_acts.analysis.elementwise import Activation, Elementwise
from keras_acts.core import params

__all__ = ["FixedPoint", "Signals", "edge_of_chaos", "pair_expectation", "signals"]

SPREAD = np.linspace(-9.0, 9.0, 37)  # edges of panels in standard deviations, for expectations over pairs
FINE = 1e-6  # a correlation nearer to 1 is not told from it


class FixedPoint(NamedTuple):
    """A variance of pre-activations that a layer maps to itself.

    `slope` is that of the variance map there, by which a small deviation is multiplied in each layer: below 1 the
    variance is attracted, above 1 it runs away.
    """

    variance: float
    slope: float

    @property
    def depth_scale(self) -> float:
        """After how many layers a deviation has fallen to 1 / e; infinite where it does not fall."""
        return _depth_scale(self.slope)


@dataclass(frozen=True)
class Signals:
    """The variance map q -> C_b + C_W E f(sqrt(q) z)^2 and the correlation map at its fixed point.

    Attributes:
        weight_variance: C_W, fan_in times the variance of each weight.
        bias_variance: C_b, the variance of each bias.
        fixed_points: of the variance map, from the smallest variance on; of relu at its gain, where every variance is
            one, that at 1.
        growth: what the variance is multiplied by in a layer where it is already huge.
        variance: the fixed point at which the rest is told: the largest that attracts, or else the one nearest to 1;
            NaN where there is none.
        gradient_slope: C_W E f'(sqrt(q) z)^2 there: by it the variance of gradients is multiplied in each layer, and
            above 1 two inputs that are nearly the same are told apart more and more ("chaos").
        correlation: the correlation that any two inputs end at: 1 where gradients do not grow.
        correlation_slope: slope of the correlation map there.
    """

    weight_variance: float
    bias_variance: float
    fixed_points: tuple[FixedPoint, ...]
    growth: float
    variance: float
    gradient_slope: float
    correlation: float
    correlation_slope: float

    @property
    def depth_scale(self) -> float:
        """After how many layers a difference of correlations has fallen to 1 / e: how deep a network can be trained."""
        return _depth_scale(self.correlation_slope)


def _depth_scale(slope: float) -> float:
    return math.inf if slope >= 1.0 - 1e-9 else -1.0 / math.log(slope) if slope > 0.0 else 0.0


def signals(activation: Activation, weight_variance: float | None = None, bias_variance: float = 0.0) -> Signals:
    """The fixed points of variance and correlation in a deep, wide network with these weights.

    Args:
        activation: a name, a spec string, a callable of one float tensor, or an activation layer.
        weight_variance: fan_in times the variance of each weight, > 0; gain^2 by default.
        bias_variance: the variance of each bias, >= 0.

    Raises:
        ValueError: for an unknown name, a variance that is none, an activation over an axis, or one without a gain.
        TypeError: for something that is no activation, or has no derivative.

    Example:
        >>> found = signals("gelu")
        >>> [(round(each.variance, 6), round(each.slope, 4)) for each in found.fixed_points]
        [(0.0, 0.5879), (1.0, 1.1441)]

    Reference:
        arXiv:1611.01232, Deep Information Propagation.
    """
    measured = Elementwise(activation)
    if weight_variance is None:
        weight_variance = moments.inverse_root(moments.value_moments(measured)[1], measured, "value") ** 2
    weight_variance = params.finite_number("weight_variance", weight_variance, "signals", low=0.0, exclusive=True)
    bias_variance = params.finite_number("bias_variance", bias_variance, "signals", low=0.0)
    table = VarianceTable(measured)
    found = _fixed_points(measured, table, weight_variance, bias_variance)
    told = [each.variance for each in found if each.variance]
    attracting = [each.variance for each in found if each.variance and each.slope <= 1.0 + NEGLIGIBLE]
    variance = max(attracting) if attracting else min(told, key=lambda q: abs(math.log(q)), default=math.nan)
    growth = weight_variance * float(np.nan_to_num(table.second[-1], nan=math.inf)) / VARIANCES[-1]
    return Signals(
        weight_variance,
        bias_variance,
        tuple(found),
        float(growth),
        variance,
        *_correlation(measured, weight_variance, bias_variance, variance),
    )


def _fixed_points(
    measured: Elementwise, table: VarianceTable, weight_variance: float, bias_variance: float
) -> list[FixedPoint]:
    def slope(variance: float) -> float:
        return weight_variance * moments.variance_response(measured, variance)

    gap = (bias_variance + weight_variance * table.second) / VARIANCES - 1.0
    if bias_variance == 0.0 and np.all(np.abs(gap) < NEGLIGIBLE):
        return [FixedPoint(1.0, slope(1.0))]
    found = []
    if bias_variance == 0.0 and measured.squares(np.zeros(1))[0] == 0.0:
        found.append(FixedPoint(0.0, weight_variance * moments.derivative_second_moment(measured, 1e-30)))
    gap[np.abs(gap) < NEGLIGIBLE] = 0.0
    inside = np.flatnonzero(np.isfinite(gap) & (gap != 0.0))
    for here, there in itertools.pairwise(inside):
        if gap[here] * gap[there] < 0.0:

            def excess(variance: float) -> float:
                moment = moments.value_moments(measured, variance)[1]
                return (bias_variance + weight_variance * moment) / variance - 1.0

            variance = roots.between(excess, float(VARIANCES[here]), float(VARIANCES[there]))
            found.append(FixedPoint(variance, slope(variance)))
    return found


def _correlation(
    measured: Elementwise, weight_variance: float, bias_variance: float, variance: float
) -> tuple[float, float, float]:
    """The slope of the correlation map at 1, its attracting fixed point and the slope there."""
    if math.isnan(variance):
        return math.nan, math.nan, math.nan
    at_one = weight_variance * moments.derivative_second_moment(measured, variance)

    def excess(correlation: float) -> float:
        moment = pair_expectation(measured.value, variance, correlation, measured.kinks)
        return (bias_variance + weight_variance * moment) / variance - correlation

    if at_one <= 1.0 + NEGLIGIBLE or excess(1.0 - FINE) >= 0.0:
        return at_one, 1.0, at_one
    correlation = 0.0 if abs(excess(0.0)) < 1e-12 else roots.between(excess, 0.0, 1.0 - FINE)
    pair = pair_expectation(measured.derivative, variance, correlation, measured.kinks)
    return at_one, correlation, weight_variance * pair


def pair_expectation(
    function: quadrature.Integrand, variance: float, correlation: float, kinks: tuple[float, ...] = ()
) -> float:
    """E g(u) g(v) for u, v ~ N(0, variance) with this correlation, to about 9 digits, from -1 to 1.

    By a Gauss-Legendre rule in u, and for each of its points one in v, with the edges of its panels on the kinks.
    """
    std, beside = math.sqrt(variance), math.sqrt(1.0 - correlation * correlation)
    places = np.asarray(kinks, dtype="float64") / std
    # The inner integral bends at a kink over a width of `beside`.
    bends = [place + beside * offset for place in places for offset in (-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0)]
    z, shares = _rule(np.unique(np.clip([*SPREAD, *bends], SPREAD[0], SPREAD[-1]))[None])
    z, shares = z[0], shares[0]
    if beside < 1e-12:
        return float(shares @ (function(std * z) * function(math.copysign(std, correlation) * z)))
    inner = np.clip((places - correlation * z[:, None]) / beside, SPREAD[0], SPREAD[-1])
    edges = np.sort(np.concatenate([np.broadcast_to(SPREAD, (len(z), len(SPREAD))), inner], axis=1), axis=1)
    y, inner_shares = _rule(edges)
    v = std * (correlation * z[:, None] + beside * y)
    means = (function(v.ravel()).reshape(v.shape) * inner_shares).sum(axis=1)
    return float(shares @ (function(std * z) * means))


def _rule(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and their shares of N(0, 1), for each row of edges of panels."""
    centre, radius = 0.5 * (edges[:, 1:] + edges[:, :-1])[..., None], 0.5 * np.diff(edges, axis=1)[..., None]
    x = (centre + radius * quadrature.NODES).reshape(len(edges), -1)
    weights = (radius * quadrature.WEIGHTS).reshape(len(edges), -1)
    return x, weights * np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


def edge_of_chaos(activation: Activation, bias_variance: float = 0.0) -> tuple[CriticalPoint, ...]:
    """The variances of weights at which gradients neither grow nor shrink, for biases of a given variance.

    C_W = 1 / E f'(sqrt(q) z)^2 and C_b = q - C_W E f(sqrt(q) z)^2: one equation in q. Where it has several solutions
    all are given, from the smallest q on; whether the variance stays at one tells
    `signals(activation, point.weight_variance, point.bias_variance)`.

    Args:
        activation: a name, a spec string, a callable of one float tensor, or an activation layer.
        bias_variance: the variance of each bias, > 0. Without biases, see the critical point.

    Raises:
        ValueError: for an unknown name, a variance that is none, an activation over an axis, or one that is zero almost
            everywhere.

    Example:
        >>> [round(point.weight_variance, 6) for point in edge_of_chaos("tanh", bias_variance=0.05)]
        [1.760955]

    Reference:
        arXiv:1611.01232, Deep Information Propagation.
    """
    measured = Elementwise(activation)
    wanted = params.finite_number("bias_variance", bias_variance, "edge_of_chaos", low=0.0, exclusive=True)
    moments.inverse_root(moments.derivative_second_moment(measured), measured, "derivative")

    def excess(variance: float) -> float:
        gradient = moments.derivative_second_moment(measured, variance)
        return variance - moments.value_moments(measured, variance)[1] / gradient - wanted

    table = VarianceTable(measured)
    with np.errstate(all="ignore"):
        gap = VARIANCES - table.second / table.gradient - wanted
    found = []
    for low, high, here, there in zip(VARIANCES[:-1], VARIANCES[1:], gap[:-1], gap[1:], strict=True):
        if here * there < 0.0:
            variance = roots.between(excess, float(low), float(high))
            found.append(CriticalPoint(1.0 / moments.derivative_second_moment(measured, variance), wanted, variance))
    return tuple(found)
