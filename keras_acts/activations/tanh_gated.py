"""Mish and its kin: x times a tanh of x."""

from typing import Annotated

from keras import ops

from keras_acts.activations._double_exponential import exponent, growing
from keras_acts.activations.sigmoid_gated import within_reach
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

__all__ = [
    "hard_mish",
    "lisht",
    "mish",
    "phish",
    "smish",
    "tanh_exp",
    "tanhsoft",
]


def _mish_gate(x):
    """exp(-|x|) in two parts and as e, and n, d with tanh(softplus(x)) = n / d for x >= 0 and e n / d for x < 0.

    For x < 0 the gate is e (e + 2) / (e^2 + 2e + 2); for x > 0 the same fraction divided through by exp(2x), which
    would overflow.
    """
    near, far = nx.split_exp(-ops.abs(x))
    e = near * far
    negative = x < 0.0
    n = ops.where(negative, e + 2.0, 1.0 + 2.0 * e)
    d = ops.where(negative, 2.0 + e * (2.0 + e), 1.0 + 2.0 * e * (1.0 + e))
    return negative, near, far, e, n, d


def _mish_curvature(x):
    x = nx.near(x)
    negative, near, far, e, _, d = _mish_gate(x)
    left = 2.0 + e * (2.0 - e * (3.0 + 2.0 * e))
    right = e * (2.0 * e * (1.0 + e) - 3.0) - 2.0
    bracket = (8.0 * (1.0 + e) + 4.0 * x * ops.where(negative, left, right) / d) / ops.square(d)
    return near * (far * (ops.where(negative, 1.0, e) * bracket))


@nx.with_derivative(_mish_curvature)
def _mish_slope(x):
    negative, near, far, e, n, d = _mish_gate(x)
    x = nx.near(x)
    # n d + 4 x (1 + e) with the terms that cancel taken together.
    closing = near * (far * (4.0 * (x + 1.0) + e * ((4.0 * x + 6.0) + e * (4.0 + e))))
    opening = n * d + 4.0 * x * (1.0 + e) * ops.square(e)
    return ops.where(negative, closing, opening) / ops.square(d)


@activation(
    formula=r"x \tanh(\log(1 + e^x))",
    paper="arXiv:1908.08681",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={"keras": "mish", "tfa": "mish", "torch": "Mish", "jax": "mish", "timm": "mish", "hf": "mish"},
    derivative=_mish_slope,
)
def mish(x: nx.Tensor) -> nx.Tensor:
    """Softplus-tanh gated unit: smooth, unbounded above; the activation of YOLOv4.

    f(x) = x tanh(log(1 + exp(x)))

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.309 at x = -1.192.

    Example:
        >>> np.asarray(mish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3034, 0.0, 1.944]

    Reference:
        arXiv:1908.08681, Mish: A Self Regularized Non-Monotonic Activation Function.
    """
    negative, near, far, _, n, d = _mish_gate(x)
    return ops.where(negative, near * (far * nx.near(x)), x) * (n / d)


def _hard_mish_curvature(x):
    return ops.where(x > -2.0, ops.where(x < 0.0, ops.ones_like(x), 0.0), 0.0)


@nx.with_derivative(_hard_mish_curvature)
def _hard_mish_slope(x):
    return ops.where(x <= -2.0, 0.0, ops.where(x >= 0.0, 1.0, x + 1.0))


@activation(
    formula=r"\frac{x}{2} \min(\max(x + 2, 0), 2)",
    paper="Misra 2020",
    traits={Trait.NON_MONOTONIC, Trait.SELF_GATED, Trait.SPARSE},
    aliases={"timm": "hard_mish"},
    derivative=_hard_mish_slope,
    kinks=(-2.0, 0.0),
)
def hard_mish(x: nx.Tensor) -> nx.Tensor:
    """Piecewise quadratic mish: exactly 0 for x <= -2, exactly x for x >= 0.

    f(x) = x min(max(x + 2, 0), 2) / 2

    The derivative at -2 is 0.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.5 at x = -1.

    Example:
        >>> np.asarray(hard_mish(np.array([-1.0, 0.0, 3.0]))).tolist()
        [-0.5, 0.0, 3.0]

    Reference:
        Misra 2020, H-Mish, github.com/digantamisra98/H-Mish.
    """
    return ops.maximum(x, -nx.largest(x)) * ops.clip(0.5 * x + 1.0, 0.0, 1.0)  # -inf * 0 would be NaN


def _lisht_curvature(x):
    x = nx.near(x)
    return nx.times_sech_squared(2.0 * (1.0 - x * ops.tanh(x)), x)


@nx.with_derivative(_lisht_curvature)
def _lisht_slope(x):
    return ops.tanh(x) + nx.near(x) * nx.sech_squared(x)


@activation(
    formula=r"x \tanh x",
    paper="arXiv:1901.05894",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.EVEN, Trait.SELF_GATED},
    aliases={"tfa": "lisht"},
    derivative=_lisht_slope,
)
def lisht(x: nx.Tensor) -> nx.Tensor:
    """Linearly scaled tanh: even and never negative.

    f(x) = x tanh(x)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(lisht(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [1.9281, 0.0, 1.9281]

    Reference:
        arXiv:1901.05894, LiSHT: Non-Parametric Linearly Scaled Hyperbolic Tangent Activation Function.
    """
    return x * ops.tanh(x)


def _tanh_exp_parts(x):
    """x clipped, z = exp(x), tanh(z), tanh(z) / z."""
    x = exponent(x)
    z = ops.exp(x)
    return x, z, *nx.tanh_and_quotient(z)


