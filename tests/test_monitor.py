"""`ActivationMonitor`: its numbers against NumPy, and a training that it leaves as it is."""

import csv

import fresh_process
import keras
import matplotlib as mpl
import numpy as np
import pytest
from backends import values
from keras import layers
from matplotlib.figure import Figure
from test_replace import Block

import keras_acts
from keras_acts import plots
from keras_acts.callbacks import ActivationMonitor, Measurement, NonFinite
from keras_acts.inspection import activations_of, measuring

mpl.use("Agg")
NUMBERS = np.random.default_rng(0)
X, Y = np.float32(NUMBERS.normal(size=(32, 4))), np.float32(NUMBERS.normal(size=(32, 1)))


def model_of(*stack, shape=(4,), loss="mse", **options):
    model = keras.Sequential([keras.Input(shape), *stack])
    model.compile(keras.optimizers.SGD(0.01), loss, **options)
    return model


def first(monitor, layer):
    """The first measurement of a layer, by statistic."""
    return {each.statistic: each.value for each in monitor.records if each.layer == layer and each.step == 0}


def watched(model, x=X, y=Y, epochs=1, **options):
    probe = options.pop("probe", (x, y))
    monitor = ActivationMonitor(*probe, **options)
    history = model.fit(x, y, epochs=epochs, batch_size=8, verbose=0, shuffle=False, callbacks=[monitor])
    return monitor, history.history


def _sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


# By activation: value and slope, in NumPy; of the step the slope of its surrogate.
BY_HAND = {
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: (z > 0) * 1.0),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "swish": (lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1.0 + z * (1.0 - _sigmoid(z)))),
    "step(surrogate='fast_sigmoid', slope=2.0)": (
        lambda z: (z > 0) * 1.0,
        lambda z: 1.0 / (1.0 + 2.0 * np.abs(z)) ** 2,
    ),
}


def check_numbers(activation, seed):
    """A hidden layer with drawn scales, so that some units are dead or saturated."""
    numbers = np.random.default_rng(seed)
    hidden, out = layers.Dense(16, activation=activation, name="hidden"), layers.Dense(1, name="out")
    model = model_of(hidden, out)
    kernel, bias = numbers.normal(size=(4, 16)) * numbers.choice([0.1, 1.0, 8.0], 16), numbers.normal(size=16)
    bias += numbers.choice([-60.0, 0.0, 0.0, 60.0], 16)
    last = numbers.normal(size=(16, 1)) * 0.1
    hidden.set_weights([kernel, bias])
    out.set_weights([last, np.zeros(1)])
    probe = measuring.Probe(model, activations_of(model), X, Y)
    found = probe.look()[probe.places[0]]

    value, slope = BY_HAND[activation]
    z = np.float64(X) @ kernel + bias
    y, flat = value(z), np.abs(slope(z)) < 1e-2
    by_outputs = 2.0 / len(X) * (y @ last - Y) * last.T
    expected = {
        "mean": y.mean(),
        "variance": y.var(),
        "dead": flat.all(axis=0).mean(),
        "saturated": (flat.mean(axis=0) >= 0.9).mean(),
        "gradient_norm": np.linalg.norm(by_outputs * slope(z)),
    }
    assert found.keys() == expected.keys()
    for name, number in expected.items():
        np.testing.assert_allclose(found[name], number, rtol=2e-4, err_msg=name)
    return expected


@pytest.mark.parametrize(
    "activation", [*list(BY_HAND)[:2], pytest.param("swish", marks=pytest.mark.slow), list(BY_HAND)[3]]
)
def test_numbers(activation):
    dead = [check_numbers(activation, seed)["dead"] for seed in (1, 2)]
    assert max(dead) > 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mutant"),
    [
        ("_MOSTLY", 0.2),
        ("_axis_of_units", lambda place, z: 0),
        ("_slope", lambda place, z: keras_acts.core.operations.tanh(z)),
    ],
)
def test_the_check_bites(monkeypatch, name, mutant):
    monkeypatch.setattr(f"keras_acts.inspection.measuring.{name}", mutant)
    with pytest.raises(AssertionError):
        [check_numbers("relu", seed) for seed in (1, 2)]


