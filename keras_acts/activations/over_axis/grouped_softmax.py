"""Softmax within groups of a row."""

from typing import Annotated, Any

from keras_acts.activations.over_axis.softmax import softmax
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation
from keras_acts.core.numerics.over_axis import has_rank
from keras_acts.notation import Latex

__all__ = ["simnorm"]


def _sizes(x: nx.Tensor) -> Any:
    """The size of each axis, in TensorFlow's graphs also of a tensor of unknown rank."""
    if has_rank(x):
        return ops.shape(x)
    import tensorflow as tf

    return tf.shape(x)


@activation(
    formula=Latex(r"\frac{e^{x_i}}{\sum_{j \in G(i)} e^{x_j}}", reason="sums over groups of the entries along an axis"),
    traits={"smooth", "bounded", "over_axis"},
    aliases={"tdmpc2": {"SimNorm": lambda simnorm_dim=8: {"group_size": simnorm_dim}}},
)
def simnorm(
    x: nx.Tensor,
    group_size: Annotated[int, Param("number of neighbours that share 1 out", low=1)] = 8,
    axis: Annotated[int, Param("axis that is cut into groups")] = -1,
) -> nx.Tensor:
    """Simplicial normalization: softmax within each group of neighbours, as for the latent states of TD-MPC2.

    f(x)_i = exp(x_i) / sum_j exp(x_j) over the j in the group of i: entries 1 .. group_size, and so on

    A bounded code without a normalization layer: its length is at most the root of the number of groups, and it gets
    sparse where the logits grow. Where group_size does not divide the row, its last group is shorter; TD-MPC2 refuses
    such widths. In each group -inf, +inf and NaN count as in `softmax`.

    Returns:
        Tensor of the same shape and dtype as x, in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(simnorm(np.array([-2.0, 0.5, 3.0, 1.0]), group_size=2)).round(4).tolist()
        [0.0759, 0.9241, 0.8808, 0.1192]

    Reference:
        arXiv:2204.00616, Simplicial Embeddings in Self-Supervised Learning and Downstream Classification.
    """
    last = x if axis == -1 else ops.moveaxis(x, axis, -1)
    sizes = _sizes(last)
    size = sizes[-1]
    missing = -size % group_size
    rows = ops.reshape(last, (-1, size))
    if not isinstance(missing, int) or missing:
        rows = ops.pad(rows, ((0, 0), (0, missing)), constant_values=-float("inf"))
    shares = softmax.body(ops.reshape(rows, (-1, group_size)), -1)
    shares = ops.reshape(ops.reshape(shares, (-1, size + missing))[:, :size], sizes)
    return shares if axis == -1 else ops.moveaxis(shares, -1, axis)
