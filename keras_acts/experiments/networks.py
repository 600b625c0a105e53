"""The networks that are compared. They differ in the activation and in what belongs to it, in nothing else."""

from collections.abc import Callable

import keras

from keras_acts.core import registry
from keras_acts.core.declaration import Trait


def usual_initializer(activation: str) -> keras.initializers.Initializer:
    """The initializer that an activation is usually paired with, a new one for each call.

    `LecunNormal` for selu, which is self-normalising with nothing else; `GlorotUniform` for bounded activations, for
    which it was made; `HeNormal` for the rectifiers and their smooth relatives.

    Args:
        activation: name or spec string.

    Returns:
        An initializer for kernels.

    Example:
        >>> usual_initializer("selu").__class__.__name__
        'LecunNormal'
    """
    declaration, _ = registry.described(registry.get(activation))
    if declaration is not None and declaration.name == "selu":
        return keras.initializers.LecunNormal()
    if declaration is not None and (Trait.BOUNDED in declaration.traits or declaration.name == "identity"):
        return keras.initializers.GlorotUniform()
    return keras.initializers.HeNormal()


def usual_dropout(activation: str, rate: float) -> keras.layers.Layer:
    """`AlphaDropout` for selu, which keeps mean and variance; `Dropout` for all others."""
    declaration, _ = registry.described(registry.get(activation))
    if declaration is not None and declaration.name == "selu":
        return keras.layers.AlphaDropout(rate)
    return keras.layers.Dropout(rate)


def build_mlp(activation: str, input_shape: tuple[int, ...], classes: int) -> keras.Sequential:
    """Two dense layers of 128 units, with the dropout of the CNN."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            _dense(activation),
            usual_dropout(activation, 0.25),
            _dense(activation),
            usual_dropout(activation, 0.5),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


def build_cnn(activation: str, input_shape: tuple[int, ...], classes: int) -> keras.Sequential:
    """The CNN of the MNIST comparison: two convolutions, pooling, a dense layer of 128 units."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            _convolution(activation, 32),
            _convolution(activation, 64),
            keras.layers.MaxPooling2D(2),
            usual_dropout(activation, 0.25),
            keras.layers.Flatten(),
            _dense(activation),
            usual_dropout(activation, 0.5),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )


def _dense(activation: str) -> keras.layers.Layer:
    return keras.layers.Dense(
        128, activation=registry.get(activation), kernel_initializer=usual_initializer(activation)
    )


def _convolution(activation: str, filters: int) -> keras.layers.Layer:
    return keras.layers.Conv2D(
        filters, 3, activation=registry.get(activation), kernel_initializer=usual_initializer(activation)
    )


NETWORKS: dict[str, Callable[[str, tuple[int, ...], int], keras.Sequential]] = {"mlp": build_mlp, "cnn": build_cnn}
