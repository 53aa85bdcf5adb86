"""Each model on a small simulated shop: what it promises to whoever asks it."""

# As in test_features: or DuckDB's binding would report a leak at exit.
from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foretell.contract import RECORD_FIELDS
from foretell.personas import NEW_PROSPECTS, PROFILES
from foretell.tables import Sources, load
from training import btyd, simulate
from training.evaluate import metrics
from training.evaluate.stability import same_persona
from training.examples import REQUIRED_FIELDS, Examples, with_gaps
from training.graph.preprocessing import Preprocessing, behaviour, history
from training.models import churn, clv, interval, segment
from training.models.columns import (
    BEHAVIOUR,
    EXPECTED_SPEND,
    FEATURE_NAMES,
    FEATURES,
    NO_PURCHASE,
    OUTLOOK,
    correction,
)
from training.periods import a_quarter, period

HORIZON = 180
SEED = 7
FIELD = {name: column for column, name in enumerate(RECORD_FIELDS)}
COLUMN = {name: column for column, name in enumerate(FEATURE_NAMES)}


@dataclass(frozen=True)
class Learnt:
    """Customers to learn from and others to ask about, as of one day."""

    known: Examples
    unseen: Examples
    preprocessing: Preprocessing

    @property
    def features(self) -> np.ndarray:
        return self.preprocessing.transform(self.known.records)

    @property
    def unseen_features(self) -> np.ndarray:
        return self.preprocessing.transform(self.unseen.records)

    @property
    def mean_order_value(self) -> float:
        past = history(self.known.records)
        return float(past.monetary.sum() / past.purchases.sum())


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    folder = tmp_path_factory.mktemp("shop")
    simulate.write(simulate.simulate(6_000, seed=5), folder)
    names = ("transactions", "customers", "engagement")
    with load(Sources(*(str(folder / f"{name}.csv") for name in names))) as tables:
        then = period(tables, tables.last_day - timedelta(days=HORIZON), HORIZON)
    unseen = a_quarter(then.customer_ids)
    known = then.examples.of(~unseen)
    fitted = btyd.fit(history(known.records), SEED)
    return Learnt(known, then.examples.of(unseen), Preprocessing(fitted, HORIZON))


def record(**fields: float) -> np.ndarray:
    matrix = np.full((1, len(RECORD_FIELDS)), np.nan, np.float32)
    for name, value in fields.items():
        matrix[0, FIELD[name]] = value
    return matrix


@st.composite
def any_record(draw: st.DrawFn) -> np.ndarray:
    tenure = draw(st.floats(0, 36_525, width=32))
    optional = draw(hnp.arrays(np.float32, 6, elements=st.just(np.nan) | st.integers(0, 2)))
    required = [
        tenure,
        tenure * draw(st.floats(0, 1, width=32)),
        draw(st.floats(0, 3_000, width=32)),
        draw(st.floats(0, 1e9, width=32)),
    ]
    return np.concatenate([np.array(required, np.float32), optional])[np.newaxis]


# --- columns ---------------------------------------------------------------------------------


def test_a_column_stands_where_its_name_says() -> None:
    assert FEATURES == BEHAVIOUR + OUTLOOK
    assert FEATURES[EXPECTED_SPEND].name == "expected_spend"
    assert FEATURES[NO_PURCHASE].name == "no_purchase"


def test_the_correction_does_not_see_again_what_the_outlook_is_made_of(learnt: Learnt) -> None:
    seen = {FEATURE_NAMES[column] for column in correction(learnt.features)}

    assert seen == set(FEATURE_NAMES) - {
        "tenure_days",
        "recency",
        "frequency",
        "monetary",
        "avg_purchase_amount",
    }


def test_the_correction_leaves_out_columns_without_two_values(learnt: Learnt) -> None:
    # Given a shop that has nothing but a transaction log
    records = learnt.known.records.copy()
    records[:, REQUIRED_FIELDS:] = np.nan

    seen = {FEATURE_NAMES[c] for c in correction(learnt.preprocessing.transform(records))}

    assert seen == {"purchases", "days_between_purchases", "recency_over_gap"} | {
        feature.name for feature in OUTLOOK
    }


# --- lifetime value --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def value(learnt: Learnt) -> clv.ClvModel:
    rows = with_gaps(learnt.known, SEED)
    return clv.fit(learnt.preprocessing.transform(rows.records), rows.spend, SEED, rows.copies)


