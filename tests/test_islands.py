"""`fuse_in_training`: compiled islands in training steps, and nowhere else."""

import random

import keras
import numpy as np
import pytest
import stored_oracle
import subjects
import tensorflow as tf
from subjects import ELEMENTWISE

import keras_acts
from keras_acts.core import islands
from keras_acts.testing import contract

ONE_KERNEL = ["relu", "relu6", "identity"]
GATED = ["gelu", "mish", "snake"]


@pytest.fixture
def fused():
    keras_acts.fuse_in_training()
    yield
    keras_acts.fuse_in_training(False)


def graphs_of(function):
    """The definitions of a concrete function and all that it calls."""
    definition = function.graph.as_graph_def()
    return definition.library.function


def compiled_in(function):
    """How many functions of a concrete function XLA must compile."""
    return sum(each.attr["_XlaMustCompile"].b for each in graphs_of(function))


def gradient_of(fn):
    """A step as of training: the gradient by a tape, in a graph."""

    @tf.function(autograph=False)
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return y, tape.gradient(y, x)

    return step


SPEC = tf.TensorSpec((None, 8), "float32")
X = np.linspace(-6.0, 6.0, 64, dtype="float32").reshape(8, 8)


def network(*activations, seed=0):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(8, activation=activation) for activation in activations]
    model = keras.Sequential([keras.Input((8,)), *layers, keras_acts.layers.PReLU(), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    return model


@pytest.mark.parametrize("name", GATED)
def test_off_at_first(name):
    assert compiled_in(gradient_of(keras_acts.get(name)).get_concrete_function(SPEC)) == 0


@pytest.mark.parametrize("name", GATED)
def test_value_and_gradient_are_an_island_each(fused, name):
    assert compiled_in(gradient_of(keras_acts.get(name)).get_concrete_function(SPEC)) == 2


@pytest.mark.parametrize("name", [*ONE_KERNEL, *sorted(set(keras_acts.names()) - set(ELEMENTWISE))])
def test_one_kernel_and_functions_over_an_axis_stay_as_they_are(fused, name):
    assert compiled_in(gradient_of(keras_acts.get(name)).get_concrete_function(SPEC)) == 0


@pytest.mark.nightly
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_contract_with_islands(fused, name):
    judged = subjects.subject(name, judge=stored_oracle.Judge(name), dtypes=["float32", "float16"], modes=("graph",))
    assert [finding for check in contract.CHECKS_BY_MODE for finding in check(judged)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", random.Random(0).sample(ELEMENTWISE, 3))
def test_contract_with_islands_of_some(fused, name):
    judged = subjects.subject(name, judge=stored_oracle.Judge(name), dtypes=["float32"], modes=("graph",))
    assert contract.check_accuracy(judged) == []


def test_a_fit_gives_what_it_gives_without(fused):
    def losses():
        return network(*GATED).fit(X, X[:, :1], batch_size=3, epochs=3, verbose=0).history["loss"]

    with_islands = losses()
    keras_acts.fuse_in_training(False)
    np.testing.assert_allclose(with_islands, losses(), rtol=1e-5)


def test_second_derivatives_of_an_island(fused):
    def bend(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = keras_acts.get("gelu")(x)
        return tape.gradient(y, x)

    second = gradient_of(bend)(X)[1]
    expected = keras_acts.info("gelu").second_derivative(X)
    np.testing.assert_allclose(second, expected, rtol=1e-5, atol=1e-6)


def exported_by_keras(model, folder):
    model.export(folder / "keras", verbose=False)
    return tf.saved_model.load(str(folder / "keras")).signatures["serving_default"]


def saved_by_tensorflow(model, folder):
    tf.saved_model.save(model, str(folder / "tf"))
    return tf.saved_model.load(str(folder / "tf")).signatures["serving_default"]


def saved_with_gradients(model, folder):
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    module = tf.Module()
    module.model = model
    module.call = tf.function(model, input_signature=[SPEC], autograph=False)
    tf.saved_model.save(module, str(folder / "gradients"), signatures=module.call, options=options)
    return tf.saved_model.load(str(folder / "gradients")).signatures["serving_default"]


def concrete(model, folder):
    return tf.function(model, autograph=False).get_concrete_function(SPEC)


SLOW_EXPORTS = [pytest.param(each, marks=pytest.mark.slow) for each in (saved_by_tensorflow, saved_with_gradients)]


@pytest.mark.parametrize("export", [exported_by_keras, concrete, *SLOW_EXPORTS])
def test_no_island_in_an_exported_graph(fused, tmp_path, export):
    model = network(*GATED)
    model.fit(X, X[:, :1], verbose=0)  # traced with islands before
    assert compiled_in(export(model, tmp_path)) == 0


@pytest.mark.slow
@pytest.mark.second_oracle
@pytest.mark.filterwarnings("ignore")  # tf2onnx' own, of NumPy and protobuf
def test_onnx_has_operations_of_its_own_only(fused, tmp_path):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("tf2onnx", reason="tf2onnx is not installed")
    from onnx.reference import ReferenceEvaluator

    model = network("silu", "mish", "snake")
    model.fit(X, X[:, :1], verbose=0)
    path = str(tmp_path / "model.onnx")
    model.export(path, format="onnx", verbose=False)
    assert {node.domain for node in onnx.load(path).graph.node} == {""}
    evaluator = ReferenceEvaluator(path)
    (got,) = evaluator.run(None, {evaluator.input_names[0]: X})
    np.testing.assert_allclose(got, model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings(r"ignore:\s*Warning. tf.lite.Interpreter is deprecated")
def test_litert_needs_no_xla(fused, tmp_path):
    model = network(*GATED)
    model.fit(X, X[:, :1], verbose=0)
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    interpreter = tf.lite.Interpreter(str(tmp_path / "model.tflite"))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], X[:1])
    interpreter.invoke()
    got = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(got, model.predict(X[:1], verbose=0), rtol=1e-4, atol=1e-5)


def test_new_batch_sizes_of_predictions_compile_nothing(fused, monkeypatch):
    model = network(*GATED)
    model.fit(X, X[:, :1], verbose=0)
    made = []
    monkeypatch.setattr(islands, "are_wanted", lambda wanted=islands.are_wanted: made.append(wanted()) or made[-1])
    for size in (1, 2, 3, 5):
        model.predict(X[:size], verbose=0)
        model.evaluate(X[:size], X[:size, :1], verbose=0)
    assert made
    assert not any(made)


def test_none_in_loops(fused):
    def recurrent(x):
        return tf.scan(lambda state, each: keras_acts.get("gelu")(state + each), x)

    assert compiled_in(gradient_of(recurrent).get_concrete_function(tf.TensorSpec((5, 8), "float32"))) == 0


def test_none_inside_what_is_compiled(fused):
    step = tf.function(gradient_of(keras_acts.get("gelu")), jit_compile=True, autograph=False)
    inner = [each for each in graphs_of(step.get_concrete_function(SPEC)) if each.attr["_XlaMustCompile"].b]
    assert len(inner) <= 1  # the whole


def test_none_under_determinism(fused, monkeypatch):
    from tensorflow.python.framework import config

    monkeypatch.setattr(config, "is_op_determinism_enabled", lambda: True)
    assert compiled_in(gradient_of(keras_acts.get("gelu")).get_concrete_function(SPEC)) == 0


def test_where_xla_does_not_compile_one_warning_and_plain_operations(monkeypatch):
    def refuse(function, jit_compile, **options):
        raise ValueError("no compiler here")

    islands._xla_works.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(tf, "function", refuse)
        with pytest.warns(UserWarning, match="no compiler here"):
            keras_acts.fuse_in_training()
    try:
        assert not islands._is_on
        assert compiled_in(gradient_of(keras_acts.get("gelu")).get_concrete_function(SPEC)) == 0
    finally:
        islands._xla_works.cache_clear()
