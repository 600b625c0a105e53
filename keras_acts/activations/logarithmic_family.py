"""Functions that grow like a logarithm."""

import math

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.declare import activation
from keras_acts.core.params import Trait

VAST = 1e9  # beyond it 1 + x^2 is x^2 to the last bit of float64, and below it x^6 still fits into float32


def _asinh_curvature(x):
    c = ops.clip(x, -VAST, VAST)
    s = 1.0 + ops.square(c)
    return ops.where(ops.abs(x) < VAST, -c / (s * ops.sqrt(s)), (-1.0 / x) / ops.abs(x))


@nx.with_derivative(_asinh_curvature)
def _asinh_slope(x):
    t = ops.abs(x)
    return ops.where(t < VAST, 1.0 / ops.sqrt(1.0 + ops.square(ops.minimum(t, VAST))), 1.0 / t)


@activation(
    formula=r"\mathrm{asinh}\, x",
    traits={Trait.SMOOTH, Trait.MONOTONIC, Trait.ODD},
    aliases={"dks": "asinh"},
    derivative=_asinh_slope,
)
def asinh(x: nx.Tensor) -> nx.Tensor:
    """Inverse hyperbolic sine: linear near 0, a logarithm of either sign far out.

    f(x) = log(x + sqrt(x^2 + 1))

    It compresses outliers as tanh does but never saturates: its derivative falls off only as 1 / |x|.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(asinh(np.array([-10.0, 0.0, 2.0]))).round(4).tolist()
        [-2.9982, 0.0, 1.4436]
    """
    # From |x|, as the sum cancels for x < 0; log1p, as it loses all digits near 0; the logarithm where x^2 overflows.
    t = ops.abs(x)
    c = ops.minimum(t, VAST)
    square = ops.square(c)
    near = ops.log1p(c + square / (1.0 + ops.sqrt(1.0 + square)))
    far = math.log(2.0) + ops.log(ops.maximum(t, 1.0))
    size = ops.where(t < VAST, near, far)
    return ops.where(x < 0.0, -size, size)


def _seagull_curvature(x):
    c = ops.clip(x, -VAST, VAST)
    s = 1.0 + ops.square(c)
    return ops.where(ops.abs(x) < VAST, 2.0 * ((1.0 - c) * (1.0 + c) / s) / s, (-2.0 / x) / x)


@nx.with_derivative(_seagull_curvature)
def _seagull_slope(x):
    c = ops.clip(x, -VAST, VAST)
    return ops.where(ops.abs(x) < VAST, 2.0 * c / (1.0 + ops.square(c)), 2.0 / x)


@activation(
    formula=r"\log(1 + x^2)",
    traits={Trait.SMOOTH, Trait.NON_MONOTONIC, Trait.EVEN},
    aliases={"echo": "Seagull"},
    derivative=_seagull_slope,
)
def seagull(x: nx.Tensor) -> nx.Tensor:
    """Even function that grows like a logarithm; its graph has the shape of a gull.

    f(x) = log(1 + x^2)

    For targets that do not depend on the sign of an input.

    Args:
        x: float tensor of any shape.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf).

    Example:
        >>> np.asarray(seagull(np.array([-2.0, 0.0, 1.0]))).round(4).tolist()
        [1.6094, 0.0, 0.6931]
    """
    t = ops.abs(x)
    near = ops.log1p(ops.square(ops.minimum(t, VAST)))
    return ops.where(t < VAST, near, 2.0 * ops.log(ops.maximum(t, 1.0)))  # x^2 may overflow
