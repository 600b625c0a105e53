"""Sine and cosine of a frequency times x, right for every finite x."""

import math

import keras
from keras import ops

from keras_acts.core import numerics as nx

# Half of the digits of each dtype: the product of two numbers with so many is exact.
_HALF_DIGITS = {"float64": 26, "float32": 12}


def _angle(x: nx.Tensor, w0: float) -> tuple[nx.Tensor, nx.Tensor | None]:
    """a and b with a + b = w0 x, or a and None.

    Rounding w0 x to one number costs the sine all its digits at large x. Here a is an exact product of leading digits.
    """
    if w0 == 1.0:
        return x, None
    digits = _HALF_DIGITS[keras.backend.standardize_dtype(x.dtype)]
    # Where a product would overflow, some smaller angle: the numbers lie further apart there than any period.
    room = 2.0 ** (2 * digits) * max(w0, 1.0)
    x = ops.where(ops.abs(x) < nx.largest(x) / room, x, x / room)
    mantissa, exponent = math.frexp(w0)
    if mantissa == 0.5:
        return w0 * x, None
    leading_w0 = math.ldexp(math.floor(math.ldexp(mantissa, digits - 1)), exponent - digits + 1)
    raised = x * (2.0 ** (digits + (digits == 26)) + 1.0)  # Veltkamp's split
    leading = raised - (raised - x)
    rest = (x - leading) * leading_w0 + x * (w0 - leading_w0)
    tiny = ops.abs(x) < 1e-20  # there the lesser digits fall below the smallest normal number
    return ops.where(tiny, w0 * x, leading * leading_w0), ops.where(tiny, 0.0, rest)


def sine(x: nx.Tensor, w0: float) -> nx.Tensor:
    """sin(w0 x)."""
    a, b = _angle(x, w0)
    return ops.sin(a) if b is None else ops.sin(a) * ops.cos(b) + ops.cos(a) * ops.sin(b)


def cosine(x: nx.Tensor, w0: float) -> nx.Tensor:
    """cos(w0 x)."""
    a, b = _angle(x, w0)
    return ops.cos(a) if b is None else ops.cos(a) * ops.cos(b) - ops.sin(a) * ops.sin(b)
