"""x times the error function of something that vanishes on the left."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "erfact",
    "pserf",
    "serf",
]


def _pserf_parts(x, gamma, delta):
    """w = delta x, e = exp(-|w|), log(1 + e) / e, and z = gamma log(1 + exp(w)), the argument of erf."""
    w = ops.clip(delta * x, -nx.FAR, nx.FAR * max(1.0, 1.0 / gamma))  # z reaches FAR: erf(z) is 1
    e = ops.exp(-ops.abs(w))
    ratio = nx.log1p_quotient(e)
    return w, e, ratio, gamma * (ops.maximum(w, 0.0) + e * ratio)


def _pserf_curvature(x, gamma, delta):
    # With s = sigmoid(w) and g = erf(z): x g'' + 2 g' = g' (2 + w (sigmoid(-w) - 2 gamma z s)).
    w, e, _, z = _pserf_parts(x, gamma, delta)
    s = ops.where(w < 0.0, e, 1.0) / (1.0 + e)
    opposite = ops.where(w < 0.0, 1.0, e) / (1.0 + e)
    scale = nx.ERF_PEAK * gamma * delta  # inside the sum: the graph optimiser would move it past the exponentials
    bracket = 2.0 * scale + w * (scale * opposite - (2.0 * gamma * scale) * (z * s))
    return nx.times_exp(bracket / (1.0 + e), ops.minimum(w, 0.0) - ops.square(z))


@nx.with_derivative(_pserf_curvature)
def _pserf_slope(x, gamma, delta):
    w, e, ratio, z = _pserf_parts(x, gamma, delta)
    erf_z, quotient = nx.erf_and_quotient(z)
    bend = (nx.ERF_PEAK * gamma) * w * ops.exp(-(ops.square(z) + e * ratio))  # 1 / (1 + e) is in the exponential
    closing = nx.times_exp(gamma * ratio * quotient + bend, ops.minimum(w, 0.0))
    return ops.where(w < 0.0, closing, erf_z + bend)


def _pserf(x, gamma, delta):
    w, _, ratio, z = _pserf_parts(x, gamma, delta)
    erf_z, quotient = nx.erf_and_quotient(z)
    # gamma behind a `where`: the graph optimiser would move it past the exponentials.
    scaled = ops.where(w < 0.0, gamma * ops.maximum(x, -nx.FAR / delta), 0.0)
    closing = nx.times_exp(scaled * (ratio * quotient), ops.minimum(w, 0.0))
    return ops.where(w < 0.0, closing, x * erf_z)


def _serf_curvature(x):
    return _pserf_curvature(x, 1.0, 1.0)


@nx.with_derivative(_serf_curvature)
def _serf_slope(x):
    return _pserf_slope(x, gamma=1.0, delta=1.0)


@activation(
    formula=r"x\, \mathrm{erf}(\log(1 + e^x))",
    paper="arXiv:2108.09598",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_serf_slope,
)
def serf(x: nx.Tensor) -> nx.Tensor:
    """Mish with erf in place of tanh: smooth, unbounded above, a little steeper than `mish`.

    f(x) = x erf(log(1 + exp(x)))

    With trainable steepness, here as fixed parameters, it is `pserf`.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.3484 at x = -1.1931.

    Example:
        >>> np.asarray(serf(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3422, 0.0, 1.9947]

    Reference:
        arXiv:2108.09598, SERF: Towards Better Training of Deep Neural Networks Using Log-Softplus ERror Activation
        Function.
    """
    return _pserf(x, 1.0, 1.0)


@activation(
    formula=r"x\, \mathrm{erf}(\gamma \log(1 + e^{\delta x}))",
    paper="arXiv:2109.04386",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_pserf_slope,
)
def pserf(
    x: nx.Tensor,
    gamma: Annotated[float, Param("height of the gate's argument", low=0.0, exclusive=True)] = 1.25,
    delta: Annotated[float, Param("sharpness of the gate", low=0.0, exclusive=True)] = 0.85,
) -> nx.Tensor:
    """Serf with two learnable parameters, which the paper trains; fixed here.

    f(x) = x erf(gamma log(1 + exp(delta x)))

    The defaults are the initial values attributed to the paper; third-party ports start from 1 and 1, which is `serf`.

    Args:
        x: float tensor of any shape.
        gamma: float > 0, height of the gate's argument.
        delta: float > 0, sharpness of the gate.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(pserf(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.4707, 0.0, 1.9981]

    Reference:
        arXiv:2109.04386, ErfAct and Pserf: Non-monotonic Smooth Trainable Activation Functions.
    """
    return _pserf(x, gamma, delta)


TOP = 10.0  # beyond z = exp(10), both exp(-z) and exp(-z^2) are 0 in every dtype


def _erfact_parts(x, alpha, beta):
    """u = beta x, clipped, and z = alpha exp(u), the argument of erf."""
    u = ops.clip(beta * x, -nx.FAR, TOP - math.log(alpha))
    return u, alpha * ops.exp(u)


def _erfact_curvature(x, alpha, beta):
    u, z = _erfact_parts(x, alpha, beta)
    scale = nx.ERF_PEAK * alpha * beta  # inside the sum: the graph optimiser would move it past the exponentials
    bracket = 2.0 * scale + u * (scale - (2.0 * scale) * ops.square(z))
    growing = ops.exp(ops.maximum(u, 0.0))
    return nx.times_exp(bracket * growing, ops.minimum(u, 0.0) - ops.square(z))


@nx.with_derivative(_erfact_curvature)
def _erfact_slope(x, alpha, beta):
    u, z = _erfact_parts(x, alpha, beta)
    erf_z, quotient = nx.erf_and_quotient(z)
    bend = nx.ERF_PEAK * u * ops.exp(-ops.square(z))
    closing = nx.times_exp(alpha * quotient + alpha * bend, ops.minimum(u, 0.0))
    return ops.where(u < 0.0, closing, erf_z + z * bend)


@activation(
    formula=r"x\, \mathrm{erf}(\alpha e^{\beta x})",
    paper="arXiv:2109.04386",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_erfact_slope,
)
def erfact(
    x: nx.Tensor,
    alpha: Annotated[float, Param("the gate's argument at 0", low=0.0, exclusive=True)] = 0.75,
    beta: Annotated[float, Param("sharpness of the gate", low=0.0, exclusive=True)] = 0.75,
) -> nx.Tensor:
    """x gated by the error function of an exponential; the paper trains its two parameters, which are fixed here.

    f(x) = x erf(alpha exp(beta x))

    The defaults are the initial values attributed to the paper; third-party ports start from 1 and 1, or 1 and 0.5.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, the gate's argument at 0.
        beta: float > 0, sharpness of the gate.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(erfact(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3836, 0.0, 2.0]

    Reference:
        arXiv:2109.04386, ErfAct and Pserf: Non-monotonic Smooth Trainable Activation Functions.
    """
    u, z = _erfact_parts(x, alpha, beta)
    erf_z, quotient = nx.erf_and_quotient(z)
    # alpha behind a `where`: the graph optimiser would move it past the exponentials.
    scaled = ops.where(u < 0.0, alpha * ops.maximum(x, -nx.FAR / beta), 0.0)
    closing = nx.times_exp(scaled * quotient, ops.minimum(u, 0.0))
    return ops.where(u < 0.0, closing, x * erf_z)
