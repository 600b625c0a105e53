"""Swish and its kin: x times a sigmoid of x."""

from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["acon_c", "b_silu", "flatten_t_swish", "hard_silu", "richards_swish", "scaled_silu", "silu"]
__all__ += ["swish_beta", "swish_t", "xsilu"]


@activation(
    formula="x * sigmoid(x)",
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={"keras tf jax flax timm hf": "silu swish", "torch": "SiLU silu(inplace=False)"},
)
def silu(x: nx.Tensor) -> nx.Tensor:
    """Sigmoid linear unit, also called Swish.

    The activation of EfficientNet and, inside SwiGLU, of LLaMA. For x sigmoid(beta x) use `swish_beta`.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.278 at x = -1.278.

    Example:
        >>> np.asarray(silu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2689, 0.0, 1.7616]

    Reference:
        arXiv:1702.03118, Sigmoid-Weighted Linear Units; arXiv:1710.05941, Searching for Activation Functions.
    """
    return nx.sigmoid_gated(x, x)


@silu.derivative
def silu_derivative(x: nx.Tensor) -> nx.Tensor:
    """sigmoid(x) (1 + x sigmoid(-x))."""
    return nx.sigmoid_gated_derivative(nx.near(x), x)


@silu.second_derivative
def silu_second_derivative(x: nx.Tensor, factor: float = 1.0) -> nx.Tensor:
    """factor * silu''(x), with silu''(x) = sigmoid'(x) (2 - x tanh(x / 2))."""
    # The factor is inside the difference: see core.numerics.
    return nx.times_sigmoid_derivative(2.0 * factor - (factor * nx.near(x)) * ops.tanh(0.5 * x), x)


@activation(
    formula="x * min(max(x + 3, 0), 6) / 6",
    traits={"non_monotonic", "self_gated", "sparse"},
    aliases={
        "keras jax flax": "hard_silu hard_swish",
        "torch": "Hardswish hardswish(inplace=False)",
        "onnx": "HardSwish",
        "timm": "hard_swish hardswish",
        "hf": "hardswish",
    },
    kinks=(-3.0, 3.0),
)
def hard_silu(x: nx.Tensor) -> nx.Tensor:
    """Piecewise quadratic silu, made for MobileNetV3; also called hard swish.

    The derivative is 0 at -3 and 1 at 3.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.375 at x = -1.5.

    Example:
        >>> np.asarray(hard_silu(np.array([-1.5, 0.0, 4.0]))).tolist()
        [-0.375, 0.0, 4.0]

    Reference:
        arXiv:1905.02244, Searching for MobileNetV3.
    """
    return ops.maximum(x, -nx.largest(x)) * ops.clip((x + 3.0) / 6.0, 0.0, 1.0)  # -inf * 0 would be NaN


hard_silu.derivative(lambda x: ops.where(x <= -3.0, 0.0, ops.where(x >= 3.0, 1.0, x / 3.0 + 0.5)))
hard_silu.second_derivative(lambda x: ops.where(ops.abs(x) < 3.0, 1.0 / 3.0, ops.zeros_like(x)))


def _of_keras_contrib(beta: float = 1.0, trainable: bool = False) -> dict[str, float]:
    if trainable:
        raise ValueError(
            "The activation swish_beta does not learn beta. Use the layer that does: "
            f"keras_acts.layers.Swish(beta_initializer={beta!r}). Received: trainable={trainable!r}"
        )
    return {"beta": beta}


def line(slope: float, x: nx.Tensor) -> nx.Tensor:
    """slope * x, also where 0 * inf would be NaN."""
    return slope * x if slope else ops.zeros_like(x)


@activation(
    formula="x * sigmoid(beta * x)",
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={"keras_contrib": {"Swish": _of_keras_contrib}, "onnx": {"Swish": lambda alpha=1.0: {"beta": alpha}}},
)
def swish_beta(x: nx.Tensor, beta: Annotated[float, Param("sharpness of the gate")] = 1.0) -> nx.Tensor:
    """Swish with a fixed beta: x / 2 at beta = 0, `silu` at 1, towards `relu` as beta grows.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(swish_beta(np.array([-1.0, 0.0, 2.0]), beta=1.5)).round(4).tolist()
        [-0.1824, 0.0, 1.9051]

    Reference:
        arXiv:1710.05941, Searching for Activation Functions.
    """
    if beta == 0.0:
        return 0.5 * x
    return nx.sigmoid_gated(x, beta * x) if beta > 0.0 else -nx.sigmoid_gated(-x, beta * x)