def _tanh_exp_curvature(x):
    # z sech(z)^2 (2 + x (1 - 2 z tanh z)), with sech(z)^2 = 4 exp(-2z) / (1 + exp(-2z))^2.
    x, z, gate, _ = _tanh_exp_parts(x)
    bracket = 8.0 + x * (4.0 - 8.0 * z * gate)
    root = 1.0 + ops.exp(-2.0 * z)
    return nx.times_exp(bracket * growing(x) / ops.square(root), ops.minimum(x, 0.0) - 2.0 * z)


@nx.with_derivative(_tanh_exp_curvature)
def _tanh_exp_slope(x):
    x, z, gate, ratio = _tanh_exp_parts(x)
    bend = x * nx.sech_squared(z)
    closing = nx.times_exp(ratio + bend, ops.minimum(x, 0.0))
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
    return ops.where(x < 0.0, nx.times_exp(clipped * ratio, ops.minimum(clipped, 0.0)), x * gate)


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
    return ops.where(z < -80.0, nx.times_exp_fast(factor, ops.minimum(z, 0.0)), factor * decay)


def _tanhsoft_curvature(x, beta, gamma):
    z, growth, decay, u, tanh = _tanhsoft_parts(x, beta, gamma)
    rate = beta * gamma
    factor = 2.0 * rate + (rate * z) * (1.0 - 2.0 * u * tanh)
    below = _times_decay(_times_sech_squared(factor, u, tanh), z, decay)
    return ops.where(x < 0.0, below, _times_sech_squared(growth * factor, u, tanh))


@nx.with_derivative(_tanhsoft_curvature)
def _tanhsoft_slope(x, beta, gamma):
    z, _, decay, u, tanh = _tanhsoft_parts(x, beta, gamma)
    below = _times_decay(_beta_tanh_ratio(u, tanh, beta) + _times_sech_squared(beta * z, u, tanh), z, decay)
    return ops.where(x < 0.0, below, tanh + _times_sech_squared(z * u, u, tanh))


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
    return ops.where(x < 0.0, below, x * tanh)


def _smish_parts(w, alpha):
    """h = exp(-|w| / 2), e = h^2; n, d with alpha T = e n / d for w < 0, else n / d; and b of the bend of the gate T.

    From tanh(log u) = (u^2 - 1) / (u^2 + 1). alpha is inside the sums: times x it could overflow.
    """
    h = nx.half_decay(w)
    e = ops.square(h)
    n = ops.where(w < 0.0, 2.0 * alpha + (3.0 * alpha) * e, 3.0 * alpha + (2.0 * alpha) * e)
    d = ops.where(w < 0.0, 2.0 + e * (6.0 + 5.0 * e), 5.0 + e * (6.0 + 2.0 * e))
    b = (4.0 * alpha + (4.0 * alpha) * e) * ops.where(w < 0.0, 1.0 + 2.0 * e, 2.0 + e)
    return h, e, n, d, b


def _smish_curvature(x, alpha, beta):
    w = nx.near(beta * x)
    h, e, _, d, b = _smish_parts(w, alpha)
    left = 2.0 + e * (6.0 - e * (3.0 + e * (18.0 + 10.0 * e)))
    right = e * (e * (e * (6.0 + 2.0 * e) - 3.0) - 18.0) - 10.0
    return h * (h * (beta * (2.0 * b + (4.0 * alpha) * w * ops.where(w < 0.0, left, right) / d) / ops.square(d)))


@nx.with_derivative(_smish_curvature)
def _smish_slope(x, alpha, beta):
    w = nx.near(beta * x)
    h, e, n, d, b = _smish_parts(w, alpha)
    return ops.where(w < 0.0, h * (h * (n * d + w * b)), n * d + e * (w * b)) / ops.square(d)


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
    return ops.where(x < 0.0, h * (h * (within_reach(x, beta) * (n / d))), x * (n / d))


def _phish_parts(x):
    """For t = |x|: t, R(t) = exp(t^2 / 2) Phi(-t), exp(-t^2 / 2), g = |gelu(x)|, tanh(g) and tanh(g) / g."""
    t = nx.near(ops.abs(x))
    decay, tail = ops.exp(-0.5 * ops.square(t)), nx.scaled_normal_tail(t)
    shortfall = decay * (t * tail)
    g = ops.where(x < 0.0, shortfall, t - shortfall)
    return t, tail, decay, g, *nx.tanh_and_quotient(g)


def _phish_curvature(x):
    # sech(gelu)^2 (2 gelu' + x (gelu'' - 2 tanh(gelu) gelu'^2)); on the left every term has the factor exp(-t^2 / 2).
    t, tail, decay, g, gate, ratio = _phish_parts(x)
    square, root = ops.square(t), nx.NORMAL_PEAK * t
    bend = root - tail
    steep = ops.square(decay * bend)
    left = 2.0 * tail - root * (4.0 - square) - 2.0 * square * tail * ratio * steep
    opening = 1.0 + decay * bend
    right = 2.0 * opening + decay * (root * (2.0 - square)) - 2.0 * t * gate * ops.square(opening)
    left = nx.times_exp(left * nx.sech_squared(g), -0.5 * square)
    return ops.where(x < 0.0, left, nx.times_sech_squared(right, g))


@nx.with_derivative(_phish_curvature)
def _phish_slope(x):
    t, tail, decay, g, _, ratio = _phish_parts(x)
    sech = nx.sech_squared(g)
    bend = nx.NORMAL_PEAK * t - tail
    left = nx.times_exp(t * (bend * sech - tail * ratio), -0.5 * ops.square(t))
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
    return ops.where(x < 0.0, nx.times_exp(t * (t * tail) * ratio, -0.5 * ops.square(t)), x * gate)
