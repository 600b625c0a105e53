"""Activations over an axis, whose outputs are probabilities or their logarithms."""

from typing import Annotated

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declaration import Param, Trait, activation

Axis = Annotated[int, Param("axis along which the outputs sum to 1")]


@activation(
    formula=r"\frac{e^{x_i}}{\sum_j e^{x_j}}",
    traits={Trait.SMOOTH, Trait.BOUNDED, Trait.OVER_AXIS},
    aliases={"keras": "softmax", "tf": "softmax", "torch": "Softmax", "jax": "softmax", "flax": "softmax"},
)
def softmax(x: nx.Tensor, axis: Axis = -1) -> nx.Tensor:
    """Probabilities from logits.

    f(x)_i = exp(x_i) / sum_j exp(x_j)

    For the output of a classifier. torch without `dim` picks axis 0 or 1 by rank; all others take the last one.

    Args:
        x: float tensor of at least one dimension.
        axis: int, axis along which the outputs sum to 1.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(softmax(np.array([1.0, 2.0, 3.0]))).round(4).tolist()
        [0.09, 0.2447, 0.6652]
    """
    return ops.softmax(x, axis=axis)


@activation(
    formula=r"x_i - \log \sum_j e^{x_j}",
    traits={Trait.SMOOTH, Trait.OVER_AXIS},
    aliases={
        "keras": "log_softmax",
        "tf": "log_softmax",
        "torch": "LogSoftmax",
        "jax": "log_softmax",
        "flax": "log_softmax",
    },
)
def log_softmax(x: nx.Tensor, axis: Axis = -1) -> nx.Tensor:
    """Log-probabilities from logits.

    f(x)_i = x_i - log sum_j exp(x_j)

    Args:
        x: float tensor of at least one dimension.
        axis: int, axis along which the exponentials of the outputs sum to 1.

    Returns:
        Tensor of the same shape and dtype as x, in (-inf, 0].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(log_softmax(np.array([1.0, 2.0, 3.0]))).round(4).tolist()
        [-2.4076, -1.4076, -0.4076]
    """
    return ops.log_softmax(x, axis=axis)


@activation(
    formula=r"\arg\min_{p \in \Delta} \|p - x\|^2",
    paper="arXiv:1602.02068",
    traits={Trait.PIECEWISE_LINEAR, Trait.BOUNDED, Trait.SPARSE, Trait.OVER_AXIS},
    aliases={"keras": "sparsemax", "tfa": "sparsemax"},
)
def sparsemax(x: nx.Tensor, axis: Axis = -1) -> nx.Tensor:
    """Probabilities from logits, most of them exactly zero: the projection onto the simplex.

    f(x)_i = max(x_i - tau, 0), with tau such that the outputs sum to 1

    Keras' own is wrong up to 3.15 (its outputs sum to anything from 0 to 2.2).

    Args:
        x: float tensor of at least one dimension.
        axis: int, axis along which the outputs sum to 1.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(sparsemax(np.array([1.0, 1.5, 0.1]))).tolist()
        [0.25, 0.75, 0.0]

    Reference:
        arXiv:1602.02068, From Softmax to Sparsemax.
    """
    shifted = x - ops.stop_gradient(ops.max(x, axis=axis, keepdims=True))
    # The support is {i : 1 + k z_(k) > sum of the k largest}, found on the sorted row. It is a constant for the
    # derivative.
    descending = ops.flip(ops.sort(ops.stop_gradient(shifted), axis=axis), axis=axis)
    ones = ops.ones_like(descending)
    rank = ops.cumsum(ones, axis=axis)
    sums = ops.cumsum(descending, axis=axis)
    in_support = 1.0 + rank * descending > sums
    size = ops.sum(ops.cast(in_support, x.dtype), axis=axis, keepdims=True)
    smallest = ops.max(ops.where(rank == size, descending, -2.0), axis=axis, keepdims=True)
    # tau from the elements themselves, so that autodiff gives the projection's derivative.
    kept = ops.where(shifted >= smallest, shifted, 0.0)
    count = ops.sum(ops.cast(ops.stop_gradient(shifted) >= smallest, x.dtype), axis=axis, keepdims=True)
    tau = (ops.sum(kept, axis=axis, keepdims=True) - 1.0) / count
    return ops.relu(shifted - tau)
