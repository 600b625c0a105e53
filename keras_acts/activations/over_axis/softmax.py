"""Softmax and its kin: activations over an axis that share it out among all entries."""

import math
from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation
from keras_acts.core.derivatives import custom_rule
from keras_acts.notation import Latex

__all__ = ["log_softmax", "softmax", "softmax2d", "softmax_one", "softmin", "softpick", "solu"]


ShareAxis = Annotated[int, Param("axis along which the outputs sum to 1")]


def row_sum(latex: str) -> Latex:
    """A formula with sums over the row."""
    return Latex(latex, reason="sums over the entries along an axis")


# Aliases of torch need their `dim`: without it, torch takes axis 0 of some ranks and 1 of others.


@activation(
    formula=row_sum(r"\frac{e^{x_i}}{\sum_j e^{x_j}}"),
    traits={"smooth", "bounded", "over_axis"},
    aliases={
        "keras": "softmax",
        "tf jax flax paddle mlx": "softmax(axis=-1)",
        "torch": {"Softmax softmax": lambda dim: {"axis": dim}},
        "onnx": "Softmax(axis=-1)",
    },
)
def softmax(x: nx.Tensor, axis: ShareAxis = -1) -> nx.Tensor:
    """Probabilities from logits.

    f(x)_i = exp(x_i) / sum_j exp(x_j)

    For the output of a classifier. torch without `dim` picks axis 0 or 1 by rank; all others take the last one.
    Entries of -inf are masked: they get 0. A row of nothing but -inf gives zeros with zero gradient, as a fully masked
    row of `keras.layers.Softmax` does, where other softmax functions give NaN. Entries of +inf share the row.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(softmax(np.array([1.0, 2.0, 3.0]))).round(4).tolist()
        [0.09, 0.2447, 0.6652]
        >>> np.asarray(softmax(np.array([[0.0, -np.inf], [-np.inf, -np.inf]]))).tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    return nx.settled(x, ops.softmax(nx.finite(x), axis=axis), axis)


softmax.logits(lambda x, axis: x)


@activation(
    formula=row_sum(r"x_i - \log \sum_j e^{x_j}"),
    traits={"smooth", "over_axis"},
    aliases={
        "keras": "log_softmax",
        "tf jax flax paddle mlx": "log_softmax(axis=-1)",
        "torch": {"LogSoftmax log_softmax": lambda dim: {"axis": dim}},
        "onnx": "LogSoftmax(axis=-1)",
    },
)
def log_softmax(
    x: nx.Tensor, axis: Annotated[int, Param("axis along which the exponentials of the outputs sum to 1")] = -1
) -> nx.Tensor:
    """Log-probabilities from logits.

    f(x)_i = x_i - log sum_j exp(x_j)

    The logarithm of `softmax` without the underflow. Entries of -inf stay -inf, with zero gradient; a row of nothing
    but -inf stays as it is, the logarithm of zeros. Beside an entry of +inf all finite ones are -inf.

    Returns:
        Tensor of the same shape and dtype as x, in [-inf, 0].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(log_softmax(np.array([1.0, 2.0, 3.0]))).round(4).tolist()
        [-2.4076, -1.4076, -0.4076]
    """
    beside_infinity = nx.masked(ops.stop_gradient(x) - nx.max_over_axis(x, axis))
    nothing = ops.logical_or(nx.masked(x), beside_infinity)
    result = ops.log_softmax(nx.finite(x), axis=axis)  # NaN all over in a row with NaN
    return ops.where(ops.logical_and(nothing, ops.logical_not(ops.isnan(result))), -math.inf, result)


@activation(
    formula=row_sum(r"\frac{e^{-x_i}}{\sum_j e^{-x_j}}"),
    traits={"smooth", "bounded", "over_axis"},
    aliases={"torch": {"Softmin softmin": lambda dim: {"axis": dim}}, "mlx": "softmin(axis=-1)"},
)
def softmin(x: nx.Tensor, axis: ShareAxis = -1) -> nx.Tensor:
    """Probabilities from costs: softmax of -x.

    f(x)_i = exp(-x_i) / sum_j exp(-x_j)

    For energies and distances, where the smallest entry should get the largest share. Here entries of +inf are the
    masked ones; a row of nothing but +inf gives zeros with zero gradient. Entries of -inf share the row.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(softmin(np.array([1.0, 2.0, 3.0]))).round(4).tolist()
        [0.6652, 0.2447, 0.09]
    """
    return softmax.body(-x, axis)


softmin.logits(lambda x, axis: -x)


@activation(
    formula=row_sum(r"\frac{e^{x_c}}{\sum_k e^{x_k}}"),
    traits={"smooth", "bounded", "over_axis"},
    aliases={"torch": "Softmax2d(*, axis=-3)", "paddle": "Softmax2D(*, axis=-3)"},
)
def softmax2d(
    x: nx.Tensor, axis: Annotated[int, Param("axis of the channels, along which the outputs sum to 1")] = -1
) -> nx.Tensor:
    """Softmax over the channels of an image, for each pixel.

    f(x)_c = exp(x_c) / sum_k exp(x_k)

    For the output of a segmentation network, of shape (batch, height, width, channels). The default axis is that of
    Keras' default layout, channels last; with `data_format="channels_first"` use `axis=-3`, which is what torch and
    paddle do. -inf as in `softmax`: a channel of -inf gets 0, a pixel of nothing but -inf gets zeros.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(softmax2d(np.array([[[0.0, 0.0], [1.0, 2.0]]]))).round(4).tolist()
        [[[0.5, 0.5], [0.2689, 0.7311]]]
    """
    return softmax.body(x, axis)


softmax2d.logits(lambda x, axis: x)


@activation(formula=row_sum(r"\frac{e^{x_i}}{1 + \sum_j e^{x_j}}"), traits={"smooth", "bounded", "over_axis"})
def softmax_one(
    x: nx.Tensor, axis: Annotated[int, Param("axis along which the outputs sum to less than 1")] = -1
) -> nx.Tensor:
    """Softmax with a silent option: the outputs may all be near 0. Also called quiet softmax or off-by-one softmax.

    f(x)_i = exp(x_i) / (1 + sum_j exp(x_j))

    For attention heads that should be able to attend to nothing. It is softmax with one more entry, always 0, which
    is then dropped. Entries of -inf are masked and get 0; a row of nothing but -inf gives zeros. Entries of +inf share
    the row.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(softmax_one(np.array([0.0, 0.0, -20.0]))).round(4).tolist()
        [0.3333, 0.3333, 0.0]

    Reference:
        Miller 2023, Attention Is Off By One.
    """
    x = nx.finite(x)
    shift = ops.maximum(nx.max_over_axis(x, axis), 0.0)
    return portions(ops.exp(x - shift), ops.exp(-shift), axis)


def portions(a: nx.Tensor, rest: nx.Tensor, axis: int) -> nx.Tensor:
    """a_i / (sum_j a_j + rest) for a >= 0.

    The derivative of the quotient leaves 1 minus the result, which cancels where one a outweighs all else. So means are
    taken over the row and the rest together, twice: the second one is that of what rounding has left. Quotients, not
    products with a reciprocal: the portion of an a that outweighs all else by far is 1 to the last bit.
    """

    def portions(a: nx.Tensor, rest: nx.Tensor) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor]:
        total = nx.sum_over_axis(a, axis) + rest
        return total, a / total, rest / total

    def pullback(v: nx.Tensor, arguments: tuple[nx.Tensor, ...]) -> tuple[nx.Tensor, ...]:
        total, portion, left = portions(*arguments)
        v_of_rest = 0.0
        for _ in range(2):
            mean = nx.sum_over_axis(portion * v, axis) + left * v_of_rest
            v, v_of_rest = v - mean, v_of_rest - mean
        return v / total, v_of_rest / total

    def pushforward(tangents: tuple[nx.Tensor, ...], arguments: tuple[nx.Tensor, ...]) -> nx.Tensor:
        total, portion, left = portions(*arguments)
        t, t_of_rest = tangents
        for _ in range(2):
            change = nx.sum_over_axis(t, axis) + t_of_rest
            t, t_of_rest = t - portion * change, t_of_rest - left * change
        return t / total

    return custom_rule(lambda a, rest: portions(a, rest)[1], pullback, pushforward)(a, rest)


@activation(
    formula=row_sum(r"\frac{\max(e^{x_i} - 1, 0)}{\sum_j |e^{x_j} - 1| + \epsilon}"),
    traits={"bounded", "sparse", "over_axis"},
)
def softpick(
    x: nx.Tensor,
    epsilon: Annotated[
        float, Param("keeps the slopes, up to 1 / epsilon, finite near 0", low=1e-30, any_size=True)
    ] = 1e-6,
    axis: Annotated[int, Param("axis along which the outputs sum to at most 1")] = -1,
) -> nx.Tensor:
    """Rectified softmax for attention: negative entries get exactly 0 and the outputs may sum to less than 1.

    f(x)_i = max(exp(x_i) - 1, 0) / (sum_j |exp(x_j) - 1| + epsilon)

    Removes attention sinks and massive activations. The paper's epsilon is 1e-6, its code has 1e-8. Entries of -inf
    are masked, as in its code: they get 0 and are left out of the sum, though the limit of |exp(x) - 1| is 1. A row of
    nothing but -inf gives zeros. Entries of +inf share the row. The derivative of both kinked terms at 0 is 0.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(softpick(np.array([1.0, 2.0, -1.0]))).round(4).tolist()
        [0.1966, 0.7311, 0.0]

    Reference:
        arXiv:2504.20966, Softpick: No Attention Sink, No Massive Activations with Rectified Softmax.
    """
    nothing = nx.masked(x)
    x = nx.finite(x)
    shift = ops.maximum(nx.max_over_axis(x, axis), 0.0)
    # |exp(x) - 1| exp(-shift), without overflow for x > 0 and without cancellation near 0.
    size = ops.where(nothing, 0.0, ops.exp(ops.relu(x) - shift) * -nx.expm1(-ops.abs(x)))
    below = nx.sum_over_axis(ops.where(x > 0.0, 0.0, size), axis)
    return portions(ops.where(x > 0.0, size, 0.0), below + epsilon * ops.exp(-shift), axis)


# Kernels' derivative of softmax is off by eps, which solu would multiply by x.
_share = nx.with_symmetric_jacobian(lambda v, x, axis: nx.weighted_deviation(v, softmax.body(x, axis), axis))(
    softmax.body
)


@activation(
    formula=row_sum(r"x_i \frac{e^{x_i}}{\sum_j e^{x_j}}"),
    traits={"smooth", "non_monotonic", "self_gated", "over_axis"},
)
def solu(
    x: nx.Tensor,
    axis: Annotated[int, Param("axis along which the entries compete, usually the neurons of a layer")] = -1,
) -> nx.Tensor:
    """Softmax linear unit: each entry times its softmax probability, so that few neurons of a layer speak at once.

    f(x)_i = x_i exp(x_i) / sum_j exp(x_j)

    For hidden layers whose neurons should be easier to interpret. The paper follows it by a LayerNorm, which is yours
    to add: `keras.layers.LayerNormalization()`; x_transformers has both in one. Entries of -inf are masked: they give
    0. A row of nothing but -inf gives zeros. An entry of +inf gives inf, and the finite ones beside it 0. The gradient
    is a difference of terms as large as x: beyond a thousandth of the largest number of the dtype it may overflow.

    Returns:
        Tensor of the same shape and dtype as x.

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(solu(np.array([1.0, 2.0, 3.0]))).round(4).tolist()
        [0.09, 0.4895, 1.9957]

    Reference:
        Elhage et al. 2022, Softmax Linear Units, Transformer Circuits Thread.
    """
    share = _share(x, axis)
    # Entries without a share add nothing to the derivative either; differences of huge ones would overflow there.
    factor = ops.where(ops.equal(share, 0.0), 0.0, nx.finite(x))
    return ops.where(ops.logical_and(ops.equal(x, math.inf), share > 0.0), x, factor * share)
