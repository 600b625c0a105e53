"""Models with our activations come back from every format: same process, new process, with and without keras_acts."""

import copy
import functools
import json
import pickle

import fresh_process
import keras
import numpy as np
import pytest
from backends import LOADED_BY_OLD_KERAS, gradient, trained_once, values

import keras_acts

NAMES = keras_acts.names()
WITH_PARAMETERS = [name for name in NAMES if keras_acts.info(name).params]
X = np.random.default_rng(0).normal(scale=2.0, size=(5, 4)).astype("float32")


@functools.cache
def bound(name):
    """The activation with all parameters off their defaults, so that a lost one is missed, or the bare function."""
    given = {}
    for key, param in keras_acts.info(name).params.items():
        default = param.default or 0
        others = {
            bool: [not default],
            int: [default - 1, default + 1, default - 2, default + 2],  # -2 for an axis of -1
            float: [1.5 * default, 0.75, 0.5 * default, 0.25],
            str: param.choices[::-1],
        }[param.kind]
        if not param.applies(given):
            continue
        given[key] = next(other for other in others if other != param.default and is_legal(name, {**given, key: other}))
    return keras_acts.get(name, **given)


def is_legal(name, params):
    try:
        return bool(keras_acts.get(name, **params))
    except ValueError:
        return False


