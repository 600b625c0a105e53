"""Exponential linear units with two parameters, which their papers learn; here they are fixed."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _saturating(x, depth, reach):
    """depth (exp(x / reach) - 1) for x <= 0, its tangent depth / reach x for x > 0."""
    z = ops.minimum(x, 0.0)
    if reach != 1.0:
        z = z / reach
    # Near 0 the tangent is exact, and depth / reach x a normal number where x / reach is not.
    return ops.where(z > -(2.0**-60), depth / reach * x, depth * ops.expm1(z))


def _decay(factor, z):
    """factor exp(z) for z <= 0, down to the smallest normal number."""
    if factor <= 1.0:
        return nx.scaled_exp(factor, z)
    # In the square, as TensorFlow's optimiser moves a plain factor behind h h, which is 0 where the result is not.
    return ops.square(math.sqrt(factor) * ops.exp(0.5 * z))


def _pelu_curvature(x, alpha, beta):
    below = _decay(alpha / beta / beta, ops.minimum(x, 0.0) / beta)
    return ops.where(x >= 0.0, 0.0, below)


@nx.with_derivative(_pelu_curvature)
def _pelu_slope(x, alpha, beta):
    return _decay(alpha / beta, ops.minimum(x, 0.0) / beta)


@activation(
    formula=r"\frac{a}{b} \max(x, 0) + a (e^{\min(x, 0) / b} - 1)",
    paper="arXiv:1605.09332",
    traits={Trait.MONOTONIC},
    aliases={"keras_contrib": "PELU(alpha=1.0, beta=1.0)"},
    derivative=_pelu_slope,
    kinks=(0.0,),
)
def pelu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("a, depth of the negative branch", low=0.0, exclusive=True)] = 1.0,
    beta: Annotated[float, Param("b, reach of the negative branch", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Parametric ELU: both branches scaled so that the derivative has no jump.

    f(x) = alpha / beta x if x >= 0, else alpha (exp(x / beta) - 1)

    The paper learns both parameters; with alpha = beta = 1 it is `elu`. Some ports take a third one as the slope for
    x >= 0.

    Args:
        x: float tensor of any shape.
        alpha: float > 0, depth of the negative branch.
        beta: float > 0, reach of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, inf).

    Example:
        >>> np.asarray(pelu(np.array([-1.0, 0.0, 2.0]), alpha=3.0, beta=2.0)).round(4).tolist()
        [-1.1804, 0.0, 3.0]

    Reference:
        arXiv:1605.09332, Parametric Exponential Linear Unit for Deep Convolutional Neural Networks.
    """
    return _saturating(x, alpha, beta)


def _mpelu_curvature(x, alpha, beta):
    below = _decay(alpha * beta * beta, beta * ops.minimum(x, 0.0))
    return ops.where(x >= 0.0, 0.0, below)


@nx.with_derivative(_mpelu_curvature)
def _mpelu_slope(x, alpha, beta):
    below = _decay(alpha * beta, beta * ops.minimum(x, 0.0))
    return ops.where(x >= 0.0, 1.0, below)


@activation(
    formula=r"\max(x, 0) + \alpha (e^{\beta \min(x, 0)} - 1)",
    paper="arXiv:1606.00305",
    traits={Trait.MONOTONIC},
    aliases={"echo": "MPeLU(alpha=0.25, beta=1.0)"},
    derivative=_mpelu_slope,
    kinks=(0.0,),
)
def mpelu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 0.25,
    beta: Annotated[float, Param("rate of the negative branch", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Multiple parametric ELU, which covers ReLU, leaky ReLU and ELU.

    f(x) = x if x > 0, else alpha (exp(beta x) - 1)

    The paper learns both parameters. The derivative at 0 is 1.

    Args:
        x: float tensor of any shape.
        alpha: float >= 0, scale of the negative branch.
        beta: float > 0, rate of the negative branch.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, inf).

    Example:
        >>> np.asarray(mpelu(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-0.158, 0.0, 2.0]

    Reference:
        arXiv:1606.00305, Improving Deep Neural Network with Multiple Parametric Exponential Linear Units.
    """
    return ops.where(x > 0.0, x, _saturating(x, alpha, 1.0 / beta))
