"""The derivative rule for functions of x and of weights: written partial derivatives, summed to the weights' shapes."""

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_acts.core.derivatives import Tensor

Function = Callable[..., Tensor]
Partials = Callable[..., tuple[Tensor, ...]]


def with_partials(partials: Partials) -> Callable[[Function], Function]:
    """Decorator: the derivatives of the decorated `f(x, *weights)` are `partials(x, *weights)`, one for each argument.

    The weights broadcast against x, and the result has the shape of x. All tensors have one dtype, float32 or wider, in
    which the gradient of a weight is summed. Only x and the weights are kept for the backward pass.
    """

    def decorate(value: Function) -> Function:
        if keras.backend.backend() == "jax":
            return functools.wraps(value)(_for_jax(value, partials))

        def with_rule(x: Tensor, *weights: Tensor) -> tuple[Tensor, Callable[..., Any]]:
            def gradient(*args: Tensor, upstream: Tensor = None) -> tuple[Tensor, ...]:
                # TensorFlow calls gradient(upstream), torch gradient(x, *weights, upstream=...).
                if upstream is None:
                    upstream, arguments = args[0], (x, *weights)
                else:
                    arguments = args
                slopes = partials(*arguments)
                return tuple(
                    _summed_to(upstream * slope, argument) for slope, argument in zip(slopes, arguments, strict=True)
                )

            return value(x, *weights), gradient

        ruled = ops.custom_gradient(with_rule)

        @functools.wraps(value)
        def function(x: Tensor, *weights: Tensor) -> Tensor:
            return ruled(x, *(weight * 1.0 for weight in weights))  # TensorFlow's rule takes tensors, not variables

        return function

    return decorate


def _summed_to(gradient: Tensor, argument: Tensor) -> Tensor:
    """The gradient of a broadcast argument: summed over the axes along which it was repeated."""
    extra = len(gradient.shape) - len(argument.shape)
    repeated = [
        extra + axis for axis, size in enumerate(argument.shape) if size == 1 and gradient.shape[extra + axis] != 1
    ]
    if repeated:
        gradient = ops.sum(gradient, axis=repeated, keepdims=True)
    return ops.sum(gradient, axis=tuple(range(extra))) if extra else gradient


def _for_jax(value: Function, partials: Partials) -> Function:
    import jax

    function = jax.custom_jvp(value)

    @function.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        slopes = partials(*primals)
        return function(*primals), sum(slope * tangent for slope, tangent in zip(slopes, tangents, strict=True))

    return function
