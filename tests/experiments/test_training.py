"""The fast training is the training that `fit` does, and leaves no trace from one run to the next."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_acts.experiments.runs.probes import Probe
from keras_acts.experiments.runs.records import Run
from keras_acts.experiments.runs.trainer import Trainer
from keras_acts.experiments.task import data, networks

SMALL = Run(
    data="digits", model="mlp(width=32)", activation="gelu", learning_rate=1e-2, seed=3, epochs=2, batch_size=200
)


def normalized(activation, input_shape, outputs):
    """A network with statistics over a batch, of a user's own."""
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(16),
            keras.layers.BatchNormalization(),
            keras.layers.Activation(activation()),
            keras.layers.Dense(outputs, activation="softmax", kernel_regularizer="l2"),
        ]
    )


@pytest.fixture(scope="module")
def split():
    return data.load("digits", 3)


@pytest.fixture(scope="module")
def trainer(split):
    return Trainer(SMALL, split)


@pytest.fixture(scope="module")
def record(trainer, split):
    return trainer.train(SMALL, split)


def same(record):
    """A record without what a clock says."""
    return dataclasses.replace(record, seconds=0.0, step_seconds=0.0)


def test_a_run_learns_and_records_every_epoch(record):
    assert set(record.history) == {"loss", "metric", "val_loss", "val_metric"}
    assert all(len(values) == SMALL.epochs for values in record.history.values())
    assert record.history["loss"][1] < record.history["loss"][0]
    # Categorical, not binary, cross-entropy of ten classes starts near log 10 = 2.3.
    assert 1.5 < record.history["loss"][0] < 2.6
    assert record.score > 0.5  # chance is 0.1
    assert (record.metric_name, record.higher_is_better, record.diverged) == ("accuracy", True, False)
    assert record.parameters == 64 * 32 + 32 + 32 * 32 + 32 + 32 * 10 + 10
    assert record.seconds > 0.0
    assert set(record.versions) == {"keras_acts", "keras", "tensorflow", "numpy", "python"}


def test_a_run_is_repeatable_bit_for_bit(trainer, record, split):
    trainer.train(dataclasses.replace(SMALL, seed=8, learning_rate=0.1), data.load("digits", 8))  # leaves no trace
    assert same(trainer.train(SMALL, split)) == same(record)
    assert same(Trainer(SMALL, split).train(SMALL, split)) == same(record)  # compiled anew


@pytest.mark.slow
def test_a_cnn_run_is_repeatable_bit_for_bit(split):
    """With dropout, whose random numbers must start from the seed again."""
    run = dataclasses.replace(SMALL, model="cnn", activation="selu", epochs=1, batch_size=400)
    trainer = Trainer(run, split)
    first = trainer.train(run, split)
    trainer.train(dataclasses.replace(run, seed=4), split)
    assert same(trainer.train(run, split)) == same(first)


def test_training_does_not_see_the_test_data(trainer, record, split):
    spoilt = dataclasses.replace(split.test, x=1.0 - split.test.x, y=(split.test.y + 1) % 10)
    other = trainer.train(SMALL, dataclasses.replace(split, test=spoilt))
    assert other.history == record.history
    assert other.loss != record.loss


def fitted(run, split):
    """The same run by Keras' own `fit`: a new model, the same first weights, the same order of batches."""
    keras.utils.set_random_seed(run.seed)
    model = networks.builder(run.model, run.activation, split.train.x.shape[1:], split.outputs)().model
    softmax = getattr(model.layers[-1], "activation", None) is keras.activations.softmax
    loss = "mse" if split.classes is None else keras.losses.SparseCategoricalCrossentropy(from_logits=not softmax)
    metric = "mse" if split.classes is None else "accuracy"
    optimizer = {
        (): keras.optimizers.Adam(run.learning_rate),
        (("optimizer", "sgd"),): keras.optimizers.SGD(run.learning_rate, momentum=0.9),
        (("optimizer", "adamw(weight_decay=0.3)"),): keras.optimizers.AdamW(run.learning_rate, weight_decay=0.3),
    }[run.settings]
    model.compile(loss=loss, optimizer=optimizer, metrics=[metric])
    random = np.random.default_rng(run.seed)
    history = {"loss": [], metric: [], "val_loss": [], f"val_{metric}": []}
    for _ in range(run.epochs):
        order = random.permutation(len(split.train.x))
        done = model.fit(
            split.train.x[order],
            split.train.y[order],
            batch_size=run.batch_size,
            shuffle=False,
            validation_data=(split.validation.x, split.validation.y),
            verbose=0,
        )
        for name, values in done.history.items():
            history[name] += values
    tested = model.evaluate(split.test.x, split.test.y, verbose=0, return_dict=True)
    return list(history.values()), tested[metric]


