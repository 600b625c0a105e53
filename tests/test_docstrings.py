"""The examples in docstrings are run, and every activation has one."""

import doctest
import importlib
import pkgutil

import keras
import numpy as np
import pytest

import keras_acts

MODULES = [name for _, name, _ in pkgutil.walk_packages(keras_acts.__path__, "keras_acts.") if "__main__" not in name]


@pytest.mark.parametrize("module", ["keras_acts", *MODULES])
def test_examples(module):
    names = {"np": np, "keras": keras, "keras_acts": keras_acts, "activations": keras_acts.activations}
    found = importlib.import_module(module)
    result = doctest.testmod(found, extraglobs=names, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


@pytest.mark.parametrize("name", keras_acts.names())
def test_every_activation_is_documented(name):
    text = keras_acts.info(name).function.__doc__
    for part in ("f(x)", "Args:", "Returns:", "Example:", ">>> "):
        assert part in text
