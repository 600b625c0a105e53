"""Sine and cosine of the angle w0 (|x| + 1) |x|, with twice the digits of a dtype in the angle.

Rounded to one number, an angle costs the sine all its digits where the cosine is small.
"""

import math

import keras

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops

Pair = tuple[nx.Tensor, nx.Tensor]

_DIGITS = {"float64": 53, "float32": 24}


def _halves(x: nx.Tensor, digits: int) -> Pair:
    """Two numbers with half of the digits each, whose sum is x: Veltkamp's split."""
    raised = x * (2.0 ** ((digits + 1) // 2) + 1.0)
    leading = raised - (raised - x)
    return leading, x - leading


def _parts_of_number(number: float, digits: int) -> tuple[tuple[float, float], float]:
    """Two numbers with half of the digits each, and what of the number is below them: 1.91 goes on after float32."""
    mantissa, exponent = math.frexp(number)
    leading, both = (
        math.ldexp(math.floor(math.ldexp(mantissa, size)), exponent - size) for size in (digits // 2, digits)
    )
    return (leading, both - leading), number - both


def _product(a: Pair, b: Pair | tuple[float, float]) -> Pair:
    """The product of two sums of halves, rounded, and what it lacks: Dekker's product."""
    rounded = (a[0] + a[1]) * (b[0] + b[1])
    return rounded, ((a[0] * b[0] - rounded) + a[0] * b[1] + a[1] * b[0]) + a[1] * b[1]


def _angle(t: nx.Tensor, w0: float) -> Pair:
    """a and b with a + b = w0 (t + 1) t for t >= 0, where a is that rounded.

    Where the numbers beside t are many turns away, it is that of a smaller one, by a factor that is no part of its
    derivative.
    """
    digits = _DIGITS[keras.backend.standardize_dtype(t.dtype)]
    t = t * ops.minimum(1.0, math.sqrt(2.0 ** (2 * digits + 10) / w0) / ops.maximum(ops.stop_gradient(t), 1.0))
    half = _halves(t, digits)
    square, lost = _product(half, half)
    total = square + t
    part = total - square
    lost = lost + ((square - (total - part)) + (t - part))  # Knuth's sum
    halves, below = _parts_of_number(w0, digits)
    angle, rest = _product(_halves(total, digits), halves)
    return angle, rest + (w0 * lost + below * total)


def waves(x: nx.Tensor, w0: float) -> Pair:
    """Sine and cosine of w0 (|x| + 1) |x|."""
    a, b = _angle(ops.abs(x), w0)
    sine, cosine, sine_of_rest, cosine_of_rest = ops.sin(a), ops.cos(a), ops.sin(b), ops.cos(b)
    return sine * cosine_of_rest + cosine * sine_of_rest, cosine * cosine_of_rest - sine * sine_of_rest
