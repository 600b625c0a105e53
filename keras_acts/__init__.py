"""Activation functions for Keras 3: right to the last bits, under one string in any layer.

>>> import keras, keras_acts
>>> keras.layers.Dense(64, activation="snake")  # doctest: +ELLIPSIS
<Dense name=..., built=False>
"""

import functools as _functools
import os as _os
import warnings as _warnings
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from keras_acts import _command

if _command.is_starting():
    _command.before_tensorflow()

from keras_acts import activations, initializers, layers
from keras_acts._version import __version__
from keras_acts.authoring import define
from keras_acts.carrying import export, to_portable
from keras_acts.core.activation import BoundActivation
from keras_acts.core.declare import activation
from keras_acts.core.islands import fuse_in_training
from keras_acts.core.keras_bridge import custom_objects, install, uninstall
from keras_acts.core.params import Param, Trait
from keras_acts.core.resolve import get, info, names
from keras_acts.core.resolve import no_attribute as _no_attribute
from keras_acts.core.spec import slug
from keras_acts.initializers import paired
from keras_acts.inspection import check, check_saveable, replace

# Without `compare`, which needs libraries of the extra, and `load_legacy`, which few need.
__all__ = ["BoundActivation", "Param", "Trait", "__version__", "activation", "activations", "check", "check_saveable"]
__all__ += ["custom_objects", "define", "export", "fuse_in_training", "get", "info", "initializers", "install"]
__all__ += ["layers", "names", "paired", "replace", "slug", "to_portable", "uninstall"]

if _TYPE_CHECKING:
    from keras_acts.compat import load_legacy as load_legacy
    from keras_acts.experiments import compare as compare

for _part in (activations, layers, initializers):  # unseen by type checkers, which know what is no attribute
    vars(_part)["__getattr__"] = _functools.partial(_no_attribute, _part.__name__)

_LATE = ("atlas", "callbacks", "compat", "experiments", "plots", "testing")
_LATE_FUNCTIONS = {"compare": "experiments", "load_legacy": "compat"}

install()

if _os.environ.get("TF_USE_LEGACY_KERAS") in ("1", "true", "True"):  # as TensorFlow reads it
    _warnings.warn(
        "TF_USE_LEGACY_KERAS is set: tf.keras is then Keras 2 (tf_keras), whose layers know none of the strings and "
        "layers of keras_acts. Unset it before TensorFlow is imported, or write `import keras` in place of tf.keras.",
        stacklevel=2,
    )


def __getattr__(name: str) -> _Any:
    if name in _LATE_FUNCTIONS:  # only now: `compare` needs libraries of the extra
        return getattr(_import_module(f"keras_acts.{_LATE_FUNCTIONS[name]}"), name)
    if name in _LATE:  # for the same reason
        return _import_module(f"keras_acts.{name}")
    _no_attribute(__name__, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE, *_LATE_FUNCTIONS})
