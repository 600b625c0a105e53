"""The networks that are compared. They differ in the activation and in what belongs to it, in nothing else."""

from __future__ import annotations

import functools
import inspect
import math
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from keras_acts import layers
from keras_acts.core import resolve, spec
from keras_acts.experiments import references
from keras_acts.initializers import Siren, paired

DEEP = 20  # layers from which on weights at the critical point are needed


class ActivationFactory:
    """What a network is given to make its activations with: `activation()` is a fresh function or layer each time.

    Args:
        text: name or spec string of a function ("gelu", "elu(alpha=0.5)") or, where there is none, a layer ("PReLU").
        pairing: False for Keras' default initializers and plain dropout.

    Raises:
        ValueError: for an unknown name or a value out of range.
        TypeError: for an unknown parameter.

    Example:
        >>> activation = ActivationFactory("selu")
        >>> activation().__name__, type(activation.paired()["kernel_initializer"]).__name__
        ('selu', 'LecunNormal')
    """

    def __init__(self, text: str, pairing: bool = True) -> None:
        self.text = text
        self.pairing = pairing
        self.made: list[Any] = []
        self()  # a wrong name is found here
        self.made.clear()

    def __call__(self) -> Any:
        """A function, or a new layer."""
        made = self.make()
        self.made.append(made)
        return made

    def paired(self, layer: str = "dense", deep: bool = False) -> dict[str, Any]:
        """Initializers for the layer before this activation, as keyword arguments; none where pairing is off.

        Args:
            layer: as in `keras_acts.paired`.
            deep: True for the critical point, where the activation has one.

        Raises:
            ValueError: if no initializer fits the activation, as for softmax.
        """
        if not self.pairing:
            return {}
        made = self.make()
        meaning: Any = type(made) if isinstance(made, keras.Layer) else made  # a name may get another meaning
        return {name: _fresh(each) for name, each in _initializers(self.text, meaning, deep, layer).items()}

    def layer(self) -> keras.Layer:
        """The activation as a layer of its own."""
        made = self()
        return made if isinstance(made, keras.Layer) else keras.layers.Activation(made)

    def dropout(self, rate: float) -> keras.Layer:
        """`AlphaDropout` after a self-normalising activation, which keeps mean and variance; else `Dropout`."""
        return layers.dropout_for(self.make(), rate) if self.pairing else keras.layers.Dropout(rate)

    def make(self) -> Any:
        """A function or new layer that is not going to be part of the network."""
        name = spec.parse(self.text)[0]
        try:
            return resolve.get(self.text)
        except ValueError as error:
            if name not in layers.names() and ":" not in name:
                raise
            try:
                return layers.get(self.text)
            except ValueError:
                raise error from None


@functools.lru_cache(maxsize=256)
def _initializers(text: str, meaning: Any, deep: bool, layer: str) -> dict[str, keras.initializers.Initializer]:
    """Measuring an activation takes as long as building a network: done once, not for each layer of each run."""
    state = random.getstate()  # the seeds of what is kept here must not move those of the first network
    activation = ActivationFactory(text).make()
    try:
        kwargs = paired(activation, deep=deep, layer=layer)
    except ValueError:
        if not deep:
            raise
        kwargs = paired(activation, layer=layer)  # no critical point: sigmoid, softplus
    finally:
        random.setstate(state)
    return {name: value for name, value in kwargs.items() if name != "activation"}


def _fresh(initializer: keras.initializers.Initializer) -> keras.initializers.Initializer:
    """The same initializer with random numbers of its own."""
    config = initializer.get_config()
    if "seed" in config:
        config["seed"] = keras.random.SeedGenerator()
    return type(initializer).from_config(config)