def everything():
    """Nested, shared, recurrent, own, learned, over an axis, without a slope."""
    inputs = x = keras.Input((3, 4))
    x = layers.LSTM(4, return_sequences=True, name="lstm")(x)
    shared = layers.Dense(4, "tanh", name="shared")
    x = Block("gelu", name="block")(shared(shared(x)))
    x = keras.Sequential([layers.Dense(4, name="linear"), keras_acts.layers.PReLU(name="learned")], name="nested")(x)
    x = keras.ops.relu(layers.BatchNormalization()(layers.Dropout(0.2)(x)))
    x = layers.Flatten()(x)
    model = keras.Model(inputs, layers.Dense(3, "softmax", name="classes")(x))
    model.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model


SEQUENCES, CLASSES = np.float32(NUMBERS.normal(size=(16, 3, 4))), NUMBERS.integers(0, 3, 16)


@pytest.mark.slow
def test_every_kind_of_place():
    monitor, history = watched(everything(), SEQUENCES, CLASSES)
    of_layers = {}
    for record in monitor.records:
        of_layers.setdefault(record.layer, set()).add(record.statistic)
    usual = {"mean", "variance", "dead", "saturated", "gradient_norm"}
    in_lstm = {"lstm/lstm_cell", "lstm/lstm_cell.recurrent_activation"}
    in_block = {"block.bend", "block/dense", "block/activation", "block/sequential/activation_1"}
    names = {name.rpartition("_")[0] if name[-1].isdigit() else name for name in of_layers}
    assert in_lstm | {"shared", "block.bend", "nested/learned", "relu", "classes"} <= names
    assert len([name for name in of_layers if name.startswith("block")]) == len(in_block)
    assert of_layers.pop("classes") == usual - {"dead", "saturated"}  # softmax couples its inputs
    assert of_layers.pop("nested/learned") == usual | {"alpha"}
    assert all(found == usual for found in of_layers.values())
    alphas = [each.value for each in monitor.records if each.statistic == "alpha"]
    assert history["nested/learned/alpha"] == alphas[1:]
    assert alphas[0] == 0.25 != alphas[1]
    assert not any(record.layer == "nested/linear" for record in monitor.records)


def test_a_shared_layer_counts_with_all_its_calls():
    dense = layers.Dense(4, "tanh", name="shared")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, dense(dense(inputs)))
    model.compile("sgd", "mse")
    monitor, _ = watched(model, X, np.zeros((32, 4)))
    kernel, bias = (np.float64(weight) for weight in keras.models.clone_model(model).get_weights())
    assert first(monitor, "shared").keys() >= {"mean", "variance"}
    model.set_weights([kernel, bias])
    monitor, _ = watched(model, X, np.zeros((32, 4)))
    one = np.tanh(X @ kernel + bias)
    both = np.concatenate([one, np.tanh(one @ kernel + bias)])
    np.testing.assert_allclose(first(monitor, "shared")["variance"], both.var(), rtol=1e-4)


def normalized():
    return model_of(layers.Dense(4, "relu"), layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(1))


def check_left_alone(make, x, y, monitors):
    """Weights and losses after training, with random numbers and state, without a monitor and with one."""
    results = []
    for monitor in ([], monitors):
        keras.utils.set_random_seed(3)
        model = make()
        history = model.fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=monitor).history
        results.append(([values(weight) for weight in model.variables], history["loss"]))
        assert "train_step" not in vars(model)
    (weights, losses), (others, other_losses) = results
    assert losses == other_losses
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_is_left_alone():
    check_left_alone(normalized, X, Y, [ActivationMonitor(X, Y, every=1)])


