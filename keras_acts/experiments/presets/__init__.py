"""Published experiments, repeated with one command and put beside what was published."""

from keras_acts.experiments.presets.circles import CIRCLES_DEPTH, CIRCLES_EPOCHS, CIRCLES_UNITS
from keras_acts.experiments.presets.depth import DEEP_30, VANISHING
from keras_acts.experiments.presets.mnist import MNIST_CNN
from keras_acts.experiments.presets.preset import Outcome, Part, Preset
from keras_acts.experiments.presets.reproduction import Reproduction, reproduce
from keras_acts.experiments.presets.signals import SIREN, SNAKE
from keras_acts.experiments.task.options import unknown

__all__ = ["PRESETS", "Outcome", "Part", "Preset", "Reproduction", "get", "reproduce"]

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
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]
