"""x times another gate: an arctangent, a root, a logarithm, a Gompertz curve, the Laplace distribution."""

import math
from typing import Annotated

from keras_acts.activations._double_exponential import TOP, exponent_and_exp, gated, gated_derivative, times_exp_minus
from keras_acts.activations.sigmoid_gated import line
from keras_acts.activations.tanh_like import atan_derivative
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["atlu", "colu", "gish", "golu", "laplace_lu", "logish", "pflu", "xatlu"]


# logish in e = exp(-|x|): rational apart from one logarithm, and every difference has a simple zero.


def _logish_ratio(x: nx.Tensor, e: nx.Tensor) -> nx.Tensor:
    """log(1 + sigmoid(x)) (1 + e) / e for x < 0, else log(1 + sigmoid(x))."""
    s = ops.maximum(ops.where(x < 0.0, e, 1.0) / (1.0 + e), 1e-20)
    log = nx.log1p_unit(s)
    return ops.where(x < 0.0, log / s, log)


@activation(formula="x * log(1 + sigmoid(x))", traits={"smooth", "non_monotonic", "self_gated"})
def logish(x: nx.Tensor) -> nx.Tensor:
    """Silu with a logarithm around its gate; its right slope is log 2.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.253 at x = -1.372.

    Example:
        >>> np.asarray(logish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2382, 0.0, 1.2634]

    Reference:
        Zhu et al. 2021, Logish: A New Nonlinear Nonmonotonic Activation Function for Convolutional Neural Network.
    """
    h, e = nx.half_decay(x)
    ratio = _logish_ratio(x, e)
    return ops.where(x < 0.0, h * (h * (nx.near(x) * ratio)) / (1.0 + e), x * ratio)


@logish.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    x = nx.near(x)
    h, e = nx.half_decay(x)
    ratio = _logish_ratio(x, e)
    below = h * (h * ((ratio + x / (1.0 + 2.0 * e)) / (1.0 + e)))
    return ops.where(x < 0.0, below, ratio + e * x / ((1.0 + e) * (2.0 + e)))


@logish.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    x = nx.near(x)
    h, e = nx.half_decay(x)
    d = (1.0 + e) * ops.where(x < 0.0, 1.0 + 2.0 * e, 2.0 + e)
    turn = ops.where(x < 0.0, 1.0 - 2.0 * ops.square(e), ops.square(e) - 2.0)
    return h * (h * ((2.0 + x * turn / d) / d))


# x (1/2 + arctan(x) / pi) for x = -t is -t arctan(1 / t) / pi. With y = 1 / (1 + t^2), arctan(1 / t) is
# t y (1 + 2/3 y + 8/15 y^2 + ...), so that for t >= 1 the value is -(1 - y) (1 + y s) / pi and the derivative
# t y^2 s / pi with s(y) = 2/3 + 8/15 y + ...: no difference is left. s is fitted for y in [0, 1/2].


