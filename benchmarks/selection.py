"""How much choosing a learning rate flatters the score at it, and what looking again costs, by simulation.

    python -m benchmarks.selection

Flattery: sets of 1,000 rows, and five learners in place of five rates, nearest centroid in five features each. As the
features are alike, all five are equally good over all sets; which one is chosen on the rows of one set must not show in
its score. Three ways to choose: by the validation rows of the seeds that are compared (as it was), by validation rows
of three fresh seeds, divided like theirs, and by a fifth that no seed tests on (as `compare` does).

Looks: equal activations, of which a difference is said to be found if any of three looks, at 5, 10 and 20 seeds, finds
it. Writes `benchmarks/results/selection.md`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from rich.progress import track

from benchmarks.statistics import compared, normal

RESULTS = Path(__file__).parent / "results" / "selection.md"
SETS, FAMILIES = 1_000, 10_000
ROWS, RATES, SEEDS, TUNING_SEEDS = 1_000, 5, 10, 3
FIFTH = ROWS // 5
LOOKS = (5, 10, 20)
WAYS = (
    "the validation rows of the compared seeds",
    "three fresh seeds, divided alike",
    "a fifth that is never tested on",
)
HEAD = f"""# Choosing a rate, and looking again, simulated

By `python -m benchmarks.selection`; what is drawn, in its docstring. {SETS:,} sets of {ROWS:,} rows.

| The rate is chosen by | Score at it above its true value, points | Standard error |
|---|---|---|
"""


class Learners:
    """Five learners on one set of rows."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.y = generator.choice([-1.0, 1.0], ROWS)
        self.x = 0.35 * self.y[:, np.newaxis, np.newaxis] + generator.normal(size=(ROWS, RATES, 5))

    def scores(self, train: np.ndarray, tested: np.ndarray) -> np.ndarray:
        """Of each, the share of right answers."""
        centroids = [self.x[train][self.y[train] == side].mean(axis=0) for side in (-1.0, 1.0)]
        towards, middle = centroids[1] - centroids[0], sum(centroids) / 2.0
        sides = np.einsum("nrd,rd->rn", self.x[tested] - middle, towards)
        return np.mean(np.sign(sides) == self.y[tested], axis=1)


def divisions(generator: np.random.Generator, rows: np.ndarray, seeds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each seed: the rows to train on, and a fifth of all rows apart from them."""
    for _ in range(seeds):
        order = generator.permutation(rows)
        yield order[FIFTH:], order[:FIFTH]


def flattery(generator: np.random.Generator) -> list[float]:
    """For each way to choose: the mean test score at what is chosen, less that of all rates, which is the true one."""
    learners = Learners(generator)
    everything = np.arange(ROWS)
    apart, rest = everything[:FIFTH], everything[FIFTH:]

    def as_it_was(seeds: int) -> tuple[np.ndarray, np.ndarray]:
        """Validation and test scores, of shape (seeds, rates): both parts divided anew by each seed."""
        found = []
        for others, test in divisions(generator, everything, seeds):
            train, validation = others[FIFTH:], others[:FIFTH]
            found.append([learners.scores(train, part) for part in (validation, test)])
        validation_scores, test_scores = np.swapaxes(found, 0, 1)
        return validation_scores, test_scores

    validation, test = as_it_was(SEEDS)
    fresh, _ = as_it_was(TUNING_SEEDS)
    tried = [learners.scores(train, apart) for train, _ in divisions(generator, rest, TUNING_SEEDS)]
    fixed = np.array([learners.scores(train, tested) for train, tested in divisions(generator, rest, SEEDS)])
    gains = []
    for choosing, scores in ((validation, test), (fresh, test), (np.array(tried), fixed)):
        means = scores.mean(axis=0)
        gains.append(float(means[choosing.mean(axis=0).argmax()] - means.mean()))
    return gains


def found_by_looking_again(generator: np.random.Generator) -> bool:
    scores = normal(generator, 2, max(LOOKS))
    return any(compared(scores[:, :seeds], 0.0, 0.0)[0].significant for seeds in LOOKS)


def main() -> None:
    generator = np.random.default_rng(1)
    gains = 100.0 * np.array([flattery(generator) for _ in track(range(SETS), "Choosing")])
    errors = gains.std(axis=0, ddof=1) / np.sqrt(SETS)
    lines = [
        f"| {way} | {mean:+.2f} | {error:.2f} |"
        for way, mean, error in zip(WAYS, gains.mean(axis=0), errors, strict=True)
    ]
    again = np.mean([found_by_looking_again(generator) for _ in track(range(FAMILIES), "Looking")])
    said = (
        f"\nOf {FAMILIES:,} comparisons of equal activations, looked at with {', '.join(map(str, LOOKS[:-1]))} and "
        f"{LOOKS[-1]} seeds, {100 * again:.1f} % find a difference in one of the looks, in place of 5 %: `compare` "
        "counts the looks in a folder and says so, and p does not count them.\n"
    )
    RESULTS.write_text(HEAD + "\n".join(lines) + "\n" + said, encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
