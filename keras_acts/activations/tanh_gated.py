"""Mish and its kin: x times a tanh of x."""

from typing import Annotated

from keras_acts.activations._double_exponential import exponent_and_exp, gated, gated_derivative, times_exp_minus
from keras_acts.activations.sigmoid_gated import within_reach
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import activation, positive

__all__ = ["hard_mish", "lisht", "mish", "phish", "smish", "tanh_exp", "tanhsoft"]


def _mish_gate(x: nx.Tensor) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor]:
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


@activation(
    formula="x * tanh(log(1 + exp(x)))",
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={"keras tfa jax timm hf": "mish", "torch": "Mish mish(inplace=False)", "onnx": "Mish"},
)
def mish(x: nx.Tensor) -> nx.Tensor:
    """Softplus-tanh gated unit: smooth, unbounded above; the activation of YOLOv4.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.309 at x = -1.192.

    Example:
        >>> np.asarray(mish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3034, 0.0, 1.944]

    Reference:
        arXiv:1908.08681, Mish: A Self Regularized Non-Monotonic Activation Function.
    """
    near, far = nx.split_exp(ops.minimum(x, 22.0))  # from here the gate is open to the last bit of float64
    e = near * far
    return near * ((e + 2.0) / (2.0 + e * (2.0 + e))) * (far * ops.maximum(x, -nx.FAR))


@mish.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    negative, near, far, e, n, d = _mish_gate(x)
    x = nx.near(x)
    # n d + 4 x (1 + e) with the terms that cancel taken together.
    closing = near * (far * (4.0 * (x + 1.0) + e * ((4.0 * x + 6.0) + e * (4.0 + e))))
    opening = n * d + 4.0 * x * (1.0 + e) * ops.square(e)
    return ops.where(negative, closing, opening) / ops.square(d)


@mish.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    x = nx.near(x)
    negative, near, far, e, _, d = _mish_gate(x)
    left = 2.0 + e * (2.0 - e * (3.0 + 2.0 * e))
    right = e * (2.0 * e * (1.0 + e) - 3.0) - 2.0
    bracket = (8.0 * (1.0 + e) + 4.0 * x * ops.where(negative, left, right) / d) / ops.square(d)
    return near * (far * (ops.where(negative, 1.0, e) * bracket))


@activation(
    formula="x * min(max(x + 2, 0), 2) / 2",
    traits={"non_monotonic", "self_gated", "sparse"},
    aliases={"timm": "hard_mish"},
    kinks=(-2.0, 0.0),
)
def hard_mish(x: nx.Tensor) -> nx.Tensor:
    """Piecewise quadratic mish: exactly 0 for x <= -2, exactly x for x >= 0.

    The derivative at -2 is 0.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.5 at x = -1.

    Example:
        >>> np.asarray(hard_mish(np.array([-1.0, 0.0, 3.0]))).tolist()
        [-0.5, 0.0, 3.0]

    Reference:
        Misra 2020, H-Mish, github.com/digantamisra98/H-Mish.
    """
    return ops.maximum(x, -nx.largest(x)) * ops.clip(0.5 * x + 1.0, 0.0, 1.0)  # -inf * 0 would be NaN


hard_mish.derivative(lambda x: ops.where(x <= -2.0, 0.0, ops.where(x >= 0.0, 1.0, x + 1.0)))
hard_mish.second_derivative(lambda x: ops.where(x > -2.0, ops.where(x < 0.0, ops.ones_like(x), 0.0), 0.0))


@activation(formula="x * tanh(x)", traits={"smooth", "non_monotonic", "even", "self_gated"}, aliases={"tfa": "lisht"})
def lisht(x: nx.Tensor) -> nx.Tensor:
    """Linearly scaled tanh: even and never negative.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(lisht(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [1.9281, 0.0, 1.9281]

    Reference:
        arXiv:1901.05894, LiSHT: Non-Parametric Linearly Scaled Hyperbolic Tangent Activation Function.
    """
    return x * ops.tanh(x)


lisht.derivative(lambda x: ops.tanh(x) + nx.near(x) * nx.sech_squared(x))


@lisht.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    x = nx.near(x)
    return nx.times_sech_squared(2.0 * (1.0 - x * ops.tanh(x)), x)


def _tanhsoft_parts(x: nx.Tensor, beta: float, gamma: float) -> tuple[nx.Tensor, ...]:
    """u = gamma x, clipped, z = beta exp(u), e = exp(-2 z), tanh(z) and tanh(z) / z. sech(z)^2 is 4 e / (1 + e)^2."""
    u, z = exponent_and_exp(x, beta, gamma)
    return u, z, ops.exp(-2.0 * z), *nx.tanh_and_quotient(z)


@activation(
    formula="x * tanh(beta * exp(gamma * x))",
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={"echo": "TanhSoft(*, beta=0.6, gamma=1.0)"},
)
def tanhsoft(
    x: nx.Tensor,
    beta: Annotated[float, positive("factor of the exponential")] = 0.6,
    gamma: Annotated[float, positive("rate of the exponential")] = 1.0,
) -> nx.Tensor:
    """x gated by the tanh of an exponential, the member of the TanhSoft family that its paper recommends.

    The family is tanh(alpha x + beta exp(gamma x)) log(delta + exp(x)); here alpha = delta = 0, as by default in Echo.
    At beta = 1 this is TanhExp.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(tanhsoft(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2172, 0.0, 1.9994]

    Reference:
        arXiv:2009.03863, TanhSoft: A Family of Activation Functions Combining Tanh and Softplus.
    """
    u, _, _, gate, quotient = _tanhsoft_parts(x, beta, gamma)
    return gated(x, u, gate, quotient, beta, gamma)