def mlp(
    activation: ActivationFactory,
    input_shape: tuple[int, ...],
    outputs: int,
    width: int = 128,
    depth: int = 2,
    widths: tuple[int, ...] = (),
    dropout: float = 0.0,
) -> keras.Sequential:
    """Dense layers, each followed by the activation and, if asked for, dropout; from 20 layers on paired for depth.

    `widths`, as in "mlp(widths=(8, 16, 8))", takes the place of `width` and `depth`.
    """
    stack: list[keras.Layer] = []  # not `Sequential.add`, which builds everything again each time
    widths = tuple(widths) or (width,) * depth
    for units in widths:
        stack += [keras.layers.Dense(units, **activation.paired(deep=len(widths) >= DEEP)), activation.layer()]
        if dropout:
            stack.append(activation.dropout(dropout))
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), *stack, keras.layers.Dense(outputs)])


def deep_mlp(
    activation: ActivationFactory, input_shape: tuple[int, ...], outputs: int, width: int = 64, depth: int = 30
) -> keras.Sequential:
    """A deep MLP without normalisation layers, which only trains where the activation has its own initializer."""
    return mlp(activation, input_shape, outputs, width=width, depth=depth)


def cnn(activation: ActivationFactory, input_shape: tuple[int, ...], outputs: int) -> keras.Sequential:
    """The CNN of the MNIST comparison: convolutions of 32 and 64 channels, pooling, a dense layer of 128 units."""
    if len(input_shape) != 3:
        raise ValueError(
            f"'cnn' needs images of shape (height, width, channels). Received: samples of shape {input_shape}. "
            "Use model='mlp'"
        )
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Conv2D(32, 3, **activation.paired()),
            activation.layer(),
            keras.layers.Conv2D(64, 3, **activation.paired()),
            activation.layer(),
            keras.layers.MaxPooling2D(2),
            activation.dropout(0.25),
            keras.layers.Flatten(),
            keras.layers.Dense(128, **activation.paired()),
            activation.layer(),
            activation.dropout(0.5),
            keras.layers.Dense(outputs),
        ]
    )


def siren(
    activation: ActivationFactory, input_shape: tuple[int, ...], outputs: int, width: int = 64, depth: int = 3
) -> keras.Sequential:
    """The network of implicit neural representations; with "sin(w0=30.0)" it is SIREN as its authors start it."""
    frequency = _sine_frequency(activation) if activation.pairing else None
    stack: list[keras.Layer] = []
    inputs = math.prod(input_shape)
    for number in range(depth):
        kwargs = activation.paired() if frequency is None else _siren_start(frequency, inputs, first_layer=number == 0)
        stack += [keras.layers.Dense(width, **kwargs), activation.layer()]
        inputs = width
    last = {} if frequency is None else _siren_start(frequency, inputs)
    stack.append(keras.layers.Dense(outputs, **last))
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), *stack])


def _siren_start(frequency: float, inputs: int, first_layer: bool = False) -> dict[str, Any]:
    """Random biases too: with none the whole network is an odd function at the start."""
    kernel = Siren(w0=frequency, first_layer=first_layer)
    return {"kernel_initializer": kernel, "bias_initializer": _torch_uniform(inputs)}


def nielsen(
    activation: ActivationFactory, input_shape: tuple[int, ...], outputs: int, width: int = 30, depth: int = 2
) -> keras.Sequential:
    """The networks of M. Nielsen's chapter on vanishing gradients: weights N(0, 1 / inputs), biases N(0, 1)."""
    stack: list[keras.Layer] = []
    for units in (*(width,) * depth, outputs):
        kernel = keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal")
        bias = keras.initializers.RandomNormal(stddev=1.0)
        stack += [keras.layers.Dense(units, kernel_initializer=kernel, bias_initializer=bias), activation.layer()]
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), *stack[:-1]])


def torch_mlp(
    activation: ActivationFactory, input_shape: tuple[int, ...], outputs: int, width: int = 128, depth: int = 2
) -> keras.Sequential:
    """An MLP as torch starts it, whatever the activation: weights and biases uniform within 1 / sqrt(inputs)."""
    stack: list[keras.Layer] = []
    inputs = math.prod(input_shape)
    for units in (*(width,) * depth, outputs):
        kernel, bias = _torch_uniform(inputs), _torch_uniform(inputs)
        stack += [keras.layers.Dense(units, kernel_initializer=kernel, bias_initializer=bias), activation.layer()]
        inputs = units
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), *stack[:-1]])


