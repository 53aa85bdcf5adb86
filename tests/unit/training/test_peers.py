"""The classic peers: the published parameters, equations integrated anew, and what may go wrong."""

import sys
import warnings
from dataclasses import fields
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import beta as beta_function
from sklearn.metrics import roc_auc_score

from foretell.tables import Sources, load
from training.errors import InputError
from training.evaluate.classic_fits import bg_nbd, gamma_gamma, pareto_nbd, quiet
from training.evaluate.classic_models import BgNbd, GammaGamma, ParetoNbd, Payments
from training.evaluate.hold_out import Vector
from training.evaluate.peers import PEERS, History, forecasts
from training.features import labelled_customers

HORIZON = 273
WEEKS = HORIZON / 7


@pytest.fixture(scope="module")
def sample(cdnow: Path) -> pd.DataFrame:
    """The 2,357 customers of the papers after 39 weeks, and what they did in the next 39."""
    lines = (cdnow / "CDNOW_sample.txt").read_text(encoding="utf-8").splitlines()
    columns = ("timestamp=date", "amount=dollar_value")
    with load(Sources(str(cdnow / "CDNOW_master.txt"), columns=columns)) as tables:
        features, labels = labelled_customers(tables, date(1997, 9, 30), HORIZON)
    chosen = features["customer_id"].isin({line.split()[0] for line in lines})
    return features.assign(spent=labels["spend"], bought=labels["purchases"])[chosen]


@pytest.fixture(scope="module")
def customers(sample: pd.DataFrame) -> History:
    return History.from_features(sample)


def history(
    purchases: float, first_to_last: float, tenure: float, monetary: float = 10, first: float = 5
) -> History:
    """One customer."""
    columns = (purchases, first_to_last, tenure, tenure - first_to_last, monetary, first)
    return History(*(np.array([each], dtype=np.float64) for each in columns))


# --- parameters ------------------------------------------------------------------------------


def test_the_fits_reach_the_published_parameters(customers: History) -> None:
    with quiet():
        easy, hard = bg_nbd(customers), pareto_nbd(customers)
        pay = gamma_gamma(Payments.of_repeats(customers))
    # Fader, Hardie and Lee (2005) for both; Fader and Hardie (2013), note 25 (6.25, 3.74 and
    # 15.44 for p, q, v). The sample's weeks are rounded differently, hence the tolerance.
    assert (easy.r, easy.alpha, easy.a, easy.b) == pytest.approx(
        (0.243, 4.414, 0.793, 2.426), rel=0.01
    )
    assert (hard.r, hard.alpha, hard.s, hard.beta) == pytest.approx(
        (0.553, 10.578, 0.606, 11.669), rel=0.02
    )
    assert pay.population_mean == pytest.approx(6.25 * 15.44 / 2.74, rel=0.02)
    assert pay.population_weight == pytest.approx(2.74 / 6.25, rel=0.05)


def test_amounts_in_another_currency_give_the_same_fit(customers: History) -> None:
    paid = Payments.of_repeats(customers)
    with quiet():
        dollars, won = gamma_gamma(paid), gamma_gamma(Payments(paid.count, paid.mean * 1300))
    assert won.population_mean == pytest.approx(1300 * dollars.population_mean, rel=1e-6)
    assert won.population_weight == pytest.approx(dollars.population_weight, rel=1e-6)


def test_an_infinite_population_mean_gives_way_to_the_mean_amount() -> None:
    # Given mean amounts of a tail so heavy (index 0.5) that they have no mean
    rng = np.random.default_rng(5)
    mean = 1 / rng.uniform(size=400) ** 2
    paid = Payments(np.full(400, 20.0), mean)
    with quiet():
        pay = gamma_gamma(paid)
    # Then everybody is expected to pay what was paid on average, whatever their own mean
    assert pay == GammaGamma(pytest.approx(mean.mean()), np.inf)
    assert pay.expected(paid) == pytest.approx(mean.mean())


# --- equations -------------------------------------------------------------------------------


def integrated(model: ParetoNbd, customer: History, weeks: float) -> tuple[float, float]:
    """P(active) and P(no purchase) from the likelihood, by adaptive quadrature."""
    x, last, age = (float(each[0]) for each in (customer.repeats, customer.last, customer.age))

    def stay(until: float) -> float:
        scaled = (model.r + x) * np.log((model.alpha + last) / (model.alpha + until))
        return float(np.exp(scaled + model.s * np.log((model.beta + last) / (model.beta + until))))

    def leave(start: float, end: float) -> float:
        return float(quad(lambda u: stay(u) * model.s / (model.beta + u), start, end, limit=200)[0])

    left, stayed, end = leave(last, age), stay(age), age + weeks
    whole = left + stayed
    return stayed / whole, (left + leave(age, end) + stay(end)) / whole


