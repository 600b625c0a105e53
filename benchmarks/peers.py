"""torch and jax in processes of their own, each with its own threads, answering one timing request at a time."""

import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

import keras_acts


class Peer:
    """A framework in another process. `load` an activation, then `run` it; `run` returns when the work is done."""

    def __init__(self, framework: str) -> None:
        self.framework = framework
        self.available = importlib.util.find_spec(framework) is not None
        self._process: subprocess.Popen[str] | None = None

    def load(self, name: str, dtype: str, shape: Any, which: str) -> bool:
        """Prepare an activation; False where the framework has none of that meaning."""
        aliases = keras_acts.info(name).aliases.get(self.framework, ())
        if not aliases:
            return False
        alias = aliases[0].partition("(")[0]
        return self._ask({"alias": alias, "dtype": dtype, "shape": list(shape), "which": which}) == "ready"

    def run(self) -> None:
        self._ask({"run": True})

    def _ask(self, request: dict[str, Any]) -> str:
        if self._process is None:
            command = [sys.executable, "-m", "benchmarks.peers", self.framework]
            passive = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}  # idle threads would hold the cores
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=passive
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


def _torch_run(alias: str, dtype: str, shape: list[int], which: str) -> Any:
    import torch

    module = getattr(torch.nn, alias)(**({"dim": -1} if "Softm" in alias or "LogSoftm" in alias else {}))
    x = torch.randn(shape, dtype=getattr(torch, dtype), requires_grad=which != "forward")
    upstream = torch.randn(shape, dtype=x.dtype)

    def run() -> None:
        y = module(x)
        if which != "forward":
            torch.autograd.grad(y, x, upstream)

    return run


def _jax_run(alias: str, dtype: str, shape: list[int], which: str) -> Any:
    import jax

    function = getattr(jax.nn, alias)
    x = jax.random.normal(jax.random.key(0), shape, dtype)
    upstream = jax.random.normal(jax.random.key(1), shape, dtype)

    def both(x: Any, upstream: Any) -> Any:
        y, pullback = jax.vjp(function, x)
        return y, pullback(upstream)

    compiled = jax.jit(function if which == "forward" else both)
    arguments = (x,) if which == "forward" else (x, upstream)
    return lambda: jax.block_until_ready(compiled(*arguments))


def serve(framework: str) -> None:
    """Answer requests, a JSON line each, until the input ends."""
    prepare = {"torch": _torch_run, "jax": _jax_run}[framework]
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        if "run" in request:
            run()
            print("done", flush=True)
            continue
        try:
            run = prepare(**request)
            run()
            print("ready", flush=True)
        except (AttributeError, TypeError, RuntimeError) as error:
            print(f"no: {error}".replace("\n", " "), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
