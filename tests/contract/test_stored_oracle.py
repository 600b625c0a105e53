"""What is kept of the oracle is what it says today."""

import numpy as np
import over_axis
import pytest
import stored_oracle
import subjects
from reference import REFERENCES
from subjects import OVER_AXIS_SPECS, SPECS

from keras_acts.testing import contract, oracle

POINTS = 3  # that are judged anew for each subject


@pytest.fixture
def nothing_in_memory():
    stored_oracle.forget()
    yield
    stored_oracle.forget()


def test_what_is_kept_is_up_to_date():
    outdated = [spec for spec in (*SPECS, *OVER_AXIS_SPECS) if stored_oracle.kept(spec) is None]
    assert outdated == [], f"computed live, which takes seconds each. Write them: {stored_oracle.COMMAND}"


def test_a_drawn_few_are_as_judged_now():
    """Judged live; heads to the last bit, where they are not below the normal numbers, and tails to theirs."""
    generator = np.random.default_rng(7)
    for spec in SPECS:
        subject = subjects.subject(spec, judge=stored_oracle.Judge(spec))
        x, kept = subject.judged
        drawn = generator.choice(len(x), POINTS, replace=False)
        now = oracle.derivatives(subject.reference, x[drawn], subject.surrogate)
        with np.errstate(invalid="ignore"):  # of infinities
            difference = (kept.head[:3, drawn] - now.head[:3]) + (kept.tail[:3, drawn] - now.tail[:3])
            ulp = np.spacing(np.abs(now.head[:3]))
        least = 2.0**-1070  # tails of the smallest normal numbers are subnormal, and have no such digits
        right = np.abs(difference) <= np.maximum(ulp / 16, least)
        right |= np.isnan(now.head[:3]) & np.isnan(kept.head[:3, drawn])
        right |= (kept.head[:3, drawn] == now.head[:3]) & ~np.isfinite(now.head[:3])
        assert right.all(), (spec, x[drawn])
        np.testing.assert_allclose(kept.head[3, drawn], now.head[3], rtol=0.02, err_msg=spec)


def test_drawn_rows_are_as_judged_now():
    generator = np.random.default_rng(7)
    for spec in OVER_AXIS_SPECS:
        rows = over_axis.rows("float32").astype(np.float64)
        i = generator.integers(len(rows))
        judged = over_axis.judged_row(over_axis.oracle(spec), rows[i])
        for kept, now in zip(stored_oracle.judged_rows(spec, "float32"), judged, strict=True):
            np.testing.assert_array_equal(kept[i], now, err_msg=spec)


@pytest.mark.usefixtures("nothing_in_memory")
def test_without_a_file_the_oracle_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(stored_oracle, "FOLDER", tmp_path)
    x = np.array([-1.5, 0.25])
    judge = stored_oracle.Judge("tanh")
    np.testing.assert_allclose(judge.derivatives(REFERENCES["tanh"], x).head[0], np.tanh(x), rtol=1e-15)
    np.testing.assert_array_equal(judge.limits(REFERENCES["tanh"]), [[-1.0, 0.0], [1.0, 0.0]])


@pytest.mark.usefixtures("nothing_in_memory")
def test_a_wrong_number_in_a_file_bites(tmp_path, monkeypatch):
    original = stored_oracle.kept("tanh")
    monkeypatch.setattr(stored_oracle, "kept", lambda spec: wrong)
    for order in (0, 1):
        wrong = {**original, "heads": original["heads"].copy()}
        wrong["heads"][7, order * original["tails"].shape[1] + 1000] ^= 0x01  # in the exponent
        subject = subjects.subject("tanh", judge=stored_oracle.Judge("tanh"), dtypes=("float64",), modes=("graph",))
        assert contract.check_accuracy(subject)


@pytest.mark.parametrize(
    ("name", "part", "other"),
    [
        ("mish", "mp.log1p(mp.exp(x))", "mp.log(1 + mp.exp(x))"),  # in a helper
        ("silu", '"silu": lambda x: x * _sigmoid(x)', '"silu": lambda x: x * _sigmoid(2 * x)'),
        ("log_sigmoid", "mp.log1p(mp.exp(x))", "mp.log1p(mp.exp(+x))"),
    ],
)
def test_what_is_kept_depends_on_the_text_of_the_reference(name, part, other):
    text = stored_oracle.REFERENCE_FILE.read_text(encoding="utf-8")
    changed = text.replace(part, other)
    assert changed != text
    assert stored_oracle.reference_source(name) != stored_oracle.reference_source(name, changed)
    assert stored_oracle.reference_source("relu") == stored_oracle.reference_source("relu", changed)


def test_what_is_kept_depends_on_parameters_and_sample(monkeypatch):
    kept = stored_oracle.digest("elu(alpha=2.5)")
    assert kept == stored_oracle.digest("elu(2.5)")
    assert kept != stored_oracle.digest("elu")
    monkeypatch.setattr(stored_oracle.samples, "sample", lambda dtype, kinks: np.array([1.0]))
    assert kept != stored_oracle.digest("elu(alpha=2.5)")