SHAPES = st.floats(0.2, 5)
SCALES = st.floats(1, 50)
HISTORIES = st.tuples(st.integers(0, 60), st.integers(0, 300), st.integers(0, 300)).map(
    lambda found: history(found[0] + 1, found[1] if found[0] else 0, found[1] + found[2])
)


@settings(max_examples=60)
@given(SHAPES, SCALES, SHAPES, SCALES, HISTORIES, st.integers(1, 400))
def test_pareto_nbd_agrees_with_its_likelihood_integrated(
    r: float, alpha: float, s: float, beta: float, customer: History, days: int
) -> None:
    model = ParetoNbd(r, alpha, s, beta)
    active, none = integrated(model, customer, days / 7)
    assert model.none(customer, days / 7)[0] == pytest.approx(none, abs=1e-7)
    # E(purchases | active) is the expected rate times the expected weeks before leaving
    age = float(customer.age[0])
    weeks = quad(lambda u: ((beta + age) / (beta + age + u)) ** s, 0, days / 7)[0]
    rate = (r + float(customer.repeats[0])) / (alpha + age)
    assert model.expected(customer, days / 7)[0] == pytest.approx(
        active * rate * weeks, rel=1e-6, abs=1e-7
    )


@settings(max_examples=60)
@given(SHAPES, SCALES, st.floats(0.1, 3), SHAPES, HISTORIES, st.integers(1, 400))
def test_bg_nbd_expects_what_its_hidden_leaving_probability_averages_to(
    r: float, alpha: float, a: float, b: float, customer: History, days: int
) -> None:
    model = BgNbd(r, alpha, a, b)
    x, age, weeks = float(customer.repeats[0]), float(customer.age[0]), days / 7
    assume(abs(a + b - 1) > 1e-6)  # where the published equation has a pole, for x = 0

    # Given that an active customer's p ~ Beta(a, b + x): E (1 - E exp(-rate p t)) / p
    def purchases(p: float) -> float:
        before = alpha + age
        scaled = (r + x) * np.log1p(p * weeks / before)
        return float(-np.expm1(-scaled) / p) if p else (r + x) * weeks / before

    powers = (a - 1, b + x - 1)
    mean = quad(purchases, 0, 1, weight="alg", wvar=powers, limit=200)[0] / beta_function(a, b + x)
    # Then that is what it is expected to buy if active, which is told by P(a purchase)
    silent = ((alpha + age) / (alpha + age + weeks)) ** (r + x)
    active = (1 - model.none(customer, weeks)[0]) / (1 - silent)
    assert model.expected(customer, weeks)[0] == pytest.approx(active * mean, rel=1e-5, abs=1e-9)


def test_the_forecasts_are_those_of_lifetimes_where_it_is_sound(customers: History) -> None:
    x, last, age = customers.repeats, customers.last, customers.age
    with quiet():
        import lifetimes  # noqa: PLC0415

        easy, hard = bg_nbd(customers), pareto_nbd(customers)
        their_easy, their_hard = lifetimes.BetaGeoFitter(), lifetimes.ParetoNBDFitter()
        for theirs, ours in ((their_easy, easy), (their_hard, hard)):
            theirs.params_ = pd.Series(
                {each.name: getattr(ours, each.name) for each in fields(ours)}
            )
            assert ours.expected(customers, WEEKS) == pytest.approx(
                theirs.conditional_expected_number_of_purchases_up_to_time(WEEKS, x, last, age),
                rel=1e-6,
            )
        silent = 1 - ((easy.alpha + age) / (easy.alpha + age + WEEKS)) ** (easy.r + x)
        active = their_easy.conditional_probability_alive(x, last, age)
        none = their_hard.conditional_probability_of_n_purchases_up_to_time(0, WEEKS, x, last, age)
    assert easy.none(customers, WEEKS) == pytest.approx(1 - active * silent, abs=1e-12)
    assert hard.none(customers, WEEKS) == pytest.approx(none, abs=1e-6)


@pytest.mark.parametrize("model", [BgNbd(0.2, 4, 0.7, 0.2), ParetoNbd(0.5, 10, 1.0, 11)])
@pytest.mark.parametrize("purchases", [1, 2, 1000])
@pytest.mark.parametrize("silent_days", [0, 1, 1000])
def test_no_history_is_too_much_for_a_model(
    model: BgNbd | ParetoNbd, purchases: int, silent_days: int
) -> None:
    # Given one purchase or a thousand, today or long ago; and parameters where a + b < 1, or s = 1
    last = 0 if purchases == 1 else 1000
    customer = history(purchases, last, last + silent_days)
    with quiet():
        expected, none = model.expected(customer, WEEKS)[0], model.none(customer, WEEKS)[0]
    # Then both are numbers, and of the last some surely buy and some surely do not
    assert np.isfinite(expected)
    assert expected >= 0
    assert -1e-12 <= none <= 1 + 1e-12
    if purchases == 1000:
        assert none == pytest.approx(float(silent_days == 1000), abs=0.05)


