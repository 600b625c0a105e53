"""Sparse probabilities: activations over an axis that sum to 1 and leave most entries exactly 0."""

import math
from typing import Annotated

from keras_acts.activations.over_axis.softmax import ShareAxis
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation
from keras_acts.notation import Latex

__all__ = ["entmax", "entmax15", "sparsemax"]


_SPARSE_SHARES = frozenset({"bounded", "sparse", "over_axis"})


def _threshold(latex: str) -> Latex:
    return Latex(latex, reason="solves for a threshold along an axis")


@nx.with_symmetric_jacobian(lambda v, x, axis: nx.weighted_deviation(v, ops.sign(_sparsemax(x, axis=axis)), axis))
def _sparsemax(x: nx.Tensor, axis: int) -> nx.Tensor:
    depth = nx.finite(x) - nx.max_over_axis(nx.finite(x), axis)
    depth = ops.maximum(depth, -2.0)  # what is deeper than 1 has no share
    # The support is {i : 1 + k z_(k) > sum of the k largest}, found on the sorted row.
    ordered, rank = nx.descending(depth, axis)
    in_support = 1.0 + rank * ordered > ops.cumsum(ordered, axis=axis)
    size = nx.sum_over_axis(ops.cast(in_support, x.dtype), axis)
    tau = (nx.sum_over_axis(ops.where(rank <= size, ordered, 0.0), axis) - 1.0) / nx.divisor(size)
    return nx.settled(x, ops.relu(depth - tau), axis)


@activation(
    formula=Latex(r"\arg\min_{p \in \Delta} \|p - x\|^2", reason="solves for the nearest point along an axis"),
    traits=_SPARSE_SHARES | {"piecewise_linear"},
    aliases={"keras": "sparsemax", "tfa": "sparsemax Sparsemax(axis=-1)"},
)
def sparsemax(x: nx.Tensor, axis: ShareAxis = -1) -> nx.Tensor:
    """Probabilities from logits, most of them exactly zero: the projection onto the simplex.

    f(x)_i = max(x_i - tau, 0), with tau such that the outputs sum to 1

    Keras' own is wrong up to 3.15 (its outputs sum to anything from 0 to 2.2). Entries of -inf are masked and get 0; a
    row of nothing but -inf gives zeros with zero gradient. Entries of +inf share the row.

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
    return _sparsemax(x, axis=axis)


@activation(formula=_threshold(r"[x_i / 2 - \tau]_+^2"), traits=_SPARSE_SHARES)
def entmax15(x: nx.Tensor, axis: ShareAxis = -1) -> nx.Tensor:
    """Probabilities from logits, many of them exactly zero: 1.5-entmax, half way from softmax to sparsemax.

    f(x)_i = max(x_i / 2 - tau, 0)^2, with tau such that the outputs sum to 1

    Sparse attention that still has a smooth gradient. -inf and +inf as in `entmax`, of which this is alpha = 1.5.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(entmax15(np.array([1.0, 1.5, 0.1]))).round(4).tolist()
        [0.3205, 0.666, 0.0135]

    Reference:
        arXiv:1905.05702, Sparse Sequence-to-Sequence Models.
    """
    return _entmax(x, alpha=1.5, axis=axis)


# ---- alpha-entmax ----------------------------------------------------------------------------------------------------
# p_i = [1 + (alpha - 1) (x_i - max(x) - c)]_+^(1 / (alpha - 1)), with c >= 0 such that the row sums to 1. As alpha
# goes to 1 this is exp(x_i - max(x) - c): nothing cancels on the way, unlike in the form with a threshold.
# The Jacobian is symmetric, and a function of p alone: diag(s) - s s^T / sum(s), with s = p^(2 - alpha) on the support.


def _entmax_product(v: nx.Tensor, x: nx.Tensor, alpha: float, axis: int) -> nx.Tensor:
    p = _entmax(x, alpha=alpha, axis=axis)
    held = ops.where(p > 0.0, p, 1.0)
    if alpha > 2.0:  # the same function of p, but its value is not from p, whose rounding error it would multiply
        constant = ops.stop_gradient(_weight_by_distance(x, p, alpha, axis))
        weight = constant * ops.power(held / ops.stop_gradient(held), 2.0 - alpha)
    else:
        weight = ops.where(p > 0.0, ops.power(held, 2.0 - alpha), p)  # NaN stays
    return nx.weighted_deviation(v, weight, axis)


def _weight_by_distance(x: nx.Tensor, p: nx.Tensor, alpha: float, axis: int) -> nx.Tensor:
    """p^(2 - alpha) for alpha > 2, where a power of p itself would multiply its rounding error.

    It is p / p^(alpha - 1), and that power is the one of the smallest share plus alpha - 1 times a distance. As shares
    sum to 1, that of the smallest is (count (1 + excess))^(1 - alpha), where `excess` is the mean of (p - smallest) /
    smallest: nothing is lost where all are equal or almost so. A weight that would overflow is as large as can be.
    """
    scale, large, unit = alpha - 1.0, nx.largest(x), 2.0**64  # of the powers, most of which it keeps normal numbers
    support, x = p > 0.0, nx.finite(x)
    count = nx.divisor(nx.sum_over_axis(ops.cast(support, x.dtype), axis))
    distance = scale * ops.relu(x - ops.min(ops.where(support, x, math.inf), axis=axis, keepdims=True))
    smallest = ops.power(ops.min(ops.where(support, p, 1.0), axis=axis, keepdims=True), scale)
    excess = nx.expm1(nx.log1p(distance / ops.maximum(smallest, 4.0 / large)) / scale)
    excess = nx.sum_over_axis(excess / count, axis)
    smallest = unit * ops.exp(-scale * nx.log1p(excess)) / ops.power(count, scale)
    weight = unit * p / ops.maximum(smallest + unit * distance, 4.0 / large)
    return ops.where(support, ops.minimum(weight, 0.5 * large), p)


@nx.with_symmetric_jacobian(_entmax_product)
def _entmax(x: nx.Tensor, alpha: float, axis: int) -> nx.Tensor:
    p = _shares_by_depth(x, alpha, axis) if alpha <= 2.0 else _shares_by_smallest(x, alpha, axis)
    return nx.settled(x, p / nx.sum_over_axis(p, axis), axis)


def _bisect(x: nx.Tensor, below: nx.Tensor, low: float, high: float) -> tuple[nx.Tensor, nx.Tensor]:
    """The largest number from low to high, to the last bit of x's dtype, where `below` holds; at low it does."""

    def halved(_: nx.Tensor, bounds: tuple[nx.Tensor, nx.Tensor]) -> tuple[nx.Tensor, nx.Tensor]:
        low, high = bounds
        middle = 0.5 * (low + high)
        keep = below(middle)
        return ops.where(keep, middle, low), ops.where(keep, high, middle)

    return nx.repeated(58 if nx.is_float64(x) else 28, halved, (low, high))[0]