@swish_beta.derivative
def swish_beta_derivative(x: nx.Tensor, beta: float) -> nx.Tensor:
    """silu'(beta x)."""
    return silu_derivative(line(beta, x))


@swish_beta.second_derivative
def swish_beta_second_derivative(x: nx.Tensor, beta: float) -> nx.Tensor:
    """beta silu''(beta x)."""
    return silu_second_derivative(line(beta, x), beta)


# scaled_silu, xsilu and acon_c are (p1 - p2) x sigmoid(w) + p2 x with w = rate x: the line p2 x where the gate is shut,
# p1 x where it is open. The weights of the two are e / (1 + e) and 1 / (1 + e), so that no tail cancels.


def within_reach(x: nx.Tensor, rate: float, factor: float = 1.0) -> nx.Tensor:
    """factor x, for x clipped to where exp(-|rate x|) is not 0. The factor is inside the clip: see core.numerics."""
    bound = nx.FAR * abs(factor / rate)
    return ops.clip(x if factor == 1.0 else line(factor, x), -bound, bound)


def _two_lines(x: nx.Tensor, p1: float, p2: float, rate: float, mean: float | None = None) -> nx.Tensor:
    mean, gap = 0.5 * (p1 + p2) if mean is None else mean, p1 - p2  # the mean, where their sum would cancel
    if not rate:
        return line(mean, x)
    w = rate * x
    h, e = nx.half_decay(w)
    shut = line(p2, x) + h * (h * within_reach(x, rate, p1))
    opened = line(p1, x) + h * (h * within_reach(x, rate, p2))
    value = ops.where(w < 0.0, shut, opened) / (1.0 + e)
    if not p1 * p2:
        return value
    # Near 0 lines of opposite slopes cancel, and a sum of two terms underflows early.
    return ops.where(ops.abs(w) < 1.0, x * (mean + 0.5 * gap * ops.tanh(0.5 * w)), value)


def _two_lines_derivative(x: nx.Tensor, p1: float, p2: float, rate: float, mean: float | None = None) -> nx.Tensor:
    mean, gap = 0.5 * (p1 + p2) if mean is None else mean, p1 - p2
    w = nx.near(rate * x) if rate else ops.zeros_like(x)
    h, e = nx.half_decay(w)
    distance = h * (h * (gap + gap * (e - ops.abs(w)))) / (1.0 + e * (2.0 + e))
    far = ops.where(w < 0.0, p2 + distance, p1 - distance)
    if p1 * p2 >= 0.0:
        return far
    central = mean + (0.5 * gap * ops.tanh(0.5 * w) + nx.times_sigmoid_derivative(gap * w, w))
    return ops.where(ops.abs(w) < 1.0, central, far)


def _two_lines_second_derivative(x: nx.Tensor, p1: float, p2: float, rate: float) -> nx.Tensor:
    w = nx.near(rate * x) if rate else ops.zeros_like(x)
    factor = (p1 - p2) * rate
    return nx.times_sigmoid_derivative(2.0 * factor - (factor * w) * ops.tanh(0.5 * w), w)


@activation(
    formula="beta * x * sigmoid(x)",
    traits={"smooth", "non_monotonic", "self_gated"},
    aliases={"echo": "ESwish(beta=1.735)", "edm2": f"mp_silu(*, beta={1.0 / 0.596})"},
)
def scaled_silu(x: nx.Tensor, beta: Annotated[float, positive("factor")] = 1.375) -> nx.Tensor:
    """Silu times a constant: E-swish.

    Not called eswish here, as surveys give that name to exp(-x) sigmoid(x) too. The paper takes beta from 1 to 2, most
    often 1.375; Echo's default is 1.735.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.278 beta at x = -1.278.

    Example:
        >>> np.asarray(scaled_silu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3698, 0.0, 2.4222]

    Reference:
        arXiv:1801.07145, E-swish: Adjusting Activations to Different Network Depths.
    """
    return _two_lines(x, beta, 0.0, 1.0)


scaled_silu.derivative(lambda x, beta: _two_lines_derivative(x, p1=beta, p2=0.0, rate=1.0))
scaled_silu.second_derivative(lambda x, beta: _two_lines_second_derivative(x, p1=beta, p2=0.0, rate=1.0))


