"""How Keras 2 wrote which layer is called on what, as Keras 3 writes it.

A call was a list of inputs, each `["dense_1", 0, 0, {}]`: a layer, the number of its call, the number of its output,
and the keyword arguments of the call that is described.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras

__all__ = ["Graph", "input_shape", "with_input"]

Config = dict[str, Any]
FUNCTIONAL = ("Functional", "Model")


def input_shape(found: Config) -> list[Any] | None:
    """The shape, with the batch axis, that a layer or model says it takes, or None."""
    config = found["config"]
    config = {"layers": config} if isinstance(config, list) else config
    listed = config.get("layers") or []
    said = config.get("batch_input_shape") or config.get("build_input_shape")
    return said or (input_shape(listed[0]) if listed else None) or found.get("build_config", {}).get("input_shape")


def with_input(shape: list[Any] | None, layers: list[Config]) -> list[Config]:
    """The layers of a Sequential, with the input before them that Keras 2 may have kept in the first of them."""
    if shape is None or (layers and layers[0].get("class_name") == "InputLayer"):
        return layers
    first = {"batch_shape": shape, "dtype": "float32"}
    return [{"module": "keras.layers", "class_name": "InputLayer", "config": first, "registered_name": None}, *layers]


class Graph:
    """The calls of one functional model.

    Args:
        layers: as the file has them.
        names: of layers that have another name now.
    """

    def __init__(self, layers: list[Config], names: Mapping[str, str]) -> None:
        self._names = names
        self._classes = {each["name"]: each["class_name"] for each in layers}
        calls = {each["name"]: len(each["inbound_nodes"]) for each in layers}
        # A model with an input of its own counts the call that made it as the call 0, which is not among those listed.
        self._first = dict.fromkeys(calls, 0)
        for name, call, *_ in self._references([each["inbound_nodes"] for each in layers]):
            self._first[name] |= call == calls[name] > 0

    def calls(self, layer: Config) -> list[Config]:
        """The calls of a layer of the file, for its `inbound_nodes`."""
        return [self._call(inputs, layer["class_name"]) for inputs in layer["inbound_nodes"] if inputs]

    def ends(self, found: Any) -> Any:
        """The `input_layers` or `output_layers` of the model: one, or several in a list or dict."""
        if isinstance(found, dict):
            return {key: self.ends(value) for key, value in found.items()}
        if not self._is_reference(found):
            ends = [self.ends(each) for each in found]
            return ends[0] if len(ends) == 1 else ends  # Keras 2 wrote a list of a single one too
        name, call, output = found[:3]
        # Here Keras 3 counts as Keras 2 does, for functional models.
        call += (self._classes[name] in FUNCTIONAL) - self._first[name]
        return [self._names.get(name, name), call, output]

    def _call(self, inputs: Any, class_name: str) -> Config:
        if self._is_reference(inputs):
            inputs = [inputs]
        options: Config = {} if isinstance(inputs, dict) else next((each[3] for each in inputs if len(each) > 3), {})
        given = self._tensors(inputs if isinstance(inputs, dict) else [each[:3] for each in inputs])
        named = {key: self._tensors(value) for key, value in options.items() if value is not None}
        cls = getattr(keras.layers, class_name, object)
        if issubclass(cls, keras.layers.RNN | keras.layers.Bidirectional) and len(given) > 1:
            given, named["initial_state"] = given[:1], given[1:]
        single = isinstance(given, list) and len(given) == 1
        return {"args": [given[0] if single else given], "kwargs": named}

    def _tensors(self, value: Any) -> Any:
        """What is given in a call, with outputs of layers in the words of Keras 3."""
        if self._is_reference(value):
            name, call, output = value[:3]
            history = [self._names.get(name, name), call - self._first[name], output]
            return {
                "class_name": "__keras_tensor__",  # of which Keras looks at the history alone
                "config": {"shape": [], "dtype": "float32", "keras_history": history},
            }
        if isinstance(value, list):
            return [self._tensors(each) for each in value]
        return {key: self._tensors(each) for key, each in value.items()} if isinstance(value, dict) else value

    def _is_reference(self, value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) in (3, 4)
            and isinstance(value[0], str)
            and value[0] in self._classes
            and all(type(each) is int for each in value[1:3])
        )

    def _references(self, value: Any) -> Iterator[list[Any]]:
        if self._is_reference(value):
            yield value
        if isinstance(value, list | dict):
            for each in value.values() if isinstance(value, dict) else value:
                yield from self._references(each)
