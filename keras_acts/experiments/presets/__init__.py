"""Published experiments, repeated with one command and put beside what was published."""

from keras_acts.experiments import references
from keras_acts.experiments.presets.circles import CIRCLES_DEPTH, CIRCLES_EPOCHS, CIRCLES_UNITS
from keras_acts.experiments.presets.declaration import Outcome as Outcome
from keras_acts.experiments.presets.declaration import Part as Part
from keras_acts.experiments.presets.declaration import Preset as Preset
from keras_acts.experiments.presets.gradients import DEEP_30, VANISHING
from keras_acts.experiments.presets.mnist import MNIST_CNN
from keras_acts.experiments.presets.reproduction import Reproduction as Reproduction
from keras_acts.experiments.presets.reproduction import reproduce as reproduce
from keras_acts.experiments.presets.signals import SIREN, SNAKE

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (CIRCLES_UNITS, CIRCLES_DEPTH, CIRCLES_EPOCHS, MNIST_CNN, VANISHING, DEEP_30, SNAKE, SIREN)
}


def get(name: str) -> Preset:
    """The preset of a name.

    Raises:
        ValueError: for an unknown name, with the nearest one.
    """
    if name not in PRESETS:
        near = references.did_you_mean(name, PRESETS)
        raise ValueError(f"Unknown preset.{near} There are {', '.join(PRESETS)}. Received: {name!r}")
    return PRESETS[name]
