"""The only place that touches Keras internals: registration for files, and the table behind `activation="..."`.

Keras resolves an activation string in one private dict, `keras.src.activations.ALL_OBJECTS_DICT`, and nowhere else:
`get_custom_objects()` is not consulted. `install` puts a view of that dict in its place that, for a string without an
entry, looks into the custom objects and then into our resolve. Built-in names keep their meaning unless overridden,
with a warning where that is wrong; but for "glu" and "threshold", which cannot work in a Keras layer and get an error.

A bare name in a file says nothing about whose activation it is: it is the author's own, unregistered one, or that of a
package with the same names. So while Keras reads a file, the table answers registered names only.
"""

import contextlib
import functools
import inspect
import itertools
import sys
import threading
import warnings
import weakref
from collections import UserDict
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from types import FrameType, MappingProxyType
from typing import Any, ClassVar

import keras

from keras_acts.core import derivatives, resolve, spec
from keras_acts.core.activation import ActivationOperation, BoundActivation, registered_names, stay_registered

try:
    from keras.src import activations as _keras_activations
    from keras.src import initializers as _keras_initializers
    from keras.src.backend.common import dtypes as _keras_dtypes
except ImportError:  # a Keras with another layout: strings stay as Keras made them, all else works
    _keras_activations = _keras_initializers = _keras_dtypes = None

# Keras recognises these by identity: losses read the logits kept on sigmoid and softmax outputs, and LSTM and GRU take
# the cuDNN path only for its own tanh and sigmoid. `override="all"` leaves them alone.
KEPT_BY_ALL = frozenset({"sigmoid", "softmax", "tanh"})
# Built-in strings that cannot work in a layer. Dense(8, activation="glu") of Keras declares 8 outputs and returns 4, so
# that the next layer fails in training; "threshold" fails when it is first called, for want of two arguments.
CANNOT_WORK = frozenset({"glu", "threshold"})
# Built-ins whose value is wrong. They keep their meaning, as files depend on it.
WRONG = {"sparsemax": "gives rows that do not sum to 1 wherever more than one output is positive"}


_FLOAT64 = threading.RLock()


