"""Powers of rectifiers."""

import math
from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["relu2", "rep_u", "squared_leaky_relu", "star_relu"]


# relu(z)^2 of a standard normal z has mean 1/2 and variance 5/4; with these it has mean 0 and variance 1.
STAR_SCALE = 1.0 / math.sqrt(1.25)
STAR_BIAS = -0.5 / math.sqrt(1.25)


@activation(formula="scale * max(x, 0)**2 + bias", traits={"monotonic"}, kinks=(0.0,))
def star_relu(
    x: nx.Tensor,
    scale: Annotated[float, positive("factor of the square")] = STAR_SCALE,
    bias: Annotated[float, Param("value for x <= 0")] = STAR_BIAS,
) -> nx.Tensor:
    """Squared ReLU with mean 0 and variance 1 for normal inputs, the activation of MetaFormer.

    The paper derives scale = 1 / sqrt(5/4) and bias = -1/2 / sqrt(5/4) (taken here); its code and timm start from 1 and
    0 and learn both.

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


star_relu.derivative(lambda x, scale, bias: 2.0 * scale * ops.relu(x))
star_relu.second_derivative(lambda x, scale, bias: ops.where(x > 0.0, 2.0 * scale * ops.ones_like(x), 0.0))


def _power(x: nx.Tensor, exponent: int) -> nx.Tensor:
    """x^exponent for exponent >= 1, by repeated squaring."""
    result = None
    while exponent:
        if exponent % 2:
            result = x if result is None else result * x
        exponent //= 2
        if exponent:
            x = ops.square(x)
    return result


@activation(formula="max(x, 0)**power", traits={"monotonic", "sparse"}, kinks=(0.0,))
def rep_u(x: nx.Tensor, power: Annotated[int, Param("exponent", low=1, high=100)] = 3) -> nx.Tensor:
    """Rectified power unit: a ReLU that is smooth enough for differential equations. `relu2` is the one with power 2.

    It has power - 1 continuous derivatives. With power 1 the derivative at 0 is 0.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(rep_u(np.array([-2.0, 0.5, 3.0]))).tolist()
        [0.0, 0.125, 27.0]

    Reference:
        arXiv:1903.05858, Better Approximations of High Dimensional Smooth Functions by Deep Neural Networks with
        Rectified Power Units.
    """
    return _power(ops.relu(x), power)


# The factors p and p (p - 1) of the derivatives are taken into the base: the power alone may fall below the smallest
# normal number where the product with them does not, and a factor in front comes too late (see core.numerics).


@rep_u.derivative
def _rep_u_derivative(x: nx.Tensor, power: int) -> nx.Tensor:
    if power == 1:
        return ops.where(x > 0.0, ops.ones_like(x), 0.0)
    return _power(power ** (1.0 / (power - 1)) * ops.relu(x), power - 1)


@rep_u.second_derivative
def _rep_u_second_derivative(x: nx.Tensor, power: int) -> nx.Tensor:
    if power <= 2:
        return ops.where(x > 0.0, power * (power - 1.0) * ops.ones_like(x), 0.0)
    return _power((power * (power - 1.0)) ** (1.0 / (power - 2)) * ops.relu(x), power - 2)


@activation(formula="max(x, 0)**2", traits={"monotonic", "sparse"}, aliases={"hf timm": "relu2"}, kinks=(0.0,))
def relu2(x: nx.Tensor) -> nx.Tensor:
    """Squared ReLU, found by architecture search for Transformers (Primer); used in Nemotron-4 and BitNet.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(relu2(np.array([-2.0, 0.5, 3.0]))).tolist()
        [0.0, 0.25, 9.0]

    Reference:
        arXiv:2109.08668, Primer: Searching for Efficient Transformers for Language Modeling.
    """
    return _power(ops.relu(x), 2)


relu2.derivative(lambda x: _rep_u_derivative(x, 2))
relu2.second_derivative(lambda x: _rep_u_second_derivative(x, 2))


@activation(formula="max(x, 0)**2 + (negative_slope * min(x, 0))**2", traits={"non_monotonic"}, kinks=(0.0,))
def squared_leaky_relu(
    x: nx.Tensor, negative_slope: Annotated[float, Param("slope for x < 0, before squaring", low=0.0)] = 0.5
) -> nx.Tensor:
    """Squared leaky ReLU: `relu2` whose units get a gradient for negative inputs too.

    From speed runs of small language models, whose records take a slope of 0.5. It falls for x < 0, where leaky ReLU
    rises. With negative_slope = 0 it is `relu2`. The derivative at 0 is 0.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(squared_leaky_relu(np.array([-2.0, 0.5, 3.0]))).tolist()
        [1.0, 0.25, 9.0]
    """
    if not negative_slope:
        return relu2.body(x)  # 0 * -inf would be NaN
    return ops.square(ops.where(x > 0.0, x, negative_slope * x))


def _curvatures(x: nx.Tensor, negative_slope: float) -> nx.Tensor:
    """The second derivative on either side."""
    return ops.where(x > 0.0, 2.0 * ops.ones_like(x), 2.0 * negative_slope * negative_slope)


@squared_leaky_relu.derivative
def _(x: nx.Tensor, negative_slope: float) -> nx.Tensor:
    return 2.0 * ops.relu(x) if not negative_slope else _curvatures(x, negative_slope) * x


squared_leaky_relu.second_derivative(_curvatures)
