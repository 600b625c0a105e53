"""Strings, saving, layers, pairing, initializers on Keras' JAX and torch backends: a few cases of each quick test."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OTHERS = ["test_strings.py", "test_saving.py", "test_paired.py", "test_initializers.py"]
OTHERS += ["test_replace.py", "test_monitor.py"]
CHECK = ["inspection/test_check.py"]
# All of layers, but for what is of TensorFlow, the contract of `check_layer` and the memory of graphs, and for
# test_other_backends.py, which starts the other backends itself.
OF_TENSORFLOW = ["layer_checks_bite", "layer_contract", "in_turn", "other_backends"]
LAYERS = [
    f"layers/{path.name}"
    for path in sorted((TESTS / "layers").glob("test_*.py"))
    if path.stem.removeprefix("test_") not in OF_TENSORFLOW
]
# What JAX compiles for several seconds each, layer by layer.
TOO_LONG = (
    "through_32_layers or layers_inside_that_are_built or as_it_takes_keras_own or shortens_the_sequence or softcap or "
    "no_weight_decay or padded_sequence_gives or number_of_pieces or kernels_of_fused_layers or every_kind"
)
LEFT_OUT = "slow or nightly or tensorflow or float64"

pytestmark = pytest.mark.second_oracle


@pytest.mark.parametrize(
    ("backend", "files", "cases"),
    [
        pytest.param("torch", OTHERS + LAYERS, 1, id="torch", marks=pytest.mark.slow),
        pytest.param("jax", OTHERS[:2], 1, id="jax", marks=pytest.mark.slow),  # which compiles all that it meets
        pytest.param("jax", OTHERS[2:] + LAYERS, 1, id="jax-rest", marks=pytest.mark.nightly),
        pytest.param("torch", CHECK, 4, id="torch-check", marks=pytest.mark.slow),
        pytest.param("jax", CHECK, 1, id="jax-check", marks=pytest.mark.slow),
    ],
)
def test_quick_tests(backend, files, cases):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    options = ["-q", "-p", "no:cacheprovider", "--tb=short", f"--cases={cases}", "-m", f"not ({LEFT_OUT})"]
    options += ["-k", f"not ({TOO_LONG})"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(str(TESTS / file) for file in files)],
        cwd=TESTS.parent,
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"},  # JAX compiles sooner
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
