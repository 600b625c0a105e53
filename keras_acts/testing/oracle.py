"""The judge: value and derivatives of an mpmath function at exact inputs, by central differences at high precision."""

from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp

ORDERS = 4  # value and three derivatives; the third only sets the scale of the second

_STEP_BITS = 60  # step h = min(|x|, 1) 2^-60: the error of a central difference is then some 2^-120 of the next terms
_BITS = 320
_TAIL_BITS = 1500  # enough to see a derivative of 1e-308 beside a value of 1


def derivatives(reference: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Value, first, second and third derivative of `reference` at each x, as an array of mpf of shape (4, len(x)).

    No x may be a kink, or nearer to one than 2^-59 of min(|x|, 1).
    """
    results = [_at(reference, float(value)) for value in x]
    return np.array(results, dtype=object).reshape(len(x), ORDERS).T


def _at(reference: Callable[[Any], Any], x: float) -> list[Any]:
    exponent = int(np.frexp(x)[1]) if x else 0
    size = min(abs(x), 1.0) or 1.0
    # Differences of order 3 lose 3 log2(1 / h) bits, and x + h itself needs log2(|x| / h).
    extra = max(-3 * exponent, exponent, 0)
    for bits in (_BITS, _TAIL_BITS):
        with mp.workprec(bits + extra):
            point = mp.mpf(x)
            h = mp.ldexp(mp.mpf(size), -_STEP_BITS)
            f = [reference(point + k * h) for k in (-2, -1, 0, 1, 2)]
            first = (f[3] - f[1]) / (2 * h)
            second = (f[3] - 2 * f[2] + f[1]) / h**2
            third = (f[4] - 2 * f[3] + 2 * f[1] - f[0]) / (2 * h**3)
            noise = mp.ldexp(max(abs(v) for v in f), 8 - bits - extra)
            lost = abs(third) * h**3 < mp.ldexp(noise, 64) or abs(second) * h**2 < mp.ldexp(noise, 64)
        if not lost:
            break
    # What is still lost is zero to working precision (a linear piece), or far below the smallest normal number.
    return [
        f[2],
        first,
        second if abs(second) * h**2 > noise else mp.zero,
        third if abs(third) * h**3 > noise else mp.zero,
    ]
