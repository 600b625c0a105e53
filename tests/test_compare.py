"""The comparison: the data are kept apart, the networks are what they say, and a run can be repeated."""

import csv
import dataclasses
import functools
import math

import keras
import numpy as np
import pytest
from PIL import Image

import keras_acts
from keras_acts import experiments
from keras_acts.experiments import data, networks, report, runner
from keras_acts.experiments.plan import ACTIVATIONS, Plan, Run, runs

SMALL = Run(model="mlp", activation="gelu", seed=3, epochs=2, batch_size=256)


@pytest.fixture(scope="module")
def split():
    return data.digits(3)


@pytest.fixture(scope="module")
def record(split):
    return runner.run_one(SMALL, split)


def made_up(model, activation, seed, accuracy=0.5, loss=1.0):
    history = {"loss": (2.0, loss), "accuracy": (0.2, 0.4), "val_loss": (2.1, 1.1), "val_accuracy": (0.3, accuracy)}
    return runner.Record(
        Run(model, activation, seed, 2, 128), history, loss, accuracy, parameters=10, seconds=0.1 * (seed + 1)
    )


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# ---- Data ------------------------------------------------------------------------------------------------------------


def test_test_validation_and_training_data_are_disjoint_and_complete(split):
    parts = [split.train, split.validation, split.test]
    rows = np.concatenate([part.index for part in parts])
    assert len(rows) == 1797
    assert sorted(rows) == list(range(1797))
    assert [len(part.x) for part in parts] == [1077, 360, 360]
    images = [{image.tobytes() for image in part.x} for part in parts]
    assert not images[2] & (images[0] | images[1])


def test_every_part_has_all_classes_in_equal_shares(split):
    whole = np.mean(np.concatenate([part.y for part in (split.train, split.validation, split.test)]), axis=0)
    for part in (split.train, split.validation, split.test):
        assert part.x.shape[1:] == (8, 8, 1)
        assert part.x.dtype == np.float32
        assert part.x.min() == 0.0
        assert part.x.max() == 1.0
        assert part.y.dtype == np.float32
        assert (part.y.sum(axis=1) == 1.0).all()
        np.testing.assert_allclose(part.y.mean(axis=0), whole, atol=0.004)


def test_the_seed_chooses_the_split(split):
    np.testing.assert_array_equal(data.digits(3).test.index, split.test.index)
    assert not np.array_equal(data.digits(4).test.index, split.test.index)


# ---- Networks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["mlp", "cnn"])
@pytest.mark.parametrize(
    ("activation", "initializer", "dropout"),
    [
        ("selu", keras.initializers.LecunNormal, keras.layers.AlphaDropout),
        ("torch:SELU", keras.initializers.LecunNormal, keras.layers.AlphaDropout),
        ("relu", keras.initializers.HeNormal, keras.layers.Dropout),
        ("leaky_relu(negative_slope=0.1)", keras.initializers.HeNormal, keras.layers.Dropout),
        ("gelu", keras.initializers.HeNormal, keras.layers.Dropout),
        ("sigmoid", keras.initializers.GlorotUniform, keras.layers.Dropout),
    ],
)
def test_networks_have_what_belongs_to_their_activation(model, activation, initializer, dropout):
    network = networks.NETWORKS[model](activation, (8, 8, 1), 10)
    *hidden, output = [layer for layer in network.layers if hasattr(layer, "kernel_initializer")]
    assert hidden
    for layer in hidden:
        assert type(layer.kernel_initializer) is initializer
        assert layer.activation == keras_acts.get(activation)
    # One initializer in two layers would give them the same draw.
    assert len({id(layer.kernel_initializer) for layer in hidden}) == len(hidden)
    assert output.activation is keras.activations.softmax
    dropouts = [layer for layer in network.layers if "Dropout" in type(layer).__name__]
    assert [type(layer) for layer in dropouts] == [dropout, dropout]
    assert [layer.rate for layer in dropouts] == [0.25, 0.5]


def test_cnn_is_the_one_of_the_text():
    network = networks.build_cnn("relu", (8, 8, 1), 10)
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.kernel_size) for layer in convolutions] == [(32, (3, 3)), (64, (3, 3))]
    assert [layer.units for layer in network.layers if isinstance(layer, keras.layers.Dense)] == [128, 10]
    assert network.output_shape == (None, 10)


# ---- Plan ------------------------------------------------------------------------------------------------------------