@pytest.mark.slow
def test_training_of_every_kind_is_left_alone():
    check_left_alone(everything, SEQUENCES, CLASSES, [ActivationMonitor(SEQUENCES, CLASSES, every=1)])


@pytest.mark.slow
def test_that_check_bites():
    class Calls(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model(X, training=True)  # which moves the statistics of BatchNormalization

    with pytest.raises(AssertionError):
        check_left_alone(normalized, X, Y, [Calls()])


def test_when_and_where(tmp_path):
    model = model_of(layers.Dense(3, "relu", name="a"), layers.Dense(3, "tanh", name="b"), layers.Dense(1))
    monitor, history = watched(model, epochs=2, every=3, where="b", csv_path=tmp_path / "monitor.csv")
    times = list(dict.fromkeys((each.step, each.epoch) for each in monitor.records))
    assert times == [(0, 0), (3, 1), (4, 1), (6, 2), (8, 2)]
    assert {each.layer for each in monitor.records} == {"b"}
    with open(tmp_path / "monitor.csv", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == Measurement._fields
    assert [Measurement(int(a), int(b), c, d, float(e)) for a, b, c, d, e in rows] == monitor.records
    at_ends = [each.value for each in monitor.records if each.step in (4, 8) and each.statistic == "variance"]
    assert history["b/variance"] == at_ends
    assert len(history["loss"]) == len(at_ends)


def test_without_targets_there_is_no_gradient():
    monitor, _ = watched(model_of(layers.Dense(3, "relu", name="a"), layers.Dense(1)), probe=(X,))
    assert first(monitor, "a").keys() == {"mean", "variance", "dead", "saturated"}


def test_plot_over_depth_and_time():
    records = [(s, s, layer, "dead", (s + d) / 8) for s in (0, 4) for d, layer in enumerate(["a", "b", "c"])]
    ax = plots.draw_monitor([*records, (0, 0, "a", "mean", 9.0)], ax=Figure().subplots())
    np.testing.assert_array_equal(ax.get_images()[0].get_array(), [[0, 4 / 8], [1 / 8, 5 / 8], [2 / 8, 6 / 8]])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"`statistic` must be one of: dead. Received: statistic='death'"):
        plots.draw_monitor(records, "death")


@pytest.mark.tensorflow
def test_tensorboard_reads_it(tmp_path):
    accumulating = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    model = model_of(layers.Dense(3, "relu", name="a"), layers.Dense(3, "tanh", name="b"), layers.Dense(1))
    monitor, _ = watched(model, epochs=2, log_dir=tmp_path, histograms="b")
    events = accumulating.EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    events.Reload()
    import tensorflow as tf

    by_tag = {tag: [(e.step, e.tensor_proto) for e in events.Tensors(tag)] for tag in events.Tags()["tensors"]}
    written = [(step, float(tf.make_ndarray(proto))) for step, proto in by_tag["a/variance"]]
    expected = [(e.step, e.value) for e in monitor.records if (e.layer, e.statistic) == ("a", "variance")]
    np.testing.assert_allclose(written, expected, rtol=1e-6)
    assert [tag for tag in by_tag if "outputs" in tag] == ["b/outputs"]
    counts = [tf.make_ndarray(proto)[:, 2].sum() for _, proto in by_tag["b/outputs"]]
    assert counts == [32 * 3] * 3


# ---- NaN and infinity ------------------------------------------------------------------------------------------------


def hot(x):
    return keras.ops.exp(x * 1e4)


def told(model, x, y, **options):
    with pytest.warns(UserWarning, match="The first NaN or infinity is in epoch"):
        return watched(model, x, y, epochs=3, probe=(X,), **options)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("batch", "jit"),
    [(3, True), pytest.param(1, False, marks=pytest.mark.slow), pytest.param(4, True, marks=pytest.mark.slow)],
)
def test_the_layer_and_the_batch(jit, batch):
    x = np.zeros((32, 4), "float32")
    x[8 * batch - 1] = 1.0  # the only row that makes exp overflow
    start = keras.initializers.Ones()
    stack = [
        layers.Dense(4, "relu", kernel_initializer=start, name="a"),
        layers.Dense(4, hot, kernel_initializer=start, name="b"),
    ]
    model = model_of(*stack, layers.Dense(1, name="c"), jit_compile=jit)
    model.optimizer.learning_rate = 0.0
    monitor, history = told(model, x, np.zeros((32, 1)), on_nonfinite="stop")
    assert monitor.first_nonfinite == NonFinite(1, batch, "the outputs of 'b'")
    assert len(history["loss"]) == 1


