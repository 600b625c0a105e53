"""The networks that are compared. They differ in the activation and in what belongs to it, in nothing else."""

import functools
import hashlib
import inspect
import itertools
import math
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import keras

from keras_acts import layers
from keras_acts.core import keras_bridge, resolve, spec
from keras_acts.core.params import finite_number, illegal, integer
from keras_acts.experiments.task import user_functions
from keras_acts.initializers import Siren, paired
from keras_acts.layers.layer_registry import function_or_layer

__all__ = ["NETWORKS", "ActivationFactory", "Built", "builder", "check_trainable", "definition_of", "find", "is_own"]

DEEP = 20  # with this many layers or more, weights at the critical point are needed


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
        self.make()  # a wrong name is found here

    def __call__(self, *inputs: Any) -> Any:
        """A function, or a new layer."""
        if inputs:
            raise TypeError(
                "What a network is given makes activations, and is none: write activation.layer() for a layer of its "
                f"own, or Dense(64, activation=activation()). Received: a call with {type(inputs[0]).__name__}"
            )
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
        # Part of the cache key: a name can be declared again with replace=True.
        meaning: Any = type(made) if isinstance(made, keras.Layer) else made
        return {name: _fresh(each) for name, each in _initializers(self.text, meaning, deep, layer).items()}

    def layer(self) -> keras.Layer:
        """The activation as a layer of its own."""
        made = self()
        return made if isinstance(made, keras.Layer) else keras.layers.Activation(made)

    def dropout(self, rate: float) -> keras.Layer:
        """`AlphaDropout` after a self-normalising activation, which keeps mean and variance; else `Dropout`."""
        return layers.dropout_for(self.make(), rate) if self.pairing else keras.layers.Dropout(rate)

    def make(self) -> Any:
        """A function or new layer that does not become part of the network."""
        return function_or_layer(self.text)


@functools.lru_cache(maxsize=256)
def _initializers(text: str, meaning: Any, deep: bool, layer: str) -> dict[str, keras.initializers.Initializer]:
    """Cached: measuring an activation takes as long as building a network, and each layer of each run needs it."""
    state = random.getstate()  # initializers draw seeds, which must not change those of the first network
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
    """Dense layers, each followed by the activation and, if asked for, dropout; 20 layers or more start critical.

    `widths`, as in "mlp(widths=(8, 16, 8))", takes the place of `width` and `depth`.
    """
    stack: list[keras.Layer] = []  # `Sequential.add` would build everything again each time
    widths = tuple(widths) or (width,) * depth
    for units in widths:
        stack += [keras.layers.Dense(units, **activation.paired(deep=len(widths) >= DEEP)), activation.layer()]
        if dropout:
            stack.append(activation.dropout(dropout))
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), *stack, keras.layers.Dense(outputs)])


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

    def start(number: int, inputs: int) -> dict[str, Any]:
        if frequency is None:
            return activation.paired() if number < depth else {}
        # Random biases too: with none the whole network is an odd function at the start.
        kernel = Siren(w0=frequency, first_layer=number == 0)
        return {"kernel_initializer": kernel, "bias_initializer": _torch_uniform(inputs)}

    return _dense_network(activation, input_shape, (*(width,) * depth, outputs), start)


def nielsen(
    activation: ActivationFactory, input_shape: tuple[int, ...], outputs: int, width: int = 30, depth: int = 2
) -> keras.Sequential:
    """The networks of M. Nielsen's chapter on vanishing gradients: weights N(0, 1 / inputs), biases N(0, 1)."""

    def start(number: int, inputs: int) -> dict[str, Any]:
        kernel = keras.initializers.VarianceScaling(1.0, "fan_in", "untruncated_normal")
        return {"kernel_initializer": kernel, "bias_initializer": keras.initializers.RandomNormal(stddev=1.0)}

    return _dense_network(activation, input_shape, (*(width,) * depth, outputs), start)


def torch_mlp(
    activation: ActivationFactory, input_shape: tuple[int, ...], outputs: int, width: int = 128, depth: int = 2
) -> keras.Sequential:
    """An MLP as torch starts it, whatever the activation: weights and biases uniform within 1 / sqrt(inputs)."""

    def start(number: int, inputs: int) -> dict[str, Any]:
        return {"kernel_initializer": _torch_uniform(inputs), "bias_initializer": _torch_uniform(inputs)}

    return _dense_network(activation, input_shape, (*(width,) * depth, outputs), start)


def _dense_network(
    activation: ActivationFactory,
    input_shape: tuple[int, ...],
    widths: tuple[int, ...],
    start: Callable[[int, int], dict[str, Any]],
) -> keras.Sequential:
    """Dense layers with the activation between them, none after the last; `start(number, inputs)` initializes each."""
    stack: list[keras.layers.Layer] = []
    for number, (inputs, units) in enumerate(itertools.pairwise((math.prod(input_shape), *widths))):
        stack += [keras.layers.Dense(units, **start(number, inputs)), activation.layer()]
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), *stack[:-1]])


