"""What an activation tends to when it is sharpened without end: the step or the piecewise linear function behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_acts.analysis.elementwise import as_function, evaluate

_FAR = 1e300
_HALFWAY = 1e150  # what has a limit is as near to it here


@dataclass(frozen=True)
class SharpLimit:
    """A step from `left` to `right`, or a function with slope `left` for x < 0 and `right` for x > 0.

    Args:
        left: value or slope for x < 0.
        right: value or slope for x > 0.
        is_step: whether these are values.
    """

    left: float
    right: float
    is_step: bool

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The value; a step has the mean of both sides at 0."""
        if not self.is_step:
            return np.where(x < 0.0, self.left, self.right) * x
        return 0.5 * (self.left + self.right) + 0.5 * (self.right - self.left) * np.sign(x)


SHARP = {
    "step": SharpLimit(0.0, 1.0, is_step=True),
    "sign": SharpLimit(-1.0, 1.0, is_step=True),
    "relu": SharpLimit(0.0, 1.0, is_step=False),
    "abs": SharpLimit(-1.0, 1.0, is_step=False),
}


def sharp_limit(activation: Callable[..., Any]) -> SharpLimit:
    """The limit of f(k x) for k -> inf where f is bounded, else that of f(k x) / k.

    Args:
        activation: a function of one float tensor.

    Returns:
        A `SharpLimit`: a function of NumPy arrays with its two sides.

    Raises:
        ValueError: if f(x) tends neither to constants nor to multiples of x.

    Example:
        >>> sharp_limit(keras_acts.activations.leaky_relu)
        SharpLimit(left=0.2, right=1.0, is_step=False)
    """
    x = np.array([-_FAR, -_HALFWAY, _HALFWAY, _FAR])
    (at,) = evaluate(as_function(activation), x)
    is_step = _has_settled(at)
    sides = at if is_step else at / x
    left, right = map(float, sides[[0, 3]])
    if not (is_step or (_has_settled(sides) and max(abs(left), abs(right)) > 1e-100)):
        raise ValueError(
            "A function can be sharpened if for large |x| it tends to constants, as tanh, or to multiples of x, as "
            f"softplus. Received: {activation!r}"
        )
    return SharpLimit(_tidy(left), _tidy(right), is_step)


def _has_settled(at: np.ndarray) -> bool:
    """Whether the values at -far, -halfway, halfway and far are limits."""
    outer, inner = at[[0, 3]], at[[1, 2]]
    return bool(np.isfinite(at).all() and np.allclose(outer, inner, rtol=1e-9, atol=1e-9) and abs(outer).max() < 1e100)


def _tidy(value: float) -> float:
    """0, 1 and the like without the rounding errors of 1e300; other numbers to 14 digits."""
    return float(f"{value:.14g}") if abs(value) > 1e-14 else 0.0
