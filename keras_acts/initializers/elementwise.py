"""An activation as a function of one float64 number: what every initializer here is computed from."""

import contextlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts.core import quadrature, resolve, spec
from keras_acts.core.params import Trait
from keras_acts.initializers import from_layers

Activation = str | Callable[..., Any] | None


class Elementwise:
    """Value, slope and normal expectations of an activation, measured in float64.

    Nothing is assumed about an activation that keras_acts does not know: its values are integrated like any other's.

    Args:
        activation: a name, a spec string, None (identity), a callable of one float tensor, or an activation layer,
            which counts with the weights it starts from.

    Raises:
        ValueError: for an unknown name, or an activation that couples the elements of its input, such as softmax.
        TypeError: for something that is no activation.
    """

    def __init__(self, activation: Activation) -> None:
        self.function = as_function(activation)
        declaration, params = resolve.declaration_of(self.function)
        self.name = str(getattr(self.function, "__name__", type(self.function).__name__))
        self.kinks = () if declaration is None else tuple(declaration.kinks(**params))
        if declaration is not None and Trait.OVER_AXIS in declaration.traits:
            raise ValueError(self._coupled())
        if declaration is None:
            self._check_elementwise()

    def value(self, x: np.ndarray) -> np.ndarray:
        """f(x)."""
        with _float64():
            return _as_float64(self.function(ops.convert_to_tensor(x, dtype="float64")))

    def slope(self, x: np.ndarray) -> np.ndarray:
        """f'(x), the declared derivative or that of the backend."""
        with _float64():
            return _as_float64(_gradient(self.function, ops.convert_to_tensor(x, dtype="float64")))

    def moments(self, mean: float = 0.0, variance: float = 1.0) -> tuple[float, float]:
        """E f(z) and E f(z)^2 for z ~ N(mean, variance)."""

        def powers(x: np.ndarray) -> np.ndarray:
            value = self.value(x)
            return np.stack([value, value * value])

        first, second = self._expectation(powers, mean, variance)
        return float(first), float(second)

    def slope_moment(self, variance: float = 1.0) -> float:
        """E f'(z)^2 for z ~ N(0, variance)."""
        return float(self._expectation(lambda x: np.square(self.slope(x)), 0.0, variance))

    def variance_response(self, variance: float = 1.0) -> float:
        """The derivative of E f(z)^2 with respect to the variance of z ~ N(0, variance).

        By Stein's identity it is E f(z)^2 (z^2 / variance - 1) / (2 variance), which needs no derivative of f.
        """

        def integrand(x: np.ndarray) -> np.ndarray:
            return np.square(self.value(x)) * (x * x / variance - 1.0)

        return float(self._expectation(integrand, 0.0, variance)) / (2.0 * variance)

    def _expectation(self, integrand: quadrature.Integrand, mean: float, variance: float) -> np.ndarray:
        return quadrature.expectation(integrand, mean, variance**0.5, self.kinks, f"The square of '{self.name}'")

    def _check_elementwise(self) -> None:
        points = np.array([-1.5, -0.3, 0.2, 0.9, 2.0])
        try:
            value, reversed_value = self.value(points), self.value(points[::-1].copy())
            part = self.value(points[:2])
        except Exception as error:
            raise TypeError(
                f"An activation must be a callable of one float tensor. '{self.name}' failed on {points.tolist()}. "
                f"Received: {type(error).__name__}: {error}"
            ) from error
        if value.shape != points.shape:
            raise ValueError(
                f"An activation must keep the shape of its input. Received: '{self.name}' with output shape "
                f"{value.shape} for input shape {points.shape}"
            )
        again, once = np.concatenate([reversed_value, part]), np.concatenate([value[::-1], value[:2]])
        if not np.allclose(again, once, rtol=1e-5, atol=1e-7, equal_nan=True):
            raise ValueError(self._coupled())

    def _coupled(self) -> str:
        return (
            "An initializer can be fitted to an activation of single numbers only, as the gain of one that couples the "
            "elements along an axis depends on their number. Give the initializer yourself: for the logits of an "
            f"output layer, kernel_initializer='lecun_normal'. Received: '{self.name}'"
        )


def is_layer(activation: Any) -> bool:
    """True for what stands in a model as a layer of its own, not as the `activation=` of another."""
    return isinstance(activation, keras.Layer)


def as_function(activation: Any) -> Callable[..., Any]:
    """The function that a layer would apply for `activation=`, or that an activation layer starts from."""
    if is_layer(activation):
        return from_layers.initial_function(activation)
    if isinstance(activation, str) and resolve.find(spec.parse(activation)[0]) is None:
        return keras.activations.get(activation)  # the user's custom objects; for unknown names, our error text
    return resolve.get(activation)


def _as_float64(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), dtype="float64")


def _float64() -> contextlib.AbstractContextManager[Any]:
    """JAX computes in float32, whatever is asked for, unless told otherwise."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax
    import jax.experimental

    holder: Any = jax if hasattr(jax, "enable_x64") else jax.experimental  # where older versions have it
    return holder.enable_x64(True)


def _gradient(function: Callable[..., Any], x: Any) -> Any:
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        if not tf.is_tensor(value):  # NumPy arithmetic: the gradient would silently be 0
            raise TypeError(
                "A derivative needs an activation written with keras.ops or TensorFlow. "
                f"Received: {function!r}, which returns {type(value).__name__}"
            )
        return tape.gradient(value, x, unconnected_gradients="zero")
    if backend == "jax":
        import jax

        return jax.grad(lambda x: function(x).sum())(x)
    if backend == "torch":
        import torch

        x = x.detach().requires_grad_()
        value = function(x)
        if not value.requires_grad:
            return torch.zeros_like(x)
        return torch.autograd.grad(value.sum(), x)[0]
    raise NotImplementedError(f"Derivatives need the tensorflow, jax or torch backend of Keras. Received: {backend!r}")
