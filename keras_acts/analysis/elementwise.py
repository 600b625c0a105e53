"""An activation as a function of float64 numbers: what every measure here is computed from."""

import contextlib
import itertools
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from keras_acts.analysis import gradients, quadrature
from keras_acts.core import keras_bridge, resolve, spec
from keras_acts.core import operations as ops
from keras_acts.core.params import Trait

__all__ = ["Activation", "Elementwise", "as_function", "evaluate", "is_layer", "is_over_axis", "kinks"]

Activation = str | Callable[..., Any] | None

# How often a random weight is drawn to know its distribution.
SAMPLE = 2**18


class Elementwise:
    """Value and derivative of an activation, in float64.

    Nothing is assumed about an activation that keras_acts does not know: it is measured like any other. Of a layer that
    starts from random weights, such as ACONC, everything here is the expectation over them.

    Args:
        activation: a name, a spec string, None (identity), a callable of one float tensor, or an activation layer,
            which counts with the weights it starts from.

    Raises:
        ValueError: for an unknown name, or an activation that couples the elements of its input, such as softmax.
        TypeError: for something that is no activation.
    """

    def __init__(self, activation: Activation) -> None:
        self.function = as_function(activation)
        self.name = _name(self.function)
        self.kinks = kinks(self.function)
        if not is_elementwise(self.function):
            raise ValueError(
                "Only an activation of single numbers has a gain or a curve, as those of one that couples the elements "
                "along an axis depend on their number. An initializer cannot be fitted to it: for the logits of an "
                f"output layer give kernel_initializer='lecun_normal'. Received: '{self.name}'"
            )

    def value(self, x: np.ndarray) -> np.ndarray:
        """f(x)."""
        return evaluate(self.function, x, orders=0)[0]

    def derivative(self, x: np.ndarray) -> np.ndarray:
        """f'(x), the declared derivative or that of the backend."""
        return evaluate(self.function, x, orders=1)[1]

    def squares(self, x: np.ndarray, orders: int = 0) -> list[np.ndarray]:
        """f(x)^2 and the squares of the derivatives up to an order."""
        start = self.function
        if not isinstance(start, _RandomStart):
            return [np.square(each) for each in evaluate(start, x, orders)]
        per_draw = evaluate(start.draws, np.repeat(x[:, None], len(start.shares), axis=1), orders)
        return [np.square(each) @ start.shares for each in per_draw]


def evaluate(function: Callable[..., Any], x: ArrayLike, orders: int = 0) -> list[np.ndarray]:
    """Value and derivatives of an elementwise function up to an order, as float64 arrays, on every backend."""
    with keras_bridge.float64():
        results = gradients.derivatives(function, ops.convert_to_tensor(x, dtype="float64"), orders)
        return [np.asarray(ops.convert_to_numpy(result), dtype="float64") for result in results]


# ---- What an activation is -------------------------------------------------------------------------------------------


def is_layer(activation: Any) -> bool:
    """True for what stands in a model as a layer of its own, not as the `activation=` of another."""
    return isinstance(activation, keras.Layer)


def is_over_axis(function: Callable[..., Any]) -> bool:
    """True for a declared activation that couples the elements along an axis."""
    declaration, _ = resolve.declaration_of(function)
    return declaration is not None and Trait.OVER_AXIS in declaration.traits


def is_elementwise(function: Callable[..., Any]) -> bool:
    """True for what acts on each element alone, and always in the same way.

    Raises:
        ValueError: if it changes the shape of its input.
        TypeError: if it fails on a float64 tensor.
    """
    if is_over_axis(function):
        return False
    name, points = _name(function), np.array([-1.5, -0.3, 0.2, 0.9, 2.0])
    try:
        value, backwards, part = (evaluate(function, each)[0] for each in (points, points[::-1].copy(), points[:2]))
    except Exception as error:
        raise TypeError(
            f"An activation must be a callable of one float tensor. '{name}' failed on {points.tolist()}. "
            f"Received: {type(error).__name__}: {error}"
        ) from error
    if value.shape != points.shape:
        raise ValueError(
            f"An activation must keep the shape of its input. Received: '{name}' with output shape {value.shape} for "
            f"input shape {points.shape}"
        )
    again, once = np.concatenate([backwards, part]), np.concatenate([value[::-1], value[:2]])
    return np.allclose(again, once, rtol=1e-5, atol=1e-7, equal_nan=True)


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def kinks(function: Callable[..., Any]) -> tuple[float, ...]:
    """The declared points where the derivative of an activation jumps; none for other callables."""
    declaration, params = resolve.declaration_of(function)
    return () if declaration is None else tuple(declaration.kinks(**params))


