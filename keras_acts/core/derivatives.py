"""The two rules that every activation is computed by: written derivatives, and half precision rounded once.

- An activation body and its derivative see float32 or float64. Half precision is widened before and rounded once after.
- A derivative is written out where autodiff would cancel, overflow or keep more than one input-sized tensor. It is
  recomputed from x in the backward pass, so x is the only tensor kept.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

if TYPE_CHECKING:
    from keras_acts.core.declaration import Declaration

FLOAT_DTYPES = ("float16", "bfloat16", "float32", "float64")
HALF_DTYPES = ("float16", "bfloat16")

Tensor = Any
Elementwise = Callable[..., Tensor]


def floating_dtype(x: Tensor, what: str) -> str:
    """The dtype of x, which the caller calls `what`.

    Raises:
        TypeError: if it is not one of FLOAT_DTYPES.
    """
    dtype = keras.backend.standardize_dtype(x.dtype)
    if dtype not in FLOAT_DTYPES:
        raise TypeError(
            f"{what} must have a floating-point dtype ({', '.join(FLOAT_DTYPES)}). "
            f"Received: dtype={dtype}. Cast it first: keras.ops.cast(x, 'float32')"
        )
    return dtype


def evaluate(declaration: "Declaration", params: tuple[tuple[str, Any], ...], x: Tensor) -> Tensor:
    """The activation of a float tensor, by the rules above."""
    return _implementation(declaration, params)(x)


@functools.lru_cache(maxsize=1024)
def _implementation(declaration: "Declaration", params: tuple[tuple[str, Any], ...]) -> Elementwise:
    rounding = _unchanged if "exact" in declaration.traits else rounded_once
    value = functools.partial(declaration.body, **dict(params))
    if declaration.derivative is None:
        return rounding(value)
    return _own_derivative(value, functools.partial(declaration.derivative, **dict(params)), rounding)


def with_derivative(slope: Elementwise) -> Callable[[Elementwise], Elementwise]:
    """Decorator: the derivative of the decorated `f(x, **params)` is `slope(x, **params)`.

    For the derivatives themselves, so that second derivatives are written too. Parameters are Python scalars.
    """

    def decorate(value: Elementwise) -> Elementwise:
        @functools.wraps(value)
        def function(x: Tensor, **params: Any) -> Tensor:
            bound_slope = functools.partial(slope, **params)
            return _own_derivative(functools.partial(value, **params), bound_slope, _unchanged)(x)

        return function

    return decorate


def _unchanged(function: Elementwise) -> Elementwise:
    return function


def rounded_once(function: Elementwise) -> Elementwise:
    """`function` computed in float32 for half-precision tensors, and rounded once at the end."""

    def widened(*tensors: Tensor) -> Tensor:
        dtype = keras.backend.standardize_dtype(tensors[0].dtype)
        if dtype not in HALF_DTYPES:
            return function(*tensors)
        return ops.cast(function(*(ops.cast(tensor, "float32") for tensor in tensors)), dtype)

    return widened


def _own_derivative(
    value: Elementwise, slope: Elementwise, rounding: Callable[[Elementwise], Elementwise]
) -> Elementwise:
    """`value` of one tensor, with `slope` as its derivative on every backend, to any order that `slope` supports."""
    rounded_value = rounding(value)
    product = rounding(lambda upstream, x: upstream * slope(x))
    if keras.backend.backend() == "jax":
        import jax

        # custom_jvp, not custom_vjp: forward mode must work too.
        function = jax.custom_jvp(rounded_value)
        function.defjvp(lambda primals, tangents: (function(*primals), product(tangents[0], primals[0])))
        return function

    def with_rule(x: Tensor) -> tuple[Tensor, Callable[..., Tensor]]:
        def gradient(*args: Tensor, upstream: Tensor = None) -> Tensor:
            # TensorFlow calls gradient(upstream), torch gradient(x, upstream=...). All is recomputed from x: under
            # torch a closure over forward values has no graph, and second derivatives would silently be wrong.
            if upstream is None:
                return product(args[0], x)
            return product(upstream, args[0])

        return rounded_value(x), gradient

    return ops.custom_gradient(with_rule)
