"""Inputs that a model is tried on: drawn from what it declares, or given by the user and checked."""

from typing import Any

import keras
import numpy as np

from keras_acts.core import keras_bridge

__all__ = ["checked", "declared_inputs", "drawn", "perturbed", "require_built", "rows", "wide"]

_SIZE = 6  # of an axis of unknown size
WIDE = 30.0  # times as large as typical inputs


def drawn(model: keras.Model, rows: int = 16, seed: int = 0) -> Any:
    """Normal numbers, indices and booleans in the structure of the declared inputs.

    Raises:
        ValueError: if the model declares none, as one of a class of the user's.
    """
    declared = declared_inputs(model)
    if declared is None:
        raise ValueError(
            f"'{model.name}' declares no inputs, as no model with a `call` of its own does: give some that are typical "
            "in `representative`. Received: representative=None"
        )
    generator = np.random.default_rng(seed)
    parts = [model, *keras_bridge.sublayers(model, recursive=True)]
    indices = min((part.input_dim for part in parts if isinstance(part, keras.layers.Embedding)), default=2)

    def sample(tensor: Any) -> np.ndarray:
        batch, *sizes = tensor.shape
        shape = (batch or rows, *(size or _SIZE for size in sizes))
        if keras.backend.is_float_dtype(tensor.dtype):
            return generator.normal(size=shape).astype(_numpy(tensor.dtype))
        return generator.integers(indices, size=shape).astype(tensor.dtype)

    return keras.tree.map_structure(sample, declared)


def require_built(model: keras.Model) -> None:
    """Refuse a model that has no weights yet.

    Raises:
        ValueError: for such a model.
    """
    if not model.built:
        raise ValueError(f"'{model.name}' must be built first: give it a keras.Input, or call it on a batch.")


def declared_inputs(model: keras.Model) -> Any:
    """The symbolic inputs in their structure; None of a model with a `call` of its own."""
    return model.inputs[0] if isinstance(model, keras.Sequential) else getattr(model, "input", None)


def _array(given: Any) -> np.ndarray:
    try:
        return np.asarray(given)
    except ValueError as error:
        raise ValueError(f"`representative` must hold arrays. Received: rows of different lengths ({error})") from None


def _numpy(dtype: str) -> str:
    return "float32" if dtype == "bfloat16" else dtype


def checked(model: keras.Model, given: Any) -> Any:
    """`given` as arrays in the structure of the model's inputs.

    Raises:
        ValueError: for another structure, shape or kind of number, no rows, and for NaN.
    """
    declared = declared_inputs(model)
    is_one = declared is not None and not keras.tree.is_nested(declared)
    given = _array(given) if is_one else keras.tree.map_structure(_array, given)
    arrays = keras.tree.flatten(given)
    for array in arrays:
        if array.dtype.kind not in "fiub" or not array.size or not np.isfinite(array).all():
            what = "no numbers" if not array.size or array.dtype.kind not in "fiub" else "NaN or infinity"
            raise ValueError(
                "`representative` must hold finite numbers, in arrays of samples. "
                f"Received: {what} in an array of shape {array.shape} and dtype {array.dtype}"
            )
    if declared is None:
        return given
    tensors = keras.tree.flatten(declared)
    expected = [tuple(tensor.shape) for tensor in tensors]
    shapes = [array.shape for array in arrays]
    pairs = zip(expected, shapes, strict=False)
    fits = all(
        len(e) == len(s) and all(want in (None, size) for want, size in zip(e[1:], s[1:], strict=True))
        for e, s in pairs
    )
    if len(shapes) != len(expected) or not fits or len({shape[0] for shape in shapes}) != 1:
        raise ValueError(
            f"`representative` must have the shapes that '{model.name}' takes, {_listed(expected)}, and as many "
            f"samples for each input. Received: {_listed(shapes)}"
        )
    cast = [array.astype(_numpy(tensor.dtype)) for array, tensor in zip(arrays, tensors, strict=True)]
    return keras.tree.pack_sequence_as(declared, cast)


def _listed(shapes: list[tuple[Any, ...]]) -> str:
    return ", ".join(map(str, shapes))


def wide(inputs: Any) -> Any:
    """The inputs, but floats `WIDE` times as large."""
    return keras.tree.map_structure(lambda x: x * x.dtype.type(WIDE) if x.dtype.kind == "f" else x, inputs)


def perturbed(inputs: Any) -> Any:
    """The inputs, but floats rounded otherwise: what that changes, no other computation can be held to."""
    return keras.tree.map_structure(lambda x: x * x.dtype.type(1 + 2.0**-22) if x.dtype.kind == "f" else x, inputs)


def rows(inputs: Any, first: int, last: int) -> Any:
    """Some of the samples."""
    return keras.tree.map_structure(lambda x: x[first:last], inputs)
