"""Activations arrive in worker processes: objects unaided, strings once the builder imports keras_acts.

loky is what scikit-learn and joblib start, spawn what `multiprocessing` does everywhere but on Linux.
"""

import json
import multiprocessing
import pickle
import re
import sys
import textwrap
from pathlib import Path

import fresh_process
import keras
import numpy as np
import pytest
from subjects import ELEMENTWISE, random_parameters

import keras_acts

DOCS = Path(__file__).parent.parent / "docs"

X = np.linspace(-3.0, 3.0, 13, dtype="float32")

# A module of the user's that knows Keras alone, but for one function.
BUILDERS = """
    import sys

    import keras
    import numpy as np

    X = np.linspace(-3.0, 3.0, 13, dtype="float32")

    def values(activation):
        layer = keras.layers.Dense(1, activation=activation, use_bias=False, kernel_initializer="ones")
        return keras.ops.convert_to_numpy(layer(X[:, None]))[:, 0]

    def unaided(activation):
        return values(activation)

    def tried(activation):
        known = "keras_acts" in sys.modules
        try:
            return known, values(activation)
        except ValueError as error:
            return known, str(error)

    def importing(activation):
        import keras_acts

        return values(activation)
"""


def in_spawned(tasks):
    with multiprocessing.get_context("spawn").Pool(1) as pool:  # one, so that the order is that of the tasks
        return [pool.apply(function, (activation,)) for function, activation in tasks]


def in_loky(tasks):
    from joblib.externals.loky import ProcessPoolExecutor

    with ProcessPoolExecutor(1) as pool:
        return [pool.submit(function, activation).result() for function, activation in tasks]


def drawn(rng):
    """Functions, functions with parameters drawn, and formulas, of which some have a name in this process."""
    names = rng.choice(ELEMENTWISE, 6, replace=False)
    yield from (keras_acts.get(name) for name in names)
    for name in names:
        if keras_acts.info(name).params:
            yield keras_acts.get(name, **random_parameters(name, rng))
    for i, text in enumerate(["x * sigmoid(a * x)", "a * tanh(x) + x", "max(x, a * sin(x))"]):
        a = float(rng.uniform(0.1, 2.0))
        yield keras_acts.define(text, params={"a": a})
        yield keras_acts.define(text, params={"a": a}, name=f"named_in_the_parent_{i}", replace=True)


@pytest.mark.slow
@pytest.mark.parametrize("run", [in_spawned, in_loky])
def test_objects_arrive_unaided_and_strings_with_the_import(run, tmp_path, monkeypatch):
    (tmp_path / "builders.py").write_text(textwrap.dedent(BUILDERS))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    import builders

    rng = np.random.default_rng(1)
    objects = list(drawn(rng))
    texts = ["snake", "elu(alpha=0.5)", "torch:LeakyReLU", "formula: a * tanh(x) + x, a=0.25"]
    name = "named_in_the_parent_0"
    first, *rest = run(
        [
            (builders.tried, "snake"),  # nothing has imported keras_acts: this is what the docs warn of
            *((builders.unaided, each) for each in objects),
            *((builders.importing, each) for each in texts),
            (builders.tried, name),
        ]
    )
    assert first[0] is False
    assert "snake" in first[1]
    for each, got in zip([*objects, *texts], rest, strict=False):
        wanted = keras.ops.convert_to_numpy(keras_acts.get(each)(X))
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-7, err_msg=str(each))
    known, said = rest[-1]  # a name made by `define` belongs to the process that made it
    assert known
    assert name in said
    monkeypatch.delitem(sys.modules, "builders")


def test_objects_come_back_from_what_workers_are_sent():
    cloudpickle = pytest.importorskip("cloudpickle")
    for activation in drawn(np.random.default_rng(2)):
        for module in (pickle, cloudpickle):
            again = module.loads(module.dumps(activation))
            assert again == activation
            np.testing.assert_array_equal(again(X), activation(X), err_msg=str(activation))


def code_of(page):
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.skipif(not DOCS.exists(), reason="the page is in the repository, not in the wheel")
def test_the_page_about_workers_runs(tmp_path):
    """With loky, from a `__main__`: its functions are sent by value."""
    after = "\nassert len(losses) == len(CANDIDATES) and all(0.0 < loss < 10.0 for loss in losses)\n"
    after += "assert all(0.0 <= score <= 1.0 for score in search.cv_results_['mean_test_score'])\n"
    fresh_process.run("\n".join(code_of("workers.md")) + after, tmp_path, PYTHONWARNINGS="default")


def builders_of(text):
    """The source of each function that makes a model for scikit-learn."""
    return re.findall(r"^def build\(.*?(?=^\S|\Z)", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not DOCS.exists(), reason="the texts are in the repository, not in the wheel")
@pytest.mark.parametrize("text", ["README.md", "README.zh-CN.md", "docs/workers.md", "notebooks/04_compare.ipynb"])
def test_every_grid_search_that_we_show_imports_in_its_builder_and_raises(text):
    path = DOCS.parent / text
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        source = "\n".join("".join(cell["source"]) for cell in json.loads(source)["cells"])
    builders = builders_of(source)
    assert builders
    assert [each for each in builders if "import keras_acts" not in each] == []
    searches = re.findall(r"= GridSearchCV\(.*?^\)", source, flags=re.MULTILINE | re.DOTALL)
    assert searches
    assert [each for each in searches if 'error_score="raise"' not in each] == []
