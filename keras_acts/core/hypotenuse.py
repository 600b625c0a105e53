"""sqrt(1 + u^2) and its kin, without the overflow of u^2."""

import math

from keras import ops

from keras_acts.core import numerics as nx


def bounded(u: nx.Tensor) -> nx.Tensor:
    """u clipped to where u^2 + u^2 is finite. Beyond, sqrt(1 + u^2) is |u| to the last bit of every dtype."""
    bound = 0.5 * math.sqrt(nx.largest(u))
    return ops.clip(u, -bound, bound)


def hypotenuse(bounded_u: nx.Tensor) -> tuple[nx.Tensor, nx.Tensor]:
    """1 + u^2 and its square root."""
    squared = 1.0 + ops.square(bounded_u)
    return squared, ops.sqrt(squared)


def ratio(bounded_u: nx.Tensor) -> nx.Tensor:
    """u / sqrt(1 + u^2), the algebraic sigmoid."""
    return bounded_u / hypotenuse(bounded_u)[1]


def ratio_slope(bounded_u: nx.Tensor, factor: float = 1.0) -> nx.Tensor:
    """factor (1 + u^2)^(-3/2)."""
    squared, root = hypotenuse(bounded_u)
    return factor / (squared * root)


def ratio_curvature(bounded_u: nx.Tensor, factor: float = 1.0) -> nx.Tensor:
    """factor times the second derivative of the ratio, -3 u (1 + u^2)^(-5/2)."""
    squared, root = hypotenuse(bounded_u)
    # (1 + u^2)^2 would overflow far too early; XLA makes it of a quotient of quotients, but not of this product.
    decay = 1.0 / squared
    return (-3.0 * factor * (bounded_u / root)) * decay * decay
