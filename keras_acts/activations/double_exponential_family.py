"""Gates made of an exponential of an exponential.

All decay doubly on one side: a factor that grows as fast as z = exp(x) must meet exp(-z) before that vanishes.
"""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core import series
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

TOP = 10.0  # beyond z = exp(10), exp(-z) is 0 in every dtype


def _exponent(x):
    """x, clipped to where exp(x) is not too large and exp(-exp(x)) is not yet constant."""
    return ops.clip(x, -nx.FAR, TOP)


def _growing(x):
    """exp(max(x, 0)), which with exp(min(x, 0)) makes exp(x)."""
    return ops.exp(ops.maximum(x, 0.0))


def _cloglog_curvature(x):
    # z exp(-z) (1 - z), with the zero of 1 - exp(x) at 0 free of cancellation.
    x = _exponent(x)
    return series.times_exp(-ops.expm1(x) * _growing(x), ops.minimum(x, 0.0) - ops.exp(x))


@nx.with_derivative(_cloglog_curvature)
def _cloglog_slope(x):
    x = _exponent(x)
    return series.times_exp(_growing(x), ops.minimum(x, 0.0) - ops.exp(x))


@activation(
    formula=r"1 - e^{-e^x}",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED},
    derivative=_cloglog_slope,
)
def cloglog(x: nx.Tensor) -> nx.Tensor:
    """Complementary log-log: an asymmetric sigmoid that leaves 0 slowly and reaches 1 fast.

    f(x) = 1 - exp(-exp(x))

    For the probability of at least one event at a log rate x. Some ports call 1 - exp(-exp(-x)) by this name.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(cloglog(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1266, 0.6321, 0.9994]
    """
    return -ops.expm1(-ops.exp(_exponent(x)))


def _tanh_exp_parts(x):
    """x clipped, z = exp(x), tanh(z), tanh(z) / z."""
    x = _exponent(x)
    z = ops.exp(x)
    return x, z, *series.tanh_and_quotient(z)


def _tanh_exp_curvature(x):
    # z sech(z)^2 (2 + x (1 - 2 z tanh z)), with sech(z)^2 = 4 exp(-2z) / (1 + exp(-2z))^2.
    x, z, gate, _ = _tanh_exp_parts(x)
    bracket = 8.0 + x * (4.0 - 8.0 * z * gate)
    root = 1.0 + ops.exp(-2.0 * z)
    return series.times_exp(bracket * _growing(x) / ops.square(root), ops.minimum(x, 0.0) - 2.0 * z)


@nx.with_derivative(_tanh_exp_curvature)
def _tanh_exp_slope(x):
    x, z, gate, ratio = _tanh_exp_parts(x)
    bend = x * series.sech_squared(z)
    closing = series.times_exp(ratio + bend, ops.minimum(x, 0.0))
    return ops.where(x < 0.0, closing, gate + z * bend)


@activation(
    formula=r"x \tanh(e^x)",
    paper="arXiv:2003.09855",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_tanh_exp_slope,
)
def tanh_exp(x: nx.Tensor) -> nx.Tensor:
    """TanhExp: x gated by tanh of an exponential; closer to the identity on the right than `mish`.

    f(x) = x tanh(exp(x))

    TeLU (arXiv:2412.20269) is the same function.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.3533 at x = -1.0789.

    Example:
        >>> np.asarray(tanh_exp(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3521, 0.0, 2.0]

    Reference:
        arXiv:2003.09855, TanhExp: A Smooth Activation Function with High Convergence Speed for Lightweight Neural
        Networks.
    """
    clipped, _, gate, ratio = _tanh_exp_parts(x)
    return ops.where(x < 0.0, series.times_exp(clipped * ratio, ops.minimum(clipped, 0.0)), x * gate)


def _gish_parts(x):
    """x clipped, z = exp(x), v = exp(-z), 1 - v, the gate g = log(2 - v), and g / z for z <= 1."""
    x = _exponent(x)
    z = ops.exp(x)
    rest = -ops.expm1(-z)
    inner = ops.minimum(z, 1.0)
    ratio = series.log_two_minus_quotient(inner)
    v = ops.where(z < 0.5, 1.0 - rest, ops.exp(-z))
    return x, z, v, rest, ops.where(z < 1.0, inner * ratio, ops.log(2.0 - v)), ratio


def _gish_curvature(x):
    # q (2 + x (1 - z - q)) with q = z v / (2 - v).
    x, z, v, rest, _, _ = _gish_parts(x)
    bracket = 2.0 + x * (1.0 - z - z * v / (1.0 + rest))
    return series.times_exp(bracket * _growing(x) / (1.0 + rest), ops.minimum(x, 0.0) - z)


@nx.with_derivative(_gish_curvature)
def _gish_slope(x):
    x, z, v, rest, gate, ratio = _gish_parts(x)
    bend = x * v / (1.0 + rest)
    closing = series.times_exp(ratio + bend, ops.minimum(x, 0.0))
    return ops.where(x < 0.0, closing, gate + z * bend)