def _of_fairchem(negative_slope: float = 0.2) -> dict[str, float]:
    gap = 1.0 - negative_slope  # its gate is sigmoid(x)
    return {"p1": 1.0, "p2": negative_slope, "beta": 1.0 / gap if gap else 1.0}


@activation(
    formula="(p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x",
    traits={"smooth", "non_monotonic"},
    aliases={"fairchem": {"SmoothLeakyReLU": _of_fairchem}},
)
def acon_c(
    x: nx.Tensor,
    p1: Annotated[float, Param("slope of the line where the gate is open")] = 1.0,
    p2: Annotated[float, Param("slope of the line where the gate is shut")] = 0.0,
    beta: Annotated[
        float, Param("sharpness of the switch; 0 gives the mean of both lines, negative values the smooth minimum")
    ] = 1.0,
) -> nx.Tensor:
    """Smooth maximum of the two lines p1 x and p2 x, with fixed parameters.

    At its defaults it is `silu`. With p1 = 1 and beta = 1 / (1 - p2) it is a smooth leaky relu. The paper trains all
    three per channel.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(acon_c(np.array([-1.0, 0.0, 2.0]), p2=0.25)).round(4).tolist()
        [-0.4906, 0.0, 1.7264]

    Reference:
        arXiv:2009.04759, Activate or Not: Learning Customized Activation.
    """
    return _two_lines(x, p1, p2, beta * (p1 - p2))


acon_c.derivative(lambda x, p1, p2, beta: _two_lines_derivative(x, p1=p1, p2=p2, rate=beta * (p1 - p2)))
acon_c.second_derivative(lambda x, p1, p2, beta: _two_lines_second_derivative(x, p1=p1, p2=p2, rate=beta * (p1 - p2)))


