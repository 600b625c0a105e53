"""The only place that touches Keras internals: registration for files, and the table behind `activation="..."`.

Keras resolves an activation string in one private dict, `keras.src.activations.ALL_OBJECTS_DICT`, and nowhere else:
`get_custom_objects()` is not consulted. `install` puts a `StringTable` in its place: a view of that dict that, for a
string without an entry, looks into the custom objects and then into our resolve.
"""

import contextlib
import functools
import inspect
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, ClassVar

import keras

from keras_acts.core import resolve
from keras_acts.core.activation import ActivationOperation, BoundActivation, registered_names, stay_registered
from keras_acts.core.string_table import StringTable

try:
    from keras.src import activations as _keras_activations
    from keras.src import initializers as _keras_initializers
    from keras.src.backend.common import dtypes as _keras_dtypes
    from keras.src.saving import object_registration as _keras_registration
except ImportError:  # a Keras with another layout: strings stay as Keras made them, all else works
    _keras_activations = _keras_initializers = _keras_dtypes = _keras_registration = None


_FLOAT64 = threading.RLock()


@contextlib.contextmanager
def float64() -> Iterator[None]:
    """Inside, what is float64 stays so, and Python numbers are taken so, on every backend. As a decorator, too.

    JAX computes in float32, whatever is asked for, unless told otherwise. Beside that, Keras makes float32 of what most
    of its operations give for float64 tensors outside of TensorFlow, and of numbers such as the 0.1 in `ops.clip`.
    Its `floatx` is one for all threads: outside of TensorFlow, make no layers in another thread meanwhile.
    """
    if keras.backend.backend() == "tensorflow":
        yield
        return
    narrowed: dict[str, str] = getattr(_keras_dtypes, "BIT64_TO_BIT32_DTYPE", {})
    with contextlib.ExitStack() as stack:
        stack.enter_context(_FLOAT64)  # one thread at a time: the last to leave would keep what the first has set
        if keras.backend.backend() == "jax":
            import jax
            import jax.experimental

            holder: Any = jax if hasattr(jax, "enable_x64") else jax.experimental  # where older versions have it
            stack.enter_context(holder.enable_x64(True))
        stack.callback(keras.config.set_floatx, keras.config.floatx())
        stack.callback(narrowed.update, dict(narrowed))
        keras.config.set_floatx("float64")
        narrowed["float64"] = "float64"
        yield


_changing = threading.RLock()  # while strings change


class Installation:
    """What `install` returns. As a context manager it restores, on exit, the strings that were in force before.

    Raises:
        RuntimeError: if it is entered twice.
    """

    # Those that may yet be entered or left, in the order in which they were made, and whether they are entered.
    _all: ClassVar["weakref.WeakKeyDictionary[Installation, bool]"] = weakref.WeakKeyDictionary()

    def __init__(self, table: Any) -> None:
        self._table = table
        with _changing:
            self._before = _in_force()
            self._all[self] = False
            _put(table)

    def __enter__(self) -> "Installation":
        with _changing:
            if self._all.get(self, True):  # or left already
                raise RuntimeError(
                    "What `install` returns is for one `with`: write `with keras_acts.install(...)` each time."
                )
            self._all[self] = True
            if not any(self._all[later] for later in self._later()):
                _put(self._table)
        return self

    def __exit__(self, *error: object) -> None:
        with _changing:
            is_last = True
            # What was installed inside of this one ends with it, but for what another thread has entered and goes on.
            for later in self._later():
                if is_last or later._before is self._table:
                    later._before = self._before
                is_last = is_last and not self._all[later]
            del self._all[self]
            if is_last or _in_force() is self._table:
                _put(self._before)

    def _later(self) -> list["Installation"]:
        made = list(self._all)
        return made[made.index(self) + 1 :]


def _in_force() -> Any:
    return getattr(_keras_activations, "ALL_OBJECTS_DICT", None)


def _put(table: Any) -> None:
    if table is not None:
        _keras_activations.ALL_OBJECTS_DICT = table