# --- the peers -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def halves(customers: History) -> tuple[History, History, Vector]:
    known = np.random.default_rng(3).random(len(customers.purchases)) < 0.5
    return customers.of(known), customers.of(~known), known


def test_all_peers_foretell_customers_they_never_saw(
    sample: pd.DataFrame, halves: tuple[History, History, Vector]
) -> None:
    known, unseen, chosen = halves
    told = forecasts(known, unseen, HORIZON)
    actual = sample[~chosen.astype(bool)]
    assert (list(told.forecasts), told.failures) == ([peer.name for peer in PEERS], {})
    for each in told.forecasts.values():
        assert 0.6 < each.spend.sum() / actual["spent"].sum() < 1.2
        assert np.corrcoef(each.spend, actual["spent"])[0, 1] > 0.5
        assert roc_auc_score(actual["bought"] == 0, each.churn) > 0.7
        assert each.churn.mean() == pytest.approx((actual["bought"] == 0).mean(), abs=0.08)
        assert each.interval is None


def test_the_first_purchase_counts_only_where_the_name_says_so() -> None:
    customer = history(purchases=3, first_to_last=20, tenure=30, monetary=70, first=10)
    repeats, everything = Payments.of_repeats(customer), Payments.of_all(customer)
    assert (repeats.count[0], repeats.mean[0]) == (2, 30)
    assert (everything.count[0], everything.mean[0]) == (3, pytest.approx(70 / 3))
    # Own mean 30 of two purchases, beside a population that weighs as much as two
    assert GammaGamma(20, 2).expected(repeats)[0] == 25
    only_once = Payments.of_repeats(history(1, 0, 30, monetary=10, first=10))
    assert GammaGamma(20, 2).expected(only_once)[0] == 20


def test_a_forecast_depends_on_nobody_else_unseen(
    halves: tuple[History, History, Vector],
) -> None:
    known, unseen, _ = halves
    few = np.arange(len(unseen.purchases)) % 7 == 0
    whole, part = forecasts(known, unseen, HORIZON), forecasts(known, unseen.of(few), HORIZON)
    for name, each in part.forecasts.items():
        assert each.spend == pytest.approx(whole.forecasts[name].spend[few], rel=1e-12)
        assert each.churn == pytest.approx(whole.forecasts[name].churn[few], rel=1e-12)


def test_nothing_is_printed_and_no_filter_changed(
    halves: tuple[History, History, Vector], capfd: pytest.CaptureFixture[str]
) -> None:
    known, unseen, _ = halves
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        forecasts(known, unseen, HORIZON)
        assert list(warnings.filters) == before
    assert capfd.readouterr() == ("", "")


def test_peers_that_cannot_be_fitted_are_left_out_with_the_reason(customers: History) -> None:
    # Given customers of whom nobody ever came back
    once = customers.of(customers.purchases == 1)
    told = forecasts(once, customers, HORIZON)
    # Then the peers that learn from repeat payments say nothing, and why
    classic = [peer.name for peer in PEERS if "classic" in peer.name]
    assert set(classic) <= set(told.failures)
    assert set(told.forecasts).isdisjoint(told.failures)
    assert len(told.forecasts) + len(told.failures) == len(PEERS)
    assert "could not be fitted" in told.failures[classic[0]]


def test_a_first_failure_to_converge_is_not_the_last(
    customers: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a search that fails without a penalizer
    with quiet():
        from lifetimes.fitters import BaseFitter  # noqa: PLC0415
        from lifetimes.utils import ConvergenceError  # noqa: PLC0415

        search = BaseFitter._fit

        def fragile(self: object, arguments: tuple[object, ...], *rest: object, **more: object):
            if arguments[-1] == 0:
                raise ConvergenceError
            return search(self, arguments, *rest, **more)

        monkeypatch.setattr(BaseFitter, "_fit", fragile)
        model = bg_nbd(customers)
    # Then the smallest penalizer hardly moves the parameters
    assert (model.r, model.alpha) == pytest.approx((0.243, 4.414), rel=0.1)


def test_without_the_package_the_message_says_what_to_install(
    customers: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lifetimes", None)
    with pytest.raises(InputError, match=r"pip install 'foretell\[evaluation\]'"):
        forecasts(customers, customers, HORIZON)
