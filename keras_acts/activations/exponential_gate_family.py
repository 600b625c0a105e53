"""Bends made of an exponential in one piece: ELiSH, the Laplace gate, sinlu, soft exponential."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import angle, elementary
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _elish_curvature(x):
    x = nx.near(x)
    h = nx.half_decay(x)
    e = ops.square(h)
    below = h * (h * ((e * (5.0 + e * (3.0 + e)) - 1.0) / (1.0 + e * (3.0 + e * (3.0 + e)))))
    return ops.where(x < 0.0, below, nx.gated_curvature(2.0 - x * ops.tanh(0.5 * x), x))


@nx.with_derivative(_elish_curvature)
def _elish_slope(x):
    x = nx.near(x)
    h = nx.half_decay(x)
    e = ops.square(h)
    below = h * (h * (e * (2.0 + e) - 1.0))
    return ops.where(x < 0.0, below, 1.0 + e * (1.0 + x)) / (1.0 + e * (2.0 + e))


@activation(
    formula=r"\sigma(x) (\max(x, 0) + e^{\min(x, 0)} - 1)",
    paper="arXiv:1808.00783",
    traits={Trait.NON_MONOTONIC},
    aliases={"echo": "ELiSH"},
    derivative=_elish_slope,
    kinks=(0.0,),
)
def elish(x: nx.Tensor) -> nx.Tensor:
    """Elu times a sigmoid: silu for x >= 0, vanishing exponentially below.

    f(x) = x sigmoid(x) if x >= 0, else (exp(x) - 1) sigmoid(x)

    The derivative at 0 is 1/2 from both sides; only the second one jumps.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.172 at x = -0.881.

    Example:
        >>> np.asarray(elish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.17, 0.0, 1.7616]

    Reference:
        arXiv:1808.00783, The Quest for the Golden Activation Function.
    """
    h = nx.half_decay(x)
    return ops.where(x < 0.0, h * (h * ops.tanh(0.5 * x)), x / (1.0 + ops.square(h)))


def _hard_elish_curvature(x):
    below = ops.exp(ops.clip(x, -1.0, 0.0)) * (0.5 * (x + 3.0))
    return ops.where(x <= -1.0, 0.0, ops.where(x < 0.0, below, ops.where(x < 1.0, 1.0, ops.zeros_like(x))))


@nx.with_derivative(_hard_elish_curvature)
def _hard_elish_slope(x):
    inner = ops.clip(x, -1.0, 0.0)
    below = 0.5 * (ops.expm1(inner) * (inner + 2.0) + (inner + 1.0))
    return ops.where(x <= -1.0, 0.0, ops.where(x < 0.0, below, ops.where(x < 1.0, x + 0.5, 1.0)))


@activation(
    formula=r"(\max(x, 0) + e^{\min(x, 0)} - 1) \min(\max(\frac{x + 1}{2}, 0), 1)",
    paper="arXiv:1808.00783",
    traits={Trait.NON_MONOTONIC, Trait.SPARSE},
    aliases={"echo": "HardELiSH"},
    derivative=_hard_elish_slope,
    kinks=(-1.0, 0.0, 1.0),
)
def hard_elish(x: nx.Tensor) -> nx.Tensor:
    """Elish with a piecewise linear gate: x above 1, exactly 0 below -1.

    f(x) = g x if x >= 0, else g (exp(x) - 1), with g = min(max((x + 1) / 2, 0), 1)

    Echo's torch version has exp(x - 1) for exp(x) - 1. The derivative is 0 at -1, 1/2 at 0 and 1 at 1.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.1 at x = -0.443.

    Example:
        >>> np.asarray(hard_elish(np.array([-0.5, 0.0, 2.0]))).round(4).tolist()
        [-0.0984, 0.0, 2.0]

    Reference:
        arXiv:1808.00783, The Quest for the Golden Activation Function.
    """
    inner = ops.clip(x, -1.0, 0.0)
    return ops.where(x < 0.0, 0.5 * ops.expm1(inner) * (inner + 1.0), x * ops.minimum(0.5 * x + 0.5, 1.0))


def _laplace_lu_curvature(x):
    t = nx.near(ops.abs(x))
    return nx.scaled_exp(1.0 - 0.5 * t, -t)


@nx.with_derivative(_laplace_lu_curvature)
def _laplace_lu_slope(x):
    t = nx.near(ops.abs(x))
    excess = nx.scaled_exp(0.5 - 0.5 * t, -t)
    return ops.where(x < 0.0, excess, 1.0 - excess)


@activation(
    formula=r"x (\frac{1}{2} + \frac{1}{2} \mathrm{sign}(x) (1 - e^{-|x|}))",
    paper="arXiv:2402.09092",
    traits={Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_laplace_lu_slope,
)
def laplace_lu(x: nx.Tensor) -> nx.Tensor:
    """x times the distribution function of the Laplace distribution, also called LaLU.

    f(x) = x exp(x) / 2 if x < 0, else x (1 - exp(-x) / 2)

    Not Hugging Face's "laplace", which is a normal distribution function.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.184 at x = -1.

    Example:
        >>> np.asarray(laplace_lu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.1839, 0.0, 1.8647]

    Reference:
        arXiv:2402.09092, Three Decades of Activations.
    """
    h = nx.half_decay(x)
    return ops.where(x < 0.0, h * (h * (0.5 * nx.near(x))), x * (1.0 - 0.5 * ops.square(h)))


def _few_roundings(function):
    """sinlu or a derivative, in float64 where the wave outweighs the ramp: its sums then cancel over and over."""

    def chosen(x, alpha, beta):
        return (angle.in_float64(function) if alpha * beta > 1.0 else function)(x, alpha, beta)

    return chosen


def _sinlu_parts(x, alpha, beta):
    """exp(-|x| / 2), its square, x + alpha sin(beta x) and its derivative, and sin(beta x)."""
    # 1 + alpha beta cos z cancels where it is small.
    gain = alpha * beta
    rise = (1.0 - gain) + 2.0 * gain * ops.square(angle.cosine(x, 0.5 * beta))
    sine = angle.sine(x, beta)
    h = nx.half_decay(x)
    return h, ops.square(h), nx.near(x) + alpha * sine, rise, sine


@_few_roundings
def _sinlu_curvature(x, alpha, beta):
    h, e, wave, rise, sine = _sinlu_parts(x, alpha, beta)
    bend = -alpha * beta * beta * (1.0 + e) * sine
    turn = 2.0 * rise - wave * ops.tanh(0.5 * x)
    return ops.where(x < 0.0, h * (h * (bend + turn)), bend + e * turn) / (1.0 + e * (2.0 + e))


@nx.with_derivative(_sinlu_curvature)
@_few_roundings
def _sinlu_slope(x, alpha, beta):
    h, e, wave, rise, _ = _sinlu_parts(x, alpha, beta)
    opening = (1.0 + e) * rise
    return ops.where(x < 0.0, h * (h * (opening + wave)), opening + e * wave) / (1.0 + e * (2.0 + e))


@_few_roundings
def _sinlu(x, alpha, beta):
    h = nx.half_decay(x)
    sine = alpha * angle.sine(x, beta)
    value = ops.where(x < 0.0, h * (h * (nx.near(x) + sine)), x + sine) / (1.0 + ops.square(h))
    return ops.where(ops.abs(x) < 1e-30, (0.5 + 0.5 * alpha * beta) * x, value)  # two terms underflow early


@activation(
    formula=r"(x + \alpha \sin(\beta x)) \sigma(x)",
    paper="Paul et al. 2022",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.PERIODIC},
    derivative=_sinlu_slope,
)
def sinlu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("amplitude of the sine", low=0.0)] = 1.0,
    beta: Annotated[float, Param("frequency of the sine", low=0.0, high=64.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Silu with a sine on top, for signals with a period.

    f(x) = (x + alpha sin(beta x)) sigmoid(x)

    The paper trains both parameters, from 1.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, amplitude of the sine.
        beta: float in (0, 64), frequency of the sine.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(sinlu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.4952, 0.0, 2.5625]

    Reference:
        Paul et al. 2022, SinLU: Sinu-Sigmoidal Linear Unit.
    """
    return _sinlu(x, alpha, beta)


