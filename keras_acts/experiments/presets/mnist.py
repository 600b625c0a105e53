"""The comparison on MNIST that everyone copies, with an honest protocol."""

from collections.abc import Sequence

from keras_acts.experiments.presets.measures import Measure, median, of_those_run
from keras_acts.experiments.presets.preset import Outcome, Part, Preset, at_one_rate, without_figures
from keras_acts.experiments.runs.records import Record

ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "gelu", "sigmoid")
FIRST = Measure("validation accuracy after 1 epoch", lambda record: record.history["val_metric"][0])


def _parts() -> tuple[Part, ...]:
    plan = at_one_rate(ACTIVATIONS, data="mnist", model="cnn", seeds=8, epochs=10)
    return (without_figures(plan, "cnn"),)


def _sigmoid_starts_last(records: Sequence[Record]) -> Outcome:
    sigmoid = median(records, FIRST, activation="sigmoid")
    others = [name for name in ACTIVATIONS if name != "sigmoid"]
    lowest = min(of_those_run(lambda name: median(records, FIRST, activation=name), others).values())
    return Outcome(
        sigmoid < lowest,
        f"sigmoid starts last: {sigmoid:.3g} of the validation data right after one epoch, the others {lowest:.3g} or "
        "more",
    )


MNIST_CNN = Preset(
    "mnist-cnn",
    "MNIST with a small CNN",
    "C. Hansen, Activation Functions Explained (2019), and its notebook, casperbh96/Activation-Functions-Search",
    _parts,
    (_sigmoid_starts_last,),
    "The published accuracies (0.9978 to 0.9987) are no figures to compare with: they are binary accuracies over ten "
    "outputs, one run each, on test data that served as validation data. Here: share of images with the right class, "
    "split in three parts, each activation with its own initializer.",
    fallback=("mnist", "digits"),
)