def install(override: str | Iterable[str] = ()) -> Installation:
    """Make the strings of keras_acts work in every Keras layer. `import keras_acts` has already done so.

    It holds in the whole process, for layers made in other threads too. What other packages enter into Keras' table of
    strings stays. After `keras.saving.get_custom_objects().clear()` it makes our names known to files again.

    Args:
        override: built-in names whose string shall give our function instead of Keras', such as `["gelu", "mish"]`, or
            "all" (but for "sigmoid", "softmax" and "tanh", which Keras recognises by identity). Models built so are
            saved under the plain built-in name and load where keras_acts is absent. It replaces an earlier override.

    Returns:
        An object that can be used in one `with` statement to go back on exit, in several threads too: what was in force
        before all of them is so again after the last.

    Raises:
        ValueError: if Keras has no such built-in, or we have nothing to put in its place. Nothing is changed then.

    Example:
        with keras_acts.install(override=["gelu"]):
            layer = keras.layers.Dense(64, activation="gelu")  # our gelu, saved as "gelu"
    """
    table = _in_force()
    if not isinstance(table, MutableMapping):
        warnings.warn(
            f"keras_acts could not find the table of activation strings in Keras {keras.__version__}: strings such as "
            "activation='snake' will not work. Pass the function instead: activation=keras_acts.get('snake').",
            stacklevel=2,
        )
        return Installation(None)
    registered_names()
    return Installation(StringTable(table.data if isinstance(table, StringTable) else table, override))


def uninstall() -> None:
    """Give Keras its own table of strings back. Registered names stay known, so that saved models still load."""
    table = _in_force()
    if isinstance(table, StringTable):
        _put(table.data)


def resolve_initializers(from_string: Callable[[str], Any]) -> None:
    """Let `from_string` answer first, while our strings are installed, for `kernel_initializer="..."`.

    Keras looks initializer strings up among its own and the registered names only. So the one function behind all of
    them is wrapped; what `from_string` returns None for, and every config in a file, goes on to Keras.
    """
    deserialize = getattr(_keras_initializers, "deserialize", None)
    if deserialize is None:  # the strings are unknown to Keras then
        return

    @functools.wraps(deserialize)
    def with_ours(config: Any, *args: Any, **kwargs: Any) -> Any:
        is_string = isinstance(config, dict) and config.keys() == {"class_name", "config"} and config["config"] == {}
        if is_string and isinstance(_in_force(), StringTable):
            stay_registered()
            found = from_string(config["class_name"])
            if found is not None:
                return found
        return deserialize(config, *args, **kwargs)

    _keras_initializers.deserialize = with_ours


def watch_activation_arguments(check: Callable[[keras.Layer, Any], None]) -> None:
    """Let `check(host, activation)` see each layer or class that a layer of Keras takes for its activation.

    Keras builds a host without a look at its activation, so this is the one place where it can be refused in time.
    """
    get = getattr(_keras_activations, "get", None)
    if get is None:
        return

    @functools.wraps(get)
    def watched(identifier: Any) -> Any:
        stay_registered()
        activation, host = get(identifier), sys._getframe(1).f_locals.get("self")
        if isinstance(activation, keras.Layer | type) and isinstance(host, keras.Layer):
            check(host, activation)
        return activation

    _keras_activations.get = watched


def sublayers(layer: keras.Layer, recursive: bool = False) -> list[keras.Layer]:
    """The layers inside a layer or model: wrapped ones, cells and layer-valued activations included."""
    return layer._flatten_layers(include_self=False, recursive=recursive)


def own_trainable_variables(layer: keras.Layer) -> list[keras.Variable]:
    """The trainable variables of a layer itself, without those of layers inside."""
    return list(getattr(layer, "_trainable_variables", ()))


def operation_behind(tensor: keras.KerasTensor) -> Any:
    """The layer or operation that gives a symbolic tensor."""
    return tensor._keras_history.operation


def exchange(holder: keras.Layer, where: Sequence[Any], new: Any) -> None:
    """Put another one in place of a layer, or a layer in place of a function, that `holder` keeps track of.

    `where` is an attribute, and a key in the list or dict there if any.
    """
    attribute, *keys = where
    before, tracker = getattr(holder, attribute), holder._tracker
    was_locked = tracker.locked
    tracker.unlock()  # a built layer takes no new ones
    try:
        tracker.untrack(before[keys[0]] if keys else before)
        if keys:
            before[keys[0]] = tracker.track(new)
        else:
            delattr(holder, attribute)  # torch takes no function in place of a layer
            setattr(holder, attribute, new)
    finally:
        tracker.locked = was_locked


