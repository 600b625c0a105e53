"""Runs as a script, in a process of its own: converts a SavedModel and runs the file, without keras_acts.

A converter or a runtime that aborts takes its process with it. `exporting.py` writes the job and reads the result.
"""

import importlib.metadata
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np

SIGNATURE = "serving_default"


def convert(
    saved_model: str, path: str, format: str, quantize: str | None, representative: list[dict[str, Any]]
) -> None:
    """Write the file for a runtime."""
    if format == "onnx":
        _to_onnx(saved_model, path)
    else:
        Path(path).write_bytes(_to_litert(saved_model, quantize, representative))


def _to_onnx(saved_model: str, path: str) -> None:
    for alias, meant in (("object", object), ("bool", bool), ("cast", np.asarray)):
        if alias not in vars(np):  # tf2onnx uses what NumPy 2 has no more
            setattr(np, alias, meant)
    from tf2onnx import convert

    sys.argv = ["tf2onnx", "--saved-model", saved_model, "--signature_def", SIGNATURE, "--opset", "17"]
    sys.argv += ["--output", path]
    convert.main()


def _to_litert(saved_model: str, quantize: str | None, representative: list[dict[str, Any]]) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=[SIGNATURE])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if quantize:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "int8":
        converter.representative_dataset = lambda: iter(representative)
        # Not the int8 set alone: looking up a table takes a division that is not to be quantized.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter.convert()


def runner(path: str, format: str) -> Any:
    """A function from inputs to outputs, by name; of a SavedModel in their structure. The runtime computes it."""
    if format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))
    if format == "litert":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=path)
        run = interpreter.get_signature_runner(SIGNATURE)
        return lambda inputs: run(**inputs)
    import tensorflow as tf

    loaded = tf.saved_model.load(path)

    def serve(inputs: Any) -> Any:
        outputs = loaded.serve(tf.nest.map_structure(tf.constant, inputs))
        return tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)

    return serve


PACKAGES = {"onnx": "onnxruntime", "litert": "ai-edge-litert", "saved_model": "tensorflow"}


def main(job: Path) -> None:
    """Convert and run what the job says; the result is written beside it."""
    settings = pickle.loads(job.read_bytes())
    if settings["saved_model"] != settings["path"]:
        convert(*(settings[key] for key in ("saved_model", "path", "format", "quantize", "representative")))
    run = runner(settings["path"], settings["format"])
    outputs = [run(inputs) for inputs in settings["inputs"]]
    package = PACKAGES[settings["format"]]
    result = {"outputs": outputs, "runtime": f"{package} {importlib.metadata.version(package)}"}
    job.with_suffix(".result").write_bytes(pickle.dumps(result))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]))
