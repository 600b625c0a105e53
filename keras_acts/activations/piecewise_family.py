"""Piecewise linear functions."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Param, Trait


def _abs_slope(x):
    return ops.where(x > 0.0, 1.0, ops.where(x < 0.0, -ops.ones_like(x), 0.0))


@activation(
    formula=r"|x|",
    traits={Trait.PIECEWISE_LINEAR, Trait.NON_MONOTONIC, Trait.EVEN, Trait.SINGLE_ROUNDING},
    derivative=_abs_slope,
    kinks=(0.0,),
)
def abs(x: nx.Tensor) -> nx.Tensor:
    """Absolute value, also called V-ReLU.

    f(x) = |x|

    The derivative at 0 is 0.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(keras_acts.activations.abs(np.array([-2.0, 0.0, 3.0]))).tolist()
        [2.0, 0.0, 3.0]
    """
    return ops.abs(x)


def _relu_n_slope(x, max_value):
    return ops.where(x > 0.0, ops.where(x < max_value, ops.ones_like(x), 0.0), 0.0)


@activation(
    formula=r"\min(\max(x, 0), n)",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED, Trait.SPARSE, Trait.SINGLE_ROUNDING},
    aliases={"thinc": "relu_k(max_value=6.0)"},
    derivative=_relu_n_slope,
    kinks=lambda max_value: (0.0, max_value),
)
def relu_n(
    x: nx.Tensor, max_value: Annotated[float, Param("largest output", low=0.0, exclusive=True)] = 1.0
) -> nx.Tensor:
    """ReLU with a ceiling; `relu6` is the one with 6.

    f(x) = min(max(x, 0), max_value)

    The derivative is 0 at both kinks.

    Args:
        x: float tensor of any shape.
        max_value: float > 0, largest output.

    Returns:
        Tensor of the same shape and dtype as x, in [0, max_value].

    Example:
        >>> np.asarray(relu_n(np.array([-2.0, 0.5, 9.0]))).tolist()
        [0.0, 0.5, 1.0]
    """
    return ops.clip(x, 0.0, max_value)


def _sparse_sigmoid_slope(x):
    return ops.where(ops.abs(x) < 1.0, 0.5 * ops.ones_like(x), 0.0)


@activation(
    formula=r"\min(\max((x + 1) / 2, 0), 1)",
    paper="arXiv:1901.02324",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.BOUNDED, Trait.SPARSE, Trait.SINGLE_ROUNDING},
    aliases={"keras": "sparse_sigmoid", "jax": "sparse_sigmoid"},
    derivative=_sparse_sigmoid_slope,
    kinks=(-1.0, 1.0),
)
def sparse_sigmoid(x: nx.Tensor) -> nx.Tensor:
    """Piecewise linear sigmoid with slope 1/2: sparsemax of two classes, and the hard sigmoid of BinaryConnect.

    f(x) = min(max((x + 1) / 2, 0), 1)

    The derivative is 0 at both kinks, as in Keras (jax: 0.25).

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Example:
        >>> np.asarray(sparse_sigmoid(np.array([-2.0, 0.0, 0.5]))).tolist()
        [0.0, 0.5, 0.75]

    Reference:
        arXiv:1901.02324, Learning with Fenchel-Young Losses.
    """
    return ops.clip(0.5 * (x + 1.0), 0.0, 1.0)


def _plu_slope(x, alpha, c):
    return ops.where(ops.abs(x) <= c, ops.ones_like(x), alpha)


@activation(
    formula=r"\max(\alpha (x + c) - c, \min(\alpha (x - c) + c, x))",
    paper="Nicolae 2018",
    traits={Trait.PIECEWISE_LINEAR, Trait.MONOTONIC, Trait.ODD},
    derivative=_plu_slope,
    kinks=lambda alpha, c: (-c, c),
)
def plu(
    x: nx.Tensor,
    alpha: Annotated[float, Param("slope of the outer pieces", low=0.0, high=1.0, exclusive=True)] = 0.1,
    c: Annotated[float, Param("half-width of the inner piece", low=0.0, exclusive=True)] = 1.0,
) -> nx.Tensor:
    """Piecewise linear unit: `hard_tanh` whose gradient never vanishes.

    f(x) = max(alpha (x + c) - c, min(alpha (x - c) + c, x))

    The derivative is 1 at both kinks.

    Args:
        x: float tensor of any shape.
        alpha: float in (0, 1), slope of the outer pieces.
        c: float > 0, half-width of the inner piece.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(plu(np.array([-2.0, 0.5, 11.0]))).round(4).tolist()
        [-1.1, 0.5, 2.0]

    Reference:
        Nicolae 2018, PLU: The Piecewise Linear Unit Activation Function.
    """
    inner = ops.clip(x, -c, c)
    return inner + alpha * (x - inner)


def _q_relu_slope(x):
    return ops.where(x > 0.0, ops.ones_like(x), -1.99)


@activation(
    formula=r"\max(x, 0) - 1.99 \min(x, 0)",
    paper="arXiv:2010.08031",
    traits={Trait.PIECEWISE_LINEAR, Trait.NON_MONOTONIC},
    derivative=_q_relu_slope,
    kinks=(0.0,),
)
def q_relu(x: nx.Tensor) -> nx.Tensor:
    """Quantum ReLU: positive and steep on the left, so that its units do not die.

    f(x) = x if x > 0, else 0.01 x - 2 x

    The form of the authors' published code; ActTensor computes 0.01 x (x - 2) for x <= 0. The derivative at 0 is -1.99.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(q_relu(np.array([-2.0, 0.5, 3.0]))).tolist()
        [3.98, 0.5, 3.0]

    Reference:
        arXiv:2010.08031, QReLU and m-QReLU: Two Novel Quantum Activation Functions to Aid Medical Diagnostics.
    """
    return ops.where(x > 0.0, x, -1.99 * x)