@pytest.mark.parametrize(
    "changes",
    [
        {},  # 1077 samples in batches of 200: the last one is smaller
        pytest.param({"model": f"{__name__}:normalized"}, marks=pytest.mark.slow),
        pytest.param({"settings": (("optimizer", "adamw(weight_decay=0.3)"),)}, marks=pytest.mark.slow),
        pytest.param(
            {
                "data": "diabetes",
                "model": "mlp(width=16)",
                "activation": "PReLU",
                "batch_size": 64,
                "settings": (("optimizer", "sgd"),),
            },
            marks=pytest.mark.nightly,
        ),
    ],
    ids=["mlp", "batch-normalization", "weight-decay", "regression-layer-sgd"],
)
def test_curves_are_those_of_fit(changes, record):
    run = dataclasses.replace(SMALL, **changes)
    own = data.load(run.data, run.seed)
    ours = Trainer(run, own).train(run, own) if changes else record
    curves, tested = fitted(run, own)
    if own.classes is None:
        assert (ours.metric_name, ours.higher_is_better) == ("mse", False)
        assert ours.history["loss"] == ours.history["metric"]
        assert ours.score == ours.loss
    for name, curve in zip(("loss", "metric", "val_loss"), curves, strict=False):
        np.testing.assert_allclose(ours.history[name], curve, rtol=2e-3, err_msg=name)
    # One image of 360 may fall on the other side.
    assert ours.history["val_metric"] == pytest.approx(curves[3], abs=0.003, rel=2e-3)
    assert ours.score == pytest.approx(tested, abs=0.003, rel=2e-3)


def test_all_activations_start_from_the_same_draw():
    """First weights of relu and gelu differ by gain only."""
    kernels = []
    for activation in ("relu", "gelu"):
        keras.utils.set_random_seed(5)
        model = networks.builder("mlp(width=8)", activation, (8, 8, 1), 10)().model
        kernels.append([keras.ops.convert_to_numpy(layer.kernel) for layer in model.layers if hasattr(layer, "kernel")])
    for relu, gelu in zip(*kernels, strict=True):
        ratio = gelu / relu
        np.testing.assert_allclose(ratio, ratio.flat[0], rtol=1e-5)


def test_a_diverged_run_is_recorded(trainer, split):
    run = dataclasses.replace(SMALL, learning_rate=1e35)
    record = trainer.train(run, split)
    assert record.diverged
    assert not np.isfinite(record.history["loss"][-1])
    assert not trainer.train(SMALL, split).diverged


# ---- Layers ----------------------------------------------------------------------------------------------------------


def test_every_layer_with_a_kernel_is_looked_at(record):
    assert [layer.name for layer in record.layers] == ["dense_1", "dense_2", "dense_3"]
    for layer in record.layers:
        assert layer.gradient_start > 0.0
        assert layer.gradient_end > 0.0
    assert record.layers[-1].dead_start is None  # the logits
    assert record.layers[0].dead_start == 0.0  # gelu


def probe(model, activation, x):
    """A network for images of digits, and a probe in it."""
    network, activations = networks.builder(model, activation, x.shape[1:], 10)()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    return network, Probe(network, activations, lambda outputs, y: loss(y, outputs))


def test_dead_and_saturated_units_are_counted(split):
    x, y = split.train.x[:200], split.train.y[:200]
    network, looking = probe("mlp(width=10, depth=1)", "relu", x)
    dense = next(layer for layer in network.layers if isinstance(layer, keras.layers.Dense))
    kernel = np.zeros((64, 10), "float32")
    kernel[:, 9] = np.random.default_rng(0).normal(size=64)
    projected = x.reshape(200, 64) @ kernel[:, 9]
    threshold = np.quantile(projected, 0.95)
    dense.kernel.assign(kernel)
    dense.bias.assign([-1e3, -1e3, -1e3, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -threshold])
    look = looking.look(x, y)
    assert look[0, 1] == pytest.approx(0.3)  # three never fire
    assert (projected > threshold).mean() == 0.05
    assert look[0, 2] == pytest.approx(0.4)  # one fires for less than a tenth of the samples


def test_gradient_norms_are_those_of_the_loss(split):
    """Against the formula of softmax regression: gradient = x^T (p - y) / n."""
    x, y = split.train.x[:50], split.train.y[:50]
    network, looking = probe(f"{__name__}:linear", "relu", x)
    kernel, bias = (keras.ops.convert_to_numpy(weight).astype("float64") for weight in network.weights)
    flat = x.reshape(50, 64).astype("float64")
    scores = np.exp(flat @ kernel + bias)
    p = scores / scores.sum(axis=1, keepdims=True)
    expected = np.linalg.norm(flat.T @ (p - np.eye(10)[y])) / 50.0
    assert looking.look(x, y)[0, 0] == pytest.approx(expected, rel=1e-5)


def linear(activation, input_shape, outputs):
    """Softmax regression: an activation that is made and not taken."""
    activation()
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(outputs)])


def wrong_outputs(activation, input_shape):
    """A network for other data."""
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(3, activation())])


def test_a_network_that_does_not_fit_the_data_is_refused(split):
    with pytest.raises(
        ValueError, match=r"must have outputs of shape \(None, 10\) for these data. Received: \(None, 3\)"
    ):
        Trainer(dataclasses.replace(SMALL, model=f"{__name__}:wrong_outputs"), split)