def test_the_default_plan_is_the_main_job():
    planned = runs(Plan())
    assert len(planned) == len(set(planned)) == 24
    assert {run.activation for run in planned} == set(ACTIVATIONS)
    assert {run.model for run in planned} == {"mlp", "cnn"}
    assert {(run.seed, run.epochs, run.batch_size) for run in planned} == {(0, 15, 128), (1, 15, 128)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seeds": 0}, "`seeds` must be an integer >= 1. Received: seeds=0"),
        ({"epochs": -1}, "`epochs` must be an integer >= 1. Received: epochs=-1"),
        ({"batch_size": 2.5}, "`batch_size` must be an integer >= 1. Received: batch_size=2.5"),
        ({"seeds": True}, "`seeds` must be an integer >= 1. Received: seeds=True"),
        ({"models": ("rnn",)}, "`models` must be among: mlp, cnn. Received: 'rnn'"),
        ({"models": ("mlp", "mlp")}, "`models` must not hold a name twice. Received: 'mlp'"),
        ({"models": ()}, "`models` must be a non-empty tuple of strings. Received: models=()"),
        ({"activations": ()}, "`activations` must be a non-empty tuple of strings. Received: activations=()"),
        ({"activations": ("relu", "silu", "swish")}, "hold one activation twice. Received: 'silu' and 'swish'"),
        ({"activations": ("rellu",)}, "Unknown activation. Did you mean 'relu'"),
        ({"activations": ("elu(alpha=-1.0)",)}, "must be a finite number >= 0. Received: alpha=-1.0"),
    ],
)
def test_a_wrong_plan_is_refused(wrong, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared below
        Plan(**wrong)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


# ---- Runner ----------------------------------------------------------------------------------------------------------


def test_a_run_learns_and_records_every_epoch(record):
    assert set(record.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert all(len(values) == SMALL.epochs for values in record.history.values())
    assert record.history["loss"][1] < record.history["loss"][0]
    assert record.test_accuracy > 0.2  # chance is 0.1
    assert record.parameters == 26122
    assert record.seconds > 0.0


def test_a_run_is_repeatable_bit_for_bit(record, split):
    runner.run_one(dataclasses.replace(SMALL, activation="relu", epochs=1), split)  # must leave no trace
    again = runner.run_one(SMALL, split)
    assert again.history == record.history
    assert (again.test_loss, again.test_accuracy) == (record.test_loss, record.test_accuracy)


def test_a_cnn_run_is_repeatable_bit_for_bit(split):
    run = Run("cnn", "selu", 3, 1, 256)
    first, second = runner.run_one(run, split), runner.run_one(run, split)
    assert dataclasses.replace(first, seconds=0.0) == dataclasses.replace(second, seconds=0.0)


def test_training_does_not_see_the_test_data(record, split):
    spoilt = dataclasses.replace(split.test, x=1.0 - split.test.x, y=np.roll(split.test.y, 1, axis=1))
    other = runner.run_one(SMALL, dataclasses.replace(split, test=spoilt))
    assert other.history == record.history
    assert other.test_loss != record.test_loss


def test_history_is_what_fit_would_report(split):
    """One epoch in one batch: `fit` on the same state must give the same losses."""
    run = Run("mlp", "tanh", 5, 1, 4096)
    ours = runner.run_one(run, split)
    keras.utils.set_random_seed(run.seed)
    model = networks.build_mlp("tanh", (8, 8, 1), 10)
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(clipvalue=0.5), metrics=["accuracy"])
    order = np.random.default_rng(run.seed).permutation(len(split.train.x))
    fitted = model.fit(
        split.train.x[order],
        split.train.y[order],
        batch_size=4096,
        shuffle=False,
        validation_data=(split.validation.x, split.validation.y),
        verbose=0,
    )
    for name, values in fitted.history.items():
        assert ours.history[name][0] == pytest.approx(values[0], rel=1e-4)


def test_training_metrics_are_means_over_the_epoch(split, monkeypatch):
    """A model that never changes must give the same training loss for any size of batch, the last one being smaller."""
    monkeypatch.setattr(networks, "usual_dropout", lambda activation, rate: keras.layers.Dropout(0.0))
    monkeypatch.setattr(keras.optimizers, "Adam", functools.partial(keras.optimizers.Adam, learning_rate=0.0))
    by_size = [runner.run_one(Run("mlp", "relu", 0, 1, size), split).history["loss"][0] for size in (1000, 4096)]
    assert by_size[0] == pytest.approx(by_size[1], rel=1e-5)


def test_all_activations_see_the_same_batches(split, monkeypatch):
    seen = []
    train_on_batch = keras.Sequential.train_on_batch

    def spy(model, x, y, **options):
        seen[-1].append(x.copy())
        return train_on_batch(model, x, y, **options)

    monkeypatch.setattr(keras.Sequential, "train_on_batch", spy)
    for activation in ("relu", "sigmoid"):
        seen.append([])
        runner.run_one(Run("mlp", activation, 3, 1, 512), split)
    assert [len(batch) for batch in seen[0]] == [512, 512, 53]
    for first, second in zip(*seen, strict=True):
        np.testing.assert_array_equal(first, second)


def test_the_loss_is_categorical_cross_entropy(split, record):
    """An untrained classifier of ten classes starts near log 10 = 2.3; binary cross-entropy would start near 0.33."""
    assert 1.0 < record.history["val_loss"][0] < 2.6


def test_execute_hands_out_records_one_by_one(split):
    loaded = []

    def load(seed):
        loaded.append(seed)
        return split

    results = runner.execute([dataclasses.replace(SMALL, epochs=1, seed=seed) for seed in (0, 1)], load)
    assert loaded == []
    assert next(results).run.seed == 0
    assert loaded == [0]
    assert [record.run.seed for record in results] == [1]


def test_compare_is_one_call():
    records = experiments.compare(["relu", "elu(alpha=0.5)"], models=["mlp"], seeds=1, epochs=1)
    assert [record.run.activation for record in records] == ["relu", "elu(alpha=0.5)"]


# ---- Report ----------------------------------------------------------------------------------------------------------


def test_summary_has_mean_and_spread_best_first():
    records = [
        made_up("mlp", "relu", 0, accuracy=0.5),
        made_up("mlp", "gelu", 0, accuracy=0.75),
        made_up("mlp", "relu", 1, accuracy=0.7),
        made_up("mlp", "gelu", 1, accuracy=0.75),
        made_up("cnn", "relu", 0, accuracy=0.9, loss=math.nan),
    ]
    rows = report.summarize(records)
    assert [(row.model, row.activation, row.seeds) for row in rows] == [
        ("mlp", "gelu", 2),
        ("mlp", "relu", 2),
        ("cnn", "relu", 1),
    ]
    assert rows[1].test_accuracy_mean == pytest.approx(0.6)
    assert rows[1].test_accuracy_sd == pytest.approx(0.2 / math.sqrt(2.0))
    assert rows[0].test_accuracy_sd == 0.0
    assert math.isnan(rows[2].test_accuracy_sd)  # one seed has no spread
    assert [row.diverged for row in rows] == [0, 0, 1]


def test_csv_files_hold_every_run_and_every_epoch(tmp_path):
    records = [made_up("mlp", name, seed) for name in ("relu", "elu(alpha=0.5)") for seed in (0, 1)]
    report.write_csv(records, tmp_path)
    table = rows_of(tmp_path / "runs.csv")
    assert [(row["activation"], row["seed"]) for row in table] == [
        ("relu", "0"),
        ("relu", "1"),
        ("elu(alpha=0.5)", "0"),
        ("elu(alpha=0.5)", "1"),
    ]
    history = rows_of(tmp_path / "history.csv")
    assert len(history) == 4 * 2
    assert [row["epoch"] for row in history[:2]] == ["1", "2"]
    assert float(history[1]["val_loss"]) == 1.1
    assert len(rows_of(tmp_path / "summary.csv")) == 2


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_figure_has_a_column_for_each_network_and_one_legend(metric, tmp_path):
    records = [made_up(model, name, seed) for model in ("mlp", "cnn") for name in ("relu", "gelu") for seed in (0, 1)]
    figure = report.figure(records, metric)
    assert [ax.get_title() for ax in figure.axes] == [
        f"MLP, training {metric}",
        f"CNN, training {metric}",
        f"MLP, validation {metric}",
        f"CNN, validation {metric}",
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["relu", "gelu"]
    figure.savefig(tmp_path / "figure.png")
    assert len(Image.open(tmp_path / "figure.png").convert("RGB").getcolors(100_000)) > 10


def test_a_new_folder_never_is_an_old_one(tmp_path):
    parent = tmp_path / "a" / "runs"
    assert report.new_folder(parent) == parent / "compare-0001"
    assert report.new_folder(parent) == parent / "compare-0002"
