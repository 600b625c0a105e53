"""The command line: `keras-acts list | show | compare`."""

import contextlib
import inspect
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from keras_acts.core import registry
from keras_acts.core.declaration import Declaration, Trait

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Activation functions for Keras 3: list them, look at one, compare them by training.",
)


def _say(message: Any = "", **options: Any) -> None:
    Console(highlight=False, markup=False).print(message, **options)


def _fail(message: str) -> NoReturn:
    """One red line, and the exit code of a usage error."""
    Console(stderr=True).print(Text(f"Error: {message}", style="red"), soft_wrap=True)
    raise typer.Exit(2)


# ---- list ------------------------------------------------------------------------------------------------------------


@app.command("list")
def list_activations(
    text: Annotated[
        str | None, typer.Argument(help="Keep those with this text in their name, alias, formula or summary.")
    ] = None,
    trait: Annotated[str | None, typer.Option(help="Keep those with this trait, such as 'smooth'.")] = None,
    family: Annotated[str | None, typer.Option(help="Keep those of this family, such as 'gelu'.")] = None,
) -> None:
    """List the activations."""
    families = sorted({registry.info(name).family for name in registry.names()})
    _check_choice("trait", trait, [str(known) for known in Trait])
    _check_choice("family", family, families)
    found = [registry.info(name) for name in registry.names(trait=trait, family=family)]
    found = [declaration for declaration in found if text is None or _mentions(declaration, text)]
    if not found:
        _say("No activation fits. `keras-acts list` shows all.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Name", style="bold cyan", no_wrap=True)
    table.add_column("Family", no_wrap=True)
    table.add_column("Formula f(x)", ratio=1)
    table.add_column("Summary", ratio=1)
    for declaration in found:
        table.add_row(
            declaration.name, declaration.family, Text(_plain_formula(declaration)), Text(declaration.summary)
        )
    _say(table)
    _say(f"{len(found)} of {len(registry.names())} activations. `keras-acts show {found[0].name}` tells more of one.")


def _check_choice(option: str, value: str | None, choices: Sequence[str]) -> None:
    if value is not None and value not in choices:
        _fail(f"`{option}` must be one of: {', '.join(choices)}. Received: {value!r}")


def _mentions(declaration: Declaration, text: str) -> bool:
    aliases = [alias for names in declaration.aliases.values() for alias in names]
    places = [declaration.name, declaration.formula, _plain_formula(declaration), declaration.summary, *aliases]
    return any(text.lower() in place.lower() for place in places)


def _plain_formula(declaration: Declaration) -> str:
    """The right side of the docstring's `f(x) = ...`, which reads better in a terminal than LaTeX."""
    match = re.search(r"^f\(x\)\S* = (.+)$", inspect.getdoc(declaration.body) or "", flags=re.MULTILINE)
    return match[1] if match else declaration.formula


# ---- show ------------------------------------------------------------------------------------------------------------


@app.command()
def show(
    activation: Annotated[str, typer.Argument(help='A name, or a name with parameters: "elu(alpha=0.5)".')],
    save: Annotated[
        Path | None, typer.Option(help="Write a plot of f, f' and f'' to this image file (PNG, SVG, PDF).")
    ] = None,
) -> None:
    """Show one activation: formula, parameters, traits, paper, aliases and a plot."""
    from keras_acts import plots

    try:
        function = registry.get(activation)
        declaration, _ = registry.described(function)
        assert declaration is not None  # a string never gives a foreign function
        curve = plots.evaluate(function, plots.fine_grid())
    except (ValueError, TypeError) as error:
        _fail(str(error))
    given = getattr(function, "params", {})
    _say(Text.assemble((function.__name__, "bold cyan"), "  ", declaration.summary))
    _say()
    _say(_facts(declaration))
    if declaration.params:
        _say(_parameter_table(declaration, given))
    _say(Text(_description(declaration)))
    if save is None:
        _say(_terminal_plots(curve))
        return
    try:
        _save_function_figure(function, save)
    except (OSError, ValueError) as error:
        _fail(f"`save` must be an image file that can be written. Received: {save} ({_reason(error)})")
    _say(f"\nPlot written to {save}", soft_wrap=True)


def _facts(declaration: Declaration) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    facts.add_row("Formula", Text(f"f(x) = {_plain_formula(declaration)}"))
    facts.add_row("LaTeX", Text(declaration.formula))
    facts.add_row("Family", declaration.family)
    facts.add_row("Traits", ", ".join(sorted(str(trait) for trait in declaration.traits)) or "none")
    facts.add_row("Paper", Text(declaration.paper or "none"))
    aliases = [f"{framework}: {', '.join(names)}" for framework, names in declaration.aliases.items()]
    facts.add_row("Aliases", Text("\n".join(aliases) or "none"))
    return facts