@activation(formula="x * ((1 + 2 * alpha) * (1 / 2 + arctan(x) / pi) - alpha)", traits={"smooth", "self_gated"})
def xatlu(
    x: nx.Tensor, alpha: Annotated[float, Param("by how much the gate leaves [0, 1] on either side")] = 0.0
) -> nx.Tensor:
    """Arctangent linear unit whose gate is widened from (0, 1) to (-alpha, 1 + alpha).

    The paper trains alpha, from 0, where this is `atlu`.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xatlu(np.array([-2.0, 0.0, 2.0]), alpha=0.25)).round(4).tolist()
        [0.0572, 0.0, 2.0572]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    widened = (1.0 + 2.0 * alpha) / math.pi
    y = ops.minimum(atan_derivative(x), 0.5)
    distance = (1.0 - y) * (widened + widened * y * nx.fitted("arctan_gate_tail", y))
    outer = ops.where(x < 0.0, line(-alpha, x), line(1.0 + alpha, x)) - distance
    return ops.where(ops.abs(x) < 1.0, x * (0.5 + widened * nx.arctan(x)), outer)


@xatlu.derivative
def _xatlu_derivative(x: nx.Tensor, alpha: float) -> nx.Tensor:
    widened = (1.0 + 2.0 * alpha) / math.pi
    y = ops.minimum(atan_derivative(x), 0.5)
    t = ops.clip(ops.abs(x), 1.0, nx.largest(x) ** 0.5)
    tail = (t * y) * (y * (widened * nx.fitted("arctan_gate_tail", y)))
    small = ops.clip(x, -1.0, 1.0)
    central = 0.5 + widened * (nx.arctan(small) + small / (1.0 + ops.square(small)))
    outer = ops.where(x < 0.0, tail - alpha, (1.0 + alpha) - tail)
    return ops.where(ops.abs(x) < 1.0, central, outer)


@xatlu.second_derivative
def _xatlu_second_derivative(x: nx.Tensor, alpha: float) -> nx.Tensor:
    factor = (2.0 + 4.0 * alpha) / math.pi
    square = ops.square(math.sqrt(abs(factor)) * atan_derivative(x))  # which alone may be 0 too early
    return square if factor >= 0.0 else -square


@activation(formula="x * (1 / 2 + arctan(x) / pi)", traits={"smooth", "monotonic", "self_gated"})
def atlu(x: nx.Tensor) -> nx.Tensor:
    """Arctangent linear unit: x times the distribution function of the Cauchy distribution, also called CaLU.

    Unlike `silu` it is monotonic; its left tail tends to -1 / pi.

    Returns:
        Tensor of the same shape and dtype as x, in (-1 / pi, inf).

    Example:
        >>> np.asarray(atlu(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2952, 0.0, 1.7048]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    return xatlu.body(x, 0.0)


atlu.derivative(lambda x: _xatlu_derivative(x, 0.0))
atlu.second_derivative(lambda x: _xatlu_second_derivative(x, 0.0))


# In pflu the quotients are multiplied, not divided by each other: XLA would gather their denominators in one product,
# which overflows.


def _sum_of_sides(x: nx.Tensor, root: nx.Tensor) -> nx.Tensor:
    """sqrt(1 + x^2) + |x|, given the root of x clipped."""
    side = ops.abs(x)
    return ops.maximum(root, side) + side


@activation(
    formula="x * (1 + x / sqrt(1 + x**2)) / 2",
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={"thinc": "Dish"},
)
def pflu(x: nx.Tensor) -> nx.Tensor:
    """Power function linear unit: Swish with an algebraic gate; thinc calls it Dish.

    Its left tail falls off as 1 / (4 |x|), not exponentially.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.15 at x = -0.786.

    Example:
        >>> np.asarray(pflu(np.array([-0.75, 0.0, 2.0]))).round(4).tolist()
        [-0.15, 0.0, 1.8944]

    Reference:
        Zhu et al. 2021, PFLU and FPFLU: Two Novel Non-Monotonic Activation Functions in Convolutional Neural Networks.
    """
    u = nx.clipped_for_square(x)
    root = nx.square_and_root(u)[1]
    gate = u / root
    # 1 + gate cancels for x < 0; there it is 1 / (root (root + |x|)).
    return ops.where(x < 0.0, gate * (0.5 / _sum_of_sides(x, root)), x * (0.5 + 0.5 * gate))


@pflu.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    # (1 + r (1 + 1 / s)) / 2 with s = 1 + x^2, r = x / sqrt(s). Left of 0, where it cancels, 1 + r is written as
    # 1 / (sqrt(s) (sqrt(s) + |x|)), and the sum is brought to one denominator.
    u = nx.clipped_for_square(x)
    squared, root = nx.square_and_root(u)
    closing = ((0.5 + 0.5 * u * root) / squared) * (1.0 / (root * _sum_of_sides(x, root)))
    opening = 0.5 + 0.5 * (u / root) * (1.0 + 1.0 / squared)
    return ops.where(x < -0.25, closing, opening)


@pflu.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    u = nx.clipped_for_square(x)
    squared, root = nx.square_and_root(u)
    return ((1.0 - 0.5 * ops.square(u)) / squared) * (1.0 / (squared * root))


def _gish_parts(x: nx.Tensor) -> tuple[nx.Tensor, ...]:
    """x clipped, z = exp(x), v = exp(-z), 1 - v, the gate g = log(2 - v), and g / z for z <= 1."""
    x, z = exponent_and_exp(x)
    rest = -nx.expm1(-z)
    inner = ops.minimum(z, 1.0)
    ratio = nx.fitted("log_two_minus_quotient", 2.0 * inner - 1.0)
    v = ops.where(z < 0.5, 1.0 - rest, ops.exp(-z))
    return x, z, v, rest, ops.where(z < 1.0, inner * ratio, ops.log(2.0 - v)), ratio


@activation(formula="x * log(2 - exp(-exp(x)))", traits={"smooth", "non_monotonic", "self_gated"})
def gish(x: nx.Tensor) -> nx.Tensor:
    """x gated by the logarithm of a Gompertz-like curve; the gate rises to log 2, so f(x) is 0.693 x on the right.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.2782 at x = -1.2821.

    Example:
        >>> np.asarray(gish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2683, 0.0, 1.3857]

    Reference:
        Kaytan et al. 2023, Gish: A Novel Activation Function for Image Classification.
    """
    u, _, _, _, gate, quotient = _gish_parts(x)
    return gated(x, u, gate, quotient)


@gish.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    u, z, v, rest, gate, quotient = _gish_parts(x)
    return gated_derivative(u, z, gate, quotient, v / (1.0 + rest))


@gish.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    # q (2 + x (1 - z - q)) with q = z v / (2 - v).
    x, z, v, rest, _, _ = _gish_parts(x)
    bracket = 2.0 + x * (1.0 - z - z * v / (1.0 + rest))
    return times_exp_minus(bracket / (1.0 + rest), x, z)


@activation(formula="alpha * x * exp(-beta * exp(-gamma * x))", traits={"smooth", "non_monotonic", "self_gated"})
def golu(
    x: nx.Tensor,
    alpha: Annotated[float, positive("slope far on the right")] = 1.0,
    beta: Annotated[float, positive("how far the gate lies to the right")] = 1.0,
    gamma: Annotated[float, positive("sharpness of the gate")] = 1.0,
) -> nx.Tensor:
    """Gompertz linear unit: x gated by a Gompertz curve; its slope at 0 is 1 / e, not 1 / 2.

    The left tail falls off doubly exponentially.

    Returns:
        Tensor of the same shape and dtype as x, for the defaults with minimum -0.0973 at x = -0.5671.

    Example:
        >>> np.asarray(golu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.066, 0.0, 1.7468]

    Reference:
        arXiv:2502.03654, Gompertz Linear Units: Leveraging Asymmetry for Enhanced Learning Dynamics.
    """
    _, z = exponent_and_exp(x, beta, -gamma)
    above = min((math.log(beta) - TOP) / gamma, 0.0)  # exp(-z) is 0 below it, and -inf * 0 would be NaN
    return nx.times_exp(alpha * ops.maximum(x, above), -z)


@golu.derivative
def _(x: nx.Tensor, alpha: float, beta: float, gamma: float) -> nx.Tensor:
    u, z = exponent_and_exp(x, beta, -gamma)
    return nx.times_exp(alpha * (1.0 - u * z), -z)


@golu.second_derivative
def _(x: nx.Tensor, alpha: float, beta: float, gamma: float) -> nx.Tensor:
    u, z = exponent_and_exp(x, beta, -gamma)
    return times_exp_minus((alpha * beta * gamma) * (2.0 + u - u * z), u, z)


def _colu_parts(x: nx.Tensor) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor]:
    """x clipped, z = exp(x), v = exp(-z), and the denominator d = 1 - x exp(-x) v.

    For x < 0, where exp(-x) would overflow, d is multiplied through by z, and numerators too.
    """
    x, z = exponent_and_exp(x)
    v = ops.exp(-z)
    return x, z, v, ops.where(x < 0.0, z - x * v, 1.0 - x * v / ops.where(x < 0.0, 1.0, z))


