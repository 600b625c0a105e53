"""An expression as a function of float32 or float64 tensors, with its symbolic derivatives to every order."""

import functools
from collections.abc import Callable, Mapping

import keras
import numpy as np

from keras_acts.authoring.formula import power_series
from keras_acts.authoring.formula.collecting import factors_of
from keras_acts.authoring.formula.derivation import derivative
from keras_acts.authoring.formula.expression import Expression, Product, Sum, Variable
from keras_acts.authoring.formula.values import SELECTING, Values
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor, with_partials

_EXACT = frozenset({"abs", "relu", "sign", "heaviside", "where", "<", "<="})


@functools.lru_cache(maxsize=1024)
def function_of(expression: Expression, parameters: tuple[str, ...] = ()) -> Callable[..., Tensor]:
    """`f(x, *parameters)` for float32 or float64 tensors. Each derivative is worked out when it is first asked for."""
    names = ("x", *parameters)

    def partials(*values: Tensor) -> tuple[Tensor, ...]:
        return tuple(function_of(derivative(expression, Variable(name)), parameters)(*values) for name in names)

    def value(*values: Tensor) -> Tensor:
        return evaluate(expression, dict(zip(names, values, strict=True)))

    return with_partials(partials)(value)


def evaluate(expression: Expression, values: Mapping[str, Tensor]) -> Tensor:
    """The value, with the shape of x; `values` holds x and the parameters that are tensors.

    A float32 sum with functions, such as the derivative of a gate, is computed in float64 and rounded once where
    TensorFlow computes on a CPU: else its K comes up to 7 (derivative of x tanh(log(1 + exp(x)))). All other values
    keep K <= 4 in float32, in a half to a fifth of the time. On a GPU float64 may be sixty times slower, and other
    backends may have none: there float32 stays.
    """
    x = values["x"]
    is_float32 = keras.backend.standardize_dtype(x.dtype) == "float32"
    if is_float32 and _may_cancel(expression) and nx.on_cpu():
        wide = {name: ops.cast(value, "float64") for name, value in values.items()}
        return ops.cast(_evaluate(expression, wide), "float32")
    return _evaluate(expression, values)


def _may_cancel(expression: Expression) -> bool:
    """Whether functions, roots or quotients meet in a sum, at the top or in a factor of it."""
    if isinstance(expression, Sum):
        summands = len(expression.terms) + bool(expression.constant)
        return summands > 1 and not all(_is_polynomial(term) for term, _ in expression.terms)
    return isinstance(expression, Product) and any(map(_may_cancel, expression.children))


def _is_polynomial(term: Expression) -> bool:
    whole = all(exponent > 0.0 and exponent.is_integer() for _, exponent in factors_of(term)[1])
    return whole and term.functions <= _EXACT


def _evaluate(expression: Expression, values: Mapping[str, Tensor]) -> Tensor:
    x = values["x"]
    result = Values(values).plain(expression)
    first = power_series.derivative_at_zero(expression)
    if first is not None:
        is_tiny = ops.abs(x) < 2.0**24 * float(np.finfo(keras.backend.standardize_dtype(x.dtype)).tiny)
        result = ops.where(is_tiny, first * x, result)
    if expression.variables != values.keys() or expression.functions & SELECTING:
        result = ops.where(ops.isnan(x), x, result)  # also gives a constant the shape of x
    return result
