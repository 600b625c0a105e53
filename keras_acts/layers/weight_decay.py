"""Which weights bend activation curves, and how to keep weight decay away from them."""

from collections.abc import Iterable

import keras

from keras_acts.core import keras_bridge
from keras_acts.layers.base import LearnableActivation

__all__ = ["exclude_from_weight_decay", "learnable_parameters"]


def learnable_parameters(model: keras.Layer) -> list[keras.Variable]:
    """The weights of a model that bend activation curves, to keep weight decay away from them: of Keras' PReLU, too.

    Decay pulls alpha of PReLU to 0, beta of Swish to 0 and Snake's frequency to 0: it changes the activation, it does
    not regularize it. Keras' optimizers decay every weight that is not excluded before the first step. No file keeps
    the exclusion: after loading a model, call `exclude_from_weight_decay`.

    Args:
        model: a built model or layer.

    Returns:
        The variables, in the order of the layers.

    Raises:
        ValueError: if a layer has not created its weights yet.
        TypeError: if it is no layer.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras_acts.layers.PReLU()])
        >>> optimizer = keras.optimizers.AdamW(weight_decay=0.01)
        >>> optimizer.exclude_from_weight_decay(var_list=keras_acts.layers.learnable_parameters(model))
        >>> [variable.path for variable in keras_acts.layers.learnable_parameters(model)]  # doctest: +ELLIPSIS
        ['...alpha']

    Reference:
        arXiv:1502.01852, Delving Deep into Rectifiers: "we do not use weight decay when updating a_i".
    """
    if not isinstance(model, keras.Layer):
        raise TypeError(f"`model` must be a keras.Model or keras.Layer. Received: {model!r}")
    found: dict[int, keras.Variable] = {}  # by identity: a layer that is called twice counts once
    for layer in [model, *keras_bridge.sublayers(model, recursive=True)]:
        if not isinstance(layer, LearnableActivation | keras.layers.PReLU):
            continue
        if not layer.built:
            raise ValueError(
                f"The weights of '{layer.name}' do not exist yet. Build the model first, for instance with a "
                f"keras.Input as its first entry; where it is the `activation` of another layer, call the model once. "
                f"Received: {model!r}"
            )
        weights = [layer.alpha] if isinstance(layer, keras.layers.PReLU) else layer.learnable_parameters
        found |= {id(variable): variable for variable in weights}
    return list(found.values())


def exclude_from_weight_decay(model: keras.Model, also: Iterable[keras.Variable] = ()) -> None:
    """Keep weight decay away from `learnable_parameters(model)`, also in a model that is loaded or half trained.

    No file keeps what was excluded: a loaded model that is trained on decays all again, without a word. Beyond
    `optimizer.exclude_from_weight_decay` of Keras this finds the optimizer inside that of mixed precision, and has the
    training step made anew where there is one.

    Args:
        model: a compiled and built model. What was excluded before by other means is to be given again.
        also: other variables to exclude, such as biases.

    Raises:
        ValueError: if the model is not compiled, or a layer has not created its weights yet.

    Example:
        model = keras.models.load_model("model.keras")
        keras_acts.layers.exclude_from_weight_decay(model)
        model.fit(x, y)
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        raise ValueError(f"Only a compiled model has an optimizer: call compile first. Received: {model!r}")
    decaying = getattr(optimizer, "inner_optimizer", optimizer)  # in mixed precision
    decaying.exclude_from_weight_decay(var_list=[*learnable_parameters(model), *also])
    model.make_train_function(force=True)
