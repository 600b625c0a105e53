"""What can change a result: versions of the libraries and of Python."""

import importlib
import platform

import keras
import numpy as np

from keras_acts._version import __version__

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """By name: this library, Keras, its backend, NumPy and Python."""
    backend = keras.backend.backend()
    libraries = {"keras": keras, backend: importlib.import_module(backend), "numpy": np}
    found = {name: library.__version__ for name, library in libraries.items()}
    return {"keras_acts": __version__, **found, "python": platform.python_version()}
