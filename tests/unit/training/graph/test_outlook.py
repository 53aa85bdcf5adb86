"""The graph's outlook is that of the buy-till-you-die models, for whatever may be sent."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foretell.contract import MAX_DAYS, MAX_MONEY, RECORD_FIELDS
from training.btyd import Btyd, GammaGamma, Outlook, ParetoNbd
from training.graph.preprocessing import MISSING, Preprocessing, history
from training.models.columns import BEHAVIOUR, FEATURE_NAMES, OUTLOOK

# Graphs are built once; s next to 1 is where the expected purchases have a pole.
FITTED = Btyd(ParetoNbd(r=0.9, alpha=46, s=0.7, beta=350), GammaGamma(p=4, q=4, v=30))
AT_THE_POLE = Btyd(ParetoNbd(r=3, alpha=400, s=1.0001, beta=90), GammaGamma(p=0.7, q=1.05, v=2000))
PREPROCESSINGS = [
    Preprocessing(btyd, horizon) for btyd in (FITTED, AT_THE_POLE) for horizon in (30, 180, 730)
]

ROWS = 4
SHARES = st.sampled_from([0.0, 1.0]) | st.floats(0, 1, width=32)


def matrix_of(largest: float, *usual: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    whatever = st.one_of(*usual, st.floats(0, largest, width=32))
    return hnp.arrays(np.float32, ROWS, elements=whatever)


@st.composite
def any_records(draw: st.DrawFn) -> np.ndarray:
    """Whatever the contract admits, with and without optional fields."""
    records = draw(
        hnp.arrays(
            np.float32,
            (ROWS, len(RECORD_FIELDS)),
            elements=st.just(np.nan) | st.sampled_from([0.0, 1.0, 2.0]),
        )
    )
    tenure = draw(matrix_of(MAX_DAYS, st.sampled_from([0.0, 1.0, 365.0, MAX_DAYS])))
    records[:, 0] = tenure
    records[:, 1] = tenure * draw(hnp.arrays(np.float32, ROWS, elements=SHARES))
    records[:, 2] = draw(matrix_of(3_000, st.floats(0, 4, width=32)))
    records[:, 3] = draw(matrix_of(MAX_MONEY, st.floats(0, 1_000, width=32)))
    return records


def told(preprocessing: Preprocessing, records: np.ndarray) -> np.ndarray:
    return preprocessing.transform(records)[:, len(BEHAVIOUR) :]


def test_the_columns_stand_in_the_order_of_the_outlook() -> None:
    assert Outlook._fields == tuple(feature.name for feature in OUTLOOK)
    assert FEATURE_NAMES[len(BEHAVIOUR) :] == Outlook._fields


@given(any_records(), st.sampled_from(PREPROCESSINGS))
def test_the_graph_says_what_the_models_say(
    records: np.ndarray, preprocessing: Preprocessing
) -> None:
    # Given the same history: of days that are no whole numbers the graph rounds the difference.
    last = (records[:, 0] - records[:, 1]).astype(np.float64)
    known = replace(history(records), last=last)
    expected = preprocessing.btyd.outlook(known, preprocessing.horizon_days)

    found = told(preprocessing, records)

    # Up to the last digit of float32; and what is smaller than its normal numbers is nothing.
    np.testing.assert_allclose(found, np.stack(expected, axis=1), rtol=1e-6, atol=1e-37)


@given(any_records(), st.sampled_from(PREPROCESSINGS))
def test_whatever_is_sent_is_told_something_finite(
    records: np.ndarray, preprocessing: Preprocessing
) -> None:
    found = dict(zip(FEATURE_NAMES, preprocessing.transform(records).T, strict=True))

    assert all(np.isfinite(column).all() for column in found.values())
    for name in ("alive", "no_purchase"):
        assert found[name].min() >= 0, name
        assert found[name].max() <= 1, name
    assert min(column.min() for column in found.values()) >= MISSING


@pytest.mark.parametrize("field", RECORD_FIELDS[4:])
def test_an_optional_field_changes_no_outlook(field: str) -> None:
    records = np.full((1, len(RECORD_FIELDS)), np.nan, np.float32)
    records[0, :4] = 300, 60, 0.5, 500
    more = records.copy()
    more[0, RECORD_FIELDS.index(field)] = 1

    np.testing.assert_array_equal(told(PREPROCESSINGS[0], records), told(PREPROCESSINGS[0], more))


def test_a_longer_horizon_holds_more() -> None:
    records = np.full((1, len(RECORD_FIELDS)), np.nan, np.float32)
    records[0, :4] = 300, 60, 0.5, 500
    columns = [told(replace(PREPROCESSINGS[0], horizon_days=days), records)[0] for days in (30, 90)]

    soon, later = (dict(zip(Outlook._fields, row, strict=True)) for row in columns)

    assert later["expected_spend"] > 2 * soon["expected_spend"]
    assert later["no_purchase"] < soon["no_purchase"]
    # What a customer is does not depend on how far one looks ahead.
    assert (later["alive"], later["mean_amount"]) == (soon["alive"], soon["mean_amount"])
