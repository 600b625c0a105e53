"""Exponential linear units: linear for x > 0, saturating exponential below."""

from typing import Annotated

from keras import ops

from keras_acts.core import elementary
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait

# The fixed point of arXiv:1706.02515: with these, mean 0 and variance 1 map to themselves.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def _saturating(x, scale, rate=1.0):
    """x for x > 0, scale (exp(x / rate) - 1) below: the sum of both, one of which is 0."""
    below = ops.minimum(x, 0.0)
    return ops.relu(x) + scale * elementary.expm1(below if rate == 1.0 else below / rate)


def _elu_curvature(x, alpha):
    return ops.where(x >= 0.0, 0.0, nx.scaled_exp(alpha, ops.minimum(x, 0.0)))


@nx.with_derivative(_elu_curvature)
def _elu_slope(x, alpha):
    below = ops.minimum(x, 0.0)
    return ops.exp(below) if alpha == 1.0 else ops.where(x >= 0.0, 1.0, nx.scaled_exp(alpha, below))


@activation(
    formula=r"\max(x, 0) + \alpha (e^{\min(x, 0)} - 1)",
    paper="arXiv:1511.07289",
    traits={Trait.MONOTONIC},
    aliases={"keras": "elu", "tf": "elu", "torch": "ELU", "jax": "elu", "flax": "elu", "timm": "elu"},
    derivative=_elu_slope,
    kinks=(0.0,),
)
def elu(x: nx.Tensor, alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 1.0) -> nx.Tensor:
    """Exponential linear unit: negative outputs push the mean activation towards zero.

    f(x) = x if x > 0, else alpha (exp(x) - 1)

    Its units cannot die and it saturates at -alpha. The derivative at 0 is 1. Some surveys write the branch as
    (exp(x) - 1) / alpha; all frameworks multiply.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, scale of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in (-alpha, inf).

    Example:
        >>> np.asarray(elu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.6321, 0.0, 2.0]

    Reference:
        arXiv:1511.07289, Fast and Accurate Deep Network Learning by Exponential Linear Units.
    """
    return _saturating(x, alpha)


def _selu_curvature(x):
    return _elu_curvature(x, SELU_SCALE * SELU_ALPHA)


@nx.with_derivative(_selu_curvature)
def _selu_slope(x):
    below = nx.scaled_exp(SELU_SCALE * SELU_ALPHA, ops.minimum(x, 0.0))
    return ops.where(x >= 0.0, SELU_SCALE, below)


@activation(
    formula=r"\lambda (\max(x, 0) + \alpha (e^{\min(x, 0)} - 1))",
    paper="arXiv:1706.02515",
    traits={Trait.MONOTONIC},
    aliases={"keras": "selu", "tf": "selu", "torch": "SELU", "jax": "selu", "flax": "selu", "timm": "selu"},
    derivative=_selu_slope,
    kinks=(0.0,),
)
def selu(x: nx.Tensor) -> nx.Tensor:
    """Scaled exponential linear unit, which keeps activations at mean 0 and variance 1 through depth.

    f(x) = 1.0507 x if x > 0, else 1.0507 * 1.6733 (exp(x) - 1)

    Self-normalising only together with `lecun_normal` kernels, and with `AlphaDropout` in place of `Dropout`.
    The derivative at 0 is 1.0507 as in Keras (torch and jax: 1.7581, the left one).

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in (-1.7581, inf).

    Example:
        >>> np.asarray(selu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-1.1113, 0.0, 2.1014]

    Reference:
        arXiv:1706.02515, Self-Normalizing Neural Networks.
    """
    return SELU_SCALE * _saturating(x, SELU_ALPHA)


def _celu_curvature(x, alpha):
    return ops.where(x >= 0.0, 0.0, nx.scaled_exp(1.0 / alpha, ops.minimum(x, 0.0) / alpha))


@nx.with_derivative(_celu_curvature)
def _celu_slope(x, alpha):
    return ops.exp(ops.minimum(x, 0.0) / alpha)


@activation(
    formula=r"\max(x, 0) + \alpha (e^{\min(x, 0) / \alpha} - 1)",
    paper="arXiv:1704.07483",
    traits={Trait.MONOTONIC},
    aliases={"keras": "celu", "torch": "CELU", "jax": "celu", "flax": "celu", "timm": "celu"},
    derivative=_celu_slope,
    kinks=(0.0,),
)
def celu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("depth and reach of the negative branch", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """ELU with a continuous derivative for every alpha.

    f(x) = x if x > 0, else alpha (exp(x / alpha) - 1)

    The derivative at 0 is 1; Keras' own gives 2 there, the sum of both sides.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, depth and reach of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in (-alpha, inf).

    Example:
        >>> np.asarray(celu(np.array([-1.0, 0.0, 2.0]), alpha=0.5)).round(4).tolist()
        [-0.4323, 0.0, 2.0]

    Reference:
        arXiv:1704.07483, Continuously Differentiable Exponential Linear Units.
    """
    return _saturating(x, alpha, alpha)