@contextlib.contextmanager
def float64() -> Iterator[None]:
    """Inside, what is float64 stays so, and Python numbers are taken so, on every backend. As a decorator, too.

    JAX computes in float32, whatever is asked for, unless told otherwise. Beside that, Keras makes float32 of what most
    of its operations give for float64 tensors outside of TensorFlow, and of numbers such as the 0.1 in `ops.clip`.
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


class _StringTable(UserDict[str, Any]):
    """Keras' table of activation strings, with ours behind its entries, and twins before them.

    What others enter or delete here is entered or deleted in Keras' own dict, which is shared by all of these views.
    """

    def __init__(self, entries: Any, twins: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.data, self.twins = entries, dict(twins)

    def __getitem__(self, name: str) -> Any:
        if name in self.data:
            entry = self.data[name]
            twin = self.twins.get(name, entry)
            return twin if without_override(twin) is entry else entry  # others may have replaced it
        if isinstance(name, str) and not _callers()[0]:  # Keras itself takes what it finds so for a function of its own
            with contextlib.suppress(ValueError, TypeError):
                return self._ours(name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return self.get(name, self) is not self

    def __setitem__(self, name: str, value: Any) -> None:
        self.data[name] = without_override(value)  # which others may have saved and put back

    def pop(self, name: str, *default: Any) -> Any:
        return self.data.pop(name, *default)  # of entries alone

    def copy(self) -> dict[str, Any]:  # type: ignore[override]
        return dict(self)

    def get(self, name: Any, default: Any = None) -> Any:
        # Where a layer asks, an unknown string is an error that says more than Keras'.
        if sys._getframe(1).f_globals is vars(_keras_activations):
            return self._entry(name) if name in self.data else self._ours(name)
        with contextlib.suppress(KeyError):
            return self[name]
        return default

    def _ours(self, name: str) -> Any:
        """What the user or we have under a name that has no entry."""
        own = _custom_object(name)
        if own is not None:
            return own
        if name == "threshold":
            raise ValueError(
                "The activation 'threshold' needs its two values: write 'threshold(threshold=0.5, value=0.0)', which "
                f"is that of keras_acts. Received: {name!r}"
            )
        registered_names()
        found = resolve.get(name)
        if ">" not in name and not spec.is_notation(name) and _is_read_from_file():
            raise ValueError(
                f"A file names the activation '{name}' without a package, which does not say whose it is. Say which "
                f"one is meant: load_model(path, custom_objects={{{name!r}: ...}}), with the author's own in place of "
                f"the dots, or, if it is the same, with keras_acts.get({name!r}). Received: {name!r}"
            )
        return found

    def _entry(self, name: str) -> Any:
        """What Keras has under the name; with a warning if that is wrong, or if the user has another of the name."""
        entry = self.data[name]
        if not inspect.isfunction(entry) or not str(entry.__module__).startswith("keras."):
            return entry  # which others have made
        if name in CANNOT_WORK:
            return self._ours(name)
        custom, read = keras.saving.get_registered_object(name), _is_read_from_file()
        if not read and any(frame.f_code.co_name == "from_config" for frame in _callers()[0]):
            return self[name]  # a clone of what was constructed with a warning
        if custom is not None and custom is not entry:
            if read and custom is not keras.saving.get_custom_objects().get(name):
                return _custom_object(name)  # given to load_model, where Keras heeds only functions, and only in .h5
            _warn(
                f"activation={name!r} is Keras' own {name}: names that Keras has are not looked up among custom "
                "objects. For yours, pass the function itself, or choose another name. "
                f"Received: {name!r}, beside the custom object {custom!r}"
            )
        elif name in WRONG and self[name] is entry and not read:
            _warn(
                f"activation={name!r} is Keras' own {name}, which {WRONG[name]} (Keras {keras.__version__}). Use ours: "
                f"activation='keras_acts>{name}'."
            )
        return self[name]


def _custom_object(name: str) -> Any:
    """What the user has registered under a bare name, or None."""
    custom = keras.saving.get_registered_object(name)
    if not inspect.isclass(custom):
        return custom
    _check_makes_activations(name, custom)
    return custom()


def _callers() -> tuple[list[FrameType], FrameType]:
    """The frames of Keras through which a string came here, the innermost first, and that of the code which gave it."""
    through, frame = [], sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if str(frame.f_globals.get("__name__")).startswith("keras."):
            through.append(frame)
        elif frame.f_globals is not globals():
            break
    return through, frame


def _check_makes_activations(name: str, cls: type) -> None:
    if cls.__module__.startswith("keras_acts.") and issubclass(cls, keras.Layer):
        raise ValueError(resolve.unknown(name))
    for kind in (keras.initializers.Initializer, keras.regularizers.Regularizer, keras.constraints.Constraint):
        if issubclass(cls, kind):
            word = kind.__name__.lower()
            raise ValueError(
                f"'{name}' is not an activation but the {word} {cls.__name__}: give it to the argument for one, "
                f"such as kernel_{word}. Received: {name!r}"
            )


def _is_read_from_file() -> bool:
    """Whether Keras asks for an activation because the config of a layer of its own names it.

    A layer that a user wrote may well keep a string in its config and pass it on: that string is the user's own.
    """
    for frame in _callers()[0]:
        if frame.f_code.co_name == "deserialize_keras_object":
            return True
        if frame.f_code.co_name == "from_config" and not frame.f_locals["cls"].__module__.startswith("keras."):
            return False
    return False


def _warn(message: str) -> None:
    """One warning, at the line that gave the string to Keras."""
    frame = _callers()[1]
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, UserWarning, frame.f_code.co_filename, frame.f_lineno, registry=registry)


_changing = threading.RLock()  # while strings change
_numbers = itertools.count()


class Installation:
    """What `install` returns. As a context manager it restores, on exit, the strings that were in force before.

    Raises:
        RuntimeError: if it is entered twice.
    """

    _all: ClassVar["weakref.WeakSet[Installation]"] = weakref.WeakSet()  # that may yet be entered or left

    def __init__(self, table: Any) -> None:
        self._table, self._number = table, next(_numbers)
        self._is_entered: bool | None = None  # None before
        with _changing:
            self._before = getattr(_keras_activations, "ALL_OBJECTS_DICT", None)
            self._all.add(self)
            _put(table)

    def __enter__(self) -> "Installation":
        with _changing:
            if self._is_entered is not None:
                raise RuntimeError(
                    "What `install` returns is for one `with`: write `with keras_acts.install(...)` each time."
                )
            self._is_entered = True
            if not any(later._is_entered for later in self._later()):
                _put(self._table)
        return self

    def __exit__(self, *error: object) -> None:
        with _changing:
            self._is_entered, is_last = False, True
            # What was installed inside of this one ends with it, but for what another thread has entered and goes on.
            for later in self._later():
                if is_last or later._before is self._table:
                    later._before = self._before
                is_last = is_last and not later._is_entered
            if is_last or getattr(_keras_activations, "ALL_OBJECTS_DICT", None) is self._table:
                _put(self._before)

    def _later(self) -> list["Installation"]:
        return sorted((one for one in self._all if one._number > self._number), key=lambda one: one._number)


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
    table = getattr(_keras_activations, "ALL_OBJECTS_DICT", None)
    if not isinstance(table, MutableMapping):
        warnings.warn(
            f"keras_acts could not find the table of activation strings in Keras {keras.__version__}: strings such as "
            "activation='snake' will not work. Pass the function instead: activation=keras_acts.get('snake').",
            stacklevel=2,
        )
        return Installation(None)
    registered_names()
    entries = table.data if isinstance(table, _StringTable) else table
    twins = {name: _twin(name, entries) for name in _overridden(override, entries)}
    return Installation(_StringTable(entries, twins))


def uninstall() -> None:
    """Give Keras its own table of strings back. Registered names stay known, so that saved models still load."""
    table = getattr(_keras_activations, "ALL_OBJECTS_DICT", None)
    if isinstance(table, _StringTable):
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
        if is_string and isinstance(getattr(_keras_activations, "ALL_OBJECTS_DICT", None), _StringTable):
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


def _overridden(override: str | Iterable[str], builtins: Mapping[str, Any]) -> list[str]:
    # Only where the declaration says that Keras means the same by the name, with the same parameters.
    available = [name for name in builtins if name in getattr(resolve.find(name), "aliases", {}).get("keras", ())]
    if override == "all":
        return [name for name in available if name not in KEPT_BY_ALL]
    wanted = [override] if isinstance(override, str) else list(override)
    for name in wanted:
        if name not in available:
            raise ValueError(
                f"`override` must hold names that both Keras and keras_acts have ({', '.join(sorted(available))}), "
                f"or be 'all'. Received: {name!r}"
            )
    return wanted


def _twin(name: str, builtins: Mapping[str, Any]) -> Callable[..., Any]:
    """Our implementation under the name of the built-in, so that Keras saves the plain name."""
    builtin: Any = builtins[name]
    ours: Any = resolve.find(name)

    def twin(x: Any, *args: Any, **kwargs: Any) -> Any:
        # Integers and symbolic tensors go to Keras: a file of an overridden model must not need this package.
        if (
            isinstance(x, keras.KerasTensor)
            or keras.backend.standardize_dtype(keras.ops.convert_to_tensor(x).dtype) not in derivatives.FLOAT_DTYPES
        ):
            return builtin(x, *args, **kwargs)
        return ours.function(x, *args, **kwargs)

    twin.__name__ = twin.__qualname__ = builtin.__name__
    twin.__doc__ = ours.function.__doc__
    twin.__dict__["stands_in_for"] = builtin
    return twin


def without_override(function: Callable[..., Any]) -> Callable[..., Any]:
    """The Keras built-in that `function` stands in for under an override, or `function` itself."""
    return getattr(function, "stands_in_for", function)


def sublayers(layer: keras.Layer, recursive: bool = False) -> list[keras.Layer]:
    """The layers inside a layer or model: wrapped ones, cells and layer-valued activations included."""
    return layer._flatten_layers(include_self=False, recursive=recursive)


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


def register(declared: Callable[..., Any], registered_name: str) -> None:
    """Register a function or class for files, under "package>name"."""
    stay_registered()
    package, _, name = registered_name.partition(">")
    keras.saving.register_keras_serializable(package=package, name=name)(declared)


def custom_objects() -> dict[str, Any]:
    """Every activation by bare name, and all of keras_acts by registered name, for `load_model(custom_objects=...)`.

    Only for files written by other code under bare names; files of keras_acts need nothing but the import, and, if
    `get_custom_objects().clear()` was called since, this or `install()`. Names that Keras has, such as relu, are left
    out: they mean Keras' own in every file.

    Example:
        keras.models.load_model("old.h5", custom_objects=keras_acts.custom_objects())
    """
    bare = {name: resolve.info(name).function for name in resolve.names() if not hasattr(keras.activations, name)}
    classes = {cls.__name__: cls for cls in (BoundActivation, ActivationOperation)}
    return bare | classes | registered_names()
