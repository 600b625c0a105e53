"""`keras-acts compare`, as a user meets it."""

import csv
import dataclasses
import io
import itertools
import os
import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
from synthetic import records
from typer.testing import CliRunner

import keras_acts
from keras_acts import cli, experiments
from keras_acts.cli import comparing, console
from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.runs import runner

SMALL = ("--data", "iris", "--model", "mlp(width=8)", "--epochs", "2", "--engine", "here", "--learning-rates", "0.01")


@pytest.fixture
def call(monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "dumb")  # no colours: the text is what counts
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        return CliRunner().invoke(cli.app, ("compare", *arguments))

    return call


def refused(result):
    """The one line that a refused call prints."""
    assert result.exit_code == 2, result.output
    lines = result.stderr.strip().split("\n")
    assert len(lines) == 1
    return lines[0]


def test_it_ends_with_the_verdict_and_the_path_of_the_page(call, tmp_path, monkeypatch):
    result = call(*SMALL, "--activations", "relu, elu(alpha=0.5),PReLU", "--seeds", "2")
    assert result.exit_code == 0, result.output
    assert "on data of this kind as far as 2 divisions of one set" in result.stdout.replace("\n", " ")
    assert "6/6" in result.stdout
    assert "no significant difference" in result.stdout
    folder = next((tmp_path / "runs").iterdir())
    assert result.stdout.strip().endswith(f"Report: {folder.relative_to(tmp_path)}/report.html")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "elu(alpha=0.5)" in page
    with (folder / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["activation"] for row in rows] == ["relu", "elu(alpha=0.5)", "PReLU"] * 2
    assert {path.suffix for path in (folder / "figures").iterdir()} == {".png", ".svg"}

    # Again: the same folder, and nothing is trained.
    monkeypatch.setattr(runner, "run_one", lambda run: pytest.fail(f"{run} is finished"))
    again = call(*SMALL, "--activations", "relu, elu(alpha=0.5),PReLU", "--seeds", "2")
    assert again.exit_code == 0, again.output
    assert again.stdout.strip().endswith(f"Report: {folder.relative_to(tmp_path)}/report.html")


def test_what_cannot_be_written_is_said_in_one_sentence(call, tmp_path):
    """The comparison is drawn and printed all the same, as of a finished folder that is read-only."""
    settings = (*SMALL, "--activations", "relu,tanh", "--seeds", "1", "--output", "results")
    assert call(*settings).exit_code == 0
    for name in ("report.html", "summary.csv"):
        (tmp_path / "results" / name).unlink()
        (tmp_path / "results" / name).mkdir()
    result = call(*settings)
    assert result.exit_code == 0, result.output
    assert "Test accuracy" in result.stdout
    told = " ".join(result.stdout.split())
    said = "Could not write the tables, report.html in results (Is a directory): what is there is of an earlier call"
    assert said in told
    assert "Report:" not in result.stdout


class Finished:
    """A job that is done."""

    plans, folder, expected_runs = (), Path("nowhere"), 9

    def __init__(self, records):
        self.records = records

    def done(self, progress):
        for each in self.records:
            progress(each)


@pytest.mark.parametrize(("encoding", "plus_minus", "rest"), [("ascii", "+-", "x e ?"), ("iso8859-1", "±", "× é ?")])
def test_a_terminal_without_these_characters_gets_others_like_them(monkeypatch, encoding, plus_minus, rest):
    made = Comparison(records({"relu": 0.9, "gelu": 0.95, "swish": 0.5}, seeds=3))
    errors = records({"relu": 0.4}, 3, metric="mse"), records({"gelu": 0.4}, 3, metric="mse", diverged=True)
    diverged = Comparison([*errors[0], *errors[1]])
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding, write_through=True))
    monkeypatch.setattr(sys, "stderr", sys.stdout)
    monkeypatch.setenv("COLUMNS", "100")
    for each in (made, diverged):
        console.say(each)
    comparing._run_with_progress(Finished(made.records))
    console.say("± – − ∞ … × é 激")
    with pytest.raises(typer.Exit):
        console.fail("±")
    lines = written.getvalue().decode(encoding).splitlines()
    assert lines[-1] == f"Error: {plus_minus}"
    assert lines[-2] == f"{plus_minus} - - inf ... {rest}"
    assert any(line.strip().startswith("done") for line in lines)
    assert any("inf (3 of 3 diverged)" in line for line in lines)
    rows = [line for line in lines if re.match(r"\|(relu|gelu|swish) +\| +\d\d\.\d ", line)]
    assert all(f" {plus_minus} " in row for row in rows)
    assert len(rows) == 3
    assert len({len(row) for row in rows}) == 1  # the columns stay in line


