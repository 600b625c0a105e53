"""`load_legacy` and `convert`: a file of Keras 2 as a model of Keras 3, and as a file of it."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts.compat import reading
from keras_acts.compat.translating import Translation
from keras_acts.compat.weights import load_weights
from keras_acts.core import keras_bridge, params

__all__ = ["convert", "load_legacy"]

AnyPath = str | os.PathLike[str]


def load_legacy(
    path: AnyPath,
    weights: AnyPath | None = None,
    *,
    tfa_gelu: bool | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> keras.Model:
    """A model from a file that Keras 2, or tf.keras up to TensorFlow 2.15, has written, with the same predictions.

    Activations and layers of TF Addons and keras-contrib become those of keras_acts, Keras 2's `hard_sigmoid`, another
    function than that of Keras 3, `hard_sigmoid_legacy`. Saved again, the model needs nothing but `import keras_acts`.
    It is not compiled, and the state of an optimizer is left behind.

    Nothing in the file is run: Lambda layers, which hold bytecode, and functions of TensorFlow called between layers
    are refused by name, as is every class that neither Keras 3 nor keras_acts has. A layer of keras-contrib, whose
    files name no package, is known by its name and arguments together.

    Args:
        path: a `.h5` or `.keras` file, or the `.json` of `model.to_json()`.
        weights: of a `.json`, the file of `model.save_weights`; None for those in the file itself.
        tfa_gelu: whether "gelu" in a file of Keras 2.11 to 2.15 is TF Addons' tanh form, which was saved under the same
            name as Keras' own; None for Keras', with a warning.
        custom_objects: classes and functions by the names in the file; they win over all others.

    Raises:
        ValueError: for a file of another kind, damaged, of Keras 1 or 3, with weights that do not fit, or with what
            cannot be loaded, by name.
        OSError: if a file cannot be read.
        TypeError: for what is no path.

    Example:
        model = keras_acts.load_legacy("old.h5")
        model = keras_acts.load_legacy("old.json", weights="old_weights.h5", tfa_gelu=True)
    """
    path, custom_objects = _as_path("path", path), dict(custom_objects or {})
    weights = None if weights is None else _as_path("weights", weights)
    tfa_gelu = None if tfa_gelu is None else params.flag("tfa_gelu", tfa_gelu, "load_legacy")
    received = f"path={str(path)!r}"
    found = reading.architecture(path)
    if (weights is None) != found.has_weights:
        expected = "left out for a model with its weights" if found.has_weights else "the file that belongs to a .json"
        raise ValueError(f"`weights` must be {expected}. Received: weights={str(weights)!r} for {received}")
    translation = Translation(found, tfa_gelu, custom_objects, received)
    try:
        model = keras.saving.deserialize_keras_object(translation.config, custom_objects, safe_mode=True)
        _build_activations(model)
    except Exception as error:  # whatever a constructor raises
        said = " ".join(str(error).rsplit("Exception encountered: ", 1)[-1].split())
        raise ValueError(
            f"Keras {keras.__version__} cannot build the model in the file: {said} Received: {received}"
        ) from error
    load_weights(model, weights or path, translation.names)
    return model


def _as_path(name: str, value: AnyPath) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise TypeError(params.illegal(name, value, "load_legacy", "the path of a file"))
    return Path(value)


def _build_activations(model: keras.Model) -> None:
    """Build the layers that are the activation of another; by itself Keras does so when they are first called."""
    for host in keras_bridge.sublayers(model, recursive=True):
        activation = getattr(host, "activation", None)
        if isinstance(activation, keras.Layer) and not activation.built:
            activation.build(host.compute_output_shape(host.get_build_config()["input_shape"]))


def convert(
    path: AnyPath,
    target: AnyPath,
    weights: AnyPath | None = None,
    *,
    overwrite: bool = False,
    tfa_gelu: bool | None = None,
    custom_objects: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Write a file of Keras 2 anew, for `keras.models.load_model` of Keras 3; `keras-acts convert` does the same.

    The new file is read again and compared before it gets its name, so that no half or other one is ever there.

    Args:
        path: as for `load_legacy`.
        target: the `.keras` file to write.
        weights: as for `load_legacy`.
        overwrite: True to replace a file that exists.
        tfa_gelu: as for `load_legacy`.
        custom_objects: as for `load_legacy`.

    Returns:
        The model.

    Raises:
        FileExistsError: if the target exists, unless `overwrite`.
        ValueError: as `load_legacy`, or if the target does not end in .keras.
        OSError: if a file cannot be read or written.
    """
    target = _as_path("target", target)
    if target.suffix != ".keras":
        raise ValueError(f"`target` must be a file that ends in .keras. Received: target={str(target)!r}")
    if target.exists() and not overwrite:
        raise FileExistsError(
            f"`target` exists already. Pass overwrite=True to replace it. Received: target={str(target)!r}"
        )
    model = load_legacy(path, weights, tfa_gelu=tfa_gelu, custom_objects=custom_objects)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}-") as folder:
            written = Path(folder) / target.name
            model.save(written)
            again = keras.models.load_model(written, custom_objects, compile=False)
            _check_same(model, again, target)
            os.replace(written, target)
    except OSError as error:
        raise OSError(
            error.errno, f"`target` cannot be written ({error.strerror or error}), and is as it was before", str(target)
        ) from error
    return model


def _check_same(model: keras.Model, again: keras.Model, target: Path) -> None:
    """Refuse a file that gives another architecture or other weights."""
    values = zip(model.get_weights(), again.get_weights(), strict=False)
    is_same = len(model.weights) == len(again.weights) and all(np.array_equal(*pair, equal_nan=True) for pair in values)
    if not is_same or model.to_json() != again.to_json():
        raise ValueError(
            "The model does not come back the same from a .keras file, so none was written: "
            f"keras_acts.check_saveable(load_legacy(...)) says why. Received: target={str(target)!r}"
        )
