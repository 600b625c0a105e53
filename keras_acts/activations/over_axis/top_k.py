"""The largest of a row: activations over an axis that keep the entries that win, and set the others to 0."""

import math
import statistics
from typing import Annotated

from keras_acts.activations.over_axis.softmax import ShareAxis
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation
from keras_acts.notation import Latex

__all__ = ["gaussian_topk", "hardmax", "kwta", "topk_relu"]

Count = Annotated[int, Param("number of entries kept", low=1)]
RankAxis = Annotated[int, Param("axis along which the entries compete")]


def _if_among_largest(value: str) -> Latex:
    condition = r"\; \mathrm{if} \; x_i \; \mathrm{is\ among\ the\ } k \mathrm{\ largest, \; else} \; 0"
    return Latex(f"{value} {condition}", reason="ranks the entries along an axis")


@activation(formula=_if_among_largest(r"\max(x_i, 0)"), traits={"sparse", "piecewise_linear", "over_axis"})
def topk_relu(x: nx.Tensor, k: Count = 32, axis: RankAxis = -1) -> nx.Tensor:
    """ReLU of the k largest entries of a row, 0 for the others: the activation of top-k sparse autoencoders.

    f(x)_i = max(x_i, 0) if x_i is among the k largest of its row, else 0

    Sets the number of active features directly, without a sparsity penalty. Of equal entries the first are kept, as by
    torch.topk. Rows of up to k entries get plain ReLU. The derivative is 1 for positive entries kept, else 0. Entries
    of -inf give 0; NaN stays, as the largest.

    Returns:
        Tensor of the same shape and dtype as x, >= 0.

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(topk_relu(np.array([-1.0, 3.0, 1.0, 2.0]), k=2)).tolist()
        [0.0, 3.0, 0.0, 2.0]

    Reference:
        arXiv:2406.04093, Scaling and Evaluating Sparse Autoencoders.
    """
    return ops.relu(_kept(x, k, axis))


def _kept(x: nx.Tensor, k: int, axis: int) -> nx.Tensor:
    """The k largest entries in place, 0 elsewhere; NaN counts as the largest and stays."""
    kept = ops.logical_and(nx.among_largest(x, k, axis), ops.logical_not(nx.masked(x)))
    return ops.where(ops.logical_or(kept, ops.isnan(x)), x, 0.0)


@activation(formula=_if_among_largest("x_i"), traits={"sparse", "piecewise_linear", "over_axis"})
def kwta(x: nx.Tensor, k: Count = 32, axis: RankAxis = -1) -> nx.Tensor:
    """k winners take all: the k largest entries of a row stay, of either sign, and the others become 0.

    f(x)_i = x_i if x_i is among the k largest of its row, else 0

    Proposed against adversarial examples; the paper sets k by a ratio of the layer's width. Of equal entries the first
    are kept, so that never more than k remain (the authors' code keeps all of them). Rows of up to k entries are left
    as they are. The derivative is 1 for entries kept, else 0. Entries of -inf give 0; NaN stays, as the
    largest.

    Returns:
        Tensor of the same shape and dtype as x.

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(kwta(np.array([-1.0, 3.0, -2.0, 2.0]), k=3)).tolist()
        [-1.0, 3.0, 0.0, 2.0]

    Reference:
        arXiv:1905.10510, Enhancing Adversarial Defense by k-Winners-Take-All.
    """
    return _kept(x, k, axis)


@activation(
    formula=Latex(
        r"\max(x_i - \bar{x} - \Phi^{-1}(s) \, \sigma_x, 0)", reason="takes mean and deviation along an axis"
    ),
    traits={"sparse", "over_axis"},
)
def gaussian_topk(
    x: nx.Tensor,
    sparsity: Annotated[
        float, Param("fraction of entries that become 0; 0 for no change", low=0.0, high=0.999999)
    ] = 0.95,
    axis: Annotated[int, Param("axis over which mean and std are taken")] = -1,
) -> nx.Tensor:
    """ReLU above a threshold that about a given fraction of a row stays below: Gemma 3n's cheap top-k.

    f(x)_i = max(x_i - mean(x) - q std(x), 0), with q the quantile of the normal distribution at `sparsity`

    The fraction is right for normally distributed entries; no sort is needed. std is that of the row itself (divided
    by n, not n - 1). sparsity = 0 returns x, as in Gemma 3n, where GELU follows. The derivative goes through mean and
    std, too; at a row of equal entries that of std is taken as 0. Entries of -inf are masked: left out of mean and
    std, they give 0. A row with an entry of +inf gives inf or 0, by the limit, with a finite gradient.

    Returns:
        Tensor of the same shape and dtype as x.

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(gaussian_topk(np.array([0.0, 1.0, 2.0, 9.0]), sparsity=0.75)).round(4).tolist()
        [0.0, 0.0, 0.0, 3.6153]

    Reference:
        arXiv:2506.06644, Spark Transformer: Reactivating Sparsity in FFN and Attention.
    """
    if sparsity == 0.0:
        return x
    present = ops.logical_not(nx.masked(x))
    count = nx.divisor(nx.sum_over_axis(ops.cast(present, x.dtype), axis))
    held = ops.where(present, 0.25 * nx.finite(x), 0.0)  # a quarter, so that no difference overflows
    mean = nx.sum_over_axis(held / count, axis)
    mean = mean + nx.sum_over_axis(ops.where(present, held - mean, 0.0) / count, axis)  # of equal entries, the entry
    deviation = ops.where(present, held - mean, 0.0)
    scale = nx.scale_over_axis(deviation, axis)
    variance = nx.sum_over_axis(ops.square(deviation / scale), axis) / count
    spread = ops.where(variance > 0.0, scale * ops.sqrt(nx.divisor(variance)), 0.0)
    above = 4.0 * ops.relu(deviation - statistics.NormalDist().inv_cdf(sparsity) * spread)
    above = nx.settled(x, ops.where(present, above, 0.0), axis)
    return ops.where(ops.logical_and(ops.equal(nx.max_over_axis(x, axis), math.inf), above > 0.0), math.inf, above)


@activation(
    formula=Latex(
        r"1 \; \mathrm{if} \; i = \arg\max_j x_j, \; \mathrm{else} \; 0", reason="compares the entries along an axis"
    ),
    traits={"bounded", "sparse", "over_axis"},
    aliases={"onnx": "Hardmax(axis=-1)"},
)
def hardmax(x: nx.Tensor, axis: ShareAxis = -1) -> nx.Tensor:
    """1 for the largest entry, 0 for all others: softmax at temperature 0.

    f(x)_i = 1 if i is the first index of the maximum, else 0

    For reading a decision off a network, not for training: the derivative is 0. Of equal maxima the first is taken, as
    in ONNX; of entries of +inf likewise. A row of nothing but -inf gives zeros.

    Returns:
        Tensor of the same shape and dtype as x, of zeros and ones.

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(hardmax(np.array([1.0, 3.0, 3.0]))).tolist()
        [0.0, 1.0, 0.0]
    """
    hit = ops.cast(ops.equal(x, nx.max_over_axis(x, axis)), x.dtype)
    first = hit * ops.cast(ops.equal(ops.cumsum(hit, axis=axis), 1.0), x.dtype)
    return nx.settled(x, ops.where(ops.isnan(x), x, first), axis)


hardmax.derivative(lambda x, axis: ops.zeros_like(x))
