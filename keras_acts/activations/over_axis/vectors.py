"""Activations of a vector as a whole: its direction stays, its length is changed."""

from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation
from keras_acts.notation import Latex

__all__ = ["squash"]


def _direction_and_length(x: nx.Tensor, axis: int) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor]:
    """x / |x|, q = min(|x|, 1 / |x|), and where |x| > 1. No square overflows or underflows."""
    x = nx.finite(x)
    scale = nx.scale_over_axis(x, axis)
    scaled = x * (1.0 / scale)  # XLA would divide by scale and root at once, by the length, which may overflow
    root = ops.sqrt(nx.divisor(nx.sum_over_axis(ops.square(scaled), axis)))  # 1 for the zero vector
    unit = scaled / root
    length = nx.sum_over_axis(scaled * unit, axis) * scale  # 0 for the zero vector
    long = length > 1.0
    q = ops.where(long, 1.0 / ops.where(long, length, 1.0), length)
    return unit, q, long


def _squash_product(v: nx.Tensor, x: nx.Tensor, axis: int) -> nx.Tensor:
    # h (v + (1 - n^2) / (1 + n^2) u (u . v)), with the unit vector u, the length n and h = n / (1 + n^2).
    unit, q, long = _direction_and_length(x, axis)
    q2 = ops.square(q)
    radial = ops.where(long, q2 - 1.0, 1.0 - q2) / (1.0 + q2)
    return q / (1.0 + q2) * (v + radial * unit * nx.sum_over_axis(unit * v, axis))


@nx.with_symmetric_jacobian(_squash_product)
def _squash(x: nx.Tensor, axis: int) -> nx.Tensor:
    unit, q, long = _direction_and_length(x, axis)
    q2 = ops.square(q)
    return unit * (ops.where(long, 1.0, q2) / (1.0 + q2))


@activation(
    formula=Latex(r"\frac{\|x\|^2}{1 + \|x\|^2} \frac{x}{\|x\|}", reason="takes a length along an axis"),
    traits={"bounded", "odd", "over_axis"},
)
def squash(x: nx.Tensor, axis: Annotated[int, Param("axis of the vectors")] = -1) -> nx.Tensor:
    """Shrinks vectors to a length below 1 and keeps their direction: the capsule networks' activation.

    f(x) = |x|^2 / (1 + |x|^2) x / |x|, with |x| the length of the vector along the axis

    Short vectors almost vanish, long ones get a length just below 1. This is the paper's form; keras-contrib has
    0.5 + |x|^2 in the denominator, so that a vector of length 1 gets length 0.667 in place of 0.5. The zero vector
    gives zeros with zero gradient. Infinite entries point along their axes: they make the length 1, with zero gradient.

    Returns:
        Tensor of the same shape and dtype as x; the length along the axis is in [0, 1].

    Raises:
        ValueError: if x has no such axis.

    Example:
        >>> np.asarray(squash(np.array([3.0, -4.0]))).round(4).tolist()
        [0.5769, -0.7692]

    Reference:
        arXiv:1710.09829, Dynamic Routing Between Capsules.
    """
    return _squash(x, axis=axis)
