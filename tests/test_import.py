"""What `import keras_acts` gives, and what it does not drag along."""

import importlib
import json
import sys

import fresh_process

import keras_acts

PUBLIC = {
    "names",
    "get",
    "info",
    "activations",
    "install",
    "uninstall",
    "custom_objects",
    "check_saveable",
    "activation",
    "initializers",
    "layers",
    "paired",
    "Param",
    "Trait",
    "__version__",
}


def test_public_names_exist():
    assert set(dir(keras_acts)) >= PUBLIC | {"compare", "plots", "testing"}
    assert keras_acts.plots is importlib.import_module("keras_acts.plots")
    assert keras_acts.testing.check_activation
    assert set(dir(keras_acts.activations)) == {*keras_acts.names(), "get", "serialize", "deserialize"}
    assert callable(importlib.import_module("keras_acts.testing").check_activation)


def test_a_star_import_gives_the_functions_and_shadows_no_builtin():
    names: dict[str, object] = {}
    exec("from keras_acts.activations import *", names)
    assert set(names) - {"__builtins__"} == {*keras_acts.names(), "get", "serialize", "deserialize"} - {"abs"}
    assert keras_acts.activations.abs is keras_acts.get("abs")


def test_import_drags_nothing_heavy_along_parses_no_formula_and_installs_the_strings(tmp_path):
    printed = fresh_process.run(
        """
        import json, sys
        import keras

        heavy = {"matplotlib", "sklearn", "scipy", "pandas", "typer", "rich", "jinja2", "torch", "jax", "mpmath"}
        for name in list(sys.modules):  # Keras itself loads some of them where they are installed
            if name.partition(".")[0] in heavy:
                del sys.modules[name]

        class Blocker:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in heavy:
                    raise ImportError(name)

        sys.meta_path.insert(0, Blocker())
        before = set(sys.modules)
        parsed = []

        def watch(frame, event, argument):
            code = frame.f_code
            if event == "call" and code.co_name == "parse" and code.co_filename.endswith("grammar.py"):
                parsed.append(frame.f_locals)

        sys.setprofile(watch)
        import keras_acts
        at_import = len(parsed)
        keras_acts.info("mish").latex
        sys.setprofile(None)
        assert at_import == 0 and parsed
        print(json.dumps(sorted(set(sys.modules) - before)))
        assert keras.layers.Dense(1, activation="snake").activation is keras_acts.activations.snake
        keras_acts.check_saveable(keras.Sequential([keras.layers.Dense(1, activation="snake")]))
        """,
        tmp_path,
    )
    added = json.loads(printed)
    # Older versions of Keras load some parts of it late.
    assert {name.partition(".")[0] for name in added} - sys.stdlib_module_names - {"keras"} == {"keras_acts"}
    for part in ("testing", "experiments", "plots", "cli"):
        assert f"keras_acts.{part}" not in added