def _soft_exponential_curvature(x, alpha):
    if alpha > 0.0:
        h = ops.exp(0.5 * alpha * x)
        return h * (alpha * h)
    if not alpha:
        return ops.zeros_like(x)
    slope = 1.0 / _to_pole(x, alpha)
    return (alpha * slope) * slope  # of a quotient of quotients XLA makes a square that underflows


@nx.with_derivative(_soft_exponential_curvature)
def _soft_exponential_slope(x, alpha):
    if alpha > 0.0:
        return ops.exp(alpha * x)
    if not alpha:
        return ops.ones_like(x)
    return 1.0 / _to_pole(x, alpha)


def _to_pole(x, alpha):
    """1 - alpha (x + alpha) for alpha < 0, NaN where that is not positive. x + alpha would lose a small x."""
    distance = (1.0 - alpha * alpha) - alpha * x
    return ops.where(distance <= 0.0, math.nan, distance)


def _logarithm(x, alpha):
    """-log(1 - alpha (x + alpha)) / alpha for alpha < 0."""
    excess = -alpha * (x + alpha)
    central = elementary.log1p(ops.clip(excess, 0.0, 1.0))
    central = ops.where(excess < 0.0, ops.log1p(ops.clip(excess, -0.25, 0.0)), central)  # XLA's own is right down there
    distance = _to_pole(x, alpha)
    # Where the product with alpha would overflow, the sum of the logarithms; nothing cancels there.
    vast = x > 0.25 * nx.largest(x) / max(-alpha, 1.0)
    outside = ops.where(vast, ops.log(x) + math.log(-alpha), ops.log(distance))
    return ops.where(ops.logical_and(excess > -0.25, excess < 1.0), central, outside) / -alpha