def _shares_by_depth(x: nx.Tensor, alpha: float, axis: int) -> nx.Tensor:
    scale = alpha - 1.0
    depth = nx.finite(x) - nx.max_over_axis(nx.finite(x), axis)
    depth = ops.maximum(depth, -2.0 / scale)  # what is deeper than 1 / scale has no share

    def shares(c: nx.Tensor) -> nx.Tensor:
        base = scale * (depth - c)
        raised = ops.maximum(1.0 + base, 0.0)
        if alpha == 1.5:
            return ops.square(raised)
        # log1p(base), as XLA's own is off by 50 units in float64: the last term is what 1 + base has lost
        lost = ops.where(raised > 0.0, (base - (raised - 1.0)) / nx.divisor(raised), 0.0)
        return ops.exp((ops.log(raised) + lost) / scale)

    low = 0.0 * nx.sum_over_axis(depth, axis)  # the largest share is 1 ...
    count = nx.sum_over_axis(ops.ones_like(depth), axis)
    high = low - nx.expm1(-scale * ops.log(count)) / scale  # ... or all are equal
    # From the side where the sum is at least 1: there is something to divide by.
    return shares(_bisect(x, lambda c: nx.sum_over_axis(shares(c), axis) >= 1.0, low, high))


def _shares_by_smallest(x: nx.Tensor, alpha: float, axis: int) -> nx.Tensor:
    """For alpha > 2, where shares set in so steeply that no threshold of x's dtype gives the smallest one.

    So the smallest share t itself is sought, and the others by their distance from its entry:
    p_i^(alpha - 1) = t^(alpha - 1) + (alpha - 1) (x_i - x_smallest).
    """
    scale = alpha - 1.0
    x = nx.finite(x)
    ordered, rank = nx.descending(x, axis)

    def smallest(count: nx.Tensor) -> nx.Tensor:
        return ops.min(ops.where(rank <= count, ordered, math.inf), axis=axis, keepdims=True)

    def shares(t: nx.Tensor, edge: nx.Tensor) -> nx.Tensor:
        base = ops.power(t, scale) + scale * (x - edge)
        # t itself at the edge, where its power may be 0. Below it 0; NaN stays.
        edge_or_below = ops.where(ops.equal(x, edge), t, 0.0 * ops.abs(x))
        return ops.where(x > edge, ops.exp(ops.log(ops.maximum(base, 0.0)) / scale), edge_or_below)

    zero = 0.0 * nx.max_over_axis(x, axis)

    def extended(k: nx.Tensor, count: nx.Tensor) -> nx.Tensor:
        trial = count + ops.power(2.0, 23.0 - ops.cast(k, x.dtype))  # ranks are exact to 2^24 in float32
        fits = nx.sum_over_axis(shares(zero, smallest(trial)), axis) < 1.0
        return ops.where(fits, trial, count)

    edge = smallest(nx.repeated(24, extended, zero + 1.0))
    high = 1.0 / nx.divisor(nx.sum_over_axis(ops.cast(x >= edge, x.dtype), axis))
    t = _bisect(x, lambda t: nx.sum_over_axis(shares(t, edge), axis) < 1.0, zero, high)
    return shares(t, edge) / ops.maximum(t, 1e-30)  # equal entries count 1 each, whose sum is exact


@activation(formula=_threshold(r"[(\alpha - 1) x_i - \tau]_+^{1 / (\alpha - 1)}"), traits=_SPARSE_SHARES)
def entmax(
    x: nx.Tensor,
    alpha: Annotated[float, Param("how sparse: softmax towards 1, sparsemax at 2", low=1.0, exclusive=True)] = 1.5,
    axis: ShareAxis = -1,
) -> nx.Tensor:
    """Probabilities from logits with tunable sparsity, between softmax (alpha towards 1) and sparsemax (alpha = 2).

    f(x)_i = max((alpha - 1) x_i - tau, 0)^(1 / (alpha - 1)), with tau such that the outputs sum to 1

    For attention and classifiers that should give most entries exactly 0. Found by bisection to the last bit, then
    divided by the sum; the derivative is that of the exact solution. Entries of -inf are masked and get 0; a row of
    nothing but -inf gives zeros with zero gradient. Entries of +inf share the row.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(entmax(np.array([1.0, 1.5, 0.1]), alpha=1.25)).round(4).tolist()
        [0.3237, 0.5978, 0.0785]

    Reference:
        arXiv:1905.05702, Sparse Sequence-to-Sequence Models.
    """
    return _entmax(x, alpha=alpha, axis=axis)