@activation(formula="x * ((1 + 2 * alpha) * sigmoid(x) - alpha)", traits={"smooth", "non_monotonic", "self_gated"})
def xsilu(
    x: nx.Tensor, alpha: Annotated[float, Param("by how much the gate leaves [0, 1] on either side")] = 0.0
) -> nx.Tensor:
    """Silu whose gate is widened from (0, 1) to (-alpha, 1 + alpha).

    The paper trains alpha, from 0, where this is `silu`.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xsilu(np.array([-1.0, 0.0, 2.0]), alpha=0.25)).round(4).tolist()
        [-0.1534, 0.0, 2.1424]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    return _two_lines(x, 1.0 + alpha, -alpha, 1.0, 0.5)


xsilu.derivative(lambda x, alpha: _two_lines_derivative(x, 1.0 + alpha, -alpha, 1.0, 0.5))
xsilu.second_derivative(lambda x, alpha: _two_lines_second_derivative(x, p1=1.0 + alpha, p2=-alpha, rate=1.0))


@activation(formula="sigmoid(beta * x) * (x + 2 * alpha / beta) - alpha / beta", traits={"smooth", "non_monotonic"})
def swish_t(
    x: nx.Tensor,
    alpha: Annotated[float, Param("weight of the tanh bias", low=0.0)] = 0.1,
    beta: Annotated[float, positive("sharpness of the gate")] = 1.0,
) -> nx.Tensor:
    """Swish plus a tanh bias, in the form C that its paper settles on.

    The same as x sigmoid(beta x) + alpha / beta tanh(beta x / 2). The paper's form B lacks the two divisions by beta;
    at beta = 1 the two agree.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(swish_t(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3152, 0.0, 1.8378]

    Reference:
        arXiv:2407.01012, Swish-T: Enhancing Swish Activation with Tanh Bias.
    """
    # x sigmoid(w) + alpha / beta tanh(w / 2) with w = beta x: both terms have the sign of x.
    w = beta * x
    h, e = nx.half_decay(w)
    bias = (alpha / beta) * nx.expm1(-ops.abs(w))
    value = ops.where(w < 0.0, h * (h * within_reach(x, beta)) + bias, x - bias) / (1.0 + e)
    return ops.where(ops.abs(w) < 1e-30, (0.5 + 0.5 * alpha) * x, value)  # the sum of two terms underflows early


@swish_t.derivative
def _swish_t_derivative(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    w = nx.near(beta * x)
    return nx.sigmoid_gated_derivative(w + 2.0 * alpha, w)


@swish_t.second_derivative
def _swish_t_second_derivative(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    w = nx.near(beta * x)
    return nx.times_sigmoid_derivative(2.0 * beta - beta * (w + 2.0 * alpha) * ops.tanh(0.5 * w), w)


@activation(formula="(x + alpha) * sigmoid(x) - alpha / 2", traits={"smooth", "non_monotonic"})
def b_silu(
    x: nx.Tensor, alpha: Annotated[float, Param("twice the depth of the left tail", low=0.0)] = 1.67
) -> nx.Tensor:
    """Bounded silu: the surrogate gradient of SUGAR, also usable on its own.

    SUGAR computes relu and takes the derivative of this, so that no unit dies.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(b_silu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.6548, 0.0, 2.3975]

    Reference:
        arXiv:2505.22074, The Resurrection of the ReLU.
    """
    return swish_t.body(x, 0.5 * alpha, 1.0)


b_silu.derivative(lambda x, alpha: _swish_t_derivative(x, alpha=0.5 * alpha, beta=1.0))
b_silu.second_derivative(lambda x, alpha: _swish_t_second_derivative(x, alpha=0.5 * alpha, beta=1.0))


@activation(formula="max(x, 0) * sigmoid(x) + T", traits={"monotonic"}, kinks=(0.0,))
def flatten_t_swish(
    x: nx.Tensor,
    T: Annotated[float, Param("output for x <= 0")] = -0.2,  # noqa: N803
) -> nx.Tensor:
    """Swish for positive inputs, a negative constant for the others.

    Echo leaves T out. The derivative at 0 is 0.

    Returns:
        Tensor of the same shape and dtype as x, in [T, inf).

    Example:
        >>> np.asarray(flatten_t_swish(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.2, -0.2, 1.5616]

    Reference:
        arXiv:1812.06247, Flatten-T Swish: A Thresholded ReLU-Swish-like Activation Function for Deep Learning.
    """
    rectified = ops.relu(x)
    return nx.sigmoid_gated(rectified, rectified) + T


flatten_t_swish.derivative(lambda x, T: ops.where(x > 0.0, silu_derivative(ops.relu(x)), 0.0))  # noqa: N803
flatten_t_swish.second_derivative(lambda x, T: ops.where(x > 0.0, silu_second_derivative(ops.relu(x)), 0.0))  # noqa: N803


def _richards_parts(x: nx.Tensor, alpha: float, beta: float) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor, nx.Tensor]:
    """w = beta x, e = exp(-|w|), alpha w for w < 0, and the logarithm of sigmoid(w)^alpha.

    Both w are clipped where their exponential is 0: for a small alpha exp(w) is so long before exp(alpha w).
    """
    w, shut = nx.near(beta * x), ops.where(x < 0.0, ops.maximum(alpha * beta * x, -nx.FAR), 0.0)
    e = ops.exp(-ops.abs(w))
    return w, e, shut, shut - alpha * nx.log1p_unit(e)


@activation(formula="x * (1 + exp(-beta * x))**(-alpha)", traits={"smooth", "non_monotonic", "self_gated"})
def richards_swish(
    x: nx.Tensor,
    alpha: Annotated[float, positive("power of the gate")] = 1.5,
    beta: Annotated[float, positive("sharpness of the gate")] = 2.0,
) -> nx.Tensor:
    """x times a power of a sigmoid, the Richards curve: the ARiA2 of its paper.

    Not called aria2 here, as Echo's Aria2 is the gate alone, without the factor x. `swish_beta` is the case alpha = 1.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(richards_swish(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.0412, 0.0, 1.9463]

    Reference:
        arXiv:1805.08878, ARiA: Utilizing Richard's Curve for Controlling the Non-monotonicity of the Activation
        Function in Deep Neural Nets.
    """
    *_, exponent = _richards_parts(x, alpha, beta)
    return nx.times_exp_fast(ops.maximum(x, -nx.FAR / (alpha * beta)), exponent)


@richards_swish.derivative
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    w, e, shut, exponent = _richards_parts(x, alpha, beta)
    return nx.times_exp(1.0 + ops.where(w < 0.0, shut, alpha * w * e) / (1.0 + e), exponent)


@richards_swish.second_derivative
def _(x: nx.Tensor, alpha: float, beta: float) -> nx.Tensor:
    w, e, shut, exponent = _richards_parts(x, alpha, beta)
    factor = alpha * beta
    bend = ops.where(w < 0.0, shut - w * e, w * (alpha * e - 1.0)) / (1.0 + e)
    # The factor is inside the sum: see core.numerics.
    return nx.times_exp_fast((2.0 * factor + factor * bend) / (1.0 + e), exponent - ops.maximum(w, 0.0))
