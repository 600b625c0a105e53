"""The architecture that Keras 2 wrote, in the words of Keras 3; activations of TF Addons and keras-contrib as ours.

Only names are looked up, in the modules of `MODULES`, in the aliases of our records and among the custom objects: what
else a file names is refused, and nothing in it is run.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import keras

from keras_acts import layers
from keras_acts.compat import graphs
from keras_acts.compat.reading import Architecture
from keras_acts.core import resolve
from keras_acts.core.params import constructor_arguments

__all__ = ["Translation", "of_addons"]

Config = dict[str, Any]

MODULES = {name: getattr(keras, name) for name in ("layers", "initializers", "regularizers", "constraints")}
MODELS = {"Sequential": "Sequential", "Functional": "Model", "Model": "Model"}
CODE = "holds Python code, which is not run. Build the model in code, and give it the weights by `load_weights`"
CALLS = "is a function of TensorFlow called between layers, which Keras 3 has not. Build the model in code"
# By class: what of Keras 2 has no counterpart, and why.
REFUSED = dict.fromkeys(("Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"), CODE)
REFUSED |= dict.fromkeys(
    ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod", "InstanceProperty"), CALLS
)
# What a layer of Keras 3 does not take any more, and what changed nothing at this value, or at any.
NEUTRAL = [("groups", 1), ("trainable", True)]
WITHOUT_EFFECT = {"implementation", "input_length", "input_dtype", "batch_input_shape", "fused", "build_input_shape"}
WITHOUT_EFFECT |= {"query_shape", "key_shape", "value_shape"}  # of attention, which sees its inputs
RENAMED = {"LeakyReLU": {"alpha": "negative_slope"}, "InputLayer": {"batch_input_shape": "batch_shape"}}
OF_EVERY_LAYER = {"name", "trainable", "dtype", "activity_regularizer"}
# As `activation=`, TF Addons' rrelu never drew: it always had the mean slope.
RRELU = {"negative_slope": (1 / 8 + 1 / 3) / 2}
ARGUMENTS_OF_KERAS_CONTRIB = {"trainable", "dtype", "name"}


def of_addons(name: str, config: Config | None = None) -> Any:
    """What TF Addons means by a name: a function; with a config a layer of ours, or of Keras with a function of ours.

    Raises:
        ValueError: for a name that we have not.
    """
    return _theirs("tfa", name, config)


def _theirs(framework: str, name: str, config: Config | None) -> Any:
    """The function, or with a config the layer, of "tfa:lisht" and the like, with the arguments of that framework."""
    text = f"{framework}:{name}"
    if config is None:
        return resolve.get("leaky_relu", **RRELU) if text == "tfa:rrelu" else resolve.get(text)
    if config.get("shared_axes", ...) is None:  # as of Keras' own PReLU: one weight for each element
        config = {key: value for key, value in config.items() if key != "shared_axes"}
    if resolve.layers.find_foreign(text) is not None:
        return layers.get(text, **config)
    base = {key: config[key] for key in ("name", "trainable", "dtype") if key in config}
    own = {key: value for key, value in config.items() if key not in base}
    if text == "keras_contrib:Swish" and config.get("trainable"):
        return layers.Swish(beta_initializer=own["beta"], **base)
    return keras.layers.Activation(resolve.get(text, **own), **base)


def _is_without_effect(key: str, value: Any) -> bool:
    """Whether an argument that Keras 3 does not take changed nothing at this value, once the weights are loaded."""
    is_off = value is None or value is False or (key, value) in NEUTRAL
    return is_off or key in WITHOUT_EFFECT or key.endswith("_initializer")


class Translation:
    """One file, on its way from Keras 2 to Keras 3.

    Attributes:
        config: the model, for `keras.saving.deserialize_keras_object`.
        names: names of layers that are others now, as Keras 3 allows no slash in them.

    Raises:
        ValueError: that names every layer and activation that cannot be had.
    """

    def __init__(
        self, architecture: Architecture, tfa_gelu: bool | None, custom_objects: Mapping[str, Any], received: str
    ) -> None:
        self.names: dict[str, str] = {}
        self._version, self._tfa_gelu, self._custom = architecture.keras_version, tfa_gelu, custom_objects
        self._refused: dict[str, list[str]] = {}  # by the reason: where
        self._has_gelu = False
        try:
            top = architecture.config["class_name"]
            if top not in MODELS and not self._is_custom(top):
                self._refuse("", f"a {top} in place of a model")
            self.config = self._object(architecture.config, "")
        except RecursionError:
            raise ValueError(f"The architecture is nested too deeply. Received: {received}") from None
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(
                f"The architecture is not as Keras 2 writes it ({type(error).__name__}: {error}). Received: {received}"
            ) from None
        if self._refused:
            reasons = "; ".join(f"{', '.join(where)}: {why}" for why, where in self._refused.items())
            raise ValueError(f"The file holds what cannot be loaded. {reasons}. Received: {received}")
        if self._has_gelu and tfa_gelu is None:
            warnings.warn(
                "A file of Keras 2.11 to 2.15 names the activation 'gelu', which may be Keras' exact one or TF Addons' "
                "tanh form, which differs by up to 5e-4: it was taken for Keras'. Say which one is meant: "
                f"tfa_gelu=True or tfa_gelu=False. Received: {received}",
                stacklevel=3,
            )

    def _object(self, found: Config, path: str, kind: str = "layers") -> Config:
        """A class and its config; `kind` is the module of Keras in which such classes are."""
        name, config = found["class_name"], found["config"]
        if name == "function":
            return self._function(config, path)
        own = f"{path}/{config['name']}".lstrip("/") if isinstance(config, dict) and "name" in config else path
        registered = found.get("registered_name") or name
        for key in (registered, name):
            if self._is_custom(key):
                return {"module": None, "class_name": name, "config": config, "registered_name": key}
        if name in MODELS:
            frame = {"module": "keras", "class_name": MODELS[name], "registered_name": None}
            return frame | {"config": self._model(found, own)}
        if name in REFUSED:
            return self._refuse(own, f"a {name}, which {REFUSED[name]}")
        if registered.startswith("Addons>"):
            return self._of_framework("tfa", registered.removeprefix("Addons>"), found, own)
        if self._is_of_keras_contrib(name, config):
            return self._of_framework("keras_contrib", name, found, own)
        if resolve.activations.find_foreign(f"keras2:{name}") is not None:
            return self._of_framework("keras2", name, found, own)
        return self._of_keras(found, own, kind)

    def _is_custom(self, name: str) -> bool:
        if name in self._custom or name.startswith("Addons>"):  # which `keras_acts.compat.tfa` answers in its own way
            return name in self._custom
        return keras.saving.get_registered_object(name) is not None

    def _refuse(self, path: str, why: str) -> Config:
        self._refused.setdefault(why, []).append(repr(path or "an object without a name"))
        return {}

    def _renamed(self, name: str) -> str:
        if "/" in name:
            self.names[name] = name.replace("/", "_")
        return self.names.get(name, name)

    # ---- Objects of Keras --------------------------------------------------------------------------------------------

    def _of_keras(self, found: Config, path: str, kind: str) -> Config:
        name, config = found["class_name"], found["config"]
        plain = name.removesuffix("V1").removesuffix("V2")  # as TensorFlow 1.14 and 2.0 wrote some of them
        spelled = name if hasattr(MODULES[kind], name) else plain
        cls = getattr(MODULES[kind], spelled, None)
        if isinstance(cls, type):
            is_layer = kind == "layers"
            own = self._arguments(cls, config, path) if is_layer else {k: config[k] for k in config if k != "dtype"}
            return {"module": f"keras.{kind}", "class_name": spelled, "registered_name": None, "config": own}
        return self._refuse(
            path, f"a {name}, which Keras 3 has not. If it is a class of yours, give it in `custom_objects`"
        )

    def _arguments(self, cls: type[keras.Layer], config: Config, path: str) -> Config:
        """The arguments of a layer of Keras, as Keras 3 takes them."""
        renamed = RENAMED.get(cls.__name__, {})
        config = {renamed.get(key, key): value for key, value in config.items()}
        if issubclass(cls, keras.layers.GRU | keras.layers.GRUCell):
            config.setdefault("reset_after", False)
        if issubclass(cls, keras.layers.BatchNormalization) and isinstance(config.get("axis"), list):
            (config["axis"],) = config["axis"]
        taken = {*constructor_arguments(cls)}
        taken |= OF_EVERY_LAYER if "kwargs" in taken else set()
        made = {}
        for key, value in config.items():
            if key in taken:
                made[key] = self._value(key, value, path)
            elif not _is_without_effect(key, value):
                self._refuse(path, f"a {cls.__name__} with {key}={value!r}, which Keras 3 does not take")
        return made

    def _value(self, key: str, value: Any, path: str) -> Any:
        if key == "name":
            return self._renamed(value)
        if key == "dtype" and isinstance(value, dict):
            return value["config"]["name"]  # a policy
        if key.endswith("activation") and isinstance(value, str):
            return self._function(value, path)
        if isinstance(value, dict) and "class_name" in value and "config" in value:
            kind = f"{key.rpartition('_')[2]}s"
            return self._object(value, path, kind if kind in MODULES else "layers")
        if isinstance(value, list):
            return [self._value("", each, path) for each in value]
        return value

    # ---- Activations -------------------------------------------------------------------------------------------------

    def _function(self, name: Any, path: str) -> Any:
        """An activation by its name."""
        if not isinstance(name, str):
            return self._refuse(path, f"an activation that {CODE}")
        if self._is_custom(name):
            return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
        is_undecided = name == "gelu" and self._version >= (2, 11)
        self._has_gelu |= is_undecided
        if name.startswith("Addons>") or (is_undecided and self._tfa_gelu):
            framework, name = "tfa", name.removeprefix("Addons>")
        elif resolve.activations.find_foreign(f"keras2:{name}") is not None:
            framework = "keras2"
        elif callable(getattr(keras.activations, name, None)) or name == "swish":
            return name
        else:
            return self._refuse(
                path,
                f"the activation {name!r}, which the file does not hold. Say which one is meant: custom_objects="
                f"{{{name!r}: ...}}, with the author's own in place of the dots",
            )
        try:
            return keras.saving.serialize_keras_object(_theirs(framework, name, None))
        except ValueError as error:
            return self._refuse(path, str(error))

    def _of_framework(self, framework: str, name: str, found: Config, path: str) -> Config:
        """A layer of another package."""
        config = {key: self._value(key, value, path) for key, value in found["config"].items()}
        config.pop("batch_input_shape", None)
        try:
            made = _theirs(framework, name, config)
        except (ValueError, TypeError) as error:
            return self._refuse(path, f"a {name}: {error}")
        return keras.saving.serialize_keras_object(made)

    def _is_of_keras_contrib(self, name: str, config: Config) -> bool:
        """Whether class and arguments are those of keras-contrib, whose files name no package."""
        text = f"keras_contrib:{name}"
        foreign = resolve.layers.find_foreign(text) or resolve.activations.find_foreign(text)
        if foreign is None:
            return False
        own = {key for key in config if not key.endswith(("_regularizer", "_constraint"))}
        return own - ARGUMENTS_OF_KERAS_CONTRIB - {"batch_input_shape"} == {*foreign[1].signature.parameters} - {
            "trainable"
        }

    # ---- Models ------------------------------------------------------------------------------------------------------

    def _model(self, found: Config, path: str) -> Config:
        name, config = found["class_name"], found["config"]
        if isinstance(config, list):  # before Keras 2.2.3
            config = {"layers": config}
        made = {"name": self._renamed(config.get("name", name.lower())), "trainable": config.get("trainable", True)}
        listed = [self._object(each, path) for each in config["layers"]]
        if name == "Sequential":
            shape = graphs.input_shape(found)
            if shape is None:
                self._refuse(path, "a Sequential that does not say the shape of its input")
            return made | {"layers": graphs.with_input(shape, listed)}
        graph = graphs.Graph(config["layers"], self.names)
        for layer, before in zip(listed, config["layers"], strict=True):
            layer.update(name=self._renamed(before["name"]), inbound_nodes=graph.calls(before))
        return made | {"layers": listed} | {key: graph.ends(config[key]) for key in ("input_layers", "output_layers")}
