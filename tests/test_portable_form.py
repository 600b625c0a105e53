"""The portable form: every activation of operations alone that the targets of export know, as right as the others."""

import ast
import random
import threading
from pathlib import Path

import numpy as np
import pytest
import stored_oracle
import subjects
import tensorflow as tf
from subjects import ELEMENTWISE, VARIANTS

import keras_acts
from keras_acts.activations import _quadratic_angle
from keras_acts.core import form
from keras_acts.testing import contract

PACKAGE = Path(keras_acts.__file__).parent
# What some target lacks or gets wrong: only core may choose it, by the form.
NOT_PORTABLE = {"expm1", "log1p", "arctan", "arctanh", "arcsinh", "erf", "erfc", "softplus", "log_sigmoid", "gelu"}
NOT_PORTABLE |= {"celu", "silu", "tan", "sinh", "cosh", "fori_loop", "while_loop"}
# The same in TensorFlow's graphs, and rules for derivatives, which other exporters refuse.
NO_TARGET_HAS = {"Expm1", "Log1p", "Atan", "Erf", "Erfc", "Softplus", "Gelu", "Asinh", "Atanh", "IdentityN"}
NO_TARGET_HAS |= {"While", "StatelessWhile", "PartitionedCall", "StatefulPartitionedCall"}
SPEC = tf.TensorSpec((None, 8), "float32")
SPECS = [*keras_acts.names(), *VARIANTS]
SOME = random.Random(4).sample(SPECS, 20)


def bare_uses(tree):
    """Which operations of a module called `ops` a file uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ops":
            yield node.attr, node.lineno


def test_only_core_chooses_what_some_target_lacks():
    files = [file for part in ("activations", "layers", "authoring") for file in (PACKAGE / part).rglob("*.py")]
    uses = [(file, *use) for file in files for use in bare_uses(ast.parse(file.read_text(encoding="utf-8")))]
    assert len(uses) > 1000
    assert [f"{file}:{line} ops.{name}" for file, name, line in uses if name in NOT_PORTABLE] == []


def test_a_bare_operation_is_seen():
    assert list(bare_uses(ast.parse("y = 1.0 + ops.expm1(x)"))) == [("expm1", 1)]


def operations(function, portable=True):
    """What the graph of a function consists of, and of which dtypes."""

    def traced(x):
        if not portable:
            return function(x)
        with form.portable():
            return function(x)

    graph = tf.function(traced, autograph=False).get_concrete_function(SPEC).graph
    found = graph.get_operations()
    return {each.type for each in found}, {output.dtype.name for each in found for output in each.outputs}


def unportable(spec):
    types, dtypes = operations(keras_acts.get(spec))
    return sorted(types & NO_TARGET_HAS | dtypes & {"float64", "float16", "bfloat16"})


def test_no_operation_that_a_target_lacks():
    assert {spec: found for spec in SOME if (found := unportable(spec))} == {}


@pytest.mark.slow
def test_no_operation_that_a_target_lacks_in_any():
    assert {spec: found for spec in SPECS if (found := unportable(spec))} == {}


@pytest.mark.parametrize("spec", ["cloglog", "atan", "sin(w0=0.3)", "entmax15", "seagull"])
def test_the_plain_form_has_such_operations(spec):
    """So the check above would see them."""
    types, dtypes = operations(keras_acts.get(spec), portable=False)
    assert types & NO_TARGET_HAS | dtypes & {"float64"}


@pytest.mark.parametrize(
    "name",
    [
        "cloglog",
        "snake",
        *(pytest.param(name, marks=pytest.mark.slow) for name in random.Random(5).sample(ELEMENTWISE, 8)),
        *(pytest.param(name, marks=pytest.mark.nightly) for name in ELEMENTWISE),
    ],
)
def test_values_are_as_right_as_in_the_other_forms(name):
    judged = subjects.subject(name, judge=stored_oracle.Judge(name), dtypes=["float32"], modes=("graph",))

    def portable(x):
        with form.portable():
            return judged.fn(x)

    worst = [found.k for found in contract.measure(judged, portable, orders=0)]
    assert len(worst) == 1
    assert worst[0] <= 4.0


def off_by(w0):
    """By how much finer is off in float32 alone, where it turns 1e8 times, of what twice the digits leave."""
    x = np.random.default_rng(3).uniform(-1e4, 1e4, 4096).astype("float32")
    with form.portable():
        y = keras_acts.get(f"finer(w0={w0})")(tf.constant(x)).numpy()
    angle = w0 * (np.abs(x.astype("float64")) + 1.0) * x
    return np.max(np.abs(y - np.sin(angle)) / (1e-6 + 2.0**-46 * np.abs(angle)))


def test_a_frequency_keeps_the_digits_that_float32_does_not_have(monkeypatch):
    drawn = [1.91, *np.random.default_rng(4).uniform(0.1, 60.0, 5)]
    assert max(map(off_by, drawn)) < 1.0
    parts = _quadratic_angle._parts_of_number
    monkeypatch.setattr(_quadratic_angle, "_parts_of_number", lambda *number: (parts(*number)[0], 0.0))
    assert min(map(off_by, drawn)) > 10.0


def test_it_is_for_one_thread_and_ends_with_its_block():
    chosen = []
    with form.portable():
        assert form.chosen() == "portable"
        thread = threading.Thread(target=lambda: chosen.append(form.chosen()))
        thread.start()
        thread.join()
        with form.portable():
            pass
        assert form.chosen() == "portable"
    assert [*chosen, form.chosen()] == ["plain", "plain"]


@pytest.mark.parametrize("name", ["gelu", "mish"])
def test_it_wins_over_compiled_islands(name):
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = keras_acts.get(name)(x)
        return tape.gradient(y, x)

    def compiled(function):
        graph = tf.function(function, autograph=False).get_concrete_function(SPEC).graph
        return sum(each.attr["_XlaMustCompile"].b for each in graph.as_graph_def().library.function)

    def portable(x):
        with form.portable():
            return step(x)

    keras_acts.fuse_in_training()
    try:
        assert (compiled(step), compiled(portable)) == (2, 0)
    finally:
        keras_acts.fuse_in_training(False)
