"""`keras-acts compare`."""

import contextlib
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer

from keras_acts.cli import console

__all__ = ["command", "compare", "preset_command", "split"]

PAGE = "report.html"

# The options, each with its type and its help: the settings of `Plan`, and the last two.
OPTIONS: dict[str, tuple[type, str]] = {
    "activations": (str, 'Names or spec strings, with commas between: "relu,gelu,elu(alpha=0.5),PReLU". Default: 12.'),
    "baseline": (str, "What the others are compared with. Default: relu."),
    "data": (str, 'Data set ("digits", "circles(noise=0.1)"), .csv or .npz file, "module:function".'),
    "model": (str, 'Network: "mlp(width=128, depth=2)", "cnn", "deep_mlp", "siren", "file.py:build".'),
    "fit": (str, 'A training loop of your own, "file.py:function", instead of data and model.'),
    "seeds": (int, "Repetitions, each with its own split, weights, order of batches. Default: 10."),
    "epochs": (int, "Passes over the training data. Default: 20."),
    "batch_size": (int, "Samples in a step. Default: 128."),
    "learning_rates": (str, 'Grid, or one for all: validation data choose. Default: "3e-4,1e-3,3e-3,1e-2,3e-2".'),
    "optimizer": (str, 'One of Keras, as in "adamw(weight_decay=0.01)". Default: adam.'),
    "metric": (str, 'Any of Keras, as in "AUC" or "F1Score(average=\'macro\')". Default: accuracy or mse.'),
    "best_epoch": (bool, "Score after the epoch that is best on validation data, or after the last (default)."),
    "paired": (bool, "Initializers: each activation its own (default), or all Keras'."),
    "worth": (float, 'Smallest difference worth having, in points or units of the metric: answers "equivalent" too.'),
    "budget": (float, "Seconds after which no run is started any more."),
    "time_limit": (float, "Seconds that a single run may take. Default: 3600."),
    "workers": (int, "Processes. Default: one on each core."),
    "engine": (str, '"processes" (default), "ray" or "here".'),
    "output": (str, "Folder of the comparison. Default: below runs/, the same for the same settings."),
    "preset": (str, "Repeat a published experiment (listed above) with its own settings."),
    "plan": (Path, "YAML file with these settings; options win over it."),
}


def split(text: str) -> tuple[str, ...]:
    """Split at commas, but for those inside parentheses and those before `b=1.5`, a parameter of a formula."""
    parts = [""]
    depth = 0
    for piece in re.split(r"([()]|,(?!\s*\w+\s*=))", text):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return tuple(part.strip() for part in parts)


def _rate(text: str) -> float | str:
    with contextlib.suppress(ValueError):
        return float(text)
    return text  # the plan says what is wrong with it


def compare(preset: str | None = None, plan: Path | None = None, **options: Any) -> None:
    """Train a network with several activations: which differ?

    The same network, data and seeds for all; the answer is which of them differ from the baseline, and how sure that
    is. Without options: 12 activations, each at its best of 5 learning rates, 10 seeds, an MLP on scikit-learn's
    digits; about a minute on two cores.
    Finished runs are kept at once: the same command continues where it was interrupted.

    \b
    Presets:
      circles-units   Circles: how many hidden units
      circles-depth   Circles: how many layers of 8
      circles-epochs  Circles: how many epochs for 8-16-32-8
      mnist-cnn       MNIST with a small CNN
      vanishing       Vanishing gradients: sigmoid networks before training
      deep-30         30 layers of 64 units without normalisation
      snake           Snake: sin(x) beyond the data
      siren           SIREN: a picture as a function of its coordinates
    """
    from keras_acts import experiments
    from keras_acts.experiments import plan as plans

    given = {name: value for name, value in options.items() if value is not None}
    if "activations" in given:
        given["activations"] = split(given["activations"])
    if "learning_rates" in given:
        given["learning_rates"] = tuple(map(_rate, split(given["learning_rates"])))
    try:
        settings = (plans.read(plan) if plan is not None else {}) | given
        if preset is None:
            chosen = plans.from_mapping(settings)
            job, repeat = experiments.plain_job(chosen), command(chosen)
        else:
            job, repeat = experiments.preset_job(preset, **settings), preset_command(preset, settings)
    except (OSError, ValueError, TypeError) as error:
        unread = f"`plan` must be a file that can be read. Received: {plan} ({console.reason(error)})"
        console.fail(unread if getattr(error, "filename", None) else str(error))  # data have a message of their own
    _say_what_seeds_can_show(job.plans)
    folder = job.folder
    try:
        comparison = _run_with_progress(job)
        kept = _write(comparison, folder, repeat)
    except KeyboardInterrupt:
        console.say(f"\nInterrupted. Finished runs are in {folder}; the same command continues.", soft_wrap=True)
        raise typer.Exit(130) from None
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        console.fail(str(error))
    console.say(comparison)
    console.say(kept, soft_wrap=True)