@activation(
    formula=r"x \log(2 - e^{-e^x})",
    paper="Kaytan et al. 2023",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_gish_slope,
)
def gish(x: nx.Tensor) -> nx.Tensor:
    """x gated by the logarithm of a Gompertz-like curve; the gate rises to log 2, so f(x) is 0.693 x on the right.

    f(x) = x log(2 - exp(-exp(x)))

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.2782 at x = -1.2821.

    Example:
        >>> np.asarray(gish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2683, 0.0, 1.3857]

    Reference:
        Kaytan et al. 2023, Gish: A Novel Activation Function for Image Classification.
    """
    clipped, _, _, _, gate, ratio = _gish_parts(x)
    return ops.where(x < 0.0, series.times_exp(clipped * ratio, ops.minimum(clipped, 0.0)), x * gate)


def _golu_parts(x, beta, gamma):
    """u = -gamma x, clipped, and z = beta exp(u): the gate is exp(-z)."""
    u = ops.clip(-gamma * x, -nx.FAR, TOP - math.log(beta))
    return u, beta * ops.exp(u)


def _golu_curvature(x, alpha, beta, gamma):
    u, z = _golu_parts(x, beta, gamma)
    scale = alpha * beta * gamma  # inside the sum: the graph optimiser would move it past the exponentials
    bracket = 2.0 * scale + scale * u - (scale * u) * z
    return series.times_exp(bracket * _growing(u), ops.minimum(u, 0.0) - z)


@nx.with_derivative(_golu_curvature)
def _golu_slope(x, alpha, beta, gamma):
    u, z = _golu_parts(x, beta, gamma)
    return series.times_exp(alpha - (alpha * u) * z, -z)


@activation(
    formula=r"\alpha x e^{-\beta e^{-\gamma x}}",
    paper="arXiv:2502.03654",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_golu_slope,
)
def golu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("slope far on the right", low=0.0, exclusive=True)] = 1.0,
    beta: Annotated[float, Param("how far the gate lies to the right", low=0.0, exclusive=True)] = 1.0,
    gamma: Annotated[float, Param("sharpness of the gate", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Gompertz linear unit: x gated by a Gompertz curve; its slope at 0 is 1 / e, not 1 / 2.

    f(x) = alpha x exp(-beta exp(-gamma x))

    The left tail falls off doubly exponentially.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, slope far on the right.
        beta: float > 0, how far the gate lies to the right.
        gamma: float > 0, sharpness of the gate.

    Returns:
        Tensor of the same shape and dtype as x, for the defaults with minimum -0.0973 at x = -0.5671.

    Example:
        >>> np.asarray(golu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.066, 0.0, 1.7468]

    Reference:
        arXiv:2502.03654, Gompertz Linear Units: Leveraging Asymmetry for Enhanced Learning Dynamics.
    """
    _, z = _golu_parts(x, beta, gamma)
    # alpha behind a `where`: the graph optimiser would move it past the exponentials. And -inf * 0 would be NaN.
    scaled = ops.where(x < 0.0, alpha * ops.maximum(x, (math.log(beta) - TOP) / gamma), alpha * x)
    return series.times_exp(scaled, -z)


def _colu_parts(x):
    """x clipped, z = exp(x), v = exp(-z), and the denominator d = 1 - x exp(-x) v.

    For x < 0, where exp(-x) would overflow, d is multiplied through by z, and numerators too.
    """
    x = _exponent(x)
    z = ops.exp(x)
    v = ops.exp(-z)
    return x, z, v, ops.where(x < 0.0, z - x * v, 1.0 - x * v / ops.maximum(z, 1.0))


def _colu_curvature(x):
    # With w = exp(-x) v: w (2 - 4 x (1 + z) + x^2 (1 + z + z^2) + x^3 w (1 + 3 z + z^2)) / d^3.
    x, z, v, d = _colu_parts(x)
    square = ops.square(x)
    even = 2.0 - 4.0 * x * (1.0 + z) + square * (1.0 + z * (1.0 + z))
    odd = x * square * v * (1.0 + z * (3.0 + z))
    bracket = ops.where(x < 0.0, v * (z * even + odd), even + odd / ops.maximum(z, 1.0))
    exponent = ops.where(x < 0.0, x, -(x + z))
    return series.times_exp(bracket / (d * ops.square(d)), exponent)


@nx.with_derivative(_colu_curvature)
def _colu_slope(x):
    # (1 - x^2 exp(-x) v (1 + z)) / d^2.
    x, z, v, d = _colu_parts(x)
    bend = ops.square(x) * v * (1.0 + z)
    closing = series.times_exp((z - bend) / ops.square(d), ops.minimum(x, 0.0))
    return ops.where(x < 0.0, closing, (1.0 - bend / ops.maximum(z, 1.0)) / ops.square(d))


@activation(
    formula=r"\frac{x}{1 - x e^{-(x + e^x)}}",
    paper="arXiv:2112.12078",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC},
    derivative=_colu_slope,
)
def colu(x: nx.Tensor) -> nx.Tensor:
    """Collapsing linear unit: x over a denominator that grows exponentially on the left and is 1 on the right.

    f(x) = x / (1 - x exp(-(x + exp(x))))

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.3772 at x = -0.7269.

    Example:
        >>> np.asarray(colu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.347, 0.0, 2.0003]

    Reference:
        arXiv:2112.12078, Deeper Learning with CoLU Activation.
    """
    clipped, _, _, d = _colu_parts(x)
    return ops.where(x < 0.0, series.times_exp(clipped / d, ops.minimum(clipped, 0.0)), x / d)
