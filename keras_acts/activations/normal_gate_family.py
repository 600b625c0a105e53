"""Kin of GELU: x gated by the normal distribution function."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import error_function as ef
from keras_acts.core import numerics as nx
from keras_acts.core import series
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _gelu_is(value):
    """The x > 0 with gelu(x) = value: x = value + x Phi(-x) has one solution, to which iteration contracts."""
    x = value
    for _ in range(100):
        x = value + 0.5 * x * math.erfc(x / math.sqrt(2.0))
    return x


def _clipped_gelu_curvature(x, max_val):
    return ops.where(x > _gelu_is(max_val), 0.0, ef.normal_gated_curvature(x, 0.0, 1.0))


@nx.with_derivative(_clipped_gelu_curvature)
def _clipped_gelu_slope(x, max_val):
    return ops.where(x > _gelu_is(max_val), 0.0, ef.normal_gated_slope(x, 0.0, 1.0))


@activation(
    formula=r"\min(x \Phi(x), m)",
    paper="arXiv:2004.09602",
    traits={Trait.NON_MONOTONIC, Trait.BOUNDED, Trait.SELF_GATED},
    aliases={"hf": "gelu_10(max_val=10.0)"},
    derivative=_clipped_gelu_slope,
    kinks=lambda max_val: (_gelu_is(max_val),),
)
def clipped_gelu(
    x: nx.Tensor, max_val: Annotated[float, Param("largest output", low=0.0, exclusive=True)] = 10.0
) -> nx.Tensor:
    """Exact GELU with an upper bound, for networks that are quantised to eight bits.

    f(x) = min(x Phi(x), max_val)

    Hugging Face's "gelu_10" also names a lower bound of -10; it never acts, as gelu is above -0.17. At the kink the
    derivative is that of gelu.

    Args:
        x: float tensor of any shape.
        max_val: float > 0, largest output.

    Returns:
        Tensor of the same shape and dtype as x, in [-0.17, max_val].

    Example:
        >>> np.asarray(clipped_gelu(np.array([-1.0, 2.0, 12.0]))).round(4).tolist()
        [-0.1587, 1.9545, 10.0]

    Reference:
        arXiv:2004.09602, Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation.
    """
    return ops.minimum(ef.normal_gated(x, 0.0, 1.0), max_val)


def _phish_parts(x):
    """For t = |x|: t, R(t) = exp(t^2 / 2) Phi(-t), exp(-t^2 / 2), g = |gelu(x)|, tanh(g) and tanh(g) / g."""
    t = nx.near(ops.abs(x))
    decay, tail = ops.exp(-0.5 * ops.square(t)), nx.scaled_normal_tail(t)
    shortfall = decay * (t * tail)
    g = ops.where(x < 0.0, shortfall, t - shortfall)
    return t, tail, decay, g, *series.tanh_and_quotient(g)


def _phish_curvature(x):
    # sech(gelu)^2 (2 gelu' + x (gelu'' - 2 tanh(gelu) gelu'^2)); on the left every term has the factor exp(-t^2 / 2).
    t, tail, decay, g, gate, ratio = _phish_parts(x)
    square, root = ops.square(t), nx.NORMAL_PEAK * t
    bend = root - tail
    steep = ops.square(decay * bend)
    left = 2.0 * tail - root * (4.0 - square) - 2.0 * square * tail * ratio * steep
    opening = 1.0 + decay * bend
    right = 2.0 * opening + decay * (root * (2.0 - square)) - 2.0 * t * gate * ops.square(opening)
    left = series.times_exp(left * nx.sech_squared(g), -0.5 * square)
    return ops.where(x < 0.0, left, nx.times_sech_squared(right, g))


@nx.with_derivative(_phish_curvature)
def _phish_slope(x):
    t, tail, decay, g, _, ratio = _phish_parts(x)
    sech = nx.sech_squared(g)
    bend = nx.NORMAL_PEAK * t - tail
    left = series.times_exp(t * (bend * sech - tail * ratio), -0.5 * ops.square(t))
    return ops.where(x < 0.0, left, t * ((1.0 - decay * tail) * ratio + sech * (1.0 + decay * bend)))


@activation(
    formula=r"x \tanh(x \Phi(x))",
    paper="Naveen 2022",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_phish_slope,
)
def phish(x: nx.Tensor) -> nx.Tensor:
    """x gated by tanh of GELU: x^2 / 2 near zero, x on the right.

    f(x) = x tanh(x Phi(x))

    With the exact GELU inside; ports that take its tanh form differ by up to 1.3e-3. The slope at 0 is 0, so small
    signals are lost.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(phish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [0.1573, 0.0, 1.9213]

    Reference:
        Naveen 2022, Phish: A Novel Hyper-Optimizable Activation Function.
    """
    t, tail, _, _, gate, ratio = _phish_parts(x)
    return ops.where(x < 0.0, series.times_exp(t * (t * tail) * ratio, -0.5 * ops.square(t)), x * gate)


def _gate_scale(alpha, mu):
    return math.sqrt(2.0) * mu * (1.0 - alpha)


def _smu_curvature(x, alpha, mu):
    return ef.normal_gated_curvature(x, alpha, 1.0, _gate_scale(alpha, mu))


@nx.with_derivative(_smu_curvature)
def _smu_slope(x, alpha, mu):
    return ef.normal_gated_slope(x, alpha, 1.0, _gate_scale(alpha, mu))


@activation(
    formula=r"\frac{1}{2} ((1 + \alpha) x + (1 - \alpha) x\, \mathrm{erf}(\mu (1 - \alpha) x))",
    paper="arXiv:2111.04682",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_smu_slope,
)
def smu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("slope far on the left", low=0.0, high=1.0)] = 0.01,
    mu: Annotated[float, Param("sharpness of the bend", low=0.0, exclusive=True)] = 2.5,
) -> nx.Tensor:
    """Smoothing maximum unit: leaky relu with |x| replaced by x erf(mu x); the paper trains mu, which is fixed here.

    f(x) = ((1 + alpha) x + (1 - alpha) x erf(mu (1 - alpha) x)) / 2

    At alpha = 0 and mu = sqrt(1/2) it is `gelu`; as mu grows it becomes `leaky_relu`. Implementations disagree on the
    start: alpha = 0.01 with mu = 2.5, or alpha = 0.25 with mu = 1e6, where it is a leaky relu to all purposes.

    Args:
        x: float tensor of any shape.
        alpha: float in [0, 1], slope far on the left.
        mu: float > 0, sharpness of the bend.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(smu(np.array([-1.0, 0.0, 0.25]))).round(4).tolist()
        [-0.0102, 0.0, 0.2028]

    Reference:
        arXiv:2111.04682, SMU: Smooth Activation Function for Deep Networks Using Smoothing Maximum Technique.
    """
    return ef.normal_gated(x, alpha, 1.0, _gate_scale(alpha, mu))


def _xgelu_curvature(x, alpha):
    return ef.normal_gated_curvature(x, -alpha, 1.0 + alpha)


@nx.with_derivative(_xgelu_curvature)
def _xgelu_slope(x, alpha):
    return ef.normal_gated_slope(x, -alpha, 1.0 + alpha)


@activation(
    formula=r"x ((1 + 2 \alpha) \Phi(x) - \alpha)",
    paper="arXiv:2405.20768",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_xgelu_slope,
)
def xgelu(
    x: nx.Tensor, alpha: Annotated[float, Param("by how much the gate exceeds [0, 1]", low=0.0)] = 0.0
) -> nx.Tensor:
    """GELU with the range of the gate expanded from (0, 1) to (-alpha, 1 + alpha).

    f(x) = x ((1 + 2 alpha) Phi(x) - alpha)

    The paper trains alpha from 0, where it is `gelu`; it is fixed here.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, by how much the gate exceeds [0, 1].

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xgelu(np.array([-1.0, 0.0, 2.0]), alpha=0.5)).round(4).tolist()
        [0.1827, 0.0, 2.909]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    return ef.normal_gated(x, -alpha, 1.0 + alpha)
