"""Weights of Keras 2 into a model of Keras 3: by the names of layers, where Keras 3 goes by their order.

Two layouts exist. The older one lists for each layer the weights in it, trainable ones first, under names such as
"dense_1/kernel:0". The newer one, of `.keras` and `.weights.h5` since Keras 2.12, is that of Keras 3, which reads it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from keras_acts.compat import reading
from keras_acts.core import keras_bridge

__all__ = ["load_weights"]

Saved = list[tuple[str, np.ndarray]]  # the weights of a layer, by their names

# Saved with a layer, and no weight of it in Keras 3: the number of samples that Normalization has seen, states of
# random generators, and the beta of a Swish that does not learn it, which is in the config.
NO_WEIGHTS = ("count", "StateVar", "scaling_factor")


def load_weights(model: keras.Model, path: Path, names: Mapping[str, str]) -> None:
    """Give a model the weights in a file.

    Args:
        model: of Keras 3, built.
        path: a model or weights, `.h5` or `.keras`.
        names: of layers that have another name here than in the file.

    Raises:
        ValueError: if layers or shapes are others than those in the file, which leaves the model as it was but for
            weights in the newer layout.
    """
    with reading.weights_file(path) as source:
        with reading.opened(source, path) as file:
            group = _part(file, "model_weights", h5py.Group, path) if "model_weights" in file else file
            is_older = bool(_texts(group, "layer_names"))
            values = _values(model, group, names, path) if is_older else []
        if is_older:
            for weight, value in values:
                weight.assign(value)
            for layer in keras_bridge.sublayers(model, recursive=True):
                if isinstance(layer, keras.layers.Normalization):
                    layer.finalize_state()  # it computes with copies
            return
        try:
            model.load_weights(source)
        except (ValueError, KeyError, OSError) as error:
            raise _mismatch(f"others ({error})", path) from None


def _values(
    model: keras.Model, group: h5py.Group, names: Mapping[str, str], path: Path
) -> list[tuple[keras.Variable, np.ndarray]]:
    """Each weight of the model, with its value in the file."""
    layers, found = {layer.name: layer for layer in model.layers}, []
    for saved_name in _texts(group, "layer_names"):
        saved = _saved(group, saved_name, path)
        layer = layers.pop(names.get(saved_name, saved_name), None)
        if layer is not None:
            found += _paired(layer, saved, names, path)
        elif saved:
            raise _mismatch(f"a layer {saved_name!r}, which the model has not", path)
    without = [layer.name for layer in layers.values() if layer.weights]
    if without:
        raise _mismatch(f"nothing for {', '.join(map(repr, without))}", path)
    return found


def _saved(group: h5py.Group, name: str, path: Path) -> Saved:
    """The weights of a layer, read from this file alone: HDF5 can point into other files."""
    inside = _part(group, name, h5py.Group, path)
    found = []
    for weight_name in _texts(inside, "weight_names"):
        dataset = _part(inside, weight_name, h5py.Dataset, path)
        if dataset.external or dataset.is_virtual:
            raise _mismatch(f"a weight {weight_name!r} that is kept in another file", path)
        found.append((weight_name, dataset))
    return found


def _part(group: h5py.Group, name: str, kind: type, path: Path) -> Any:
    at = group
    for piece in name.split("/"):
        if isinstance(at, h5py.Group) and isinstance(at.get(piece, getlink=True), h5py.ExternalLink):
            raise _mismatch(f"{name!r} only as a link to another file", path)
        at = at.get(piece) if isinstance(at, h5py.Group) else None
    if not isinstance(at, kind):
        raise _mismatch(f"no {name!r}, though it lists it", path)
    return at


def _texts(group: h5py.Group, attribute: str) -> list[str]:
    """A list of names, which is in numbered parts where it is long."""
    parts = [attribute] if attribute in group.attrs else []
    while f"{attribute}{len(parts)}" in group.attrs:
        parts.append(f"{attribute}{len(parts)}")
    listed = [each for part in parts for each in group.attrs[part]]
    return [each.decode() if isinstance(each, bytes) else str(each) for each in listed]


def _paired(
    layer: keras.Layer, saved: Saved, names: Mapping[str, str], path: Path
) -> list[tuple[keras.Variable, np.ndarray]]:
    """The weights of a layer with their values; of a model inside, layer by layer, as the order may be another."""
    inside: dict[str, Saved] = {each.name: [] for each in getattr(layer, "layers", [])}
    owners = {name: each for each in inside for name in _names_inside(layer.get_layer(each))}
    for name, value in saved:
        owner = next((owners[found] for found in _names_in(name, names) if found in owners), None)
        inside.get(owner or "", []).append((name, value))
    if inside and sum(map(len, inside.values())) == len(saved):
        return [pair for each in inside for pair in _paired(layer.get_layer(each), inside[each], names, path)]
    weights = layer.trainable_weights + layer.non_trainable_weights  # the order of Keras 2
    if len(saved) > len(weights):
        saved = [(name, value) for name, value in saved if _last(name) not in NO_WEIGHTS]
    shapes = [tuple(value.shape) for _, value in saved], [tuple(weight.shape) for weight in weights]
    if shapes[0] != shapes[1]:
        raise _mismatch(f"weights of shapes {shapes[0]} for {layer.name!r}, which has {shapes[1]}", path)
    return [(weight, np.asarray(value)) for weight, (_, value) in zip(weights, saved, strict=True)]


def _last(name: str) -> str:
    return name.rpartition("/")[2].partition(":")[0]


def _names_inside(layer: keras.Layer) -> list[str]:
    """The name of a layer, and of all in it: Keras 2 names the weights of a model inside by its layers alone."""
    return [layer.name, *(name for each in getattr(layer, "layers", []) for name in _names_inside(each))]


def _names_in(weight: str, names: Mapping[str, str]) -> Iterator[str]:
    """What in the name of a weight may be that of a layer, which may have a slash."""
    pieces = weight.split("/")
    for start in range(len(pieces)):
        for end in range(start + 1, len(pieces)):
            spelled = "/".join(pieces[start:end])
            yield names.get(spelled, spelled)


def _mismatch(held: str, path: Path) -> ValueError:
    return ValueError(
        f"The weights in the file do not fit the architecture: it holds {held}. Give the file that was saved with it. "
        f"Received: {str(path)!r}"
    )