def _torch_uniform(inputs: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomUniform(-(inputs**-0.5), inputs**-0.5)


def _sine_frequency(activation: ActivationFactory) -> float | None:
    declaration, params = resolve.declaration_of(activation.make())
    return params["w0"] if declaration is not None and declaration.name == "sin" else None


NETWORKS: dict[str, Callable[..., keras.Model]] = {
    function.__name__: function for function in (mlp, cnn, deep_mlp, siren, nielsen, torch_mlp)
}


def check(name: str) -> None:
    """Raise ValueError for a network that does not exist, or has no such options."""
    function, args, options = _found(name)
    known = [key for key in inspect.signature(function).parameters if key not in ("activation", *_GIVEN)]
    if args:
        raise ValueError(f"Options are given by name: '{spec.parse(name)[0]}(option=value)'. Received: {name!r}")
    if ":" in name.partition("(")[0]:
        return
    for option, value in options.items():
        if option not in known:
            near = references.did_you_mean(option, known)
            raise ValueError(
                f"'{name}' has no option `{option}`.{near} It takes {', '.join(known) or 'none'}. Received: {name!r}"
            )
        if option == "widths":
            if not isinstance(value, tuple) or not value or not all(map(_is_count, value)):
                raise ValueError(f"`widths` of a network must be integers >= 1, as in (8, 16, 8). Received: {name!r}")
        elif not (_is_number(value) if option == "dropout" else _is_count(value)):
            raise ValueError(f"`{option}` of a network must be an integer >= 1. Received: {name!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 1 and value == int(value)


_GIVEN = ("input_shape", "outputs")


class Built(NamedTuple):
    """A network, and the functions and layers in it that are the activation under comparison."""

    model: keras.Model
    activations: tuple[Any, ...]


def builder(
    name: str, activation: str, input_shape: tuple[int, ...], outputs: int, pairing: bool = True
) -> Callable[[], Built]:
    """A function that builds the network anew at each call.

    Args:
        name: "mlp", "cnn", "deep_mlp", "siren", "nielsen" or "torch_mlp", with options as in
            "mlp(width=64, depth=3)"; or "module:function" for one of your own,
            `f(activation, **options) -> keras.Model`. It gets an `ActivationFactory`, and `input_shape` and `outputs`
            where it has arguments of these names. For classes its model ends in logits or in a softmax.
        activation: name or spec string.
        input_shape: shape of a sample.
        outputs: number of outputs.
        pairing: False to leave Keras' default initializers.

    Raises:
        ValueError: for an unknown network, option or activation.
    """
    check(name)
    function, _, options = _found(name)
    accepted = inspect.signature(function).parameters
    anything = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in accepted.values())
    given = {"input_shape": input_shape, "outputs": outputs}
    options = {**{key: value for key, value in given.items() if anything or key in accepted}, **options}
    return functools.partial(_build, function, activation, pairing, options)


def _build(function: Callable[..., keras.Model], text: str, pairing: bool, options: dict[str, Any]) -> Built:
    factory = ActivationFactory(text, pairing)
    model = function(factory, **options)
    if not isinstance(model, keras.Model):
        raise ValueError(f"A function that builds networks must return a keras.Model. Received: {model!r}")
    return Built(model, tuple(factory.made))


def _found(name: str) -> tuple[Callable[..., keras.Model], tuple[Any, ...], dict[str, Any]]:
    place, args, options = spec.parse(name)
    if ":" in place:
        return references.resolve(place), args, options
    if place not in NETWORKS:
        near = references.did_you_mean(place, NETWORKS)
        raise ValueError(
            f"Unknown network.{near} There are {', '.join(NETWORKS)}; and functions of your own as 'module:function'. "
            f"Received: {name!r}"
        )
    return NETWORKS[place], args, options
