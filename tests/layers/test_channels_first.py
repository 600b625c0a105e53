"""`channels_first` in Keras' settings: the weights of each channel are those of axis 1, in files too."""

import keras
import numpy as np
import pytest
from backends import assert_close, assert_same, values
from layers.examples import ONE_EACH

from keras_acts import layers
from keras_acts.testing.layer_subject import for_inference

IMAGE = (6, 5, 6)  # as many columns as channels, so that no shape gives a mistake away


@pytest.fixture(autouse=True)
def _setting():
    before = keras.config.image_data_format()
    yield
    keras.config.set_image_data_format(before)


def _shapes(example, shape):
    layer = layers.get(example.name, **{k: v for k, v in example.arguments.items() if k != "shared_axes"})
    layer.build((None, *shape))
    return [tuple(weight.shape) for weight in layer.weights]


PER_CHANNEL = [
    example.name
    for example in ONE_EACH
    if not issubclass(layers.info(example.name).cls, keras.layers.Dense)  # the last axis, as in Keras
    and _shapes(example, (6, 5, 6)) != _shapes(example, (6, 5, 12))
]


def test_layers_with_weights_for_each_channel_are_found():
    assert {"PReLU", "FReLU", "MetaACON", "DynamicReLU", "APL", "Snake", "DynamicTanh"} <= set(PER_CHANNEL)


@pytest.mark.parametrize("name", PER_CHANNEL)
def test_channels_first_is_channels_last_with_its_axes_moved(name, tmp_path):
    x = np.random.default_rng(0).normal(size=(2, *IMAGE)).astype("float32")
    moved = np.moveaxis(x, -1, 1)
    settings = {"reduction": 2} if name in ("MetaACON", "DynamicReLU") else {}
    last = layers.get(name, **settings)
    last.build(x.shape)
    keras.config.set_image_data_format("channels_first")
    first = layers.get(name, **settings)
    model = keras.Sequential([keras.Input(moved.shape[1:]), first])
    rng = np.random.default_rng(1)
    for of_last, of_first in zip(last.weights, first.weights, strict=True):
        value = rng.uniform(0.2, 1.0, of_last.shape)
        of_last.assign(value), of_first.assign(value.reshape(of_first.shape))
    expected = values(for_inference(last, x))
    assert_close(np.moveaxis(values(model(moved)), 1, -1), expected, rtol=1e-5, atol=1e-6)
    of_last = keras.Sequential([keras.Input(IMAGE), last])
    for suffix in (".keras", ".h5"):
        model.save(tmp_path / f"first{suffix}")
        of_last.save(tmp_path / f"last{suffix}")
    for setting in ("channels_last", "channels_first"):  # a file, a config and a clone mean what they meant
        keras.config.set_image_data_format(setting)
        clone = keras.models.clone_model(model)
        clone.set_weights(model.get_weights())
        assert_same(clone(moved), model(moved))
        for suffix in (".keras", ".h5"):
            assert_same(keras.models.load_model(tmp_path / f"first{suffix}")(moved), model(moved))
            assert_same(keras.models.load_model(tmp_path / f"last{suffix}")(x), expected)


def test_whole_channels_are_dropped_where_the_channels_are():
    keras.config.set_image_data_format("channels_first")
    layer = layers.get("torch:FeatureAlphaDropout(0.5)", seed=1)
    y = values(layer(np.random.default_rng(0).normal(size=(4, 6, 5, 6)).astype("float32"), training=True))
    dropped = np.ptp(y, axis=(2, 3)) == 0.0
    assert 0 < dropped.sum() < dropped.size
    assert len(np.unique(y[dropped])) == 1
    assert not np.isin(y[~dropped], y[dropped]).any()


def test_the_format_can_be_given_to_a_layer():
    keras.config.set_image_data_format("channels_first")
    given = layers.PReLU(data_format="channels_last")
    given.build((None, 4, 5, 7))
    assert given.alpha.shape == (7,)
    with pytest.raises(ValueError, match="`data_format` of PReLU must be"):
        layers.PReLU(data_format="NCHW")


def test_what_cannot_be_told_is_refused():
    keras.config.set_image_data_format("channels_first")
    for name in ("PReLU", "MetaACON", "DynamicReLU"):
        with pytest.raises(ValueError, match=rf"{name} cannot tell where the channels are: .*shared_axes=\[1\]"):
            layers.get(name)(np.ones((2, 4, 6), "float32"))
    assert layers.PReLU(shared_axes=[1])(np.ones((2, 4, 6), "float32")).shape == (2, 4, 6)
    assert layers.PReLU()(np.ones((2, 6), "float32")).shape == (2, 6)
