"""Smooth approximations of relu that are positive everywhere."""

import math
from typing import Annotated

from keras import ops

from keras_acts.core import elementary
from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _softplus_curvature(x, beta, threshold):
    curvature = nx.times_sigmoid_slope(beta, beta * x)
    return curvature if threshold is None else ops.where(beta * x > threshold, 0.0, curvature)


@nx.with_derivative(_softplus_curvature)
def _softplus_slope(x, beta, threshold):
    slope = ops.sigmoid(beta * x)
    return slope if threshold is None else ops.where(beta * x > threshold, 1.0, slope)


@activation(
    formula=r"\frac{1}{\beta} \log(1 + e^{\beta x})",
    paper="Dugas et al. 2001",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={
        "keras": "softplus",
        "tf": "softplus",
        "torch": "Softplus(beta=1.0, threshold=20.0)",
        "jax": "softplus",
        "flax": "softplus",
    },
    derivative=_softplus_slope,
)
def softplus(
    x: nx.Tensor,
    beta: Annotated[float, Param("sharpness", low=0.0, exclusive=True)] = 1.0,
    threshold: Annotated[float | None, Param("beta x above which x itself is returned; None for never")] = None,
) -> nx.Tensor:
    """Smooth relu, the integral of the sigmoid; makes positive outputs such as variances.

    f(x) = log(1 + exp(beta x)) / beta

    torch and paddle return x itself where beta x > 20; that jump of 2e-9 / beta comes with `threshold=20.0`, or with
    `get("torch:Softplus")`. Without it the function is right in float64 too.

    Args:
        x: float tensor of any shape.
        beta: float > 0, sharpness.
        threshold: float or None, value of beta x above which x is returned.

    Returns:
        Tensor of the same shape and dtype as x, in (0, inf).

    Example:
        >>> np.asarray(softplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.1269, 0.6931, 2.1269]

    Reference:
        Dugas et al. 2001, Incorporating Second-Order Functional Knowledge for Better Option Pricing.
    """
    # beta x itself may overflow; exp(-|beta x|) may not.
    z = -ops.abs(beta * x)
    excess = elementary.log1p(ops.exp(z)) / beta
    if beta < 1.0:  # the quotient is still a normal number where the exponential no longer is
        excess = ops.where(z < -80.0, nx.scaled_exp(1.0 / beta, z), excess)
    smooth = ops.maximum(x, 0.0) + excess
    return smooth if threshold is None else ops.where(beta * x > threshold, x, smooth)


def _hypotenuse(x, b):
    """sqrt(x^2 + b) without the overflow of x^2."""
    root = math.sqrt(b)
    large = ops.maximum(ops.abs(x), root)
    small = ops.minimum(ops.abs(x), root)
    return large * ops.sqrt(1.0 + ops.square(small / large))


def _finite(x):
    return ops.clip(x, -0.5 * nx.largest(x), 0.5 * nx.largest(x))


def _squareplus_curvature(x, b):
    h = _hypotenuse(_finite(x), b)
    return 0.5 * (b / h) / h / h


@nx.with_derivative(_squareplus_curvature)
def _squareplus_slope(x, b):
    x = _finite(x)
    h = _hypotenuse(x, b)
    vanishing = 0.5 * (b / h) / (h + ops.abs(x))  # (1 - |x| / h) / 2 without the cancellation
    return ops.where(x < 0.0, vanishing, 1.0 - vanishing)


@activation(
    formula=r"\frac{1}{2} (x + \sqrt{x^2 + b})",
    paper="arXiv:2112.11687",
    traits={Trait.SMOOTH, Trait.MONOTONIC},
    aliases={"keras": "squareplus", "jax": "squareplus"},
    derivative=_squareplus_slope,
)
def squareplus(
    x: nx.Tensor, b: Annotated[float, Param("width of the bend", low=0.0, exclusive=True)] = 4.0
) -> nx.Tensor:
    """Softplus made of a square root only.

    f(x) = (x + sqrt(x^2 + b)) / 2

    Its left tail falls off as b / (4 |x|), not exponentially.

    Args:
        x: float tensor of any shape.
        b: float > 0, width of the bend.

    Returns:
        Tensor of the same shape and dtype as x, in (0, inf).

    Example:
        >>> np.asarray(squareplus(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [0.4142, 1.0, 2.4142]

    Reference:
        arXiv:2112.11687, Squareplus: A Softplus-Like Algebraic Rectifier.
    """
    # (x + h) / 2 cancels for x < 0; (h - |x|) / 2 = b / 2 / (h + |x|) is its distance from relu on both sides.
    finite = _finite(x)
    return ops.relu(x) + 0.5 * b / (_hypotenuse(finite, b) + ops.abs(finite))
