"""Numerics that all activations share: written derivatives, the half-precision rule, and stable primitives.

Rules:
- An activation body and its derivative see float32 or float64. Half precision is widened before and rounded once after.
- A derivative is written out where autodiff would cancel, overflow or keep more than one input-sized tensor. It is
  recomputed from x in the backward pass, so x is the only tensor kept.
- Constants are Python floats. They take the dtype of the tensor they meet; casting a literal would send it through float32.
"""

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

if TYPE_CHECKING:
    from keras_acts.core.declaration import Declaration

FLOAT_DTYPES = ("float16", "bfloat16", "float32", "float64")
HALF_DTYPES = ("float16", "bfloat16")

Tensor = Any
Elementwise = Callable[..., Tensor]


# ---- Written derivatives and half precision ------------------------------------------------------------------------


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
            # TensorFlow calls gradient(upstream), torch gradient(x, upstream=...). All is recomputed from x: under torch
            # a closure over forward values has no graph, and second derivatives would silently be wrong.
            if upstream is None:
                return product(args[0], x)
            return product(upstream, args[0])

        return rounded_value(x), gradient

    return ops.custom_gradient(with_rule)


# ---- Stable primitives -----------------------------------------------------------------------------------------------
# Each is accurate to a few units in the last place over all finite x and has the right limits at +-inf.

FAR = 1000.0  # beyond it exp(-|x|) is 0 in every dtype; x is clipped here where 0 * inf would arise


def near(x: Tensor) -> Tensor:
    """x clipped to [-FAR, FAR], for terms that vanish beyond it."""
    return ops.clip(x, -FAR, FAR)


def gated(x: Tensor, gate: Tensor) -> Tensor:
    """x * gate for a gate that vanishes at -inf, where the product would be NaN."""
    return ops.maximum(x, -largest(x)) * gate


def largest(x: Tensor) -> float:
    """The largest finite number of x's dtype."""
    return float(np.finfo(keras.backend.standardize_dtype(x.dtype)).max)


def step(x: Tensor, *, at_zero: float) -> Tensor:
    """0 for x < 0, 1 for x > 0: the derivative of a hinge, with a fixed element of the subdifferential at the kink."""
    positive = x >= 0.0 if at_zero else x > 0.0
    return ops.cast(positive, x.dtype)


def sigmoid_curvature(x: Tensor) -> Tensor:
    """sigmoid''(x). 1 - 2 sigmoid(x) cancels near 0; -tanh(x/2) is the same without the cancellation."""
    return -sigmoid_slope(x) * ops.tanh(0.5 * x)


@with_derivative(sigmoid_curvature)
def sigmoid_slope(x: Tensor) -> Tensor:
    """sigmoid'(x). s (1 - s) cancels in the right tail; e / (1 + e)^2 with e = exp(-|x|) does not."""
    e = ops.exp(-ops.abs(x))
    return e / ops.square(1.0 + e)


def sech_squared_slope(x: Tensor) -> Tensor:
    return -2.0 * ops.tanh(x) * sech_squared(x)


@with_derivative(sech_squared_slope)
def sech_squared(x: Tensor) -> Tensor:
    """tanh'(x). 1 - tanh(x)^2 cancels in both tails; 4 e / (1 + e)^2 with e = exp(-2 |x|) does not."""
    e = ops.exp(-2.0 * ops.abs(x))
    return 4.0 * e / ops.square(1.0 + e)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)) without overflow, and relatively accurate in the left tail."""
    return ops.maximum(x, 0.0) + ops.log1p(ops.exp(-ops.abs(x)))


def erfc(x: Tensor) -> Tensor:
    """1 - erf(x), relatively accurate in the right tail. `keras.ops` has it only since Keras 3.15."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.math.erfc(x)
    if backend == "jax":
        import jax

        return jax.scipy.special.erfc(x)
    if backend == "torch":
        import torch

        return torch.erfc(x)
    return ops.erfc(x)


def normal_cdf(x: Tensor) -> Tensor:
    """Phi(x). (1 + erf(x / sqrt 2)) / 2 is 0 below about -6; erfc keeps the left tail."""
    return 0.5 * erfc(-math.sqrt(0.5) * x)


def normal_pdf(x: Tensor) -> Tensor:
    """phi(x), the derivative of Phi."""
    return math.sqrt(0.5 / math.pi) * ops.exp(-0.5 * ops.square(x))
