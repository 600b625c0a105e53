"""Squashing functions beside sigmoid and tanh: rescaled, one-sided, algebraic."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _scaled_tanh(x, scale, reach):
    """scale tanh(x / reach). Near 0 by its slope: x / reach may fall below the smallest normal number there."""
    return ops.where(ops.abs(x) < 1e-10 * reach, x * (scale / reach), scale * ops.tanh(x / reach))


def _scaled_tanh_curvature(x, scale, reach):
    z = x / reach
    return nx.times_sech_squared((-2.0 * scale / reach / reach) * ops.tanh(z), z)


@nx.with_derivative(_scaled_tanh_curvature)
def _scaled_tanh_slope(x, scale, reach):
    return nx.times_sech_squared(scale / reach, x / reach)


LECUN_SCALE = 1.7159
LECUN_REACH = 1.5


def _lecun_tanh_slope(x):
    return _scaled_tanh_slope(x, scale=LECUN_SCALE, reach=LECUN_REACH)


@activation(
    formula=r"1.7159 \tanh(\frac{2}{3} x)",
    paper="LeCun et al. 1998",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    derivative=_lecun_tanh_slope,
)
def lecun_tanh(x: nx.Tensor) -> nx.Tensor:
    """Tanh rescaled so that +-1 maps to +-1 and unit variance is about kept.

    f(x) = 1.7159 tanh(2 x / 3)

    Made for targets of +-1, which it reaches where its curvature is largest and not only at infinity.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1.7159, 1.7159].

    Example:
        >>> np.asarray(lecun_tanh(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-1.0, 0.0, 1.4929]

    Reference:
        LeCun, Bottou, Orr & Müller 1998, Efficient BackProp.
    """
    return _scaled_tanh(x, LECUN_SCALE, LECUN_REACH)


def _softcap_slope(x, cap):
    return _scaled_tanh_slope(x, scale=cap, reach=cap)


@activation(
    formula=r"c \tanh(x / c)",
    paper="Gemma Team 2024",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"x_transformers": "softclamp"},
    derivative=_softcap_slope,
)
def softcap(
    x: nx.Tensor, cap: Annotated[float, Param("bound of the output", low=0.0, exclusive=True)] = 30.0
) -> nx.Tensor:
    """Soft cap on logits: the identity for small inputs, bounded by +-cap.

    f(x) = cap tanh(x / cap)

    Gemma 2 caps its final logits at 30 (taken here) and its attention logits at 50.

    Args:
        x: float tensor of any shape.
        cap: float > 0, bound of the output.

    Returns:
        Tensor of the same shape and dtype as x, in [-cap, cap].

    Example:
        >>> np.asarray(softcap(np.array([-100.0, 0.0, 10.0]))).round(4).tolist()
        [-29.9237, 0.0, 9.6454]

    Reference:
        Gemma Team 2024, Gemma 2: Improving Open Language Models at a Practical Size.
    """
    return _scaled_tanh(x, cap, cap)


def _one_sided(x, alpha):
    """1 for x >= 0, else alpha."""
    return ops.where(x >= 0.0, ops.ones_like(x), alpha)


def _penalized_tanh_curvature(x, alpha):
    return nx.times_sech_squared(_one_sided(x, alpha) * (-2.0 * ops.tanh(x)), x)


@nx.with_derivative(_penalized_tanh_curvature)
def _penalized_tanh_slope(x, alpha):
    return nx.times_sech_squared(_one_sided(x, alpha), x)


@activation(
    formula=r"\max(\tanh x, 0) + \alpha \min(\tanh x, 0)",
    paper="arXiv:1602.05980",
    traits={Trait.MONOTONIC, Trait.BOUNDED},
    derivative=_penalized_tanh_slope,
    kinks=(0.0,),
)
def penalized_tanh(
    x: nx.Tensor, alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 0.25
) -> nx.Tensor:
    """Tanh with a damped negative branch: to tanh what leaky ReLU is to the identity.

    f(x) = tanh(x) if x >= 0, else alpha tanh(x)

    Some surveys write the branch as tanh(x) / alpha with alpha = 4.
    The derivative at 0 is 1.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, scale of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, 1].

    Example:
        >>> np.asarray(penalized_tanh(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.241, 0.0, 0.964]

    Reference:
        arXiv:1602.05980, Revise Saturated Activation Functions.
    """
    y = ops.tanh(x)
    return ops.where(x > 0.0, y, alpha * y)


def _elliott_curvature(x):
    d = 1.0 + ops.abs(x)
    return -ops.sign(x) / d / d / d


@nx.with_derivative(_elliott_curvature)
def _elliott_slope(x):
    t = ops.abs(x)
    return 0.5 / (1.0 + t * (2.0 + t))  # (1 + t)^2 with one rounding less


@activation(
    formula=r"\frac{x}{2 (1 + |x|)} + \frac{1}{2}",
    paper="Elliott 1993",
    traits={Trait.MONOTONIC, Trait.BOUNDED},
    derivative=_elliott_slope,
    kinks=(0.0,),
)
def elliott(x: nx.Tensor) -> nx.Tensor:
    """Algebraic stand-in for the sigmoid: no exponential, tails that fall off as 1 / x.

    f(x) = x / (2 (1 + |x|)) + 1/2

    In [0, 1], as FANN has it; what MATLAB and mlpack call by this name is in [-1, 1], and is `softsign` here.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(elliott(np.array([-1.0, 0.0, 3.0]))).tolist()
        [0.25, 0.5, 0.875]

    Reference:
        Elliott 1993, A Better Activation Function for Artificial Neural Networks.
    """
    tail = 0.5 / (1.0 + ops.abs(x))  # the distance from 0 on the left, from 1 on the right
    return ops.where(x < 0.0, tail, 1.0 - tail)


# With v = |x - 1/2|, g = v - 1/2 the distance from [0, 1] (negative inside), r = exp(-alpha |g|), the slope
# sinh(alpha / 2) / (cosh(alpha / 2) + cosh(alpha v)), divided through by the larger of its exponentials, is
# (1 - exp(-alpha)) / d inside and r times that outside.


def _soft_clipping_parts(x, alpha):
    outside = ops.maximum(x - 1.0, -x)
    r = ops.exp(-alpha * ops.abs(outside))
    twice = -2.0 * alpha * ops.abs(x - 0.5)
    near, far = 1.0 + math.exp(-alpha), 1.0 + ops.exp(twice)
    is_outside = outside > 0.0
    denominator = ops.where(is_outside, far + r * near, near + r * far)
    return is_outside, outside, r, twice, denominator


def _soft_clipping_curvature(x, alpha):
    _, outside, _, twice, d = _soft_clipping_parts(x, alpha)
    amplitude = alpha * math.expm1(-alpha)
    bracket = amplitude * ops.sign(0.5 - x) * ops.expm1(twice) / ops.square(d)
    return nx.scaled_exp(bracket, -alpha * ops.abs(outside))


@nx.with_derivative(_soft_clipping_curvature)
def _soft_clipping_slope(x, alpha):
    is_outside, _, r, _, d = _soft_clipping_parts(x, alpha)
    return ops.where(is_outside, r, 1.0) * -math.expm1(-alpha) / d


@activation(
    formula=r"\frac{1}{\alpha} \log \frac{1 + e^{\alpha x}}{1 + e^{\alpha (x - 1)}}",
    paper="arXiv:1810.11509",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED},
    aliases={"echo": "SoftClipping"},
    derivative=_soft_clipping_slope,
)
def soft_clipping(
    x: nx.Tensor, alpha: Annotated[float, Param("sharpness of the corners", low=0.0, exclusive=True)] = 0.5
) -> nx.Tensor:
    """Smooth clip to [0, 1]: nearly linear between, with rounded corners.

    f(x) = log((1 + exp(alpha x)) / (1 + exp(alpha (x - 1)))) / alpha

    For outputs that are fractions. The corners get sharp with alpha: at the usual default, 0.5, they fill the whole
    curve; at 50 it is `min(max(x, 0), 1)` to within 0.014. Echo's TensorFlow layer omits the division by alpha.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, sharpness of the corners.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(soft_clipping(np.array([-1.0, 0.5, 2.0]), alpha=10.0)).round(4).tolist()
        [0.0, 0.5, 1.0]

    Reference:
        arXiv:1810.11509, Neural Network-Based Approach to Phase Space Integration.
    """
    # f(1 - x) = 1 - f(x), and for x <= 1/2 the logarithm of the quotient is, without its cancellation,
    # max(alpha x, 0) + log1p(excess).
    low = ops.minimum(x, 1.0 - x)
    decay = -alpha * ops.abs(low)
    gap = -ops.expm1(2.0 * alpha * ops.maximum(low, 0.0) - alpha)
    excess = ops.exp(decay) * gap / (1.0 + ops.exp(alpha * low - alpha))
    rounding = ops.log1p(excess) / alpha
    if alpha < 2.0:  # the quotient is still a normal number where the exponential no longer is
        tail = nx.scaled_exp(-math.expm1(-alpha) / alpha, decay)
        rounding = ops.where(decay < -40.0, tail, rounding)
    below = ops.maximum(low, 0.0) + rounding
    return ops.where(x > 0.5, 1.0 - below, below)
