"""An expression as a function of tensors, with its symbolic derivatives to every order."""

import functools
from collections.abc import Callable

from keras_acts.authoring.derivative import derivative
from keras_acts.authoring.evaluation import evaluate
from keras_acts.authoring.expression import Expression, Variable
from keras_acts.core.derivatives import Tensor, with_partials


@functools.lru_cache(maxsize=1024)
def function_of(expression: Expression, parameters: tuple[str, ...] = ()) -> Callable[..., Tensor]:
    """`f(x, *parameters)` for float32 or float64 tensors. Each derivative is worked out when it is first asked for."""
    names = ("x", *parameters)

    def slopes(*values: Tensor) -> tuple[Tensor, ...]:
        return tuple(function_of(derivative(expression, Variable(name)), parameters)(*values) for name in names)

    def value(*values: Tensor) -> Tensor:
        return evaluate(expression, dict(zip(names, values, strict=True)))

    return with_partials(slopes)(value)