@activation(formula="x / (1 - x * exp(-(x + exp(x))))", traits={"smooth", "non_monotonic"})
def colu(x: nx.Tensor) -> nx.Tensor:
    """Collapsing linear unit: x over a denominator that grows exponentially on the left and is 1 on the right.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.3772 at x = -0.7269.

    Example:
        >>> np.asarray(colu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.347, 0.0, 2.0003]

    Reference:
        arXiv:2112.12078, Deeper Learning with CoLU Activation.
    """
    clipped, _, _, d = _colu_parts(x)
    return ops.where(x < 0.0, nx.times_exp(clipped / d, ops.minimum(clipped, 0.0)), x / d)


@colu.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    # (1 - x^2 exp(-x) v (1 + z)) / d^2.
    x, z, v, d = _colu_parts(x)
    bend = ops.square(x) * v * (1.0 + z)
    closing = nx.times_exp((z - bend) / ops.square(d), ops.minimum(x, 0.0))
    return ops.where(x < 0.0, closing, (1.0 - bend / ops.maximum(z, 1.0)) / ops.square(d))


@colu.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    # With w = exp(-x) v: w (2 - 4 x (1 + z) + x^2 (1 + z + z^2) + x^3 w (1 + 3 z + z^2)) / d^3.
    x, z, v, d = _colu_parts(x)
    square = ops.square(x)
    even = 2.0 - 4.0 * x * (1.0 + z) + square * (1.0 + z * (1.0 + z))
    odd = x * square * v * (1.0 + z * (3.0 + z))
    bracket = ops.where(x < 0.0, v * (z * even + odd), even + odd / ops.where(x < 0.0, 1.0, z))
    exponent = ops.where(x < 0.0, x, -(x + z))
    return nx.times_exp(bracket / (d * ops.square(d)), exponent)


@activation(formula="where(x < 0, x * exp(x) / 2, x * (1 - exp(-x) / 2))", traits={"non_monotonic", "self_gated"})
def laplace_lu(x: nx.Tensor) -> nx.Tensor:
    """x times the distribution function of the Laplace distribution, also called LaLU.

    Not Hugging Face's "laplace", which is a normal distribution function.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.184 at x = -1.

    Example:
        >>> np.asarray(laplace_lu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.1839, 0.0, 1.8647]

    Reference:
        arXiv:2402.09092, Three Decades of Activations.
    """
    h, e = nx.half_decay(x)
    return ops.where(x < 0.0, h * (h * (0.5 * nx.near(x))), x * (1.0 - 0.5 * e))


@laplace_lu.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    t = nx.near(ops.abs(x))
    excess = nx.times_exp_fast(0.5 - 0.5 * t, -t)
    return ops.where(x < 0.0, excess, 1.0 - excess)


@laplace_lu.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    t = nx.near(ops.abs(x))
    return nx.times_exp_fast(1.0 - 0.5 * t, -t)
