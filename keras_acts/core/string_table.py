"""What an activation string means in Keras: Keras' own table, what users have registered, and our names behind them.

Built-in names keep their meaning unless overridden, with a warning where that is wrong; but for "glu" and "threshold",
which cannot work in a Keras layer and get an error.

A bare name in a file says nothing about whose activation it is: it is the author's own, unregistered one, or that of a
package with the same names. So while Keras reads a file, the table answers registered names only.
"""

import contextlib
import inspect
import sys
import warnings
from collections import UserDict
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any

import keras

from keras_acts.core import operations as ops
from keras_acts.core import resolve, spec
from keras_acts.core.activation import registered_names
from keras_acts.core.derivatives import FLOAT_DTYPES

# Keras recognises these by identity: losses read the logits kept on sigmoid and softmax outputs, and LSTM and GRU take
# the cuDNN path only for its own tanh and sigmoid. `override="all"` leaves them alone.
KEPT_BY_ALL = frozenset({"sigmoid", "softmax", "tanh"})
# Built-in strings that cannot work in a layer. Dense(8, activation="glu") of Keras declares 8 outputs and returns 4, so
# that the next layer fails in training; "threshold" fails when it is first called, for want of two arguments.
CANNOT_WORK = frozenset({"glu", "threshold"})
# Built-ins whose value is wrong. They keep their meaning, as files depend on it.
WRONG = {"sparsemax": "gives rows that do not sum to 1 wherever more than one output is positive"}


class StringTable(UserDict[str, Any]):
    """Keras' table of activation strings, with ours behind its entries, and twins before them.

    What others enter or delete here is entered or deleted in Keras' own dict, which is shared by all of these views.
    """

    def __init__(self, entries: Any, override: str | Iterable[str] = ()) -> None:
        self.data = entries
        self.twins = {name: _twin(name, entries) for name in _overridden(override, entries)}

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
        """That of Keras' dict: of entries alone."""
        return self.data.pop(name, *default)

    def copy(self) -> dict[str, Any]:  # type: ignore[override]
        """The entries, with the twins among them."""
        return dict(self)

    def get(self, name: Any, default: Any = None) -> Any:
        """The default for an unknown name; where a layer asks, an error that says more than Keras'."""
        if sys._getframe(1).f_globals is keras.activations.get.__globals__:
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
    if custom.__module__.startswith("keras_acts.") and issubclass(custom, keras.Layer):
        raise ValueError(resolve.unknown(name))
    for kind in (keras.initializers.Initializer, keras.regularizers.Regularizer, keras.constraints.Constraint):
        if issubclass(custom, kind):
            word = kind.__name__.lower()
            raise ValueError(
                f"'{name}' is not an activation but the {word} {custom.__name__}: give it to the argument for one, "
                f"such as kernel_{word}. Received: {name!r}"
            )
    return custom()


def _callers() -> tuple[list[FrameType], FrameType]:
    """The frames of Keras through which a string came here, the innermost first, and that of the code which gave it."""
    through, frame = [], sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        module = str(frame.f_globals.get("__name__"))
        if module.startswith("keras."):
            through.append(frame)
        elif not module.startswith("keras_acts.core."):
            break
    return through, frame


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


def _overridden(override: str | Iterable[str], builtins: Mapping[str, Any]) -> list[str]:
    # Only where the declaration says that Keras means the same by the name, with the same parameters.
    available = [name for name in builtins if name in getattr(resolve.find(name), "aliases", {}).get("keras", ())]
    if override == "all":
        return [name for name in available if name not in KEPT_BY_ALL]
    wanted = list(override) if isinstance(override, Iterable) and not isinstance(override, str) else [override]
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
        is_symbolic = isinstance(x, keras.KerasTensor)
        if is_symbolic or keras.backend.standardize_dtype(ops.convert_to_tensor(x).dtype) not in FLOAT_DTYPES:
            return builtin(x, *args, **kwargs)
        return ours.function(x, *args, **kwargs)

    twin.__name__ = twin.__qualname__ = builtin.__name__
    twin.__doc__ = ours.function.__doc__
    twin.__dict__["stands_in_for"] = builtin
    return twin


def without_override(function: Callable[..., Any]) -> Callable[..., Any]:
    """The Keras built-in that `function` stands in for under an override, or `function` itself."""
    return getattr(function, "stands_in_for", function)
