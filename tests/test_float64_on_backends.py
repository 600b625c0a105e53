"""float64 on Keras' JAX and torch backends is as accurate as on TensorFlow, and their own tools find nothing wrong."""

import importlib.util
import json

import fresh_process
import numpy as np
import pytest
import stored_oracle
import subjects

import keras_acts
from keras_acts.testing import contract, metric

pytestmark = pytest.mark.second_oracle

PARTS = 48
SLOW_AND_NIGHTLY = [pytest.param(i, marks=pytest.mark.nightly if i else pytest.mark.slow) for i in range(PARTS)]


def run(backend, code, folder, specs):
    """The code in a new process of the backend, after `specs`, which it is about."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    return fresh_process.run(
        code,
        folder,
        before=f"import keras, keras_acts, numpy as np\nspecs = {json.dumps(specs)}",
        KERAS_BACKEND=backend,
        JAX_ENABLE_X64="1",
    )


DERIVATIVES = """
    from keras_acts.analysis import derivatives

    results = {}
    for spec, x in np.load("x.npz").items():
        found = derivatives(keras_acts.get(spec), keras.ops.convert_to_tensor(x, "float64"), orders=2)
        results[spec] = np.stack([keras.ops.convert_to_numpy(each) for each in found])
    np.savez("results.npz", **results)
"""


@pytest.mark.parametrize("part", SLOW_AND_NIGHTLY)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_values_and_derivatives_meet_the_contract(backend, part, tmp_path):
    specs = subjects.SPECS[part::PARTS]
    judged = {spec: subjects.subject(spec, judge=stored_oracle.Judge(spec)).judged for spec in specs}
    np.savez(tmp_path / "x.npz", **{spec: x for spec, (x, _) in judged.items()})
    run(backend, DERIVATIVES, tmp_path, specs)
    with np.load(tmp_path / "results.npz") as results:
        for spec, (x, exact) in judged.items():
            got = results[spec]
            assert got.dtype == "float64", spec
            is_normal = np.abs(x) >= np.finfo("float64").tiny
            for order in range(3):
                k = metric.k_error(got[order], exact, order, x, "float64")
                assert np.all(k[is_normal] <= contract.limit("float64", order)), (spec, order, x[np.argmax(k)])


# Of torch numerical differences in both modes; forward over reverse beside reverse twice on both.
TOOLS = {
    "torch": """
        import warnings

        import torch

        warnings.simplefilter("ignore", DeprecationWarning)  # torch's, of torch
        for spec in specs:
            f, rows = keras_acts.get(spec), torch.tensor(np.load("rows.npy"), requires_grad=True)
            torch.autograd.gradcheck(f, rows, check_forward_ad=True)
            torch.autograd.gradgradcheck(f, rows)
            row = rows[0].detach()
            twice = torch.autograd.functional.jacobian(
                lambda x: torch.autograd.functional.jacobian(f, x, create_graph=True), row
            )
            mixed = torch.func.jacfwd(torch.func.jacrev(f))(row)
            assert torch.allclose(mixed, twice, rtol=1e-9, atol=1e-10), spec
    """,
    "jax": """
        import jax
        from jax.test_util import check_grads

        for spec in specs:
            f, rows = keras_acts.get(spec), np.load("rows.npy")
            check_grads(f, (rows,), order=2, modes=["fwd", "rev"], rtol=1e-4, atol=1e-5)
            mixed, twice = jax.jacfwd(jax.jacrev(f))(rows[0]), jax.jacrev(jax.jacrev(f))(rows[0])
            assert np.allclose(mixed, twice, rtol=1e-9, atol=1e-10), spec
    """,
}


@pytest.mark.parametrize("part", SLOW_AND_NIGHTLY)
@pytest.mark.parametrize("backend", TOOLS)
def test_the_tools_of_the_backend_find_nothing(backend, part, tmp_path):
    np.save(tmp_path / "rows.npy", np.random.default_rng(3).normal(scale=1.3, size=(2, 4)))
    run(backend, TOOLS[backend], tmp_path, keras_acts.names()[part::PARTS])
