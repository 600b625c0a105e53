"""Softmax with something simpler in place of the exponential."""

import math

from keras_acts.activations.over_axis.softmax import ShareAxis, portions, row_sum
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import activation

__all__ = ["stablemax", "taylor_softmax"]


@activation(
    formula=row_sum(r"\frac{1 + x_i + x_i^2 / 2}{\sum_j (1 + x_j + x_j^2 / 2)}"),
    traits={"smooth", "non_monotonic", "bounded", "over_axis"},
)
def taylor_softmax(x: nx.Tensor, axis: ShareAxis = -1) -> nx.Tensor:
    """Softmax with the exponential replaced by its second-order Taylor series, which is positive everywhere.

    f(x)_i = (1 + x_i + x_i^2 / 2) / sum_j (1 + x_j + x_j^2 / 2)

    Not monotonic: the smallest share is that of x = -1, and very negative entries get more again. Entries of -inf are
    masked all the same: they get 0, and a row of nothing but -inf gives zeros. Entries of +inf share the row.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(taylor_softmax(np.array([0.0, 1.0, -1.0]))).round(4).tolist()
        [0.25, 0.625, 0.125]

    Reference:
        arXiv:1511.05042, An Exploration of Softmax Alternatives Belonging to the Spherical Loss Family.
    """
    # 2 (1 + x + x^2 / 2) = (1 + x)^2 + 1, over the square of the largest so that nothing overflows.
    nothing = nx.masked(x)
    w = 1.0 + ops.where(nothing, 0.0, nx.finite(x))
    scale = ops.maximum(nx.scale_over_axis(w, axis), 1.0)
    share = ops.where(nothing, 0.0, ops.square(w / scale) + ops.square(1.0 / scale))
    return share / nx.divisor(nx.sum_over_axis(share, axis))


@activation(
    formula=row_sum(
        r"\frac{s(x_i)}{\sum_j s(x_j)}, \quad s(x) = x + 1 \; \mathrm{if} \; x \geq 0, \; \mathrm{else} \; "
        r"\frac{1}{1 - x}"
    ),
    traits={"bounded", "over_axis"},
)
def stablemax(x: nx.Tensor, axis: ShareAxis = -1) -> nx.Tensor:
    """Softmax that grows like a line, so that no share is ever rounded to 1: for training beyond a perfect fit.

    f(x)_i = s(x_i) / sum_j s(x_j), with s(x) = x + 1 for x >= 0, else 1 / (1 - x)

    Once all data are fitted, softmax and its cross-entropy round small losses to 0, and training stops before a network
    generalises; here shares decay as 1 / x. The loss is the cross-entropy of these probabilities
    (`from_logits=False`). The authors add 1e-30 in the denominator of s, which changes no digit. Entries of -inf get 0,
    their limit; a row of nothing but -inf gives zeros. Entries of +inf share the row.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(stablemax(np.array([-2.0, 0.5, 3.0]))).round(4).tolist()
        [0.0571, 0.2571, 0.6857]

    Reference:
        arXiv:2501.04697, Grokking at the Edge of Numerical Stability.
    """
    x = x + nx.sum_over_axis(ops.where(ops.isnan(x), x, 0.0), axis)  # maxima pass over a NaN in some modes
    largest_entry = nx.max_over_axis(x, axis)
    finite, largest_finite = nx.finite(x), nx.finite(largest_entry)
    # All s over that of the largest entry, so that their sum neither overflows nor vanishes.
    top = 1.0 + ops.relu(largest_finite)
    unit = ops.where(largest_finite < 0.0, 1.0 - largest_finite, 1.0 / top)
    negative = finite < 0.0
    weight = ops.where(negative, unit / ops.where(negative, 1.0 - finite, 1.0), (1.0 + finite) / top)
    weight = ops.where(nx.masked(x), 0.0, weight)
    weight = ops.where(ops.equal(largest_entry, math.inf), ops.cast(ops.equal(x, math.inf), x.dtype), weight)
    rest = ops.cast(nx.masked(largest_entry), x.dtype)  # where there are no shares, the sum is not 0
    return nx.settled(x, portions(weight, rest, axis), axis)