@tanhsoft.derivative
def _tanhsoft_derivative(x: nx.Tensor, beta: float, gamma: float) -> nx.Tensor:
    u, z, e, gate, quotient = _tanhsoft_parts(x, beta, gamma)
    return gated_derivative(u, z, gate, quotient, 4.0 * e / ops.square(1.0 + e), beta)


@tanhsoft.second_derivative
def _tanhsoft_second_derivative(x: nx.Tensor, beta: float, gamma: float) -> nx.Tensor:
    # rate z sech(z)^2 (2 + u (1 - 2 z tanh(z)))
    u, z, e, gate, _ = _tanhsoft_parts(x, beta, gamma)
    bracket = (4.0 * beta * gamma) * (2.0 + u * (1.0 - 2.0 * z * gate))
    return times_exp_minus(bracket / ops.square(1.0 + e), u, 2.0 * z)


@activation(formula="x * tanh(exp(x))", traits={"smooth", "non_monotonic", "self_gated"})
def tanh_exp(x: nx.Tensor) -> nx.Tensor:
    """TanhExp: x gated by tanh of an exponential; closer to the identity on the right than `mish`.

    TeLU (arXiv:2412.20269) is the same function.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.3533 at x = -1.0789.

    Example:
        >>> np.asarray(tanh_exp(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3521, 0.0, 2.0]

    Reference:
        arXiv:2003.09855, TanhExp: A Smooth Activation Function with High Convergence Speed for Lightweight Neural
        Networks.
    """
    return tanhsoft.body(x, 1.0, 1.0)


tanh_exp.derivative(lambda x: _tanhsoft_derivative(x, 1.0, 1.0))
tanh_exp.second_derivative(lambda x: _tanhsoft_second_derivative(x, 1.0, 1.0))


def _smish_parts(w: nx.Tensor, alpha: float) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor]:
    """h = exp(-|w| / 2), e = h^2; n, d with alpha T = e n / d for w < 0, else n / d; and b of the bend of the gate T.

    From tanh(log u) = (u^2 - 1) / (u^2 + 1). alpha is inside the sums: times x it could overflow.
    """
    h, e = nx.half_decay(w)
    n = ops.where(w < 0.0, 2.0 * alpha + (3.0 * alpha) * e, 3.0 * alpha + (2.0 * alpha) * e)
    d = ops.where(w < 0.0, 2.0 + e * (6.0 + 5.0 * e), 5.0 + e * (6.0 + 2.0 * e))
    b = (4.0 * alpha + (4.0 * alpha) * e) * ops.where(w < 0.0, 1.0 + 2.0 * e, 2.0 + e)
    return h, e, n, d, b


@activation(formula="alpha * x * tanh(log(1 + sigmoid(beta * x)))", traits={"smooth", "non_monotonic", "self_gated"})
def smish(
    x: nx.Tensor,
    alpha: Annotated[float, positive("factor")] = 1.0,
    beta: Annotated[float, positive("sharpness of the gate")] = 1.0,
) -> nx.Tensor:
    """Mish with log(1 + sigmoid) in place of softplus; its right slope is 0.6.

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


@smish.derivative
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    w = nx.near(beta * x)
    h, e, n, d, b = _smish_parts(w, alpha)
    return ops.where(w < 0.0, h * (h * (n * d + w * b)), n * d + e * (w * b)) / ops.square(d)


@smish.second_derivative
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    w = nx.near(beta * x)
    h, e, _, d, b = _smish_parts(w, alpha)
    left = 2.0 + e * (6.0 - e * (3.0 + e * (18.0 + 10.0 * e)))
    right = e * (e * (e * (6.0 + 2.0 * e) - 3.0) - 18.0) - 10.0
    bend = (4.0 * alpha * beta) * w * ops.where(w < 0.0, left, right) / d
    return h * (h * ((2.0 * beta * b + bend) / ops.square(d)))


def _phish_parts(x: nx.Tensor) -> tuple[nx.Tensor, ...]:
    """For t = |x|: t, R(t) = exp(t^2 / 2) Phi(-t), exp(-t^2 / 2), g = |gelu(x)|, tanh(g) and tanh(g) / g."""
    t = nx.near(ops.abs(x))
    decay, tail = ops.exp(-0.5 * ops.square(t)), nx.scaled_normal_tail(t)
    shortfall = decay * (t * tail)
    g = ops.where(x < 0.0, shortfall, t - shortfall)
    return t, tail, decay, g, *nx.tanh_and_quotient(g)


@activation(formula="x * tanh(x * normal_cdf(x))", traits={"smooth", "non_monotonic", "self_gated"})
def phish(x: nx.Tensor) -> nx.Tensor:
    """x gated by tanh of GELU: x^2 / 2 near zero, x on the right.

    With the exact GELU inside; ports that take its tanh form differ by up to 1.3e-3. The slope at 0 is 0, so small
    signals are lost.

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


@phish.derivative
def _(x: nx.Tensor) -> nx.Tensor:
    t, tail, decay, g, _, ratio = _phish_parts(x)
    sech = nx.sech_squared(g)
    bend = nx.NORMAL_PEAK * t - tail
    left = nx.times_exp(t * (bend * sech - tail * ratio), -0.5 * ops.square(t))
    return ops.where(x < 0.0, left, t * ((1.0 - decay * tail) * ratio + sech * (1.0 + decay * bend)))


@phish.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
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