def _write(comparison: Any, folder: Path, repeat: str) -> str:
    """Write what can be written, as of a finished comparison in a folder that is read-only, and say where it is."""
    parts = {
        "the tables": lambda: comparison.to_csv(folder),
        "the figures": lambda: comparison.save_figures(folder / "figures"),
        PAGE: lambda: comparison.to_html(folder / PAGE, settings={"command": repeat}),
    }
    failed: dict[str, str] = {}
    for part, write in parts.items():
        try:
            write()
        except OSError as error:
            failed[part] = console.reason(error)
    if not failed:
        return f"Report: {folder / PAGE}"
    reasons = ", ".join(dict.fromkeys(failed.values()))
    return f"Could not write {', '.join(failed)} in {folder} ({reasons}): what is there is of an earlier call"


# typer reads the options from the signature.
compare.__signature__ = Signature(  # type: ignore[attr-defined]
    [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, typer.Option(help=text)])
        for name, (kind, text) in OPTIONS.items()
    ]
)


def _say_what_seeds_can_show(chosen: Any) -> None:
    if any(plan.seeds < 2 and len(plan.activations) > 1 for plan in chosen):
        console.say("1 seed can show a trend only: for significance it takes 2 or more.", soft_wrap=True)


def _run_with_progress(job: Any) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    terminal = console.terminal()
    spinner = SpinnerColumn("line" if terminal.options.ascii_only else "dots")
    bar = (spinner, TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _native_log(job.folder), Progress(*bar, console=terminal) as progress:
        task = progress.add_task("starting", total=job.expected_runs)

        def advance(record: Any) -> None:
            run = record.run
            what = f"learning rate {run.learning_rate:g}" if run.tuning else f"seed {run.seed}"
            progress.update(task, advance=1, description=f"{run.activation}, {what}")

        comparison = job.done(advance)
        progress.update(task, description="done", total=progress.tasks[0].completed)
    return comparison


def command(chosen: Any) -> str:
    """The command that repeats a plan."""
    from keras_acts.experiments.plan import HOW

    words = ["keras-acts compare"]
    for setting in fields(chosen):
        name, value = setting.name.replace("_", "-"), getattr(chosen, setting.name)
        if isinstance(value, bool):
            words += [] if value == setting.default else [f"--{name}" if value else f"--no-{name}"]
        elif setting.name not in HOW and value is not None:
            plain = isinstance(value, str | int | float | Path)
            text = ",".join(map(str, value)) if isinstance(value, tuple) else value if plain else type(value).__name__
            words.append(f"--{name} {shlex.quote(str(text))}")
    return " ".join(words)


def preset_command(name: str, settings: dict[str, Any]) -> str:
    """The command that repeats a preset."""
    return " ".join(
        [
            f"keras-acts compare --preset {name}",
            *(f"--{key} {shlex.quote(str(value))}" for key, value in settings.items()),
        ]
    )


@contextlib.contextmanager
def _native_log(folder: Path) -> Iterator[None]:
    """Send what TensorFlow's C++ code writes to stderr into the folder's `tensorflow.log`, made if there is anything.

    It cannot be switched off (TF_CPP_MIN_LOG_LEVEL does not reach all of it) and would break the progress bar. Each
    default comparison has the harmless "remapper failed" of a graph optimizer for leaky_relu, as Keras' own has.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file, open(os.dup(2), "wb") as terminal:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal.fileno(), 2)
            file.seek(0)
            said = file.read()
    if said and folder.is_dir():
        with contextlib.suppress(OSError):  # a folder that is read-only: what it is for is told elsewhere
            (folder / "tensorflow.log").write_bytes(said)