@pytest.mark.slow
def test_a_plan_file_with_options_on_top(call, tmp_path):
    (tmp_path / "plan.yml").write_text("activations: [relu, tanh]\nseeds: 5\noutput: here\n")
    result = call(*SMALL, "--plan", "plan.yml", "--seeds", "1")
    assert result.exit_code == 0, result.output
    assert "2/2" in result.stdout
    assert (tmp_path / "here" / "report.html").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--activations", "relu,rellu"), "Error: Unknown activation. Did you mean 'relu'"),
        (("--activations", "elu(alpha=-1.0)"), "must be a finite number >= 0. Received: alpha=-1.0"),
        (("--activations", "elu(beta=1.0)"), "beta"),
        (("--activations", "relu,,gelu"), "Unknown activation"),
        (("--seeds", "0"), "`seeds` of a plan must be an integer >= 1. Received: seeds=0"),
        (("--model", "rnn"), "Unknown network."),
        (("--data", "digts"), "Did you mean 'digits'?"),
        (("--data", "no.csv", "--engine", "here"), "The data file no.csv cannot be read: No such file or directory"),
        (
            ("--learning-rates", "0.1,fast"),
            "`learning_rates` of a plan must be a finite number > 0. Received: learning_rates='fast'",
        ),
        (("--plan", "no.yml"), "`plan` must be a file that can be read. Received: no.yml (No such file or directory)"),
    ],
)
def test_it_refuses_in_one_line(call, tmp_path, options, message):
    assert message in refused(call(*options))
    assert not list(tmp_path.rglob("report.html"))


def test_a_plan_with_a_typo(call, tmp_path):
    (tmp_path / "plan.yml").write_text("epoch: 3\n")
    assert "A plan has no setting `epoch`. Did you mean 'epochs'?" in refused(call("--plan", "plan.yml"))


def test_it_refuses_an_output_that_is_no_folder(call, tmp_path):
    (tmp_path / "file").write_text("kept")
    assert "cannot be made" in refused(call(*SMALL, "--output", "file"))
    assert (tmp_path / "file").read_text() == "kept"


def test_it_refuses_the_folder_of_another_comparison(call, tmp_path):
    settings = (*SMALL, "--activations", "relu", "--seeds", "1", "--output", "results")
    assert call(*settings).exit_code == 0
    before = (tmp_path / "results" / "runs.sqlite").read_bytes(), (tmp_path / "results" / "report.html").read_bytes()
    message = refused(call(*settings, "--epochs", "3"))
    assert "holds another comparison (epochs: 2 there, 3 here). Choose another output folder" in message
    after = (tmp_path / "results" / "runs.sqlite").read_bytes(), (tmp_path / "results" / "report.html").read_bytes()
    assert after == before


@pytest.mark.slow
def test_interrupted_it_keeps_what_is_finished_and_says_how_to_go_on(call, tmp_path, monkeypatch):
    train = runner.run_one

    def interrupted(run):
        if run.seed == 1:
            raise KeyboardInterrupt
        return train(run)

    monkeypatch.setattr(runner, "run_one", interrupted)
    settings = (*SMALL, "--activations", "relu,tanh", "--seeds", "2", "--output", "results")
    result = call(*settings)
    assert result.exit_code == 130
    assert "Interrupted. Finished runs are in results; the same command continues." in result.stdout
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    done = []
    monkeypatch.setattr(runner, "run_one", lambda run: done.append(run) or train(run))
    assert call(*settings).exit_code == 0
    assert [(run.activation, run.seed) for run in done] == [("relu", 1), ("tanh", 1)]


def test_the_printed_command_repeats_the_comparison():
    plan = experiments.Plan(activations=("relu", "elu(alpha=0.5)"), learning_rates=(0.1, 0.01), paired=False)
    words = shlex.split(comparing.command(plan))[2:]
    options = {name[2:]: value for name, value in itertools.pairwise(words) if name.startswith("--")}
    assert comparing.split(options["activations"]) == plan.activations
    assert tuple(map(float, options["learning-rates"].split(","))) == plan.learning_rates
    assert comparing.command(plan).endswith("--no-paired")


@pytest.mark.slow
def test_compare_is_one_call():
    settings = {"data": "iris", "model": "mlp(width=8)", "learning_rates": [0.01], "engine": "here"}
    comparison = keras_acts.compare(["relu", "PReLU"], seeds=1, epochs=2, **settings)
    assert [record.run.activation for record in comparison.records] == ["relu", "PReLU"]
    assert comparison.best() in ("relu", "PReLU")


def test_what_native_code_says_goes_into_a_file(tmp_path, capfd):
    with comparing._native_log(tmp_path):
        os.write(2, b"from C++")
    os.write(2, b"afterwards")
    assert (tmp_path / "tensorflow.log").read_bytes() == b"from C++"
    assert capfd.readouterr().err == "afterwards"
    (tmp_path / "silence").mkdir()
    with comparing._native_log(tmp_path / "silence"):
        pass
    assert list((tmp_path / "silence").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("relu", ("relu",)),
        ("relu, elu(alpha=0.5) ,gelu", ("relu", "elu(alpha=0.5)", "gelu")),
        (
            "relu(max_value=6.0, threshold=1.0),hard_tanh(-2.0,2.0)",
            ("relu(max_value=6.0, threshold=1.0)", "hard_tanh(-2.0,2.0)"),
        ),
    ],
)
def test_commas_inside_parentheses_do_not_split(text, parts):
    assert comparing.split(text) == parts


def test_every_setting_of_a_plan_is_an_option():
    settings = [setting.name for setting in dataclasses.fields(experiments.Plan)]
    assert list(comparing.OPTIONS) == [*settings, "preset", "plan"]


@pytest.mark.parametrize(("seeds", "said"), [(1, "1 seed can show a trend only: for significance it takes 2"), (2, "")])
def test_what_one_seed_can_show_is_said_at_the_start(capsys, monkeypatch, seeds, said):
    monkeypatch.setenv("COLUMNS", "300")
    comparing._say_what_seeds_can_show([experiments.Plan(activations=("relu", "tanh"), seeds=seeds)])
    assert capsys.readouterr().out.startswith(said)
    assert bool(capsys.readouterr().out) is False
