"""Polynomials fitted to a function to the last bit of a dtype. `python -m tools.fit_series` writes the coefficients."""

import json
from pathlib import Path
from typing import Any

from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor
from keras_acts.core.numerics.limits import is_float64

__all__ = ["fitted"]

_COEFFICIENTS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("coefficients.json").read_text())


def fitted(name: str, x: Tensor) -> Tensor:
    """The polynomial in x that coefficients.json describes under `name`, with as many terms as x's dtype needs."""
    coefficients = _COEFFICIENTS[name]["float64" if is_float64(x) else "float32"]
    total: Tensor | float = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = coefficient + x * total
    return total


def fitted_odd(name: str, x: Tensor) -> Tensor:
    """x + x^3 times the polynomial in x^2. x is added last: the rest is small, and so is its rounding error."""
    square = ops.square(x)
    return x + x * (square * fitted(name, square))
