"""Networks as users build them: what is trained as it is meant, and what is noticed and said."""

import dataclasses

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.experiments.runs.records import Run
from keras_acts.experiments.runs.trainer import Trainer
from keras_acts.experiments.task import data

RUN = Run(f"{__name__}:two_classes", "", "gelu", 3e-2, 1, 6, 32)


def two_classes(rows=400):
    """Two features, and the sign of their product, which a line cannot tell."""
    x = np.random.default_rng(0).normal(size=(rows, 2)).astype("float32")
    return x, (x[:, 0] * x[:, 1] > 0).astype(int)


def hidden(activation):
    return [keras.Input((2,)), keras.layers.Dense(16, **activation.paired()), activation.layer()]


def logits(activation):
    return keras.Sequential([*hidden(activation), keras.layers.Dense(2)])


def softmax(activation):
    return keras.Sequential([*hidden(activation), keras.layers.Dense(2, activation="softmax")])


def layers_after_softmax(activation):
    after = [keras.layers.Softmax(), keras.layers.Reshape((2,)), keras.layers.Activation("linear")]
    return keras.Sequential([*hidden(activation), keras.layers.Dense(2), *after])


def sigmoid_unit(activation):
    return keras.Sequential([*hidden(activation), keras.layers.Dense(1, activation="sigmoid")])


def one_logit(activation):
    return keras.Sequential([*hidden(activation), keras.layers.Dense(1)])


class Subclassed(keras.Model):
    """Built by its first call."""

    def __init__(self, activation):
        super().__init__()
        self.hidden = keras.layers.Dense(16, **activation.paired())
        self.activation = activation.layer()
        self.outputs_of_it = keras.layers.Dense(2)

    def call(self, x):
        return self.outputs_of_it(self.activation(self.hidden(x)))


def subclassed(activation):
    return Subclassed(activation)


def bfloat16(activation):
    policy = keras.DTypePolicy("mixed_bfloat16")
    layers = [keras.layers.Dense(16, **activation.paired(), dtype=policy), activation.layer()]
    return keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(2, dtype=policy)])


class Odd(keras.layers.Layer):
    """A layer with other things under the names of weights."""

    def __init__(self):
        super().__init__()
        self.kernel, self.bias = "rbf", False

    def call(self, x):
        return x


def odd(activation):
    return keras.Sequential([*hidden(activation), Odd(), keras.layers.Dense(2)])


def trained(builder, **changes):
    run = dataclasses.replace(RUN, model=f"{__name__}:{builder.__name__}", **changes)
    split = data.load(run.data, run.seed)
    return Trainer(run, split).train(run, split)


@pytest.fixture(scope="module")
def plain():
    return trained(logits)


@pytest.mark.parametrize(
    "builder",
    [pytest.param(each, marks=pytest.mark.slow) for each in (softmax, layers_after_softmax, odd)] + [subclassed],
)
def test_the_same_network_written_otherwise_gives_the_same_curves(builder, plain):
    made = trained(builder)
    for name, curve in plain.history.items():
        np.testing.assert_allclose(made.history[name], curve, rtol=2e-3, err_msg=name)
    assert made.score == pytest.approx(plain.score, abs=0.02)
    assert plain.score > 0.8


@pytest.mark.parametrize("builder", [sigmoid_unit, pytest.param(one_logit, marks=pytest.mark.slow)])
def test_one_unit_for_two_classes_is_trained_by_binary_cross_entropy(builder):
    """Against Keras' own loss, from the answers that are kept."""
    from keras_acts.experiments.runs import scoring

    made = trained(builder)
    split = data.load(RUN.data, RUN.seed)
    answers = scoring.answers(made.predictions, 2)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0, rtol=1e-5)
    expected = keras.losses.BinaryCrossentropy()(split.test.y[:, np.newaxis].astype("float32"), answers[:, 1:])
    assert made.loss == pytest.approx(float(expected), rel=1e-4)
    assert made.score == pytest.approx(np.mean((answers[:, 1] > 0.5) == split.test.y))
    assert made.score > 0.8


@pytest.mark.slow
def test_mixed_precision_learns_too(plain):
    made = trained(bfloat16)
    assert made.score == pytest.approx(plain.score, abs=0.08)
    assert made.history["loss"][-1] == pytest.approx(plain.history["loss"][-1], rel=0.1)


@pytest.mark.slow
def test_the_best_epoch_is_scored_where_that_is_asked_for():
    """At a rate so large that the last epoch is not the best one."""
    changes = {"learning_rate": 0.5, "epochs": 12}
    last = trained(logits, **changes)
    best = trained(logits, **changes, settings=(("best_epoch", True),))
    assert best.history == last.history
    chosen = trained(logits, **changes, settings=(("best_epoch", True),), tuning=True)
    assert chosen.score == max(best.history["val_metric"]) > best.history["val_metric"][-1]
    assert best.score != last.score


def test_a_run_that_chooses_a_rate_does_not_read_the_test_rows(plain):
    split = data.load(RUN.data, RUN.seed)
    spoilt = dataclasses.replace(split, test=dataclasses.replace(split.test, x=split.test.x * np.nan))
    run = dataclasses.replace(RUN, model=f"{__name__}:logits", tuning=True)
    made = Trainer(run, split).train(run, spoilt)
    assert made.history == plain.history
    assert made.score == plain.history["val_metric"][-1]
    assert not made.diverged
    assert (made.layers, made.decisions) == ((), None)


# ---- Said ------------------------------------------------------------------------------------------------------------


def compiled(activation):
    model = logits(activation)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def seeded(activation):
    keras.utils.set_random_seed(3)
    return logits(activation)


def two_inputs(activation):
    inputs = [keras.Input((2,)), keras.Input((2,))]
    return keras.Model(inputs, keras.layers.Dense(2, activation=activation())(keras.layers.Add()(inputs)))


def float16(activation):
    return keras.Sequential([*hidden(activation), keras.layers.Dense(2, dtype="mixed_float16")])


def raising(activation):
    raise KeyError("units")


@pytest.mark.parametrize(
    ("builder", "said"),
    [
        (compiled, r"optimizer='adamw\(weight_decay=0\.01\)'.*Received: a network compiled with optimizer='(?i:sgd)"),
        (seeded, "must leave seeds alone"),
        (two_inputs, r"must have one input; for several, give your own loop, fit=\. Received: 2"),
        (float16, "use mixed_bfloat16"),
        (raising, r"raising failed with KeyError: 'units'"),
    ],
)
def test_what_cannot_be_trained_as_it_is_meant_is_said(builder, said):
    with pytest.raises(ValueError, match=said):
        trained(builder)


def test_a_network_that_is_refused_leaves_no_folder(tmp_path):
    settings = {"data": RUN.data, "engine": "here", "output": tmp_path / "new" / "folder"}
    with pytest.raises(ValueError, match="must leave seeds alone"):
        keras_acts.compare(["relu"], model=f"{__name__}:seeded", **settings)
    assert list(tmp_path.iterdir()) == []
