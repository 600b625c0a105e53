"""Regularizers, constraints and weight decay of learned parameters, for each weight of each layer."""

import keras
import numpy as np
import pytest
from backends import assert_close, values
from examples import ONE_EACH

import keras_acts
from keras_acts import layers

LEARNED = [example for example in ONE_EACH if example.layer().__class__.__mro__.count(layers.base.LearnableActivation)]
RULES = {"regularizer": keras.regularizers.L1L2(l1=0.3, l2=0.5), "constraint": keras.constraints.MaxNorm(0.5)}


def built(make, shape, **rules):
    layer = make(**rules)
    layer.build((None, *shape))
    return layer


def test_all_layers_that_learn_are_among_them():
    assert len(LEARNED) >= 16


@pytest.mark.parametrize("example", LEARNED, ids=str)
def test_of_each_weight(example):
    names = [weight.name for weight in built(example.layer, example.shape).learnable_parameters]
    for name in names:
        rules = {f"{name}_{kind}": rule for kind, rule in RULES.items()}
        layer = built(example.layer, example.shape, **rules)
        again = built(type(layer).from_config, example.shape, config=layer.get_config())
        for each in (layer, again):
            weight = next(weight for weight in each.learnable_parameters if weight.name == name)
            value = values(weight)
            loss = np.sum(0.3 * np.abs(value) + 0.5 * np.square(value))
            assert_close(sum(each.losses), loss, rtol=1e-5, err_msg=name)
            assert isinstance(weight.constraint, keras.constraints.MaxNorm)
            others = [other for other in each.learnable_parameters if other is not weight]
            assert not any(isinstance(other.constraint, keras.constraints.MaxNorm) for other in others)
        assert again.get_config() == layer.get_config()


def test_they_act_in_training_and_come_back_from_a_file(tmp_path):
    act = layers.Snake(frequency_regularizer="l2", frequency_constraint="non_neg")
    model = keras.Sequential([keras.Input((3,)), act])
    model.compile(keras.optimizers.SGD(1e3), "mse")
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    model.fit(x, -9.0 * np.abs(x), epochs=3, verbose=0)
    assert np.all(act.get_weights()[0] >= 0.0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[-1].get_config() == act.get_config()
    assert_close(sum(again.losses), sum(model.losses), rtol=1e-6)


def test_what_is_not_given_is_not_in_the_config_and_none_takes_a_rule_away():
    assert not [key for key in layers.Snake().get_config() if key.endswith(("_regularizer", "_constraint"))]
    free = layers.PELU(alpha_constraint=None)
    assert free.alpha.constraint is None
    assert free.beta.constraint.minimum == 0.1
    assert layers.PELU.from_config(free.get_config()).alpha.constraint is None
    layer = keras_acts.authoring.FormulaLayer("x*sigmoid(beta*x)", {"beta": 2.0}, ["beta"], beta_regularizer="l2")
    assert values(layer.losses[0]) == pytest.approx(0.01 * 4.0)


@pytest.mark.parametrize("make", [layers.Snake, lambda **rules: layers.get("Snake", **rules)])
def test_a_rule_for_a_weight_that_is_none_is_refused(make):
    with pytest.raises(TypeError, match=r"Snake has no argument `beta_regularizer`: .* its weights, frequency\."):
        make(beta_regularizer="l2")


@pytest.mark.parametrize("policy", ["float32", pytest.param("mixed_float16", marks=pytest.mark.slow)])
def test_no_weight_decay_of_learned_parameters_in_a_loaded_model(policy, tmp_path):
    """As in the model that was not saved and goes on."""
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")

    def fit(model):
        model.fit(x, x[:, :1], batch_size=16, shuffle=False, verbose=0)

    keras.utils.set_random_seed(0)
    act, dtype = layers.PReLU(dtype=policy), {"dtype": policy}
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, **dtype), act, keras.layers.Dense(1, **dtype)])
    optimizer = keras.optimizers.AdamW(1e-2, weight_decay=0.5)
    model.compile(keras.optimizers.LossScaleOptimizer(optimizer) if policy != "float32" else optimizer, "mse")
    layers.exclude_from_weight_decay(model)
    fit(model)
    model.save(tmp_path / "model.keras")
    loaded, unheeded = (keras.models.load_model(tmp_path / "model.keras") for _ in range(2))
    layers.exclude_from_weight_decay(loaded)
    assert int(loaded.optimizer.iterations) == 4
    for each in (model, loaded, unheeded):
        fit(each)
    for expected, got in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert_close(got, expected, rtol=1e-4, atol=1e-6)
    alpha = values(act.alpha)
    assert np.all(values(unheeded.layers[1].alpha) < 0.99 * alpha)
    with pytest.raises(ValueError, match="call compile first"):
        layers.exclude_from_weight_decay(keras.Sequential([keras.Input((4,)), layers.PReLU()]))
