"""Fuzzing of `keras_acts.define`: whatever the text, the answer is an activation or a FormulaError, soon.

    python -m benchmarks.fuzz_formula [--inputs 200000] [--seed 1] [--atheris]

Texts are random characters, random words and trees of the grammar, and mutations of the published formulas; with
`--atheris`, coverage guides the choice instead (`pip install atheris`). Each text that parses is simplified and
differentiated twice. An audit hook fails the run if anything is compiled, executed, imported or opened on the way.
The result is added to `benchmarks/results/fuzz_formula.csv`.
"""

import argparse
import csv
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "authoring"))

from formulas import FORMULAS  # noqa: E402  (after its folder is on the path)

if "--atheris" in sys.argv:
    import atheris

    # What is imported here counts its branches; later imports find it in place.
    with atheris.instrument_imports(include=["keras_acts.authoring", "keras_acts.notation"]):
        import keras_acts.authoring  # noqa: F401

from keras_acts.authoring.formula import record  # noqa: E402
from keras_acts.authoring.formula.derivation import derivative  # noqa: E402
from keras_acts.notation import FUNCTIONS, FormulaError  # noqa: E402
from keras_acts.notation.grammar import COMPARISONS  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "fuzz_formula.csv"
COLUMNS = ("engine", "inputs", "accepted", "refused", "seconds", "slowest_ms", "seed", "python")
FORBIDDEN = ("compile", "exec", "import", "open", "os.system", "subprocess.Popen")
WORDS = (
    *FUNCTIONS,
    *COMPARISONS,
    *("x", "x", "x", "a", "pi", "e", "0", "1", "2", "0.5", "1e30", "1e-300", "9999999", "-", "+", "*", "/", "**"),
    *("(", ")", "(", ")", ",", " ", ".", "__class__", "lambda", "import", "[", "'", "^", "=", "\n", "λ", "\x00"),
)


class Audit:
    """Notes forbidden events while a formula is worked on."""

    def __init__(self) -> None:
        self.active = False
        self.seen: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: object) -> None:
        if self.active and event in FORBIDDEN:
            self.seen.append(f"{event} {arguments!r}"[:200])


def attempt(text: str, audit: Audit) -> bool:
    """Whether the text is a formula. Anything but a FormulaError is a finding and stops the run."""
    audit.active = True
    try:
        expression = record.meaning(text, {"a": 1.5} if "a" in text else {})
        derivative(derivative(expression))
    except FormulaError:
        return False
    finally:
        audit.active = False
        if audit.seen:
            raise AssertionError(f"{text!r} caused {audit.seen}")
    return True


def texts(seed: int, inputs: int) -> Iterator[str]:
    generator = random.Random(seed)
    bodies = [text.partition(", a=")[0].partition(", k=")[0].partition(", beta=")[0] for text in FORMULAS]
    for _ in range(inputs):
        kind = generator.random()
        if kind < 0.25:
            yield "".join(
                chr(generator.choice((generator.randrange(32, 127), generator.randrange(0x2FFF))))
                for _ in range(generator.randrange(40))
            )
        elif kind < 0.75:
            yield "".join(generator.choice(WORDS) for _ in range(generator.randrange(30)))
        elif kind < 0.82:
            yield grown(generator, generator.randrange(1, 5))
        else:
            yield mutated(generator, generator.choice(bodies))


def grown(generator: random.Random, depth: int) -> str:
    """A formula that the grammar allows."""
    if depth == 0 or generator.random() < 0.1:
        return generator.choice(("x", "x", "x", "a", "2", "0.5", "1e-9", "pi", "100", "0"))
    kind = generator.random()
    if kind < 0.5:
        sign = generator.choice(("+", "-", "*", "/", "**"))
        return f"({grown(generator, depth - 1)}){sign}({grown(generator, depth - 1)})"
    name = generator.choice(tuple(FUNCTIONS))
    arguments = [grown(generator, depth - 1) for _ in range(FUNCTIONS[name].arity)]
    if name == "where":
        arguments[0] += f" {generator.choice(COMPARISONS)} {grown(generator, depth - 1)}"
    return f"{name}({', '.join(arguments)})"


def mutated(generator: random.Random, text: str) -> str:
    """The text with pieces removed, repeated or replaced."""
    for _ in range(generator.randrange(1, 5)):
        start = generator.randrange(len(text) + 1)
        end = min(len(text), start + generator.randrange(6))
        piece = generator.choice(("", text[start:end] * 2, generator.choice(WORDS)))
        text = text[:start] + piece + text[end:]
    return text


def by_chance(inputs: int, seed: int, audit: Audit) -> dict[str, object]:
    counts: Counter[bool] = Counter()
    slowest, start = 0.0, time.perf_counter()
    for text in texts(seed, inputs):
        before = time.perf_counter()
        counts[attempt(text, audit)] += 1
        took = time.perf_counter() - before
        if took > max(slowest, 0.5):
            print(f"{took:.2f} s: {text!r}")
        slowest = max(slowest, took)
    return {
        "engine": "random",
        "inputs": counts.total(),
        "accepted": counts[True],
        "refused": counts[False],
        "seconds": round(time.perf_counter() - start, 1),
        "slowest_ms": round(1000 * slowest),
        "seed": seed,
    }


def by_coverage(inputs: int, seed: int, audit: Audit) -> None:
    counts: Counter[bool] = Counter()
    start = time.perf_counter()

    def one(data: bytes) -> None:
        # Bytes choose words of the grammar: letters one by one would hardly ever spell a function.
        counts[attempt("".join(WORDS[byte % len(WORDS)] for byte in data), audit)] += 1
        if counts.total() == inputs:  # libFuzzer ends the process without coming back
            audit.active = False
            seconds = round(time.perf_counter() - start, 1)
            row = {"engine": "atheris", "inputs": inputs, "accepted": counts[True], "refused": counts[False]}
            keep(row | {"seconds": seconds, "slowest_ms": "", "seed": seed})

    atheris.Setup([sys.argv[0], f"-runs={inputs + 10}", f"-seed={seed}", "-max_len=200", "-timeout=20"], one)
    atheris.Fuzz()


def keep(row: dict[str, object]) -> None:
    print(row)
    is_new = not RESULTS.exists()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow({**row, "python": sys.version.split()[0]})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", action="store_true")
    arguments = parser.parse_args()
    if arguments.atheris:
        by_coverage(arguments.inputs, arguments.seed, Audit())
    else:
        keep(by_chance(arguments.inputs, arguments.seed, Audit()))


if __name__ == "__main__":
    main()
