"""`keras_acts.check`: mistakes around activations in a model, by rules that are a small function each."""

import contextlib
import json
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts.core import places
from keras_acts.inspection.checking import measuring
from keras_acts.inspection.checking.checked import Checked
from keras_acts.inspection.checking.rules import RULES
from keras_acts.inspection.findings import Findings

__all__ = ["check", "check_file"]

SEVERITIES = ("error", "warning", "note")


def check(model: keras.Model, x: Any = None, y: Any = None) -> Findings:
    """Find mistakes around activations in a model: what cannot learn, what is paired wrongly, what will not come back.

    Rules look at the layers and their order, at the last activation against the loss, and at what the model does to
    data: `x`, or inputs drawn with mean 0 and variance 1. `y` adds those about targets. The model is run once, with the
    statistics of the batch and without dropout, and gradients are taken; it is the same afterwards.

    A Sequential or Functional model is looked at in the order of its data, nested models included. Of a model whose
    class has a `call` of its own, rules about the order of layers see nothing. Layers of your own classes are named in
    a note, and what they compute is not guessed at.

    Args:
        model: a built model, compiled or not. What depends on the loss needs `compile`.
        x: some hundred samples as the model takes them: an array, or a list or dict of arrays.
        y: their targets, likewise.

    Returns:
        A list of findings, worst first, that prints as a table: `rule`, `severity` ("error", "warning" or "note"),
        `layer`, `attribute`, `reason`, and in `fix` what to do. `findings.failed` is True if there is more than notes.

    Raises:
        TypeError: if `model` is not a Keras model, or x holds no arrays.
        ValueError: if the model is not built or does not take x, or x and y differ in length.

    Example:
        >>> hidden = keras.layers.Dense(8, activation="tanh", name="hidden")
        >>> last = keras.layers.Dense(1, activation="softmax", name="last")
        >>> model = keras.Sequential([keras.Input((4,)), hidden, last])
        >>> for finding in keras_acts.check(model):
        ...     print(finding.severity, finding.rule, finding.layer)
        error softmax_over_one_value last
        error constant_output last
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"`model` must be a keras.Model. Received: {model!r} of type {type(model).__name__}")
    places.check_built(model)
    return found_in(Checked(model, *_sampled(model, x, y)))


def check_file(path: str | Path, x: Any = None, y: Any = None) -> Findings:
    """As `check`, of a model in a `.keras` or `.h5` file; of files of Keras 2 it is told what has changed since.

    Raises:
        ValueError: if the file cannot be loaded without your own classes or functions, or holds no model.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"`model` must be a saved model. Received: {path}, which does not exist")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Keras 2's optimizers
            model = keras.models.load_model(path)
    except Exception as error:  # Keras raises any kind, and a class of the user's may too
        said = " ".join(str(error).split())[:300]
        loader = "keras_acts.load_legacy" if _version_in(path).startswith("2.") else "keras.models.load_model"
        raise ValueError(
            f"`model` must load without your own code. Received: {path}, which does not: {said} If it holds classes or "
            f"functions of yours, or is of Keras 2, check it in Python: keras_acts.check({loader}(..., "
            "custom_objects=...))"
        ) from error
    return found_in(Checked(model, *_sampled(model, x, y), keras_version=_version_in(path)))


def _version_in(path: Path) -> str:
    """The version of Keras that wrote a file, as the file says; "" if it does not, or is damaged."""
    with contextlib.suppress(Exception):  # of zip, JSON and HDF5, each its own kind
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                return str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
        import h5py

        with h5py.File(path) as file:
            return str(file.attrs.get("keras_version", ""))
    return ""


def found_in(checked: Checked) -> Findings:
    """What all rules find, worst first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras, about what rules say in more words
        found = [
            replace(each, rule=each.rule or rule.__name__, layer=each.layer.removeprefix(f"{checked.model.name}/"))
            for rule in RULES
            for each in rule(checked)
        ]
    return Findings(sorted(dict.fromkeys(found), key=lambda each: SEVERITIES.index(each.severity)))


def _sampled(model: keras.Model, x: Any, y: Any) -> tuple[Any, list[Any]]:
    """At most `SAMPLES` of the samples, evenly chosen, as arrays; of y one for each output."""
    if x is None and y is not None:
        raise ValueError("`y` of check needs `x`, the inputs that it belongs to. Received: y without x")
    if x is None:
        return None, []
    if isinstance(x, list | tuple) and any(isinstance(each, int | float) for each in keras.tree.flatten(x)):
        x = np.asarray(x)  # rows as plain lists
    names = [tensor.name for tensor in getattr(model, "inputs", None) or []]
    if isinstance(x, dict) and {*names} <= x.keys():
        x = {name: x[name] for name in names}
    arrays = [_array("x", each) for each in (x.values() if isinstance(x, dict) else keras.tree.flatten(x))]
    targets = _in_order(model, y)
    lengths = {len(each) for each in [*arrays, *(each for each in targets if each is not None)]}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            f"`x` and `y` of check must hold the same number of samples, at least 1. Received: {sorted(lengths)}"
        )
    expected = [tuple(tensor.shape) for tensor in getattr(model, "inputs", None) or []]
    for array, shape in zip(arrays, expected, strict=False):
        fits = len(array.shape) == len(shape) and all(
            b in (None, a) for a, b in zip(array.shape[1:], shape[1:], strict=True)
        )
        if not fits or len(arrays) != len(expected):
            raise ValueError(
                f"`x` of check must fit the model, whose inputs are {expected}. Received: {[a.shape for a in arrays]}"
            )
    chosen = np.unique(np.linspace(0, lengths.pop() - 1, measuring.SAMPLES).astype(int))
    taken = [each[chosen] for each in arrays]
    packed = dict(zip(x, taken, strict=True)) if isinstance(x, dict) else keras.tree.pack_sequence_as(x, taken)
    return packed, [None if each is None else each[chosen] for each in targets]


def _array(name: str, value: Any) -> np.ndarray:
    array = np.asarray(keras.ops.convert_to_numpy(value) if keras.ops.is_tensor(value) else value)
    if array.ndim == 0 or array.dtype.kind not in "fiub":
        raise TypeError(
            f"`{name}` of check must hold arrays of numbers, a sample a row: of a dataset, next(iter(dataset))[0]. "
            f"Received: {type(value).__name__}"
        )
    return array


def _in_order(model: keras.Model, y: Any) -> list[Any]:
    if y is None:
        return []
    names = list(getattr(model, "output_names", []) or [])
    each = (
        [y.get(name) for name in names]
        if isinstance(y, dict) and names
        else keras.tree.flatten(y)
        if isinstance(y, list | tuple | dict)
        else [y]
    )
    return [None if value is None else _array("y", value) for value in each]
