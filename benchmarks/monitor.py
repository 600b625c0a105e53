"""What `ActivationMonitor` costs: epochs of the digits CNN with it and without it, in turn, in one process.

    python -m benchmarks.monitor [--blocks 12]

The CNN of `compare` on the 1437 training images of digits, batches of 32, as Keras compiles it on a CPU. A block is one
`fit` of 9 epochs, of which the first, with its compilations, does not count; blocks with and without the monitor follow
each other in drawn order. With it: 64 samples with targets looked at after each epoch, NaN looked for in each step.
Prints median and quartiles of the ratio of epoch times, block by block, and writes `benchmarks/results/monitor.md`.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from rich.progress import track

from benchmarks import timing
from keras_acts.callbacks import ActivationMonitor
from keras_acts.experiments.task import data, networks

RESULT = Path(__file__).parent / "results" / "monitor.md"
EPOCHS = 9


class Clock(keras.callbacks.Callback):
    """Time and processor time from the end of one epoch to the end of the next, with all callbacks before this one."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.ends.append((time.perf_counter(), time.process_time()))

    def medians(self) -> list[float]:
        return [float(each) for each in np.median(np.diff(self.ends, axis=0), axis=0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--blocks", type=int, default=12)
    blocks = parser.parse_args().blocks
    train = data.load("digits").train
    model = networks.builder("cnn", "relu", train.x.shape[1:], 10)().model
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = train.x[:64], train.y[:64]

    def block(monitors: list[ActivationMonitor]) -> list[float]:
        clock = Clock()
        model.fit(train.x, train.y, batch_size=32, epochs=EPOCHS, verbose=0, callbacks=[*monitors, clock])
        return clock.medians()

    candidates: dict[str, Callable[[], list[ActivationMonitor]]] = {
        "without": list,
        "measuring alone": lambda: [ActivationMonitor(x, y, on_nonfinite=None)],
        "measuring and looking for NaN": lambda: [ActivationMonitor(x, y)],
    }
    draw, seconds = random.Random(0), {name: [] for name in candidates}
    for _ in track(range(blocks)):
        for name in draw.sample(sorted(candidates), len(candidates)):
            seconds[name].append(block(candidates[name]()))
    lines = ["| | Epoch, s | Processor, s | Epoch, ratio | Processor, ratio |", "|---|---|---|---|---|"]
    for name, times in seconds.items():
        columns = list(zip(*times, strict=True)), list(zip(*seconds["without"], strict=True))
        medians = [f"{statistics.median(each):.3f}" for each in columns[0]]
        ratios = [
            str(timing.ratio({"one": own, "other": other}, "one", "other")) for own, other in zip(*columns, strict=True)
        ]
        lines.append(f"| {name} | {' | '.join([*medians, *ratios])} |")
    head = __doc__.split("\n\n")
    text = "\n".join(
        [
            "# What ActivationMonitor costs",
            "",
            f"By `python -m benchmarks.monitor --blocks {blocks}`. {head[2].strip()}",
            "",
            *lines,
            "",
            f"Load of the machine: {os.getloadavg()[0]:.1f}. Keras {keras.__version__}.",
        ]
    )
    print(text)
    RESULT.write_text(text + "\n")


if __name__ == "__main__":
    main()