def _torch_uniform(inputs: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomUniform(-(inputs**-0.5), inputs**-0.5)


def _sine_frequency(activation: ActivationFactory) -> float | None:
    declaration, params = resolve.declaration_of(activation.make())
    return params["w0"] if declaration is not None and declaration.name == "sin" else None


NETWORKS: dict[str, Callable[..., keras.Model]] = {
    **{function.__name__: function for function in (mlp, cnn, siren, nielsen, torch_mlp)},
    "deep_mlp": functools.partial(mlp, width=64, depth=30),  # trains only where an activation has its own initializer
}


def is_own(name: str) -> bool:
    """Whether the network is built by a function of the user's own."""
    return name.partition("(")[0].strip() not in NETWORKS


def find(name: str) -> tuple[Callable[..., keras.Model], dict[str, Any]]:
    """What builds the network of a name, and its options.

    Raises:
        ValueError: for a network that does not exist, or has no such options.
    """
    function, options = user_functions.find("network", name, NETWORKS, given=("activation", "input_shape", "outputs"))
    if function not in NETWORKS.values():  # a user's own, which checks its options itself
        return function, options
    for option, value in options.items():
        if option == "dropout":
            finite_number(option, value, f"'{name}'", low=0.0, high=1.0)
        elif option == "widths" and (not isinstance(value, tuple) or not value):
            raise ValueError(illegal(option, value, f"'{name}'", "integers >= 1, as in (8, 16, 8)"))
        else:
            for each in value if option == "widths" else (value,):
                integer(option, each, f"'{name}'", low=1)
    return function, options


def definition_of(text: str) -> str:
    """Identifies what the name of an activation means, where that is the user's to change; "" for ours and Keras'."""
    made = function_or_layer(text)
    record, _ = resolve.declaration_of(made)
    source: Any = type(made) if isinstance(made, keras.Layer) else made if record is None else record.function
    package, *inside = str(getattr(source, "__module__", "")).split(".")
    if package == "keras" or (package == "keras_acts" and inside[0] in ("activations", "layers")):
        return ""
    if package == "keras_acts" and record is not None:  # by `define`
        code = record.registered_name.encode()
    else:
        code = user_functions.code_of(source)
    return hashlib.sha256(code).hexdigest()[:16]


def check_trainable(model: keras.Model) -> None:
    """Raise ValueError for a network that the loop of a comparison would not train as it is meant."""
    if model.compiled:
        raise ValueError(
            "A comparison trains with an optimizer of its own, and cross-entropy or the squared error: leave out "
            "`compile`, and name the optimizer and the metrics here, optimizer='adamw(weight_decay=0.01)', "
            "metric='AUC'. For another loss give your own loop, fit=. Received: a network compiled with "
            f"optimizer={getattr(model.optimizer, 'name', None)!r}, loss={model.loss!r}"
        )
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > 1:
        raise ValueError(
            f"A network must have one input; for several, give your own loop, fit=. Received: {len(inputs)}"
        )
    if any(layer.compute_dtype == "float16" for layer in keras_bridge.sublayers(model, recursive=True)):
        raise ValueError(
            "A network in float16 needs scaled losses, which a comparison does not have: use mixed_bfloat16, or give "
            "your own loop, fit=. Received: layers in float16"
        )


def _names(model: keras.Model, activation: str) -> bool:
    """Whether a model holds an activation by its name, or cannot be asked."""
    try:
        return f'"{spec.parse(activation)[0]}"' in model.to_json()
    except Exception:  # a subclassed model without a config
        return True


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
    function, options = find(name)
    accepted = inspect.signature(function).parameters
    anything = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in accepted.values())
    given = {"input_shape": input_shape, "outputs": outputs}
    options = {key: value for key, value in given.items() if anything or key in accepted} | options

    latest: list[keras.Model] = []

    def build() -> Built:
        factory = ActivationFactory(activation, pairing)
        try:
            model = function(factory, **options)
        except Exception as error:
            if name.partition("(")[0] in NETWORKS:
                raise
            raise ValueError(f"{name} failed with {type(error).__name__}: {error}") from error
        if not isinstance(model, keras.Model):
            raise ValueError(f"A function that builds networks must return a keras.Model. Received: {model!r}")
        if not factory.made and not _names(model, activation):
            raise ValueError(
                "A function that builds networks must use its activation: `activation()` or `activation.layer()` where "
                f"one belongs, or all activations would train the same network. Received: {name!r}, which does not"
            )
        if model in latest:
            raise ValueError(
                "A function that builds networks must build a new one at each call, with new weights. "
                f"Received: {name!r}, which returned the same model twice"
            )
        latest[:] = [model]
        return Built(model, tuple(factory.made))

    return build
