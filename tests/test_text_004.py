"""The code of one of the texts this project grew from, as it stands there: custom activations under plain strings.

Only the imports differ, as Keras 3 has moved some names, and the data are small.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import backend as K  # noqa: N812
from keras.layers import Activation, AlphaDropout, Conv2D, Dense, Dropout, Flatten, LeakyReLU, MaxPooling2D
from keras.models import Sequential
from keras.optimizers import Adam
from keras.saving import get_custom_objects

import keras_acts

pytestmark = [
    # The text's spelling of two arguments, which Keras 3 takes and discourages:
    pytest.mark.filterwarnings("ignore:Argument `alpha` is deprecated. Use `negative_slope` instead:UserWarning"),
    pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`/`input_dim` argument to a layer:UserWarning"),
]

input_shape = (8, 8, 1)

# ---- From the text --------------------------------------------------------------------------------------------------
# fmt: off

def build_cnn(activation,
              dropout_rate,
              optimizer):
  model = Sequential()
  if(activation == 'selu'):
    model.add(Conv2D(32, kernel_size=(3, 3),
                     activation=activation,
                     input_shape=input_shape,
                     kernel_initializer='lecun_normal'))
    model.add(Conv2D(64, (3, 3), activation=activation,
                         kernel_initializer='lecun_normal'))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(AlphaDropout(0.25))
    model.add(Flatten())
    model.add(Dense(128, activation=activation,
                        kernel_initializer='lecun_normal'))
    model.add(AlphaDropout(0.5))
    model.add(Dense(10, activation='softmax'))
  else:
    model.add(Conv2D(32, kernel_size=(3, 3),
                     activation=activation,
                     input_shape=input_shape))
    model.add(Conv2D(64, (3, 3), activation=activation))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Dropout(0.25))
    model.add(Flatten())
    model.add(Dense(128, activation=activation))
    model.add(Dropout(0.5))
    model.add(Dense(10, activation='softmax'))
  model.compile(
    loss='binary_crossentropy',
    optimizer=optimizer,
    metrics=['accuracy'])
  return model

# Add the GELU function to Keras
def gelu(x):
  return 0.5 * x * (1 + tf.tanh(tf.sqrt(2 / np.pi) * (x + 0.044715 * tf.pow(x, 3))))

act_func = ['sigmoid', 'relu', 'elu', 'leaky-relu', 'selu', 'gelu']


@pytest.fixture
def registered_as_in_the_text():
  before = dict(get_custom_objects())

  get_custom_objects().update({'gelu': Activation(gelu)})
  # Add leaky-relu so we can use it as a string
  get_custom_objects().update({'leaky-relu': Activation(LeakyReLU(alpha=0.2))})

  yield
  get_custom_objects().clear()
  get_custom_objects().update(before)

# fmt: on
# ---------------------------------------------------------------------------------------------------------------------


# "gelu" is Keras' own by now, and the strings say so.
GELU_OF_KERAS = pytest.mark.filterwarnings("ignore:activation='gelu' is Keras' own")


@GELU_OF_KERAS
@pytest.mark.usefixtures("registered_as_in_the_text")
@pytest.mark.parametrize(
    "activation", [pytest.param(name, marks=[] if name in ("selu", "gelu") else pytest.mark.slow) for name in act_func]
)
def test_model_of_the_text_is_built_and_trained(activation):
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x_train = random.random((8, *input_shape), dtype=np.float32)
    y_train = np.eye(10, dtype=np.float32)[random.integers(0, 10, 8)]
    model = build_cnn(activation=activation, dropout_rate=0.2, optimizer=Adam(clipvalue=0.5))
    before = model.layers[0].get_weights()[0]
    history = model.fit(x_train, y_train, batch_size=8, epochs=1, verbose=0)
    prediction = model.predict(x_train, verbose=0)
    K.clear_session()
    assert np.isfinite(history.history["loss"]).all()
    assert np.abs(model.layers[0].get_weights()[0] - before).max() > 1e-5
    np.testing.assert_allclose(prediction.sum(axis=-1), 1.0, rtol=1e-5)


@GELU_OF_KERAS
@pytest.mark.usefixtures("registered_as_in_the_text")
def test_strings_of_the_text_give_its_functions():
    x = np.float32([[-1.0, 2.0]])
    np.testing.assert_allclose(keras.layers.Activation("leaky-relu")(x), [[-0.2, 2.0]], rtol=1e-6)
    # Keras' own gelu stays so; the text's formula is the tanh form of it.
    assert keras.layers.Dense(1, activation="gelu").activation is keras.activations.gelu
    np.testing.assert_allclose(keras_acts.get("gelu_tanh")(x), gelu(x), rtol=1e-5)


@pytest.mark.skipif(
    tuple(map(int, keras.__version__.split(".")[:2])) < (3, 10),
    reason="Keras before 3.10 does not load a layer that is an activation",
)
@pytest.mark.usefixtures("registered_as_in_the_text")
def test_model_of_the_text_is_saved_and_loaded(tmp_path):
    model = build_cnn("leaky-relu", 0.2, Adam())
    x = np.random.default_rng(0).random((2, *input_shape), dtype=np.float32)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)  # an unused Adam is not restored
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