@given(sent=any_record())
def test_lifetime_value_is_positive_and_finite(
    value: clv.ClvModel, learnt: Learnt, sent: np.ndarray
) -> None:
    (found,) = value.predict(learnt.preprocessing.transform(sent))

    assert np.isfinite(found)
    assert found > 0


@pytest.mark.parametrize(
    "sent",
    [
        record(tenure_days=0, recency=0, frequency=30, monetary=25),
        record(tenure_days=900, recency=900, frequency=1 / 30, monetary=25),
        record(tenure_days=0, recency=0, frequency=0, monetary=0),
        record(tenure_days=900, recency=900, frequency=0, monetary=0),
    ],
    ids=["one purchase today", "one purchase long ago", "none today", "none in years"],
)
def test_lifetime_value_of_who_hardly_bought_is_no_more_than_that_of_the_best(
    value: clv.ClvModel, learnt: Learnt, sent: np.ndarray
) -> None:
    (found,) = value.predict(learnt.preprocessing.transform(sent))

    assert 0 < found < np.quantile(learnt.known.spend, 0.95)


def test_lifetime_value_is_right_on_average_for_customers_it_never_saw(
    value: clv.ClvModel, learnt: Learnt
) -> None:
    found = value.predict(learnt.unseen_features)

    # The mean of a thousand customers is itself no better known.
    assert found.mean() == pytest.approx(learnt.unseen.spend.mean(), rel=0.15)
    assert metrics.gini(learnt.unseen.spend, found) > metrics.gini(
        learnt.unseen.spend, learnt.unseen_features[:, EXPECTED_SPEND].astype(np.float64)
    )


def test_the_horizon_comes_in_with_the_offset(value: clv.ClvModel, learnt: Learnt) -> None:
    # Given the same trees behind the features of another horizon
    by_horizon = {
        days: replace(learnt.preprocessing, horizon_days=days).transform(learnt.unseen.records)
        for days in (90, 180, 365)
    }

    spend = {days: value.predict(features) for days, features in by_horizon.items()}

    assert (spend[90] < spend[365]).mean() > 0.98
    expected = {days: features[:, EXPECTED_SPEND].sum() for days, features in by_horizon.items()}
    for days in (90, 365):
        assert spend[days].sum() / spend[180].sum() == pytest.approx(
            expected[days] / expected[180], rel=0.15
        )


def test_a_spend_of_next_to_nothing_has_an_offset_all_the_same(value: clv.ClvModel) -> None:
    features = np.zeros((2, len(FEATURES)), np.float32)
    features[1, EXPECTED_SPEND] = 1e6

    assert value.offset(features).tolist() == [pytest.approx(value.smallest_offset), 1e6]
    assert value.smallest_offset > 0


def test_the_unit_of_money_does_not_matter_to_lifetime_value(learnt: Learnt) -> None:
    features, spend = learnt.features, learnt.known.spend
    in_cents = features.copy()
    for name in ("monetary", "avg_purchase_amount", "mean_amount", "expected_spend"):
        in_cents[:, COLUMN[name]] *= 128  # a power of two: no digit is lost

    one = clv.fit(features, spend, SEED).predict(features)
    other = clv.fit(in_cents, 128 * spend, SEED).predict(in_cents)

    np.testing.assert_allclose(other, 128 * one, rtol=1e-4)


def total_of_the_others(features: np.ndarray, spend: np.ndarray, giant: int) -> float:
    found = clv.fit(features, spend, SEED).predict(features)
    return float(np.delete(found, giant).sum())


