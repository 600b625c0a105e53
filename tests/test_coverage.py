"""The coverage table names what is registered, and gives a reason for every row that is not."""

import csv
from pathlib import Path

import pytest

import keras_acts

TABLE = Path(__file__).parent.parent / "benchmarks" / "coverage.csv"

pytestmark = pytest.mark.skipif(not TABLE.exists(), reason="the table is in the repository, not in the wheel")


def rows():
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_row_has_a_registered_name_or_a_reason():
    known = {*keras_acts.names(), *(f"layers.{name}" for name in keras_acts.layers.names())}
    for row in rows():
        assert bool(row["name"]) != bool(row["reason"]), row
        assert not row["name"] or row["name"] in known, row


def test_all_rows_of_the_survey_are_there():
    found = [row["id"] for row in rows()]
    assert len(found) == len(set(found))
    later = [row for row in rows() if row["tier"] == "4"]  # what models of 2023 to 2026 use besides
    assert len(found) - len(later) == 203
    assert len(later) >= 25


def test_at_least_a_hundred_names_are_declared():
    assert len(keras_acts.names()) >= 100


def test_clashing_names_are_not_registered_bare():
    """One name, several functions in the literature: such a string must not silently mean one of them."""
    clashing = {"frelu", "brelu", "srelu", "eswish", "telu", "drelu", "gelu_fast", "laplace", "sine", "aria2"}
    assert not clashing & set(keras_acts.names())
