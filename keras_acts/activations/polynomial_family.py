"""Piecewise polynomials of degree two and more."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _square_curvature(x):
    return 2.0 * ops.ones_like(x)


@nx.with_derivative(_square_curvature)
def _square_slope(x):
    return 2.0 * x


@activation(
    formula=r"x^2",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.EVEN, Trait.SINGLE_ROUNDING},
    aliases={"dks": "square"},
    derivative=_square_slope,
)
def square(x: nx.Tensor) -> nx.Tensor:
    """Square, for polynomial networks and those that compute on encrypted data.

    f(x) = x^2

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(square(np.array([-2.0, 0.5, 3.0]))).tolist()
        [4.0, 0.25, 9.0]
    """
    return ops.square(x)


def _power(x, exponent):
    """x^exponent for exponent >= 1, by repeated squaring."""
    result = None
    while exponent:
        if exponent % 2:
            result = x if result is None else result * x
        exponent //= 2
        if exponent:
            x = ops.square(x)
    return result


# The factors p and p (p - 1) of the derivatives go into the base: its power may be too small for a normal number where
# their product is not, and TensorFlow's optimiser moves a factor in front.


def _rep_u_curvature(x, power):
    if power <= 2:
        return ops.where(x > 0.0, power * (power - 1.0) * ops.ones_like(x), 0.0)
    return _power((power * (power - 1.0)) ** (1.0 / (power - 2)) * ops.relu(x), power - 2)


@nx.with_derivative(_rep_u_curvature)
def _rep_u_slope(x, power):
    if power == 1:
        return ops.where(x > 0.0, ops.ones_like(x), 0.0)
    return _power(power ** (1.0 / (power - 1)) * ops.relu(x), power - 1)


@activation(
    formula=r"\max(x, 0)^p",
    paper="arXiv:1903.05858",
    traits={Trait.MONOTONIC, Trait.SPARSE},
    derivative=_rep_u_slope,
    kinks=(0.0,),
)
def rep_u(x: nx.Tensor, power: Annotated[int, Param("exponent", low=1, high=100)] = 3) -> nx.Tensor:
    """Rectified power unit: a ReLU that is smooth enough for differential equations. `relu2` is the one with power 2.

    f(x) = max(x, 0)^power

    It has power - 1 continuous derivatives. With power 1 the derivative at 0 is 0.

    Args:
        x: float tensor of any shape.
        power: int in [1, 100], exponent.

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


def _sparse_plus_curvature(x):
    return ops.where(ops.abs(x) < 1.0, 0.5 * ops.ones_like(x), 0.0)


@nx.with_derivative(_sparse_plus_curvature)
def _sparse_plus_slope(x):
    return ops.clip(0.5 * (x + 1.0), 0.0, 1.0)


@activation(
    formula=r"\max(x, \frac{1}{4} (\min(\max(x, -1), 1) + 1)^2)",
    paper="arXiv:1901.02324",
    traits={Trait.MONOTONIC, Trait.SPARSE},
    aliases={"keras": "sparse_plus", "jax": "sparse_plus"},
    derivative=_sparse_plus_slope,
    kinks=(-1.0, 1.0),
)
def sparse_plus(x: nx.Tensor) -> nx.Tensor:
    """Softplus with a quadratic bend: exactly 0 left of it and exactly x right of it.

    f(x) = 0 if x <= -1, x if x >= 1, else (x + 1)^2 / 4

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(sparse_plus(np.array([-2.0, 0.0, 3.0]))).tolist()
        [0.0, 0.25, 3.0]

    Reference:
        arXiv:1901.02324, Learning with Fenchel-Young Losses.
    """
    bend = ops.square(0.5 * (ops.clip(x, -1.0, 1.0) + 1.0))
    return ops.where(x >= 1.0, x, bend)


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


def _sqnl_curvature(x):
    return ops.where(ops.abs(x) < 2.0, -0.5 * ops.sign(x), 0.0)


@nx.with_derivative(_sqnl_curvature)
def _sqnl_slope(x):
    return 1.0 - 0.5 * ops.minimum(ops.abs(x), 2.0)


@activation(
    formula=r"u - u |u| / 4, \quad u = \min(\max(x, -2), 2)",
    paper="Wuraola & Patel 2018",
    traits={Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={"echo": "SQNL"},
    derivative=_sqnl_slope,
    kinks=(-2.0, 0.0, 2.0),
)
def sqnl(x: nx.Tensor) -> nx.Tensor:
    """Square nonlinearity: a sigmoid from one multiplication, for small devices.

    f(x) = u - u |u| / 4 with u = min(max(x, -2), 2)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(sqnl(np.array([-3.0, 0.0, 1.0]))).tolist()
        [-1.0, 0.0, 0.75]

    Reference:
        Wuraola & Patel 2018, SQNL: A New Computationally Efficient Activation Function.
    """
    u = ops.clip(x, -2.0, 2.0)
    return u * (1.0 - 0.25 * ops.abs(u))