def model_of_all():
    """Every activation in a Dense layer, with parameters where it takes some, and by itself on a symbolic tensor."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(3, name="hidden")(inputs)
    in_layers = [keras.layers.Dense(2, activation=bound(name), name=f"dense_{name}")(hidden) for name in NAMES]
    by_itself = [keras_acts.get(name)(hidden) for name in NAMES]
    return keras.Model(inputs, keras.layers.Concatenate()([*in_layers, *by_itself]))


def expected(model):
    """The output of `model_of_all`, from its weights and the functions alone.

    By the backend's own product: finer(w0=45) makes 1e-4 of its last bit.
    """
    hidden = values(model.get_layer("hidden")(X))
    in_layers = []
    for name in NAMES:
        kernel, bias = model.get_layer(f"dense_{name}").get_weights()
        in_layers.append(bound(name)(keras.ops.add(keras.ops.matmul(hidden, kernel), bias)))
    outputs = [*in_layers, *(keras_acts.get(name)(hidden) for name in NAMES)]
    return np.concatenate([values(output) for output in outputs], axis=-1)


@pytest.fixture(scope="module")
def model():
    return model_of_all()


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    """A folder with the model in every format."""
    folder = tmp_path_factory.mktemp("saved")
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    (folder / "model.json").write_text(model.to_json())
    model.save_weights(folder / "model.weights.h5")
    (folder / "model.pickle").write_bytes(pickle.dumps(model))
    np.save(folder / "x.npy", X)
    np.save(folder / "expected.npy", expected(model))
    for bare in ("snake", "snake(frequency=2.0)"):
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation=bare)]).save(
            folder / f"{len(bare)}.keras"
        )
    return folder


@pytest.fixture
def exported(model, saved):
    """The folder, with a SavedModel too and what that should give."""
    # One call of each is enough for the export, which traces everything twice.
    by_itself = keras.Model(model.input, model.layers[-1].input[-len(NAMES) :])
    by_itself.export(saved / "saved_model", format="tf_saved_model", verbose=False)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        x = tf.constant(X)
        tape.watch(x)
        outputs = by_itself(x)
    np.save(saved / "exported.npy", np.concatenate(outputs, axis=-1))
    np.save(saved / "gradient.npy", tape.gradient(outputs, x))
    return saved


def from_json(folder, **options):
    model = keras.models.model_from_json((folder / "model.json").read_text(), **options)
    model.load_weights(folder / "model.weights.h5")
    return model


def cloned(model):
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    return clone


COPIES = {
    ".keras": lambda model, folder: keras.models.load_model(folder / "model.keras", safe_mode=True),
    ".h5": lambda model, folder: keras.models.load_model(folder / "model.h5", safe_mode=True),
    "json and weights": lambda model, folder: from_json(folder),
    "pickle": lambda model, folder: pickle.loads((folder / "model.pickle").read_bytes()),
    "clone_model": lambda model, folder: cloned(model),
    "deepcopy": lambda model, folder: copy.deepcopy(model),
}


PER_CHANGE = (".keras", ".h5")


@pytest.mark.filterwarnings(LOADED_BY_OLD_KERAS)
@pytest.mark.parametrize(
    "form", [pytest.param(form, marks=[] if form in PER_CHANGE else pytest.mark.slow) for form in COPIES]
)
def test_every_activation_comes_back_in_the_same_process(form, model, saved):
    again = COPIES[form](model, saved)
    assert again is not model
    np.testing.assert_allclose(values(again(X)), expected(model), rtol=1e-6, atol=1e-6)
    for name in NAMES:
        assert again.get_layer(f"dense_{name}").activation == bound(name)


@pytest.mark.slow
def test_every_activation_comes_back_in_a_new_process(saved):
    fresh_process.run(
        """
        import pickle
        import keras, keras_acts, numpy as np, pathlib

        x, expected = np.load("x.npy"), np.load("expected.npy")
        from_json = keras.models.model_from_json(pathlib.Path("model.json").read_text())
        from_json.load_weights("model.weights.h5")
        for model in (
            keras.models.load_model("model.keras", safe_mode=True),
            keras.models.load_model("model.h5", safe_mode=True),
            from_json,
            pickle.loads(pathlib.Path("model.pickle").read_bytes()),
        ):
            np.testing.assert_allclose(model(x), expected, rtol=1e-6, atol=1e-6)
        """,
        saved,
    )


@pytest.mark.slow
def test_without_the_import_exports_run_and_models_fail_with_keras_message(exported):
    """In one process: a new one takes seconds."""
    printed = fresh_process.run(
        """
        import sys
        import tensorflow as tf, numpy as np

        x = tf.constant(np.load("x.npy"))
        served = tf.saved_model.load("saved_model")
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = served.serve(x)
        np.testing.assert_allclose(np.concatenate(outputs, axis=-1), np.load("exported.npy"), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(tape.gradient(outputs, x), np.load("gradient.npy"), rtol=1e-4, atol=1e-5)

        import keras
        for name in ("5.keras", "20.keras"):
            try:
                keras.models.load_model(name)
            except TypeError as error:
                print(error)
        assert "keras_acts" not in sys.modules
        """,
        exported,
    )
    if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 10):
        assert "Could not interpret activation function identifier" in printed
        assert "'config': 'keras_acts>activations.snake'" in printed
    else:
        assert "Could not locate function 'keras_acts>activations.snake'. Make sure custom classes " in printed
        assert "Could not locate class 'BoundActivation'. Make sure custom classes " in printed
    assert "'registered_name': 'keras_acts>activations.BoundActivation'" in printed


def test_files_hold_the_registered_names(saved):
    layers = json.loads((saved / "model.json").read_text())["config"]["layers"]
    configs = {layer["config"].get("name"): layer for layer in layers}
    for name in NAMES:
        written = configs[f"dense_{name}"]["config"]["activation"]
        if name in WITH_PARAMETERS:
            assert written["registered_name"] == "keras_acts>activations.BoundActivation"
            assert written["config"] == {"activation": f"keras_acts>activations.{name}", "params": bound(name).params}
        else:
            assert written["config"] == f"keras_acts>activations.{name}"


# ---- Objects by themselves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))])
@pytest.mark.parametrize("name", NAMES)
def test_functions_and_bound_activations_are_copied_and_pickled(name, again):
    assert again(keras_acts.get(name)) is keras_acts.get(name)
    if name in WITH_PARAMETERS:
        assert again(bound(name)) == bound(name)
        assert again(bound(name)).params == bound(name).params


@pytest.mark.parametrize("name", NAMES)
def test_serialize_and_deserialize_mirror_keras(name):
    for activation in (keras_acts.get(name), bound(name)):
        config = keras_acts.activations.serialize(activation)
        assert config == keras.activations.serialize(activation)
        config = json.loads(json.dumps(config))
        assert keras_acts.activations.deserialize(config) == activation
        assert keras.activations.deserialize(config) == activation
        assert keras.activations.get(config) == activation
    assert keras_acts.activations.deserialize(name) is keras_acts.get(name)


# ---- Symbolic tensors -----------------------------------------------------------------------------------------------


def test_call_on_a_symbolic_tensor_is_one_registered_operation():
    x = keras.Input((4,))
    for activation in (keras_acts.activations.mish, keras_acts.get("elu", alpha=0.5)):
        model = keras.Model(x, activation(x))
        (operation,) = (op for op in model.operations if not isinstance(op, keras.Layer))
        assert keras.saving.get_registered_name(type(operation)) == "keras_acts>activations.ActivationOperation"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_symbolic_result_has_shape_and_dtype_of_the_input(dtype):
    for name in NAMES:
        y = keras_acts.get(name)(keras.Input((7, 4), dtype=dtype))
        assert y.shape == (None, 7, 4)
        assert y.dtype == dtype


@pytest.mark.filterwarnings(LOADED_BY_OLD_KERAS)
@pytest.mark.parametrize("spec", ["mish", "elu(alpha=0.5)", "softmax(axis=1)"])
def test_gradient_through_a_reloaded_functional_graph_is_the_eager_one(spec, tmp_path):
    activation = keras_acts.get(spec)
    inputs = keras.Input((4,))
    keras.Model(inputs, activation(inputs)).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(values(model(X)), values(activation(X)))
    through_graph, eager = (gradient(function, X, upstream=X[::-1].copy()) for function in (model, activation))
    np.testing.assert_array_equal(through_graph, eager)
    assert np.abs(through_graph).max() > 0.1


# ---- Inside training ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", NAMES)
def test_mixed_precision_layer_gives_the_function_of_the_compute_dtype(name, dtype):
    layer = keras.layers.Activation(
        name if not hasattr(keras.activations, name) else keras_acts.get(name), dtype=f"mixed_{dtype}"
    )
    y = layer(X)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    x = keras.ops.cast(X, dtype)
    exact = values(keras_acts.get(name)(keras.ops.cast(x, "float32")))
    ulp = {"float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    np.testing.assert_allclose(values(keras.ops.cast(y, "float32")), exact, rtol=1.02 * ulp, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_training_and_reloading_under_a_mixed_policy(policy, tmp_path):
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential(
            [
                keras.Input((5, 4)),
                keras.layers.Conv1D(4, 2, activation="snake"),
                keras.layers.LSTM(4, activation="lisht", recurrent_activation="hard_sigmoid_legacy"),
                keras.layers.Dense(4, activation="elu(alpha=0.5)"),
                keras.layers.Dense(1, dtype="float32"),
            ]
        )
        # A scale that cannot overflow: the step would be left out.
        sgd = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=16.0)
        model.compile(sgd, keras.losses.MeanSquaredError())
        x = np.random.default_rng(0).normal(size=(8, 5, 4)).astype("float32")
        before = model.get_weights()
        history = model.fit(x, np.ones((8, 1)), epochs=1, verbose=0)
        assert np.isfinite(history.history["loss"]).all()
        assert all(np.abs(a - b).max() > 0 for a, b in zip(model.get_weights(), before, strict=True))
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.layers[2].activation == keras_acts.get("elu(alpha=0.5)")
        np.testing.assert_array_equal(values(loaded(x)), values(model(x)))
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize("cell", [keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell])
def test_recurrent_layer_repeats_its_cell(cell):
    keras.utils.set_random_seed(0)
    layer = keras.layers.RNN(cell(3, activation="squareplus(b=2.0)" if cell is keras.layers.SimpleRNNCell else "snake"))
    sequence = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    together = layer(sequence)
    states = layer.cell.get_initial_state(2)
    for step in range(5):
        output, states = layer.cell(sequence[:, step], states)
    np.testing.assert_allclose(values(together), values(output), rtol=1e-5, atol=1e-6)
    for before, after in zip(*trained_once(layer, sequence), strict=True):
        assert np.isfinite(after).all()
        assert np.abs(after - before).max() > 0


@pytest.mark.slow
def test_graph_with_tensors_of_unknown_shape():
    """A static batch of unknown size is kept, and nothing but an axis needs the rank."""
    import tensorflow as tf

    without_axis = [name for name in NAMES if "axis" not in keras_acts.info(name).params]

    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32), tf.TensorSpec(None, tf.float32)])
    def graph(batch, any_rank):
        values = [keras_acts.get(name)(batch) for name in NAMES]
        assert {tuple(value.shape) for value in values} == {(None, 4)}
        return values, [keras_acts.get(name)(any_rank) for name in without_axis]

    values, of_any_rank = graph(X, X)
    for names, found in ((NAMES, values), (without_axis, of_any_rank)):
        for name, value in zip(names, found, strict=True):
            np.testing.assert_allclose(value, keras_acts.get(name)(X), rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.slow
def test_training_on_two_mirrored_devices_is_training_on_one(tmp_path):
    fresh_process.run(
        """
        import tensorflow as tf
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        import keras, keras_acts, numpy as np

        def trained():
            keras.utils.set_random_seed(0)
            inputs = keras.Input((4,))
            hidden = keras.layers.Dense(3)(inputs)
            specs = ["mish", "elu", "gelu", "softmax", "relu", "snake(frequency=2.0)", "relu(0.1, max_value=1)"]
            parts = [keras.layers.Dense(2, activation=keras_acts.get(spec))(hidden) for spec in specs]
            model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()(parts)))
            model.compile(keras.optimizers.SGD(0.01), "mse")
            x = np.random.default_rng(0).normal(size=(16, 4)).astype("float32")
            before = model.get_weights()
            model.fit(x, x[:, :1], batch_size=8, shuffle=False, verbose=0)
            return before, model.get_weights()

        before, alone = trained()
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        with strategy.scope():
            _, mirrored = trained()
        assert strategy.num_replicas_in_sync == 2
        moved = [np.abs(a - b).max() > 1e-6 for a, b in zip(before, alone)]
        assert np.mean(moved) > 0.9  # a rectifier may happen to be dead
        for b, c in zip(alone, mirrored):
            np.testing.assert_allclose(b, c, rtol=1e-4, atol=1e-5)
        """,
        tmp_path,
    )