@activation(
    formula=r"\frac{e^{\alpha x} - 1}{\alpha} + \alpha \quad (\alpha > 0)",
    paper="arXiv:1602.01321",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"echo": "SoftExponential(alpha=0.0)"},
    derivative=_soft_exponential_slope,
)
def soft_exponential(x: nx.Tensor, alpha: Annotated[float, Param("from logarithm to exponential")] = 0.0) -> nx.Tensor:
    """Between a logarithm (alpha = -1), the identity (alpha = 0) and an exponential (alpha = 1).

    f(x) = (exp(alpha x) - 1) / alpha + alpha if alpha > 0, x if alpha = 0, -log(1 - alpha (x + alpha)) / alpha if
    alpha < 0

    For alpha < 0 it is defined where alpha (x + alpha) < 1 only, and NaN elsewhere. The paper trains alpha, from 0.

    Args:
        x: float tensor of any shape.
        alpha: float, from logarithm to exponential.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(soft_exponential(np.array([-1.0, 0.0, 2.0]), alpha=0.5)).round(4).tolist()
        [-0.2869, 0.5, 3.9366]
        >>> np.asarray(soft_exponential(np.array([0.5, 1.0, 2.0]), alpha=-1.0)).round(4).tolist()
        [-0.6931, 0.0, 0.6931]

    Reference:
        arXiv:1602.01321, A Continuum among Logarithmic, Linear, and Exponential Functions.
    """
    if not alpha:
        return x
    if alpha < 0.0:
        return _logarithm(x, alpha)
    h = ops.exp(0.5 * alpha * x)
    # The quotient may be representable where the exponential is not.
    grown = ops.where(alpha * x > 80.0, h * (h / alpha), ops.expm1(ops.minimum(alpha * x, 80.0)) / alpha)
    return grown + alpha