def graph_of(model: Any) -> Any:
    """The graph behind a Sequential or Functional model, with its `inputs` and `outputs`; None for other models."""
    own_call = not type(model).call.__module__.startswith("keras.src")
    graph = None if own_call else getattr(model, "_functional", model)
    return graph if hasattr(graph, "_nodes_by_depth") else None


def like_inputs(graph: Any, arrays: list[Any]) -> Any:
    """One array for each input of a graph, in the structure that its model takes."""
    return keras.tree.pack_sequence_as(graph._inputs_struct, arrays)


def calls(graph: Any) -> list[tuple[keras.Operation, list[Any], list[Any]]]:
    """Each call of a layer or operation in a graph, in the order of the data: what, its input and output tensors."""
    nodes = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    return [(node.operation, node.input_tensors, node.output_tensors) for node in nodes if not node.is_input]


def is_keras_own(value: Any) -> bool:
    """Whether an object is of a class of Keras' own."""
    return type(value).__module__.partition(".")[0] == "keras"


def is_functional(layer: Any) -> bool:
    """Whether it is a model that Keras knows as a graph of layers and operations."""
    return isinstance(layer, keras.Model) and hasattr(layer, "operations") and hasattr(layer, "_run_through_graph")


def is_activation(thing: Any) -> bool:
    """Whether a layer, such as `ReLU()`, or an operation of a Functional model is an activation of Keras' own."""
    modules = {base.__module__ for base in type(thing).__mro__}
    if isinstance(thing, keras.Layer):
        is_holder = isinstance(thing, keras.layers.Activation)
        return not is_holder and any(module.startswith("keras.src.layers.activations.") for module in modules)
    return isinstance(thing, ActivationOperation) or (
        is_keras_own(thing)
        and type(thing).__name__.lower() in {name.replace("_", "") for name in vars(keras.activations)}
    )


def is_activation_function(value: Any) -> bool:
    """Whether it is a function of Keras that is an activation: of `keras.activations`, or of the same name."""
    module, name = getattr(value, "__module__", None) or "", getattr(value, "__name__", "")
    return module.partition(".")[0] == "keras" and name in vars(keras.activations)


def mask_of(x: Any) -> Any:
    """The mask that Keras keeps beside a tensor, or None."""
    return getattr(x, "_keras_mask", None)


class BatchNormalization(keras.layers.BatchNormalization):
    """That of Keras, but that a batch without samples, or of which a mask keeps none, leaves the moving statistics.

    Keras' become NaN. Where the size is unknown, in a graph, no one can tell in time.
    """

    def _moments(self, inputs: Any, mask: Any) -> tuple[Any, ...]:
        there = keras.ops.convert_to_tensor(keras.ops.shape(inputs)) > 0 if mask is None else keras.ops.any(mask)
        found = zip(super()._moments(inputs, mask), (self.moving_mean.value, self.moving_variance.value), strict=True)
        return tuple(keras.ops.where(keras.ops.all(there), *pair) for pair in found)


def enclosing_layer(layer: keras.Layer) -> Any:
    """The layer or model whose call is calling `layer`, or None; None too where Keras has moved the record."""
    try:
        from keras.src.backend.common import global_state
    except ImportError:
        return None
    scopes = global_state.get_global_attribute("name_scope_stack") or []
    callers = [caller for caller in (getattr(scope, "caller", None) for scope in scopes) if caller is not layer]
    return callers[-1] if callers else None


