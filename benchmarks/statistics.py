"""Error rates, coverage and power of the statistics of `compare`, by simulation.

    python -m benchmarks.statistics

- data: each seed makes data of its own; scores are the seed's difficulty and a noise of each activation, normal,
  skewed, or accuracies of 360 test rows.
- rows: one set of 500 rows, divided anew by each seed into 300 to train on and 100 to test on; a fifth is never tested.
  Real learners: nearest centroids in five features each. As the features are alike, all learners are equally good over
  all sets of 500 rows; on one of them they differ, which no number of divisions shows.

Families of one comparison and of eleven. Error: share of families in which anything is called different that is not.
Coverage: share of single intervals (95 %) with the true difference. Power: share of true differences, as large as
the test is said to find with 80 %, that are found. Writes `benchmarks/results/statistics.md`.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from rich.progress import track

from keras_acts.experiments.analysis import inference
from keras_acts.experiments.analysis.differences import Difference, differences

RESULTS = Path(__file__).parent / "results" / "statistics.md"
SEEDS = (3, 5, 10, 20)
FAMILIES = 10_000
ROWS, TRAIN, TEST = 500, 300, 100
Draw = Callable[[np.random.Generator, int, int], np.ndarray]
HEAD = f"""# Statistics of a comparison, simulated

By `python -m benchmarks.statistics`, {FAMILIES:,} families of comparisons each: what is drawn, in its docstring. What
is meant to be is 5 %, 5 %, 95 % and 80 %; 5 % has a standard error of {100 * math.sqrt(0.0475 / FAMILIES):.2f} points.

| Scores | Seeds | Error, 1 comparison | Error, 11 comparisons | Coverage | Power |
|---|---|---|---|---|---|
"""


def normal(generator: np.random.Generator, activations: int, seeds: int) -> np.ndarray:
    return generator.normal(size=seeds) + 0.5 * generator.normal(size=(activations, seeds))


def skewed(generator: np.random.Generator, activations: int, seeds: int) -> np.ndarray:
    return generator.normal(size=seeds) + 0.5 * generator.exponential(size=(activations, seeds))


def accuracies(generator: np.random.Generator, activations: int, seeds: int) -> np.ndarray:
    return generator.binomial(360, generator.uniform(0.9, 0.97, seeds), (activations, seeds)) / 360


def divisions(generator: np.random.Generator, activations: int, seeds: int) -> np.ndarray:
    y = generator.choice([-1.0, 1.0], ROWS)
    x = 0.35 * y[:, np.newaxis, np.newaxis] + generator.normal(size=(ROWS, activations, 5))
    scores = np.empty((activations, seeds))
    for seed in range(seeds):
        rows = generator.permutation(ROWS - ROWS // 5)
        train, test = rows[:TRAIN], rows[TRAIN:]
        centroids = [x[train][y[train] == side].mean(axis=0) for side in (-1.0, 1.0)]
        towards, middle = centroids[1] - centroids[0], sum(centroids) / 2.0
        sides = np.einsum("nad,ad->an", x[test] - middle, towards)
        scores[:, seed] = np.mean(np.sign(sides) == y[test], axis=1)
    return scores


SCORES: dict[str, tuple[Draw, float, float]] = {  # with the overlap and the resolution that `compare` takes
    "data, normal": (normal, 0.0, 0.0),
    "data, skewed": (skewed, 0.0, 0.0),
    "data, accuracies": (accuracies, 0.0, 1 / 360),
    "rows, accuracies": (divisions, TEST / TRAIN, 1 / TEST),
}


def compared(scores: np.ndarray, overlap: float, resolution: float, shift: float = 0.0) -> list[Difference]:
    """Of each activation and the first one; `shift` is added to all others."""
    named = {f"a{i}": dict(enumerate(values + shift * (i > 0))) for i, values in enumerate(scores)}
    return differences(named, "a0", higher_is_better=True, overlap=overlap, resolution=resolution)


def detectable(draw: Draw, overlap: float, seeds: int) -> float:
    """The difference that is found with a power of 80 %, from the true spread of a difference by seed."""
    generator = np.random.default_rng(2)
    gaps = [np.subtract(*draw(generator, 2, seeds)) for _ in range(FAMILIES)]
    sd = float(np.sqrt(np.mean([gap.var(ddof=1) for gap in gaps])))
    return inference.detectable_difference(inference.standard_error(sd, seeds, overlap), seeds)


def row(name: str, seeds: int) -> str:
    draw, *settings = SCORES[name]
    generator = np.random.default_rng(1)
    errors = {1: 0, 11: 0}
    covered = found = 0
    for comparisons in errors:
        for _ in range(FAMILIES):
            families = compared(draw(generator, comparisons + 1, seeds), *settings)
            errors[comparisons] += any(each.significant for each in families)
            if comparisons == 1:
                covered += families[0].low <= 0.0 <= families[0].high
    shift = detectable(draw, settings[0], seeds)
    for _ in range(FAMILIES):
        found += compared(draw(generator, 2, seeds), *settings, shift)[0].significant
    shares = [f"{100 * count / FAMILIES:.1f} %" for count in (*errors.values(), covered, found)]
    return f"| {name} | {seeds} | {' | '.join(shares)} |"


def main() -> None:
    cases = [(name, seeds) for name in SCORES for seeds in SEEDS]
    lines = [row(*case) for case in track(cases, "Simulating")]
    RESULTS.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
