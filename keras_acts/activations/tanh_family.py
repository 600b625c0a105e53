"""tanh and what is built from it."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


@activation(
    formula=r"\tanh x",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.BOUNDED, Trait.ODD},
    aliases={
        "keras": "tanh",
        "tf": "tanh",
        "torch": "Tanh",
        "jax": "tanh",
        "flax": "tanh",
        "timm": "tanh",
        "hf": "tanh",
    },
    derivative=nx.sech_squared,
)
def tanh(x: nx.Tensor) -> nx.Tensor:
    """Hyperbolic tangent: a sigmoid centred at zero.

    f(x) = (exp(x) - exp(-x)) / (exp(x) + exp(-x))

    Its output has mean near zero, which trains better than `sigmoid` in hidden layers.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(tanh(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.964, 0.0, 0.964]
    """
    return ops.tanh(x)


def _hard_tanh_slope(x, min_val, max_val):
    inside = ops.logical_and(x >= min_val, x <= max_val)
    return ops.where(inside, ops.ones_like(x), 0.0)


@activation(
    formula=r"\min(\max(x, a), b)",
    paper="Collobert 2004",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED, Trait.SINGLE_ROUNDING},
    aliases={"keras": "hard_tanh", "torch": "Hardtanh", "jax": "hard_tanh", "flax": "hard_tanh"},
    derivative=_hard_tanh_slope,
    kinks=lambda min_val, max_val: (min_val, max_val),
)
def hard_tanh(
    x: nx.Tensor,
    min_val: Annotated[float, Param("smallest output", below="max_val")] = -1.0,
    max_val: Annotated[float, Param("largest output")] = 1.0,
) -> nx.Tensor:
    """Piecewise linear tanh: the input, clipped.

    f(x) = min(max(x, min_val), max_val)

    The bounds can be set as in torch; Keras and jax fix them. The derivative is 1 at both kinks, as in Keras and jax
    (torch: 0).

    Args:
        x: float tensor of any shape.
        min_val: float < max_val, smallest output.
        max_val: float, largest output.

    Returns:
        Tensor of the same shape and dtype as x, in [min_val, max_val].

    Example:
        >>> np.asarray(hard_tanh(np.array([-3.0, 0.5, 3.0]))).tolist()
        [-1.0, 0.5, 1.0]

    Reference:
        Collobert 2004, Large Scale Machine Learning.
    """
    return ops.clip(x, min_val, max_val)


def _lisht_curvature(x):
    x = nx.near(x)
    return nx.times_sech_squared(2.0 * (1.0 - x * ops.tanh(x)), x)


@nx.with_derivative(_lisht_curvature)
def _lisht_slope(x):
    return ops.tanh(x) + nx.near(x) * nx.sech_squared(x)


@activation(
    formula=r"x \tanh x",
    paper="arXiv:1901.05894",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.EVEN, Trait.SELF_GATED},
    aliases={"tfa": "lisht"},
    derivative=_lisht_slope,
)
def lisht(x: nx.Tensor) -> nx.Tensor:
    """Linearly scaled tanh: even and never negative.

    f(x) = x tanh(x)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(lisht(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [1.9281, 0.0, 1.9281]

    Reference:
        arXiv:1901.05894, LiSHT: Non-Parametric Linearly Scaled Hyperbolic Tangent Activation Function.
    """
    return x * ops.tanh(x)


def _tanh_shrink_curvature(x):
    return nx.times_sech_squared(2.0 * ops.tanh(x), x)


@nx.with_derivative(_tanh_shrink_curvature)
def _tanh_shrink_slope(x):
    # The kernels' tanh is off by three units in the last place where it saturates, which the square would double.
    return ops.where(ops.abs(x) < 1.0, ops.square(ops.tanh(x)), 1.0 - nx.sech_squared(x))


# (x - tanh x) / x^3 in powers of x^2 for |x| <= 1, by Chebyshev fit to the last bit of each dtype.
_SHRINK_FLOAT64 = (
    0.3333333333333333,
    -0.1333333333333309,
    0.05396825396804637,
    -0.02186948852912909,
    0.008863235404578283,
    -0.003592126679366341,
    0.0014558246920964941,
    -0.0005899792946300052,
    0.00023895705228738225,
    -9.646277743313181e-05,
    3.8389607893147334e-05,
    -1.4606131676715378e-05,
    4.987760317520347e-06,
    -1.3791814499083342e-06,
    2.6330772232959337e-07,
    -2.5155023659382105e-08,
)
_SHRINK_FLOAT32 = (
    0.3333333315672231,
    -0.133333106555451,
    0.05396341475443884,
    -0.02182954884305937,
    0.008697847592814879,
    -0.003206803386846565,
    0.0009235008463481761,
    -0.00014279318799621565,
)


@activation(
    formula=r"x - \tanh x",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.ODD},
    aliases={"keras": "tanh_shrink", "tfa": "tanhshrink", "torch": "Tanhshrink"},
    derivative=_tanh_shrink_slope,
)
def tanh_shrink(x: nx.Tensor) -> nx.Tensor:
    """What tanh leaves over: nearly zero for small inputs, x - 1 for large ones.

    f(x) = x - tanh(x)

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(tanh_shrink(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-1.036, 0.0, 1.036]
    """
    # The difference cancels near 0, where it is about x^3 / 3.
    small = ops.clip(x, -1.0, 1.0)
    square = ops.square(small)
    near_zero = small * (square * nx.polynomial(square, _SHRINK_FLOAT64, _SHRINK_FLOAT32))
    return ops.where(ops.abs(x) < 1.0, near_zero, x - ops.tanh(x))
