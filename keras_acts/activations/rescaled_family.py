"""Rectifiers made by shifting, bending or rescaling softplus, ELU and the squared ReLU."""

import math
from typing import Annotated

import keras
from keras import ops

from keras_acts.core import elementary
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

# softplus(x) = w^2 q with w = 1 for x >= 0; for x < 0, w = exp(x / 2) and q = log1p(e) / e, where e = exp(x).


def _sqrt_softplus_parts(x):
    """x < 0, w, e = exp(-|x|) and q."""
    negative = x < 0.0
    h = nx.half_decay(x)
    e = ops.square(h)
    log = elementary.log1p(e)
    quotient = ops.where(e < 1e-20, 1.0, log / ops.maximum(e, 1e-20))  # where e vanishes: 0 / 0
    q = ops.where(negative, quotient, ops.maximum(x, 0.0) + log)
    return negative, ops.where(negative, h, 1.0), e, q


def _sqrt_softplus_curvature(x):
    negative, w, e, q = _sqrt_softplus_parts(ops.minimum(x, 0.25 * nx.largest(x)))  # 2 q must stay finite
    bend = 2.0 * q * ops.where(negative, ops.ones_like(e), e) - 1.0
    return w * (0.25 * bend / (1.0 + e * (2.0 + e)) / q / ops.sqrt(q))


@nx.with_derivative(_sqrt_softplus_curvature)
def _sqrt_softplus_slope(x):
    _, w, e, q = _sqrt_softplus_parts(x)
    return 0.5 * w / ((1.0 + e) * ops.sqrt(q))


@activation(
    formula=r"\sqrt{\log(1 + e^x)}",
    paper="DeepSeek-AI, DeepSeek-V4",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"hf": "sqrtsoftplus"},
    derivative=_sqrt_softplus_slope,
)
def sqrt_softplus(x: nx.Tensor) -> nx.Tensor:
    """Square root of softplus: the score of the expert router in DeepSeek-V4.

    f(x) = sqrt(log(1 + exp(x)))

    Positive, and grows only as sqrt(x), so that no expert's score runs away from the others.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(sqrt_softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.3563, 0.8326, 1.4584]

    Reference:
        The router of DeepSeek-V4 in Hugging Face transformers.
    """
    _, w, _, q = _sqrt_softplus_parts(x)
    return w * ops.sqrt(q)


def _shifted_softplus_curvature(x):
    return nx.sigmoid_slope(x)


@nx.with_derivative(_shifted_softplus_curvature)
def _shifted_softplus_slope(x):
    return ops.sigmoid(x)


@activation(
    formula=r"\log(\frac{1}{2} + \frac{1}{2} e^x)",
    paper="Schütt et al. 2017",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    derivative=_shifted_softplus_slope,
)
def shifted_softplus(x: nx.Tensor) -> nx.Tensor:
    """Softplus moved down through the origin, for smooth energies of molecules (SchNet).

    f(x) = log(1/2 + exp(x) / 2) = softplus(x) - log 2

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-log 2, inf).

    Example:
        >>> np.asarray(shifted_softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.5662, 0.0, 1.4338]

    Reference:
        Schütt et al. 2017, SchNet: A Continuous-Filter Convolutional Neural Network for Modeling Quantum Interactions.
    """
    # softplus(x) - log 2 cancels near 0. There log1p(expm1(-|x|) / 2), whose argument stays above -0.27: below -0.35
    # XLA's log1p is off by a hundred units in the last place of float64. x / 2 where half of x is no normal number.
    t = ops.abs(x)
    near = ops.log1p(0.5 * ops.expm1(-t))
    far = elementary.log1p(ops.exp(-t)) - math.log(2.0)
    return ops.where(t < 1e-17, 0.5 * x, ops.maximum(x, 0.0) + ops.where(t < 0.75, near, far))


def _elu_plus_one_curvature(x):
    return ops.where(x >= 0.0, 0.0, ops.exp(ops.minimum(x, 0.0)))


@nx.with_derivative(_elu_plus_one_curvature)
def _elu_plus_one_slope(x):
    return ops.where(x >= 0.0, 1.0, ops.exp(ops.minimum(x, 0.0)))


@activation(
    formula=r"\max(x, 0) + e^{\min(x, 0)}",
    paper="arXiv:2006.16236",
    traits={Trait.MONOTONIC},
    derivative=_elu_plus_one_slope,
    kinks=(0.0,),
)
def elu_plus_one(x: nx.Tensor) -> nx.Tensor:
    """ELU moved up to be positive: the feature map of linear attention.

    f(x) = x + 1 if x > 0, else exp(x)

    Written as `elu(x) + 1` it is rounded to 0 below -17 in float32; this is not. The derivative is continuous.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(elu_plus_one(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1353, 1.0, 3.0]

    Reference:
        arXiv:2006.16236, Transformers are RNNs: Fast Autoregressive Transformers with Linear Attention.
    """
    return ops.where(x > 0.0, x + 1.0, ops.exp(ops.minimum(x, 0.0)))


# relu(z)^2 of a standard normal z has mean 1/2 and variance 5/4; with these it has mean 0 and variance 1.
STAR_SCALE = 1.0 / math.sqrt(1.25)
STAR_BIAS = -0.5 / math.sqrt(1.25)