@pytest.mark.tensorflow
def test_data_that_are_not_finite():
    x = X.copy()
    x[20] = np.nan
    monitor, history = told(model_of(layers.Dense(1, "tanh")), x, Y)
    assert monitor.first_nonfinite == NonFinite(1, 3, "the data")
    assert len(history["loss"]) == 3


def test_a_loss_that_is_not_finite():
    y = Y.copy()
    y[10] = np.inf
    assert told(model_of(layers.Dense(1, "tanh")), X, y)[0].first_nonfinite == NonFinite(1, 2, "the loss")


# ---- Ways to train ---------------------------------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_data_sets_and_half_precision():
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    stack = [layers.Dense(8, "tanh", name="a"), layers.Dense(1, name="out", dtype="float32")]
    model = model_of(*stack)
    model.set_weights([weight * 0.5 for weight in model.get_weights()])
    half = model_of(
        layers.Dense(8, "tanh", name="a", dtype="mixed_float16"), layers.Dense(1, name="out", dtype="float32")
    )
    half.set_weights(model.get_weights())
    found = []
    for each in (model, half):
        monitor = ActivationMonitor(data)
        each.fit(data, verbose=0, shuffle=False, callbacks=[monitor])
        found.append(first(monitor, "a"))
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=0.02, err_msg=name)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_two_devices(tmp_path):
    said = fresh_process.run(
        """
        import keras, numpy as np, tensorflow as tf
        from keras_acts.callbacks import ActivationMonitor
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        x = np.float32(np.random.default_rng(0).normal(size=(32, 4)))
        x[30] = np.nan  # in the second half of the last batch: on the second device
        with strategy.scope():
            dense = keras.layers.Dense
            model = keras.Sequential([keras.Input((4,)), dense(4, "relu", name="a"), dense(1)])
            model.compile("sgd", "mse")
        monitor = ActivationMonitor(x[:16], np.zeros((16, 1)), on_nonfinite="stop")
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(x, np.zeros((32, 1)), batch_size=16, verbose=0, shuffle=False, callbacks=[monitor])
        print(monitor.first_nonfinite, len(monitor.records))
        """,
        tmp_path,
    )
    assert said.splitlines()[-1] == "NonFinite(epoch=1, batch=2, layer='the data') 10"


# ---- Bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"every": 0}, "`every` of ActivationMonitor must be an integer >= 1. Received: every=0"),
        ({"every": "batch"}, "`every` of ActivationMonitor must be 'epoch' or an int >= 1. Received: every='batch'"),
        ({"eps": 0.0}, "`eps` of ActivationMonitor must be a finite number > 0"),
        ({"on_nonfinite": "raise"}, "`on_nonfinite` of ActivationMonitor must be one of 'warn', 'stop'"),
        ({"x": np.full((3, 4), np.nan)}, "must be a batch of finite numbers"),
        ({"x": np.zeros((0, 4))}, "Received: shape=(0, 4)"),
        ({"x": 3.0}, "Received: 3.0"),
    ],
)
def test_bad_arguments(arguments, text):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        ActivationMonitor(**{"x": X, **arguments})
    assert text in str(raised.value)


def test_nothing_to_monitor():
    with pytest.raises(ValueError, match="`where` must fit an activation of the model: dense"):
        watched(model_of(layers.Dense(1, "relu", name="dense")), where="hidden")
