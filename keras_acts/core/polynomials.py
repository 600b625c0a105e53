"""Polynomials with one set of coefficients for each dtype."""

import keras

from keras_acts.core.derivatives import Tensor


def is_float64(x: Tensor) -> bool:
    """Whether a series must go on to float64's last bit."""
    return keras.backend.standardize_dtype(x.dtype) == "float64"


def polynomial(x: Tensor, float64: tuple[float, ...], float32: tuple[float, ...]) -> Tensor:
    """The sum of coefficient[k] x^k, with the coefficients of x's dtype."""
    coefficients = float64 if is_float64(x) else float32
    total: Tensor | float = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = coefficient + x * total
    return total