def as_function(activation: Any) -> Callable[..., Any]:
    """The function that a layer would apply for `activation=`, or that an activation layer starts from."""
    if is_layer(activation):
        return _initial_function(activation)
    if isinstance(activation, str) and resolve.find(spec.parse(activation)[0]) is None:
        return keras.activations.get(activation)  # the user's custom objects; for unknown names, our error text
    return resolve.get(activation)


@keras_bridge.float64()
def _initial_function(layer: keras.Layer) -> Callable[..., Any]:
    """What an elementwise layer computes in inference with the weights that it starts from, in float64.

    The layer itself is left as it is: a copy gets two channels, of which one is looked at. A layer may offer a method
    `initial_activation()` where that is not what it should count as.

    Raises:
        ValueError: if the layer couples the channels of its input.
        TypeError: if it cannot be applied to a batch of rows.
    """
    if hasattr(layer, "initial_activation"):
        return layer.initial_activation()
    points = np.array([-1.5, -0.3, 0.2, 2.0])
    try:
        copy = _copy(layer, 2)

        def function(x: Any, other: Any = None) -> Any:
            return copy(ops.stack([x, x if other is None else other], axis=-1), training=False)[:, 0]

        value, beside_others = (ops.convert_to_numpy(function(points, other)) for other in (points, points + 1.0))
    except Exception as error:
        raise TypeError(
            "A layer must keep the shape of a batch of rows for an initializer to be fitted to it. "
            f"Received: {layer!r}, which failed with {type(error).__name__}: {error}"
        ) from error
    if value.shape != points.shape or not np.allclose(value, beside_others, rtol=1e-6, atol=1e-9, equal_nan=True):
        raise ValueError(
            "A layer must act element by element for an initializer to be fitted to it. Give the initializer yourself, "
            f"such as kernel_initializer='lecun_normal'. Received: {layer!r}"
        )
    rows = [row for weight in _of_channels(_copy(layer, SAMPLE), SAMPLE) for row in np.reshape(weight, (-1, SAMPLE))]
    if any(np.ptp(row) > 0.0 for row in rows):
        return _RandomStart(layer, rows)
    function.__name__ = type(layer).__name__
    return function


def _copy(layer: keras.Layer, channels: int) -> keras.Layer:
    """A new layer with the same arguments for rows, the same at each call and without a trace in global seeds."""
    config = {**layer.get_config(), "dtype": "float64"}
    if "shared_axes" in config:
        config["shared_axes"] = None  # rows have no axes to share weights along
    with seeded(0):
        copy = type(layer).from_config(config)
        if not copy.built:
            copy.build((None, channels))
    return copy


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, initializers without a seed of their own draw the same numbers each time, and outside no others."""
    state = random.getstate()  # from which Keras draws the seeds of initializers
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _of_channels(copy: keras.Layer, channels: int) -> list[keras.Variable]:
    """The weights that each channel has for itself."""
    return [weight for weight in copy.weights if weight.shape[-1:] == (channels,)]


class _RandomStart:
    """The expectation of what a layer computes that starts from random weights, independent for each channel.

    Each of its channels holds a node of a product of Gauss rules, one for each weight of a channel. The rules are those
    of `rows`, a large sample of each weight, so that any initializer will do.
    """

    def __init__(self, layer: keras.Layer, rows: list[np.ndarray]) -> None:
        self.__name__ = type(layer).__name__
        per_row = min(7, int(80.0 ** (1.0 / sum(np.ptp(row) > 0.0 for row in rows))))
        if per_row > 1:
            rules = [quadrature.gauss_rule(row, per_row) for row in rows]
            nodes, shares = (np.array(list(itertools.product(*each))).T for each in zip(*rules, strict=True))
            self.shares = shares.prod(axis=0)
        else:  # too many weights for a product: the start of the sample
            nodes, self.shares = np.array(rows)[:, :1024], np.full(1024, 1.0 / 1024.0)
        self._layer = _copy(layer, len(self.shares))
        of_row = iter(nodes)
        for weight in _of_channels(self._layer, len(self.shares)):
            weight.assign(np.reshape([next(of_row) for _ in range(math.prod(weight.shape[:-1]))], weight.shape))

    def draws(self, x: Any) -> Any:
        """f(x) for x of shape (n, draws), each column with its own weights."""
        return self._layer(x, training=False)

    def __call__(self, x: Any) -> Any:
        shares = ops.convert_to_tensor(self.shares, "float64")  # torch takes no array beside a tensor
        return ops.sum(self.draws(ops.repeat(x[:, None], len(self.shares), axis=1)) * shares, axis=-1)
