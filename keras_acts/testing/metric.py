"""The error metric K.

    K(x) = |got - f| / (eps (|f| + |x f'|) + tiny)

The scale is the error that rounding the input alone can cause, so K is fair near zeros, in tails and at kinks. K <=
0.5 is correct rounding; K > 4 is a wrong formula. For a derivative, read f' and f'' in place of f and f'.
"""

from typing import Any

import numpy as np

from keras_acts.testing import samples


@np.errstate(all="ignore")  # overflow and NaN in `got` are what is looked for
def k_error(got: np.ndarray, exact: np.ndarray, slope: np.ndarray, x: np.ndarray, dtype: str) -> np.ndarray:
    """K of each element of `got`, computed in the precision of `exact` (float64, or mpf in an object array).

    Args:
        got: results in the dtype under test.
        exact: the function at x.
        slope: its derivative at x.
        x: the inputs, exact.
        dtype: the dtype under test, which sets eps and tiny.

    Returns:
        float64 array: K; inf where a finite value is representable but `got` is not finite. Where the true value
        overflows, inf of its sign and the largest number count as right; below the smallest normal number, 0 does.
        Where the function is not defined and `exact` is NaN, only NaN is right.
    """
    info = samples.finfo(dtype)
    eps, tiny, largest = float(info.eps), float(info.tiny), float(info.max)
    got_wide = got.astype(np.float64)
    finite = np.isfinite(got_wide)
    wide = _as(exact, np.where(finite, got_wide, 0.0))
    scale = eps * (abs(exact) + abs(_as(exact, x) * slope)) + tiny
    k = np.where(finite, (abs(wide - exact) / scale).astype(np.float64), np.inf)
    flushed = (got_wide == 0.0) & (abs(exact) <= tiny).astype(bool)
    saturated = (abs(exact) > largest).astype(bool) & (np.abs(got_wide) >= largest)
    same_sign = (got_wide > 0) == (exact > 0).astype(bool)
    k = np.where(flushed | (saturated & same_sign), 0.0, k)
    undefined = (exact != exact).astype(bool)
    return np.where(undefined, np.where(np.isnan(got_wide), 0.0, np.inf), k)


def _as(like: np.ndarray, values: Any) -> np.ndarray:
    if like.dtype != object:
        return np.asarray(values, np.float64)
    from mpmath import mp

    return np.array([mp.mpf(float(value)) for value in values], dtype=object)