@pytest.mark.parametrize("capped", [True, False], ids=["capped", "as it is"])
def test_a_single_giant_moves_nobody_else_because_surprises_are_capped(
    learnt: Learnt,
    capped: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a customer of whom the usual was expected, and who spends a thousand times that
    giant = int(np.argmin(np.abs(learnt.known.spend - learnt.known.spend.mean())))
    spend = learnt.known.spend.copy()
    before = total_of_the_others(learnt.features, spend, giant)
    spend[giant] *= 1_000

    if not capped:
        monkeypatch.setattr(clv, "_capped", lambda spend, _: spend)
    after = total_of_the_others(learnt.features, spend, giant)

    assert (after == pytest.approx(before, rel=0.02)) == capped


def test_the_cap_leaves_the_spend_of_nearly_everybody_as_it_is() -> None:
    random = np.random.default_rng(3)
    expected = random.gamma(1, 1, 2_000)
    spend = random.gamma(1, expected)

    found = clv._capped(spend, expected)

    changed = found != spend
    assert 0 < changed.sum() <= 4
    assert (found[changed] < spend[changed]).all()
    assert (found >= np.minimum(spend, expected)).all()


def test_where_less_is_spent_than_expected_nothing_is_cut() -> None:
    expected = np.array([1.0, 2, 3])

    np.testing.assert_array_equal(clv._capped(expected / 2, expected), expected / 2)


def test_lifetime_value_is_the_same_to_the_bit(learnt: Learnt) -> None:
    one, other = (
        clv.fit(learnt.features, learnt.known.spend, SEED).booster.save_raw() for _ in range(2)
    )

    assert one == other


# --- interval --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bounds(learnt: Learnt) -> interval.IntervalModel:
    rows = with_gaps(learnt.known, SEED)
    features = learnt.preprocessing.transform(rows.records)
    return interval.fit(features, rows.spend, learnt.mean_order_value, SEED, rows.copies)


@given(sent=any_record())
def test_the_bounds_are_in_order(
    bounds: interval.IntervalModel, learnt: Learnt, sent: np.ndarray
) -> None:
    low, median, high = bounds.predict(learnt.preprocessing.transform(sent))

    assert 0 <= low[0] <= median[0] <= high[0]
    assert np.isfinite(high[0])


@pytest.mark.parametrize("whole", [True, False], ids=["as known", "required fields alone"])
def test_four_of_five_customers_never_seen_lie_within_their_bounds(
    bounds: interval.IntervalModel,
    learnt: Learnt,
    whole: bool,  # noqa: FBT001
) -> None:
    records = learnt.unseen.records.copy()
    if not whole:
        records[:, REQUIRED_FIELDS:] = np.nan

    low, _, high = bounds.predict(learnt.preprocessing.transform(records))

    spend = learnt.unseen.spend
    assert 0.74 <= ((low <= spend) & (spend <= high)).mean() <= 0.86
    assert 0.06 <= (spend > high).mean() <= 0.14


def test_half_of_the_customers_spend_more_than_the_median(
    bounds: interval.IntervalModel, learnt: Learnt
) -> None:
    _, median, _ = bounds.predict(learnt.unseen_features)

    # Of those who are expected to order; of the others nearly nobody spends.
    some = median > learnt.mean_order_value / 2
    assert 0.3 < some.mean() < 0.8
    assert 0.4 < (learnt.unseen.spend > median)[some].mean() < 0.6
    assert (learnt.unseen.spend > median)[median == 0].mean() < 0.1


def test_the_interval_is_the_same_to_the_bit(learnt: Learnt) -> None:
    few = slice(0, 600)
    features, spend = learnt.features[few], learnt.known.spend[few]

    one, other = (interval.fit(features, spend, learnt.mean_order_value, SEED) for _ in range(2))

    assert (one.low_shift, one.high_shift) == (other.low_shift, other.high_shift)
    for name in ("low", "median", "high"):
        assert getattr(one, name).save_raw() == getattr(other, name).save_raw()


def test_no_copy_of_a_customer_is_answered_for_by_trees_that_saw_another(
    learnt: Learnt, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given 300 customers, each with a number of the own that all copies carry
    customers, copies = 300, 2
    features = np.tile(learnt.features[:customers], (copies, 1))
    numbered = COLUMN["age"]
    features[:, numbered] = np.tile(np.arange(customers), copies)
    place = correction(features).index(numbered)
    seen: list[set[float]] = []
    asked: list[set[float]] = []
    boosters, matrix = interval._boosters, interval._matrix

    def watched_fit(rows: np.ndarray, residuals: np.ndarray, seed: int) -> object:
        seen.append(set(rows[:, place].tolist()))
        return boosters(rows, residuals, seed)

    def watched_question(rows: np.ndarray) -> object:
        asked.append(set(rows[:, place].tolist()))
        return matrix(rows)

    monkeypatch.setattr(interval, "_boosters", watched_fit)
    monkeypatch.setattr(interval, "_matrix", watched_question)
    monkeypatch.setattr(interval, "_ROUNDS", 2)

    spend = np.tile(learnt.known.spend[:customers], copies)
    interval.fit(features, spend, learnt.mean_order_value, SEED, copies)

    # Then nobody is in both parts of a fold, and everybody is asked about in one of five
    *folds, everybody = seen
    assert len(folds) == 5
    assert everybody == set(range(customers))
    assert len(asked) == 3 * len(folds)
    for fold, questions in zip(folds, asked[::3], strict=True):
        assert not fold & questions
        assert fold | questions == everybody
    assert set().union(*asked) == everybody


def test_a_bound_of_a_few_cents_is_told_as_nothing() -> None:
    unit = 40.0
    logs = np.log1p(np.array([0.04, 0.06, 1.0]))

    low, median, high = interval._bounds(logs, logs, logs - 1, unit)

    assert low == pytest.approx([0, 0.01 * unit, 0.95 * unit])
    assert median == pytest.approx([0.04 * unit, 0.06 * unit, unit])
    np.testing.assert_array_equal(high, median)


# --- churn -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def leaving(learnt: Learnt) -> churn.ChurnModel:
    rows = with_gaps(learnt.known, SEED)
    return churn.fit(learnt.preprocessing.transform(rows.records), rows.churned, SEED, rows.copies)


def test_the_probability_of_leaving_is_that_of_customers_never_seen(
    leaving: churn.ChurnModel, learnt: Learnt
) -> None:
    found = leaving.predict(learnt.unseen_features)

    assert found.mean() == pytest.approx(learnt.unseen.churned.mean(), abs=0.04)
    assert metrics.calibration_error(learnt.unseen.churned.astype(float), found) < 0.06


@given(sent=any_record())
def test_leaving_is_neither_certain_nor_impossible(
    leaving: churn.ChurnModel, learnt: Learnt, sent: np.ndarray
) -> None:
    (found,) = leaving.predict(learnt.preprocessing.transform(sent))

    assert 0 < found < 1


def test_more_of_the_columns_are_seen_where_optional_fields_say_something(learnt: Learnt) -> None:
    some = slice(0, 500)
    whole = learnt.features[some]
    records = learnt.known.records[some].copy()
    records[:, REQUIRED_FIELDS:] = np.nan
    orders_only = learnt.preprocessing.transform(records)
    # The mean amount follows from what is required.
    records[:, FIELD["avg_purchase_amount"]] = np.arange(500)
    with_amounts = learnt.preprocessing.transform(records)
    churned = learnt.known.churned[some]

    seen = [
        churn.fit(features, churned, SEED).forest.max_features
        for features in (whole, orders_only, with_amounts)
    ]

    assert seen == [12, 4, 4]


def test_a_leaf_holds_as_many_customers_with_copies_as_without(learnt: Learnt) -> None:
    def leaf(customers: int, copies: int) -> int:
        features = np.tile(learnt.features[:customers], (copies, 1))
        churned = np.tile(learnt.known.churned[:customers], copies)
        return int(churn.fit(features, churned, SEED, copies).forest.min_samples_leaf)

    assert (leaf(100, 1), leaf(100, 2)) == (5, 10)  # the smallest
    assert (leaf(1_000, 1), leaf(1_000, 2)) == (20, 40)  # one in fifty


def test_the_forest_is_the_same_to_the_bit(learnt: Learnt) -> None:
    some = slice(0, 500)
    one, other = (
        churn.fit(learnt.features[some], learnt.known.churned[some], SEED).predict(
            learnt.unseen_features
        )
        for _ in range(2)
    )

    np.testing.assert_array_equal(one, other)


# --- personas --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portfolio(learnt: Learnt) -> np.ndarray:
    return behaviour(np.concatenate([learnt.known.records, learnt.unseen.records]))


@pytest.fixture(scope="module")
def personas(portfolio: np.ndarray) -> segment.SegmentModel:
    return segment.fit(portfolio)


def test_the_columns_of_a_persona_are_those_of_its_profile() -> None:
    names = [FEATURE_NAMES[column] for column in segment.COLUMNS]

    assert names == ["recency", "purchases", "monetary", "tenure_days"]


def test_the_personas_are_what_their_names_say(
    personas: segment.SegmentModel, portfolio: np.ndarray
) -> None:
    centers = {segment.NAMES[n]: center for n, center in personas.centers().items()}

    recency, purchases, monetary, tenure = (
        {name: center[place] for name, center in centers.items()} for place in range(4)
    )
    assert personas.segment_ids == (0, 1, 2, 3, 4)
    assert max(purchases, key=purchases.__getitem__) == "High-Value Engaged"
    assert max(monetary, key=monetary.__getitem__) == "High-Value Engaged"
    assert min(tenure, key=tenure.__getitem__) == NEW_PROSPECTS
    assert max(recency, key=recency.__getitem__) == "Dormant"
    assert recency["At-Risk"] > recency["Loyal Regulars"]
    assert set(personas.predict(portfolio)) == {0, 1, 2, 3, 4}


def test_a_customer_is_the_persona_whose_centre_is_nearest(
    personas: segment.SegmentModel, portfolio: np.ndarray
) -> None:
    some = portfolio[:50]
    centres = personas.clusters.cluster_centers_

    apart = np.linalg.norm(personas.scaling(some)[:, np.newaxis] - centres, axis=2)

    np.testing.assert_allclose(personas.distances(some), apart, atol=1e-4)
    np.testing.assert_array_equal(personas.predict(some), apart.argmin(axis=1))


def test_without_centres_of_before_it_starts_from_the_archetypes(portfolio: np.ndarray) -> None:
    scaling = segment._scaling(portfolio)

    cold = segment._start(scaling, {})
    warm = segment._start(scaling, {1: (20, 4, 100, 300)})

    assert {n: tuple(start.tolist()) for n, start in cold.items()} == {
        n: pytest.approx(profile.start) for n, profile in enumerate(PROFILES)
    }
    assert scaling.natural(warm.pop(1)) == pytest.approx([20, 4, 100, 300], rel=1e-4)
    assert set(warm) == {0, 2, 3, 4}


def test_a_retraining_on_the_same_customers_changes_nothing(
    personas: segment.SegmentModel, portfolio: np.ndarray
) -> None:
    again = segment.fit(portfolio, personas.centers())

    assert again.segment_ids == personas.segment_ids
    assert again.centers() == personas.centers()
    np.testing.assert_array_equal(
        again.clusters.cluster_centers_, personas.clusters.cluster_centers_
    )
    np.testing.assert_array_equal(again.predict(portfolio), personas.predict(portfolio))


def test_a_retraining_keeps_the_personas_of_those_who_did_nothing_new(
    personas: segment.SegmentModel, portfolio: np.ndarray
) -> None:
    # Given 3 in 100 customers who now do what others did
    random = np.random.default_rng(2)
    changed = random.random(len(portfolio)) < 0.03
    later = portfolio.copy()
    later[changed] = portfolio[random.integers(0, len(portfolio), changed.sum())]

    again = segment.fit(later, personas.centers())

    assert again.segment_ids == personas.segment_ids
    unchanged = portfolio[~changed]
    assert same_persona(personas.predict(unchanged), again.predict(unchanged)) > 0.95


def test_a_shop_without_new_customers_has_no_new_prospects(portfolio: np.ndarray) -> None:
    old = portfolio[portfolio[:, COLUMN["tenure_days"]] > 365]

    found = segment.fit(old)

    assert found.segment_ids == (0, 1, 2, 4)
    assert set(found.predict(old)) == {0, 1, 2, 4}
    assert set(found.centers()) == {0, 1, 2, 4}
    assert found.distances(old).shape == (len(old), 4)


def test_new_prospects_come_back_with_new_customers(portfolio: np.ndarray) -> None:
    old = portfolio[portfolio[:, COLUMN["tenure_days"]] > 365]
    before = segment.fit(old)

    found = segment.fit(portfolio, before.centers())

    assert found.segment_ids == (0, 1, 2, 3, 4)
    new = found.predict(portfolio) == segment.NAMES.index(NEW_PROSPECTS)
    assert np.median(portfolio[new, COLUMN["tenure_days"]]) <= 90


@given(
    hnp.arrays(np.float64, (3, 4), elements=st.integers(0, 10_000) | st.floats(0, 10_000, width=32))
)
def test_natural_units_and_scores_lead_to_each_other(
    personas: segment.SegmentModel, customers: np.ndarray
) -> None:
    scores = personas.scaling.of_natural(customers)

    np.testing.assert_allclose(personas.scaling.natural(scores), customers, rtol=1e-4, atol=1e-4)


def test_whoever_is_extreme_counts_as_the_hundredth_part(
    personas: segment.SegmentModel, portfolio: np.ndarray
) -> None:
    one = portfolio[:1].copy()
    one[0, COLUMN["monetary"]] = np.quantile(portfolio[:, COLUMN["monetary"]], 0.995)
    richer = one.copy()
    richer[0, COLUMN["monetary"]] = 1e9

    np.testing.assert_array_equal(personas.scaling(one), personas.scaling(richer))


def test_a_column_without_spread_tells_nothing(portfolio: np.ndarray) -> None:
    same = portfolio.copy()
    same[:, COLUMN["monetary"]] = 20

    found = segment.fit(same)

    assert (found.scaling(same)[:, segment.COLUMNS.index(COLUMN["monetary"])] == 0).all()
    assert np.isfinite(list(found.centers().values())).all()
