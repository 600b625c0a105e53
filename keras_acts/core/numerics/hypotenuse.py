"""sqrt(1 + u^2) and its kin, without the overflow of u^2."""

import math

from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor
from keras_acts.core.numerics.limits import largest

__all__ = ["algebraic_sigmoid", "algebraic_sigmoid_derivative", "algebraic_sigmoid_second_derivative"]
__all__ += ["clipped_for_square", "hypotenuse", "square_and_root"]


def clipped_for_square(u: Tensor) -> Tensor:
    """u clipped to where u^2 + u^2 is finite. Beyond, sqrt(1 + u^2) is |u| to the last bit of every dtype."""
    bound = 0.5 * math.sqrt(largest(u))
    return ops.clip(u, -bound, bound)


def square_and_root(u: Tensor) -> tuple[Tensor, Tensor]:
    """1 + u^2 and its square root."""
    squared = 1.0 + ops.square(u)
    return squared, ops.sqrt(squared)


def hypotenuse(x: Tensor, width: float = 1.0) -> Tensor:
    """sqrt(x^2 + width^2) for every finite x."""
    root = square_and_root(clipped_for_square(x if width == 1.0 else x / width))[1]
    return ops.maximum(root if width == 1.0 else width * root, ops.abs(x))  # |x| where it was clipped


def algebraic_sigmoid(u: Tensor) -> Tensor:
    """u / sqrt(1 + u^2), the algebraic sigmoid."""
    return u / square_and_root(u)[1]


def algebraic_sigmoid_derivative(u: Tensor, factor: float = 1.0) -> Tensor:
    """factor (1 + u^2)^(-3/2)."""
    squared, root = square_and_root(u)
    if factor > 1.0:  # the quotient may be a normal number where |u|^3 overflows; XLA would divide once
        return (factor / squared) * (1.0 / root)
    return factor / (squared * root)


def algebraic_sigmoid_second_derivative(u: Tensor, factor: float = 1.0) -> Tensor:
    """factor times the second derivative of the algebraic sigmoid, -3 u (1 + u^2)^(-5/2)."""
    squared, root = square_and_root(u)
    # (1 + u^2)^2 would overflow far too early; the factor is inside of a square, out of which no optimiser takes it.
    return -(u / root) * ops.square(math.sqrt(3.0 * factor) / squared)
