"""Relatives of silu: smooth maxima of two lines, and silu with a bias in its tail."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

# scaled_silu, xsilu and acon_c are (p1 - p2) x sigmoid(w) + p2 x with w = rate x: the line p2 x where the gate is shut,
# p1 x where it is open. The weights of the two are e / (1 + e) and 1 / (1 + e), so that no tail cancels.


def _line(slope, x):
    return slope * x if slope else ops.zeros_like(x)  # 0 * inf would be NaN


def within_reach(x: nx.Tensor, rate: float) -> nx.Tensor:
    """x clipped to where exp(-|rate x|) is not 0."""
    return ops.clip(x, -nx.FAR / abs(rate), nx.FAR / abs(rate))


def _two_lines(x, p1, p2, rate):
    mean, gap = 0.5 * (p1 + p2), p1 - p2
    if not rate:
        return _line(mean, x)
    w = rate * x
    h = nx.half_decay(w)
    near = within_reach(x, rate)
    shut = _line(p2, x) + h * (h * (p1 * near))
    opened = _line(p1, x) + h * (h * (p2 * near))
    value = ops.where(w < 0.0, shut, opened) / (1.0 + ops.square(h))
    if not p1 * p2:
        return value
    # Near 0 lines of opposite slopes cancel, and a sum of two terms underflows early.
    return ops.where(ops.abs(w) < 1.0, x * (mean + 0.5 * gap * ops.tanh(0.5 * w)), value)


def _two_lines_curvature(x, p1, p2, rate):
    w = nx.near(rate * x) if rate else ops.zeros_like(x)
    factor = (p1 - p2) * rate
    return nx.gated_curvature(2.0 * factor - (factor * w) * ops.tanh(0.5 * w), w)


@nx.with_derivative(_two_lines_curvature)
def _two_lines_slope(x, p1, p2, rate):
    mean, gap = 0.5 * (p1 + p2), p1 - p2
    w = nx.near(rate * x) if rate else ops.zeros_like(x)
    h = nx.half_decay(w)
    e = ops.square(h)
    distance = h * (h * (gap * (1.0 + e - ops.abs(w)))) / (1.0 + e * (2.0 + e))
    slope = ops.where(w < 0.0, p2 + distance, p1 - distance)
    if p1 * p2 >= 0.0:
        return slope
    central = mean + (0.5 * gap * ops.tanh(0.5 * w) + nx.times_sigmoid_slope(gap * w, w))
    return ops.where(ops.abs(w) < 1.0, central, slope)


def _scaled_silu_slope(x, beta):
    return _two_lines_slope(x, p1=beta, p2=0.0, rate=1.0)


@activation(
    formula=r"\beta x \sigma(x)",
    paper="arXiv:1801.07145",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    aliases={"echo": "ESwish(beta=1.735)"},
    derivative=_scaled_silu_slope,
)
def scaled_silu(x: nx.Tensor, beta: Annotated[float, Param("factor", low=0.0, exclusive=True)] = 1.375) -> nx.Tensor:
    """Silu times a constant: E-swish.

    f(x) = beta x sigmoid(x)

    Not called eswish here, as surveys give that name to exp(-x) sigmoid(x) too. The paper takes beta from 1 to 2, most
    often 1.375; Echo's default is 1.735.

    Args:
        x: float tensor of any shape.
        beta: float > 0, factor.

    Returns:
        Tensor of the same shape and dtype as x, with minimum -0.278 beta at x = -1.278.

    Example:
        >>> np.asarray(scaled_silu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3698, 0.0, 2.4222]

    Reference:
        arXiv:1801.07145, E-swish: Adjusting Activations to Different Network Depths.
    """
    return _two_lines(x, beta, 0.0, 1.0)


def _xsilu_slope(x, alpha):
    return _two_lines_slope(x, p1=1.0 + alpha, p2=-alpha, rate=1.0)


@activation(
    formula=r"x ((1 + 2 \alpha) \sigma(x) - \alpha)",
    paper="arXiv:2405.20768",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.SELF_GATED},
    derivative=_xsilu_slope,
)
def xsilu(x: nx.Tensor, alpha: Annotated[float, Param("by how much the gate leaves [0, 1]")] = 0.0) -> nx.Tensor:
    """Silu whose gate is widened from (0, 1) to (-alpha, 1 + alpha).

    f(x) = x ((1 + 2 alpha) sigmoid(x) - alpha)

    The paper trains alpha, from 0, where this is `silu`.

    Args:
        x: float tensor of any shape.
        alpha: float, by how much the gate leaves [0, 1] on either side.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xsilu(np.array([-1.0, 0.0, 2.0]), alpha=0.25)).round(4).tolist()
        [-0.1534, 0.0, 2.1424]

    Reference:
        arXiv:2405.20768, Expanded Gating Ranges Improve Activation Functions.
    """
    return _two_lines(x, 1.0 + alpha, -alpha, 1.0)


def _acon_c_slope(x, p1, p2, beta):
    return _two_lines_slope(x, p1=p1, p2=p2, rate=beta * (p1 - p2))


@activation(
    formula=r"(p_1 - p_2) x \sigma(\beta (p_1 - p_2) x) + p_2 x",
    paper="arXiv:2009.04759",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC},
    derivative=_acon_c_slope,
)
def acon_c(
    x: nx.Tensor,
    p1: Annotated[float, Param("slope of the line where the gate is open")] = 1.0,
    p2: Annotated[float, Param("slope of the line where the gate is shut")] = 0.0,
    beta: Annotated[float, Param("sharpness of the switch; 0 gives the mean of both lines")] = 1.0,
) -> nx.Tensor:
    """Smooth maximum of the two lines p1 x and p2 x, with fixed parameters.

    f(x) = (p1 - p2) x sigmoid(beta (p1 - p2) x) + p2 x

    At its defaults it is `silu`. With p1 = 1 and beta = 1 / (1 - p2) it is a smooth leaky relu. The paper trains all
    three per channel.

    Args:
        x: float tensor of any shape.
        p1: float, slope of the line where the gate is open.
        p2: float, slope of the line where the gate is shut.
        beta: float, sharpness of the switch; negative values give the smooth minimum.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(acon_c(np.array([-1.0, 0.0, 2.0]), p2=0.25)).round(4).tolist()
        [-0.4906, 0.0, 1.7264]

    Reference:
        arXiv:2009.04759, Activate or Not: Learning Customized Activation.
    """
    return _two_lines(x, p1, p2, beta * (p1 - p2))


# b_silu and swish_t are x sigmoid(w) + alpha / beta tanh(w / 2) with w = beta x; both terms have the sign of x.


def _biased(x, alpha, beta):
    w = beta * x
    h = nx.half_decay(w)
    bias = (alpha / beta) * ops.expm1(-ops.abs(w))
    value = ops.where(w < 0.0, h * (h * within_reach(x, beta)) + bias, x - bias) / (1.0 + ops.square(h))
    return ops.where(ops.abs(w) < 1e-30, (0.5 + 0.5 * alpha) * x, value)  # the sum of two terms underflows early


def _biased_curvature(x, alpha, beta):
    w = nx.near(beta * x)
    return nx.gated_curvature(2.0 * beta - beta * (w + 2.0 * alpha) * ops.tanh(0.5 * w), w)


@nx.with_derivative(_biased_curvature)
def _biased_slope(x, alpha, beta):
    w = nx.near(beta * x)
    return nx.gated_slope(w + 2.0 * alpha, w)


def _b_silu_slope(x, alpha):
    return _biased_slope(x, alpha=0.5 * alpha, beta=1.0)


@activation(
    formula=r"(x + \alpha) \sigma(x) - \frac{\alpha}{2}",
    paper="arXiv:2505.22074",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC},
    derivative=_b_silu_slope,
)
def b_silu(
    x: nx.Tensor, alpha: Annotated[float, Param("twice the depth of the left tail", low=0.0)] = 1.67
) -> nx.Tensor:
    """Bounded silu: the surrogate gradient of SUGAR, also usable on its own.

    f(x) = (x + alpha) sigmoid(x) - alpha / 2

    SUGAR computes relu and takes the derivative of this, so that no unit dies.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0; the left tail tends to -alpha / 2.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(b_silu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.6548, 0.0, 2.3975]

    Reference:
        arXiv:2505.22074, The Resurrection of the ReLU.
    """
    return _biased(x, 0.5 * alpha, 1.0)


@activation(
    formula=r"\sigma(\beta x) (x + \frac{2 \alpha}{\beta}) - \frac{\alpha}{\beta}",
    paper="arXiv:2407.01012",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC},
    derivative=_biased_slope,
)
def swish_t(
    x: nx.Tensor,
    alpha: Annotated[float, Param("weight of the tanh bias", low=0.0)] = 0.1,
    beta: Annotated[float, Param("sharpness of the gate", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Swish plus a tanh bias, in the form C that its paper settles on.

    f(x) = sigmoid(beta x) (x + 2 alpha / beta) - alpha / beta

    The same as x sigmoid(beta x) + alpha / beta tanh(beta x / 2). The paper's form B lacks the two divisions by beta;
    at beta = 1 the two agree.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, weight of the tanh bias.
        beta: float > 0, sharpness of the gate.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(swish_t(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.3152, 0.0, 1.8378]

    Reference:
        arXiv:2407.01012, Swish-T: Enhancing Swish Activation with Tanh Bias.
    """
    return _biased(x, alpha, beta)
