"""x times a function of a sigmoid or of an exponential: logish, smish, TanhSoft and the Richards gate."""

from typing import Annotated

from keras import ops

from keras_acts.activations.gated_family import within_reach
from keras_acts.core import elementary
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

# logish and smish in e = exp(-|w|): rational apart from one logarithm, and every difference has a simple zero.


def _either(x, negative, other):
    return ops.where(x < 0.0, negative, other)


def _logish_ratio(x, e):
    """log(1 + sigmoid(x)) (1 + e) / e for x < 0, else log(1 + sigmoid(x))."""
    s = ops.maximum(_either(x, e, 1.0) / (1.0 + e), 1e-20)
    log = elementary.log1p(s)
    return _either(x, log / s, log)


def _logish_curvature(x):
    x = nx.near(x)
    h = nx.half_decay(x)
    e = ops.square(h)
    d = (1.0 + e) * _either(x, 1.0 + 2.0 * e, 2.0 + e)
    turn = _either(x, 1.0 - 2.0 * ops.square(e), ops.square(e) - 2.0)
    return h * (h * ((2.0 + x * turn / d) / d))


@nx.with_derivative(_logish_curvature)
def _logish_slope(x):
    x = nx.near(x)
    h = nx.half_decay(x)
    e = ops.square(h)
    ratio = _logish_ratio(x, e)
    below = h * (h * ((ratio + x / (1.0 + 2.0 * e)) / (1.0 + e)))
    return _either(x, below, ratio + e * x / ((1.0 + e) * (2.0 + e)))


@activation(
    formula=r"x \log(1 + \sigma(x))",
    paper="Zhu et al. 2021",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_logish_slope,
)
def logish(x: nx.Tensor) -> nx.Tensor:
    """Silu with a logarithm around its gate; its right slope is log 2.

    f(x) = x log(1 + sigmoid(x))

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.253 at x = -1.372.

    Example:
        >>> np.asarray(logish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2382, 0.0, 1.2634]

    Reference:
        Zhu et al. 2021, Logish: A New Nonlinear Nonmonotonic Activation Function for Convolutional Neural Network.
    """
    h = nx.half_decay(x)
    e = ops.square(h)
    ratio = _logish_ratio(x, e)
    return _either(x, h * (h * (nx.near(x) * ratio)) / (1.0 + e), x * ratio)


def _smish_parts(w, alpha):
    """h = exp(-|w| / 2), e = h^2; n, d with alpha T = e n / d for w < 0, else n / d; and b of the bend of the gate T.

    From tanh(log u) = (u^2 - 1) / (u^2 + 1). alpha is inside the sums: times x it could overflow.
    """
    h = nx.half_decay(w)
    e = ops.square(h)
    n = _either(w, 2.0 * alpha + (3.0 * alpha) * e, 3.0 * alpha + (2.0 * alpha) * e)
    d = _either(w, 2.0 + e * (6.0 + 5.0 * e), 5.0 + e * (6.0 + 2.0 * e))
    b = (4.0 * alpha + (4.0 * alpha) * e) * _either(w, 1.0 + 2.0 * e, 2.0 + e)
    return h, e, n, d, b


def _smish_curvature(x, alpha, beta):
    w = nx.near(beta * x)
    h, e, _, d, b = _smish_parts(w, alpha)
    left = 2.0 + e * (6.0 - e * (3.0 + e * (18.0 + 10.0 * e)))
    right = e * (e * (e * (6.0 + 2.0 * e) - 3.0) - 18.0) - 10.0
    return h * (h * (beta * (2.0 * b + (4.0 * alpha) * w * _either(w, left, right) / d) / ops.square(d)))


@nx.with_derivative(_smish_curvature)
def _smish_slope(x, alpha, beta):
    w = nx.near(beta * x)
    h, e, n, d, b = _smish_parts(w, alpha)
    return _either(w, h * (h * (n * d + w * b)), n * d + e * (w * b)) / ops.square(d)


