"""Optional packages: each comes with an extra of setup.cfg, which the error names where it is missing."""

import ast
import configparser
import gc
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_acts
from keras_acts import _extras, authoring, notation, plots
from keras_acts.experiments import Plan, execute

PACKAGE = Path(keras_acts.__file__).parent
SETUP = PACKAGE.parent / "setup.cfg"
# What TensorFlow and Keras need themselves, and the backends that a user may have.
OTHERWISE_NAMED = {"ai_edge_litert": "ai-edge-litert", "sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}
OTHERWISE_NAMED |= {"yaml": "pyyaml"}
ALWAYS_THERE = {"keras", "tensorflow", "numpy", "h5py", "ml_dtypes", "rich", "typing_extensions", "jax", "torch"}


def extras():
    parser = configparser.ConfigParser()
    parser.read(SETUP, encoding="utf-8")
    return {name: text.split("\n")[1:] for name, text in parser["options.extras_require"].items()}


def imported():
    """The packages of others that any file imports."""
    for file in PACKAGE.rglob("*.py"):
        gc.disable()  # all of TensorFlow is in memory, which would be searched again and again
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        gc.enable()
        for node in nodes:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            yield from (name.partition(".")[0] for name in names)


@pytest.mark.skipif(not SETUP.exists(), reason="setup.cfg is in the repository, not in the wheel")
def test_each_optional_package_is_in_the_extra_that_the_error_names():
    optional = set(imported()) - sys.stdlib_module_names - ALWAYS_THERE - {"keras_acts"}
    assert optional == set(_extras.EXTRAS)
    for package, extra in _extras.EXTRAS.items():
        required = [re.split(r"[\[<>=]", line)[0] for line in extras()[extra]]
        assert OTHERWISE_NAMED.get(package, package) in required
    for extra in {*_extras.EXTRAS.values()}:
        assert f"keras_acts[{extra}]" in extras()["test"]
    assert "keras_acts[check]" in extras()["docs"]


def afresh(module):
    """Import a package of ours as a new process does."""
    return lambda: importlib.import_module(module)


PLACES = {
    "notation": ("mpmath", "check", lambda: notation.reference("x")),
    "testing": ("mpmath", "check", afresh("keras_acts.testing")),
    "attribute testing": ("mpmath", "check", lambda: keras_acts.testing),
    "accuracy": ("mpmath", "check", lambda: authoring.accuracy),
    "experiments": ("sklearn", "compare", afresh("keras_acts.experiments")),
    "compare": ("scipy", "compare", lambda: keras_acts.compare),
    "page": ("jinja2", "compare", lambda: keras_acts.experiments),
    "fit": ("scipy.optimize", "compare", lambda: authoring.smooth.fit("a*x", "tanh", {"a": 1.0}, low=-1.0, high=1.0)),
    "figure": ("matplotlib.pyplot", "compare", lambda: plots.draw_function("relu")),
    "histories": ("matplotlib.pyplot", "compare", lambda: plots.draw_histories({"a": np.ones((1, 2))})),
    "ray": ("ray", "ray", lambda: list(execute(Plan(("relu",), data="iris", seeds=1).runs(), engine="ray"))),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_missing_package_is_told_with_its_extra(monkeypatch, place):
    package, extra, use = PLACES[place]
    gone = [f"keras_acts.{part}" for part in ("testing", "experiments", "authoring.formula.lost_digits")]
    if place not in ("notation", "fit", "figure", "histories", "ray"):  # as in a process that has not loaded them yet
        for name in [name for name in sys.modules if name.startswith(tuple(gone))]:
            monkeypatch.delitem(sys.modules, name)
        for part in ("testing", "experiments"):
            monkeypatch.delitem(vars(keras_acts), part, raising=False)  # `delattr` would look, and so load it
    for name in [name for name in sys.modules if name.startswith(f"{package}.")] + [package]:
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails as if it were not there
    with pytest.raises(ModuleNotFoundError, match=rf"needs {package.partition('.')[0]}\..*'\.\[{extra}\]'$") as found:
        use()
    assert found.value.name.partition(".")[0] == package.partition(".")[0]


def test_what_no_extra_brings_is_told_as_python_tells_it():
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'no_such_package'$"), _extras.named():
        importlib.import_module("no_such_package")
