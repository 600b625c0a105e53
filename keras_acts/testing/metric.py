"""The error metric K, a mixed forward-backward error.

    K(x) = |got - f| / (eps (|f| + |x f'| + sum over p of |p df/dp|) + tiny)

The scale is the error that rounding the input alone can cause, so K is fair near zeros, in tails and at kinks. K <=
0.5 is correct rounding; K > 4 is a wrong formula. For a derivative, read f' and f'' in place of f and f'.

A parameter p that was given, other than its default, is rounded as the input is, so what that can cause counts too:
exp(-beta exp(-x)) at beta = 10 is not known to more digits than beta is. At its defaults a function has no such share.
"""

from typing import NamedTuple

import numpy as np

from keras_acts.testing import samples


class Exact(NamedTuple):
    """Value and derivatives at each x with twice the digits of float64: `head + tail`, both of shape (orders, len(x)).

    The head is the nearest float64, infinite where the true value is too large for one. `by_parameters` is what all
    parameters change in proportion to a relative change of each, the sum over p of |p df/dp| and so on. `slope` is
    the derivative of the value where a surrogate stands in its place in the head.
    """

    head: np.ndarray
    tail: np.ndarray
    by_parameters: np.ndarray | None = None
    slope: np.ndarray | None = None

    def at(self, points: np.ndarray) -> "Exact":
        """That at some of the x, without the share of the parameters."""
        slope = None if self.slope is None else self.slope[points]
        return Exact(self.head[:, points], self.tail[:, points], slope=slope)


@np.errstate(all="ignore")  # overflow and NaN in `got` are what is looked for
def k_error(got: np.ndarray, exact: Exact, order: int, x: np.ndarray, dtype: str) -> np.ndarray:
    """K of each element of `got`.

    Args:
        got: results in the dtype under test.
        exact: the right ones, with one order more than is judged: it sets the scale.
        order: 0 where `got` are values, 1 where they are first derivatives, and so on.
        x: the inputs in float64, exact.
        dtype: the dtype under test, which sets eps and tiny.

    Returns:
        float64 array: K; inf where a finite value is representable but `got` is not finite. Where the true value
        overflows, inf of its sign and the largest number count as right; below the smallest normal number, 0 does.
        Where rounding x changes the result by more than the largest number, an infinity is as good as that number.
        Where the function is not defined and `exact` is NaN, only NaN is right.
    """
    info = samples.finfo(dtype)
    eps, tiny, largest = float(info.eps), float(info.tiny), float(info.max)
    right, tail, next_order = exact.head[order], exact.tail[order], exact.head[order + 1]
    if order == 0 and exact.slope is not None:
        next_order = exact.slope
    size, got = np.abs(right), got.astype(np.float64)
    by_input = np.abs(x * next_order)
    by_input = np.where(np.isfinite(by_input), eps * by_input, np.abs(eps * x * next_order))  # overflows later
    scale = eps * size + by_input + tiny
    if exact.by_parameters is not None:
        scale = scale + eps * exact.by_parameters[order]
    k = np.where(np.isfinite(got) & np.isfinite(right), np.abs((got - right) - tail) / scale, np.inf)
    within = np.abs(np.clip(got, -largest, largest) / scale - np.clip(right, -largest, largest) / scale)
    k = np.where(by_input >= largest, within, k)
    flushed = (got == 0.0) & (size <= tiny)
    too_large = (size > largest) | ((size == largest) & (tail * right > 0))
    saturated = too_large & (np.abs(got) >= largest) & ((got > 0) == (right > 0))
    k = np.where(flushed | saturated, 0.0, k)
    return np.where(np.isnan(right), np.where(np.isnan(got), 0.0, np.inf), k)