@activation(
    formula=r"\alpha x \tanh(\log(1 + \sigma(\beta x)))",
    paper="Wang et al. 2022",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_smish_slope,
)
def smish(
    x: nx.Tensor,
    alpha: Annotated[float, Param("factor", low=0.0, exclusive=True)] = 1.0,
    beta: Annotated[float, Param("sharpness of the gate", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Mish with log(1 + sigmoid) in place of softplus; its right slope is 0.6.

    f(x) = alpha x tanh(log(1 + sigmoid(beta x)))

    Args:
        x: float tensor of any shape.
        alpha: float > 0, factor.
        beta: float > 0, sharpness of the gate.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(smish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2338, 0.0, 1.1184]

    Reference:
        Wang et al. 2022, Smish: A Novel Activation Function for Deep Learning Methods.
    """
    h, _, n, d, _ = _smish_parts(beta * x, alpha)
    return _either(x, h * (h * (within_reach(x, beta) * (n / d))), x * (n / d))


# richards_swish: sigmoid(w)^alpha = (1 + e)^-alpha, times exp(alpha w) for w < 0, which is split into two halves.


def _richards_parts(x, alpha, beta):
    w = nx.near(beta * x)
    e = ops.exp(-ops.abs(w))
    return w, e, ops.exp(-alpha * elementary.log1p(e)), ops.exp(0.5 * ops.minimum(alpha * beta * x, 0.0))


def _richards_curvature(x, alpha, beta):
    w, e, power, half = _richards_parts(x, alpha, beta)
    shut = half * (half * (alpha * beta * power * (2.0 + w * (alpha - e) / (1.0 + e)) / (1.0 + e)))
    h = nx.half_decay(w)
    opened = h * (h * (alpha * beta * power * (2.0 + w * (alpha * e - 1.0) / (1.0 + e)) / (1.0 + e)))
    return ops.where(w < 0.0, shut, opened)


@nx.with_derivative(_richards_curvature)
def _richards_slope(x, alpha, beta):
    w, e, power, half = _richards_parts(x, alpha, beta)
    shut = half * (half * (power * (1.0 + alpha * w / (1.0 + e))))
    opened = power * (1.0 + alpha * w * e / (1.0 + e))
    return ops.where(w < 0.0, shut, opened)


@activation(
    formula=r"x (1 + e^{-\beta x})^{-\alpha}",
    paper="arXiv:1805.08878",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_richards_slope,
)
def richards_swish(
    x: nx.Tensor,
    alpha: Annotated[float, Param("power of the gate", low=0.0, exclusive=True)] = 1.5,
    beta: Annotated[float, Param("sharpness of the gate", low=0.0, exclusive=True)] = 2.0,
) -> nx.Tensor:
    """x times a power of a sigmoid, the Richards curve: the ARiA2 of its paper.

    f(x) = x (1 + exp(-beta x))^(-alpha)

    Not called aria2 here, as Echo's Aria2 is the gate alone, without the factor x. `swish_beta` is the case alpha = 1.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, power of the gate.
        beta: float > 0, sharpness of the gate.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(richards_swish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.0412, 0.0, 1.9463]

    Reference:
        arXiv:1805.08878, ARiA: Utilizing Richard's Curve for Controlling the Non-monotonicity of the Activation
        Function in Deep Neural Nets.
    """
    _, _, power, half = _richards_parts(x, alpha, beta)
    shut = half * (half * (power * within_reach(x, alpha * beta)))
    return ops.where(x < 0.0, shut, x * power)


# tanhsoft: u = beta exp(gamma x).


def _tanhsoft_parts(x, beta, gamma):
    """gamma x, exp(gamma max(x, 0)), exp(gamma min(x, 0)), u and tanh(u)."""
    z = gamma * x
    growth = ops.minimum(ops.exp(ops.maximum(z, 0.0)), nx.FAR / beta)  # beyond FAR, sech(u)^2 is 0
    decay = ops.exp(ops.minimum(z, 0.0))
    u = beta * growth * decay
    return nx.near(z), growth, decay, u, ops.tanh(u)


def _beta_tanh_ratio(u, tanh, beta):
    """beta tanh(u) / u; near 0 by its series, as the quotient of two rounded numbers is less accurate."""
    square = ops.square(ops.minimum(u, 0.05))
    fall = 1 / 3 - square * (2 / 15 - square * (17 / 315 - square * (62 / 2835 - square * 1382 / 155925)))
    return ops.where(u < 0.05, beta * (1.0 - square * fall), (beta * tanh) / ops.maximum(u, 0.05))


def _times_sech_squared(factor, u, tanh):
    # 1 - tanh^2 has one rounding where it does not cancel.
    return ops.where(u < 0.5, factor * (1.0 - ops.square(tanh)), nx.times_sech_squared(factor, u))


def _times_decay(factor, z, decay):
    """factor exp(z); in halves only where they are needed, as the square of a half has twice its error."""
    return ops.where(z < -80.0, nx.scaled_exp(factor, ops.minimum(z, 0.0)), factor * decay)


def _tanhsoft_curvature(x, beta, gamma):
    z, growth, decay, u, tanh = _tanhsoft_parts(x, beta, gamma)
    rate = beta * gamma
    factor = 2.0 * rate + (rate * z) * (1.0 - 2.0 * u * tanh)
    below = _times_decay(_times_sech_squared(factor, u, tanh), z, decay)
    return _either(x, below, _times_sech_squared(growth * factor, u, tanh))


@nx.with_derivative(_tanhsoft_curvature)
def _tanhsoft_slope(x, beta, gamma):
    z, _, decay, u, tanh = _tanhsoft_parts(x, beta, gamma)
    below = _times_decay(_beta_tanh_ratio(u, tanh, beta) + _times_sech_squared(beta * z, u, tanh), z, decay)
    return _either(x, below, tanh + _times_sech_squared(z * u, u, tanh))


@activation(
    formula=r"x \tanh(\beta e^{\gamma x})",
    paper="arXiv:2009.03863",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={"echo": "TanhSoft"},
    derivative=_tanhsoft_slope,
)
def tanhsoft(
    x: nx.Tensor,
    beta: Annotated[float, Param("factor of the exponential", low=0.0, exclusive=True)] = 0.6,
    gamma: Annotated[float, Param("rate of the exponential", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """x gated by the tanh of an exponential, the member of the TanhSoft family that its paper recommends.

    f(x) = x tanh(beta exp(gamma x))

    The family is tanh(alpha x + beta exp(gamma x)) log(delta + exp(x)); here alpha = delta = 0, as by default in Echo.
    At beta = 1 this is TanhExp.

    Args:
        x: float tensor of any shape.
        beta: float > 0, factor of the exponential.
        gamma: float > 0, rate of the exponential.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(tanhsoft(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2172, 0.0, 1.9994]

    Reference:
        arXiv:2009.03863, TanhSoft: A Family of Activation Functions Combining Tanh and Softplus.
    """
    z, _, decay, u, tanh = _tanhsoft_parts(x, beta, gamma)
    below = _times_decay(within_reach(x, gamma) * _beta_tanh_ratio(u, tanh, beta), z, decay)
    return _either(x, below, x * tanh)
