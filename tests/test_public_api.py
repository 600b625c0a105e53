"""The public names and signatures are those of the snapshot, and no module gives away names that it only uses."""

import builtins
import difflib
import importlib
import inspect
import sys
from pathlib import Path

import pytest

import keras_acts

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # for the folder tools/, which is not installed
from tools import public_api  # noqa: E402

OWN_MODULES = [importlib.import_module(name) for name in public_api.MODULES]


def by_name(module):
    return module.__name__


def test_public_names_and_signatures_are_those_of_the_snapshot():
    kept, now = public_api.FILE.read_text(encoding="utf-8"), public_api.snapshot()
    changed = "\n".join(difflib.unified_diff(kept.splitlines(), now.splitlines(), "kept", "now", n=0, lineterm=""))
    assert not changed, f"The public surface has changed. If so it shall be: python -m tools.public_api\n{changed}"


def test_a_changed_signature_shows_in_the_snapshot(monkeypatch):
    def get(identifier, other=1, *, more=None, **params):
        return None

    kept = public_api.snapshot()
    monkeypatch.setattr(keras_acts, "get", get)
    assert "\n  get(identifier, other=1, *, more=None, **params)\n" in public_api.snapshot()
    assert public_api.snapshot() != kept


@pytest.mark.parametrize("module", OWN_MODULES, ids=by_name)
def test_what_a_module_declares_is_there(module):
    declared = list(module.__all__)
    assert len(declared) == len(set(declared))
    for name in declared:
        assert hasattr(module, name)


@pytest.mark.parametrize("module", OWN_MODULES, ids=by_name)
def test_a_star_import_brings_what_is_declared_and_hides_no_builtin(module):
    names = {}
    exec(f"from {module.__name__} import *", names)
    assert set(names) - {"__builtins__"} == set(module.__all__)
    assert set(module.__all__) & set(dir(builtins)) == set()


@pytest.mark.parametrize("module", [module for module in OWN_MODULES if hasattr(module, "__path__")], ids=by_name)
def test_nothing_public_is_in_a_package_but_what_is_declared(module):
    """Besides `__all__`: modules below, and the activations that a star import leaves out."""
    declared = {*module.__all__, *(keras_acts.names() if module is keras_acts.activations else ())}
    stray = {
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and name not in declared
        if not (inspect.ismodule(thing) and thing.__name__.startswith(f"{module.__name__}."))
    }
    assert stray == set()


def test_every_activation_and_layer_is_declared():
    hidden = set(dir(builtins))  # `abs`: an attribute of the module, but no part of a star import
    assert {*keras_acts.names()} - {*keras_acts.activations.__all__} <= hidden
    assert {*keras_acts.layers.names()} <= {*keras_acts.layers.__all__}
