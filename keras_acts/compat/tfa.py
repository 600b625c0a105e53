"""`import keras_acts.compat.tfa` makes `keras.models.load_model` read files with activations and layers of TF Addons.

They become those of keras_acts, and are saved under its names. Of Keras 2 itself, nothing is translated: what Keras 3
means otherwise, such as `hard_sigmoid`, or does not read, needs `keras_acts.load_legacy`, which reads all such files.

>>> import keras_acts.compat.tfa
>>> keras.layers.Dense(8, activation="Addons>lisht").activation is keras_acts.activations.lisht
True
"""

from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.compat.translating import of_addons
from keras_acts.core import keras_bridge

__all__: list[str] = []

PREFIX = "Addons>"


@dataclass(frozen=True)
class AddonsLayer:
    """A layer class of TF Addons, as far as files need one."""

    name: str

    def from_config(self, config: dict[str, Any]) -> keras.Layer:
        """The layer that does the same here."""
        return of_addons(self.name, config)


def _found(registered_name: str) -> Any:
    name = registered_name.removeprefix(PREFIX)
    return AddonsLayer(name) if name[:1].isupper() else of_addons(name)


keras_bridge.answer_registered_names(PREFIX, _found)
keras_bridge.ignore_argument("time_major", False, (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN))