def keeping_logits(rule: Callable[..., Any]) -> Callable[..., None]:
    """For the `finish` of a record: an output keeps `rule(x, **params)`, or nothing where that is None, as its logits.

    Cross-entropies of Keras on TensorFlow read them there; from probabilities alone they see no more than 16 nats and
    give no gradient beyond. Over another axis than the last one nothing is kept, as they normalise logits over that.
    An infinite logit is kept as the largest finite one, as 0 times infinity is NaN in a loss.
    """

    def keep(output: Any, x: Any, params: Mapping[str, Any]) -> None:
        axis = params.get("axis", -1)
        is_last = axis == -1 or axis == len(x.shape) - 1  # the rank may be unknown
        logits = rule(x, **params) if is_last and keras.backend.backend() == "tensorflow" else None
        if logits is not None:
            largest = float(logits.dtype.max)
            output._keras_logits = keras.ops.clip(logits, -largest, largest)

    return keep


def kept_logits(output: Any) -> Any:
    """The logits behind an output, as Keras' own sigmoid and softmax and `keeping_logits` keep them, or None."""
    return getattr(output, "_keras_logits", None)


def metric_rises(metric: keras.metrics.Metric) -> bool | None:
    """Whether Keras says that more of a metric is better; None where it says nothing."""
    return {"up": True, "down": False}.get(getattr(metric, "_direction", ""))


def register(declared: Callable[..., Any], registered_name: str) -> None:
    """Register a function or class for files, under "package>name"."""
    stay_registered()
    package, _, name = registered_name.partition(">")
    keras.saving.register_keras_serializable(package=package, name=name)(declared)


def answer_registered_names(prefix: str, found: Callable[[str], Any]) -> None:
    """Let `found` answer for registered names of another package, such as "Addons>lisht", that nobody has registered.

    Entered among the custom objects, "Addons>lisht" would be what Keras takes for the unregistered `lisht` of another
    author. A name for which `found` raises ValueError stays unknown.
    """
    original = getattr(_keras_registration, "get_registered_object", None)
    if original is None:
        warnings.warn(
            f"keras_acts could not find the registered names in Keras {keras.__version__}: files that name "
            f"'{prefix}...' load with keras_acts.load_legacy alone.",
            stacklevel=3,
        )
        return

    @functools.wraps(original)
    def with_found(name: Any, *args: Any, **kwargs: Any) -> Any:
        registered = original(name, *args, **kwargs)
        if registered is None and isinstance(name, str) and name.startswith(prefix):
            with contextlib.suppress(ValueError):
                return found(name)
        return registered

    _keras_registration.get_registered_object = with_found
    keras.saving.get_registered_object = with_found


def ignore_argument(name: str, value: Any, classes: Iterable[type[keras.Layer]]) -> None:
    """Let layers of Keras be made from configs with an argument that they no longer take, if it has this value."""
    for cls in classes:
        made = cls.from_config.__func__

        def from_config(cls: Any, config: dict[str, Any], made: Callable[..., Any] = made) -> Any:
            return made(cls, {key: config[key] for key in config if (key, config[key]) != (name, value)})

        cls.from_config = classmethod(functools.wraps(made)(from_config))


def custom_objects() -> dict[str, Any]:
    """Every activation by bare name, and all of keras_acts by registered name, for `load_model(custom_objects=...)`.

    Only for files written by other code under bare names; files of keras_acts need nothing but the import, and, if
    `get_custom_objects().clear()` was called since, this or `install()`. Names that Keras has, be it for an
    activation, as relu, or for anything else, as the initializer identity, are left out: they mean Keras' own in every
    file.

    Example:
        keras.models.load_model("old.h5", custom_objects=keras_acts.custom_objects())
    """
    bare = {name: resolve.info(name).function for name in resolve.names() if not _is_of_keras(name)}
    classes = {cls.__name__: cls for cls in (BoundActivation, ActivationOperation)}
    return bare | classes | registered_names()


def _is_of_keras(name: str) -> bool:
    """Whether some string of Keras has this name: of a layer, an initializer, a loss, ...

    Keras looks among the custom objects first, whatever the string is for.
    """
    modules = [module for module in vars(keras).values() if hasattr(module, "deserialize")]
    # The tables also have names that the modules do not export.
    tables = [inspect.unwrap(module.deserialize).__globals__.get("ALL_OBJECTS_DICT", {}) for module in modules]
    return any(hasattr(module, name) for module in modules) or any(name in getattr(t, "data", t) for t in tables)