def _star_relu_curvature(x, scale, bias):
    return ops.where(x > 0.0, 2.0 * scale * ops.ones_like(x), 0.0)


@nx.with_derivative(_star_relu_curvature)
def _star_relu_slope(x, scale, bias):
    return 2.0 * scale * ops.relu(x)


@activation(
    formula=r"s \max(x, 0)^2 + b",
    paper="arXiv:2210.13452",
    traits={Trait.MONOTONIC},
    aliases={"timm": "StarReLU(scale=1.0, bias=0.0)"},
    derivative=_star_relu_slope,
    kinks=(0.0,),
)
def star_relu(
    x: nx.Tensor,
    scale: Annotated[float, Param("factor of the square", low=0.0, exclusive=True)] = STAR_SCALE,
    bias: Annotated[float, Param("value for x <= 0")] = STAR_BIAS,
) -> nx.Tensor:
    """Squared ReLU with mean 0 and variance 1 for normal inputs, the activation of MetaFormer.

    f(x) = scale max(x, 0)^2 + bias

    The paper derives scale = 1 / sqrt(5/4) and bias = -1/2 / sqrt(5/4) (taken here); its code and timm start from 1 and
    0 and learn both.

    Args:
        x: float tensor of any shape.
        scale: float > 0, factor of the square.
        bias: float, value for x <= 0.

    Returns:
        Tensor of the same shape and dtype as x, in [bias, inf).

    Example:
        >>> np.asarray(star_relu(np.array([-2.0, 0.5, 2.0]))).round(4).tolist()
        [-0.4472, -0.2236, 3.1305]

    Reference:
        arXiv:2210.13452, MetaFormer Baselines for Vision.
    """
    positive = ops.relu(x)
    return positive * (scale * positive) + bias  # scale x^2 may be a number where x^2 overflows


# exp(x) - 1 - x = x^2 (1/2 + x/6 + x^2/24 + ...); for |x| <= 3/2 so many terms give the last bit.
_EXCESS_TERMS = {"float64": 21, "float32": 12}


def _exp_excess(factor, x):
    """factor (exp(x) - 1 - x) for -3/2 <= x <= 0, where the difference cancels."""
    terms = _EXCESS_TERMS[keras.backend.standardize_dtype(x.dtype)]
    series = factor / math.factorial(terms + 1)
    for k in reversed(range(2, terms + 1)):
        series = factor / math.factorial(k) + x * series
    return x * (x * series)  # x^2 may be 0 where the product is not


def _xielu_curvature(x, alpha_p, alpha_n, beta):
    return ops.where(x > 0.0, 2.0 * alpha_p, nx.scaled_exp(alpha_n, ops.minimum(x, 0.0)))


@nx.with_derivative(_xielu_curvature)
def _xielu_slope(x, alpha_p, alpha_n, beta):
    below = ops.minimum(x, 0.0)
    near = alpha_n * ops.expm1(below) + beta
    far = alpha_n * ops.exp(below) + (beta - alpha_n)  # the limit, beta - alpha_n, rounded once
    return ops.where(x > 0.0, 2.0 * alpha_p * x + beta, ops.where(x < -1.0, far, near))


@activation(
    formula=r"\alpha_p \max(x, 0)^2 + \alpha_n (e^{\min(x, 0)} - 1 - \min(x, 0)) + \beta x",
    paper="arXiv:2411.13010",
    traits={Trait.NON_MONOTONIC},
    aliases={"hf": "xielu"},
    derivative=_xielu_slope,
    kinks=(0.0,),
)
def xielu(
    x: nx.Tensor,
    alpha_p: Annotated[float, Param("growth of the slope for x > 0", low=0.0, exclusive=True)] = 0.8,
    alpha_n: Annotated[float, Param("scale of the negative branch", low=0.0, exclusive=True)] = 0.8,
    beta: Annotated[float, Param("slope at 0", low=0.0, below="alpha_n")] = 0.5,
) -> nx.Tensor:
    """Integral of an ELU-like slope: squared ReLU on the right, a branch that turns up again on the left.

    f(x) = alpha_p x^2 + beta x if x > 0, else alpha_n (exp(x) - 1 - x) + beta x

    The activation of the Apertus language models, which learn alpha_p and alpha_n; here they are fixed, at their
    initial values by default. Hugging Face clamps the exponential's argument at -1e-6 and stores the two before a
    softplus: alpha_p = softplus(p), alpha_n = beta + softplus(n). The derivative is continuous.

    Args:
        x: float tensor of any shape.
        alpha_p: float > 0, growth of the slope for x > 0.
        alpha_n: float > beta, scale of the negative branch.
        beta: float >= 0, slope at 0.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(xielu(np.array([-4.0, -1.0, 0.0, 2.0]))).round(4).tolist()
        [0.4147, -0.2057, 0.0, 4.2]

    Reference:
        arXiv:2411.13010, Deriving Activation Functions Using Integration.
    """
    below = ops.minimum(x, 0.0)
    near = beta * below + _exp_excess(alpha_n, ops.maximum(below, -1.5))
    far = alpha_n * ops.expm1(below) + (beta - alpha_n) * below
    return ops.where(x > 0.0, x * (alpha_p * x + beta), ops.where(x < -1.5, far, near))
