"""The page "Which backend, dtype and derivative order" says what the tests hold, and its network learns."""

import importlib.util
import re
from pathlib import Path

import fresh_process
import pytest
import test_backends
import test_higher_derivatives as orders
from contract import test_contract as contract_tests

import keras_acts
from keras_acts.testing import contract, evaluation, samples

PAGE = Path(__file__).parent.parent / "docs" / "backends.md"
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""

pytestmark = pytest.mark.skipif(not TEXT, reason="the page is in the repository, not in the wheel")


def rows(first_cell):
    """The table whose head begins with that cell: a list of cells for each row, without the head."""
    lines = TEXT.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_cell} |".replace("|  |", "| |")))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return table
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def test_dtypes_and_modes_are_those_of_the_contract():
    at_once = contract_tests.per_change("mish")
    kinds = dict.fromkeys(contract_tests.EVERYTHING, "nightly") | dict.fromkeys(at_once, "at once")
    assert rows("dtype") == [
        [
            dtype,
            *(kinds[dtype, mode] for mode in evaluation.MODES),
            f"{contract.limit(dtype, 0):g}",
            f"{contract.limit(dtype, 2):g}",
        ]
        for dtype in samples.DTYPES
    ]
    assert all(contract.limit(dtype, 0) == contract.limit(dtype, 1) for dtype in samples.DTYPES)


def test_third_derivatives_are_those_that_are_judged():
    assert rows("third derivative: K") == [[f"{orders.K_OF_THIRD:g}", ", ".join(orders.FOR_EQUATIONS)]]


# The keys under which the programs of tests/test_backends.py keep their results, in the words of the page.
WORDS = {
    "jax": {
        "value": {"value": "compiled", "value eager": "eager", "value vmap": "`vmap`"},
        "gradient of a weighted sum": {"gradient": "reverse", "forward": "forward mode"},
        "first derivative": {"first": "reverse", "first forward": "forward mode"},
        "second derivative": {
            "second": "reverse twice",
            "second forward": "forward twice",
            "second forward over reverse": "forward over reverse",
        },
    },
    "torch": {
        "value": {"value": "eager"},
        "gradient of a weighted sum": {"gradient": "reverse"},
        "first derivative": {"first": "reverse"},
        "second derivative": {"second": "reverse twice"},
    },
}


@pytest.mark.parametrize("backend", WORDS)
def test_other_backends_are_compared_in_what_the_page_says(backend):
    program = test_backends.PROGRAMS[backend]
    kept = set(re.findall(r'result\["([^"]+)"\]|"(\w+)": ', program)) | set(
        re.findall(r'results\[f"\{i\} ([^"{]+)"\](x?)', program)
    )
    kept = {a or b for a, b in kept}
    assert kept == {key for words in WORDS[backend].values() for key in words}
    column = 1 + list(WORDS).index(backend)
    said = {row[0]: row[column] for row in rows("")}
    assert {key: said[key] for key in WORDS[backend]} == {
        key: "; ".join(words.values()) for key, words in WORDS[backend].items()
    }
    assert said["float64"] == "K of value and two derivatives as on TensorFlow"  # tests/test_float64_on_backends.py


def test_sample_is_that_of_the_tests():
    assert f"{len(test_backends.X)} numbers from {min(test_backends.X):g} to {max(test_backends.X):g}" in TEXT


def code():
    return re.search(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)[1]


def test_the_network_learns_the_equation():
    names = {"__name__": "page"}
    exec(compile(code(), "page", "exec"), names)  # our own text: this is what the test is about
    assert names["error"] < 0.1


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("backend", ["tensorflow", *WORDS])
def test_the_network_learns_on_each_backend_from_any_seed(backend, seed, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    seeded = code().replace("set_random_seed(0)", "set_random_seed(SEED)")
    assert seeded != code()
    program = f"SEED = {seed}\n{seeded}\nassert error < 0.2, error\n"
    print(fresh_process.run(program, tmp_path, KERAS_BACKEND=backend))


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(\w+)`", TEXT.partition("Other activations")[2]))))
def test_activations_that_it_recommends_are_smooth(name):
    assert name in keras_acts.names(trait="smooth")