def _parameter_table(declaration: Declaration, given: dict[str, Any]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("Parameter", "Meaning", "Legal values", "Default"):
        table.add_column(column)
    if given:
        table.add_column("Here", style="cyan")
    for param in declaration.params.values():
        here = [repr(given.get(param.name, param.default))] if given else []
        table.add_row(Text(param.name, style="bold"), Text(param.meaning), param.expected, repr(param.default), *here)
    return table


def _description(declaration: Declaration) -> str:
    """The docstring without what the tables above it already say."""
    paragraphs = (inspect.getdoc(declaration.body) or "").split("\n\n")[1:]
    shown = [part for part in paragraphs if not part.startswith(("Args:", "f(x)"))]
    # Prose takes the width of the terminal; sections such as "Example:" keep their lines.
    flowing = [part if re.match(r"\w+:\n", part) else " ".join(part.split()) for part in shown]
    return "\n" + "\n\n".join(flowing) + "\n"


def _terminal_plots(curve: Any) -> Any:
    from keras_acts import plots

    console = Console()
    if console.options.ascii_only:
        return "This terminal shows no braille dots. `--save FILE.png` draws the plot."
    blocks = []
    for title, values in (("f(x)", curve.value), ("f'(x)", curve.slope)):
        title = f"       {title} from {values.min():.3g} to {values.max():.3g}"
        block = Text("\n".join([title, *plots.terminal_plot(curve.x, values, width=38)]), no_wrap=True)
        block.highlight_regex(r"[─│┼]", "dim")
        block.highlight_regex(r"[\u2800-\u28ff]", "bold cyan")
        blocks.append(block)
    return Columns(blocks, padding=(0, 2))


def _save_function_figure(function: Any, path: Path) -> None:
    from matplotlib.figure import Figure  # not pyplot: no display is needed

    from keras_acts import plots

    figure = Figure(figsize=(7.0, 5.0), layout="constrained")
    plots.draw_function(function, ax=figure.subplots())
    figure.savefig(path, dpi=150)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


# ---- compare ---------------------------------------------------------------------------------------------------------


@app.command()
def compare(
    activations: Annotated[
        str | None, typer.Option(help='Names or spec strings, with commas between: "relu,gelu,elu(alpha=0.5)".')
    ] = None,
    models: Annotated[str | None, typer.Option(help='Networks: "mlp", "cnn" or "mlp,cnn".')] = None,
    seeds: Annotated[int, typer.Option(help="Repetitions, each with its own split, weights and order of batches.")] = 2,
    epochs: Annotated[int, typer.Option(help="Passes over the training data.")] = 15,
    output: Annotated[Path, typer.Option(help="Folder in which a new folder with the results is made.")] = Path("runs"),
) -> None:
    """Train the same networks with several activations on scikit-learn's digits; write a table and curves.

    Without options: sigmoid, relu, elu, leaky_relu, selu and gelu in an MLP and a CNN, about a minute on two cores.
    """
    from keras_acts import experiments

    chosen: dict[str, Any] = {"seeds": seeds, "epochs": epochs}
    if activations is not None:
        chosen["activations"] = _split(activations)
    if models is not None:
        chosen["models"] = _split(models)
    try:
        plan = experiments.Plan(**chosen)
    except (ValueError, TypeError) as error:
        _fail(str(error))
    try:
        folder = experiments.report.new_folder(output)
    except OSError as error:
        _fail(f"`output` must be a folder that can be written to. Received: {output} ({_reason(error)})")
    try:
        with _native_log(folder / "tensorflow.log"):
            records = _run_with_progress(plan)
    except BaseException:  # interrupted as well: leave nothing behind
        shutil.rmtree(folder)
        raise
    experiments.report.write(records, folder)
    _print_summary(experiments.report.summarize(records))
    if plan.seeds < 6:  # the sign-flip test of n pairs cannot give less than 2 / 2**n
        shown = f"Mean ± standard deviation over {plan.seeds} seeds" if plan.seeds > 1 else "One seed"
        _say(f"{shown}: a trend. Significance needs 6 seeds or more.", soft_wrap=True)
    _say(f"Table, runs and curves: {folder}", soft_wrap=True)


@contextlib.contextmanager
def _native_log(path: Path) -> Iterator[None]:
    """Send what TensorFlow's C++ code writes to stderr into a file, kept if anything was written.

    It cannot be switched off (TF_CPP_MIN_LOG_LEVEL does not reach all of it) and cuts through the progress bar. In each
    default comparison it is an optimizer's "remapper failed" for leaky_relu, Keras' own included, which is harmless.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    try:
        with path.open("wb") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)
        if path.stat().st_size == 0:
            path.unlink()


def _split(text: str) -> tuple[str, ...]:
    """Split at commas, but for those inside parentheses."""
    return tuple(part.strip() for part in re.split(r",(?![^()]*\))", text))


def _run_with_progress(plan: Any) -> list[Any]:
    from keras_acts import experiments

    runs = experiments.runs(plan)
    records = []
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    ) as progress:
        task = progress.add_task("", total=len(runs))
        results = experiments.execute(runs)
        for run in runs:
            progress.update(task, description=f"{run.model} {run.activation}, seed {run.seed}")
            records.append(next(results))
            progress.advance(task)
        progress.update(task, description="done")
    return records


def _print_summary(rows: Sequence[Any]) -> None:
    diverged = any(row.diverged for row in rows)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Network")
    table.add_column("Activation", style="bold cyan")
    for title in ("Test accuracy %", "Validation accuracy %", "Test loss"):
        table.add_column(title, justify="right")
    if diverged:
        table.add_column("Diverged runs", justify="right", style="red")
    for number, row in enumerate(rows):
        if number and row.model != rows[number - 1].model:
            table.add_section()
        table.add_row(
            row.model,
            Text(row.activation),
            _mean_and_sd(100 * row.test_accuracy_mean, 100 * row.test_accuracy_sd, 1),
            _mean_and_sd(100 * row.val_accuracy_mean, 100 * row.val_accuracy_sd, 1),
            _mean_and_sd(row.test_loss_mean, row.test_loss_sd, 3),
            *([str(row.diverged)] if diverged else []),
        )
    _say(table)


def _mean_and_sd(mean: float, sd: float, digits: int) -> str:
    # nan != nan: one seed has no spread
    return f"{mean:.{digits}f}" + (f" ± {sd:.{digits}f}" if sd == sd else "")
