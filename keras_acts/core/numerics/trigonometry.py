"""Sine and cosine of a frequency times x, right for every finite x."""

import functools
import math
from collections.abc import Callable

import keras

from keras_acts.core import form
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor, with_derivative
from keras_acts.core.numerics.limits import is_float64, largest
from keras_acts.core.numerics.polynomials import fitted_odd

__all__ = ["cosine", "in_float64", "sine"]

# Half of the digits of each dtype: the product of two numbers with so many is exact.
_HALF_DIGITS = {"float64": 26, "float32": 12}


def _below_overflow(x: Tensor, factor: float) -> Tensor:
    """x, or some smaller number where factor x would overflow: the numbers lie further apart there than any period."""
    return ops.where(ops.abs(x) < largest(x) / factor, x, x / factor)


def _exact_angle(x: Tensor, w0: float) -> Tensor | None:
    """w0 x where no digit is lost on the way, for w0 a power of 2; else None."""
    if math.frexp(w0)[0] != 0.5:
        return None
    return w0 * (x if w0 <= 1.0 else _below_overflow(x, w0))


def _angle(x: Tensor, w0: float) -> tuple[Tensor, Tensor]:
    """a and b with a + b = w0 x, where a is w0 x rounded.

    Rounding w0 x to one number costs the sine all its digits at large x.
    """
    digits = _HALF_DIGITS[keras.backend.standardize_dtype(x.dtype)]
    x = _below_overflow(x, 2.0 ** (2 * digits) * max(w0, 1.0))
    mantissa, exponent = math.frexp(w0)
    leading_w0 = math.ldexp(math.floor(math.ldexp(mantissa, digits - 1)), exponent - digits + 1)
    raised = x * (2.0 ** (digits + (digits == 26)) + 1.0)  # Veltkamp's split
    leading = raised - (raised - x)
    product = leading * leading_w0  # exact
    rest = (x - leading) * leading_w0 + x * (w0 - leading_w0)
    rounded = product + rest
    tiny = ops.abs(x) < 1e-20  # there the lesser digits fall below the smallest normal number
    return ops.where(tiny, w0 * x, rounded), ops.where(tiny, 0.0, rest - (rounded - product))


_PI_LOW = 1.2246467991473532e-16  # pi - math.pi


def _is_vectorized(x: Tensor) -> bool:
    """Whether `_sine_by_polynomial` is faster: XLA:CPU does not vectorise its own sine."""
    return form.chosen() == "compiled" and form.on_cpu() and not is_float64(x)


def _sine_by_polynomial(x: Tensor, w0: float, shift: float) -> Tensor:
    """sin(a - shift pi) of the float32 angle a = w0 x, for a shift of 0 or 1/2.

    a is reduced to [-pi / 2, pi / 2] in float64, where it is off by 2^-53 of itself at most; that x was rounded to
    float32 counts for 2^29 times as much.
    """
    angle = ops.cast(x, "float64") * w0
    turns = ops.floor(angle / math.pi + (0.5 - shift))
    nearest = turns + shift
    rest = (angle - nearest * math.pi) - nearest * _PI_LOW
    rest = ops.clip(rest, -0.5 * math.pi, 0.5 * math.pi)  # above 2^52 no float64 is near the angle
    sign = 1.0 - 2.0 * (turns - 2.0 * ops.floor(0.5 * turns))
    return ops.cast(sign, x.dtype) * fitted_odd("sine_rest", ops.cast(rest, x.dtype))


def in_float64(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Decorator: `function(x, ...)` of a float32 tensor is computed in float64, where the backend has it for sure.

    Angles and differences of waves lose so many digits that float32 has too few to begin with.
    """

    @functools.wraps(function)
    def upcast(x: Tensor, *args: float) -> Tensor:
        # JAX, some of torch's devices and most runtimes of exported files do without.
        if is_float64(x) or keras.backend.backend() != "tensorflow" or form.is_portable():
            return function(x, *args)
        return ops.cast(function(ops.cast(x, "float64"), *args), x.dtype)

    return upcast


@with_derivative(lambda x, w0=1.0: w0 * cosine(x, w0))
def sine(x: Tensor, w0: float = 1.0) -> Tensor:
    """sin(w0 x)."""
    if _is_vectorized(x):
        return _sine_by_polynomial(x, w0, shift=0.0)
    exact = _exact_angle(x, w0)
    return _sine(x, w0) if exact is None else ops.sin(exact)


@with_derivative(lambda x, w0=1.0: -w0 * sine(x, w0))
def cosine(x: Tensor, w0: float = 1.0) -> Tensor:
    """cos(w0 x)."""
    if _is_vectorized(x):
        return -_sine_by_polynomial(x, w0, shift=0.5)
    exact = _exact_angle(x, w0)
    return _cosine(x, w0) if exact is None else ops.cos(exact)


@in_float64
def _sine(x: Tensor, w0: float) -> Tensor:
    a, b = _angle(x, w0)
    return ops.sin(a) * ops.cos(b) + ops.cos(a) * ops.sin(b)


@in_float64
def _cosine(x: Tensor, w0: float) -> Tensor:
    a, b = _angle(x, w0)
    return ops.cos(a) * ops.cos(b) - ops.sin(a) * ops.sin(b)
