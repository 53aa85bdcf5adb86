"""Buy till you die: the written-out integrals, an older implementation, and simulated customers."""

from collections.abc import Callable
from dataclasses import astuple
from functools import cache
from itertools import pairwise

import lifetimes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma as gamma_distribution

from training.btyd import Btyd, GammaGamma, History, ParetoNbd, fit, forecast
from training.evaluate.classic_fits import quiet

BUYING = ParetoNbd(r=0.9, alpha=46, s=0.7, beta=350)
AMOUNT = GammaGamma(p=4, q=4, v=30)
PARAMETERS = [
    BUYING,
    ParetoNbd(r=0.55, alpha=74, s=0.61, beta=82),  # CDNOW, in days
    ParetoNbd(r=3, alpha=400, s=1.0001, beta=150),
    ParetoNbd(r=2, alpha=100, s=2.5, beta=100),
    ParetoNbd(r=0.4, alpha=300, s=5, beta=1500),
]
HORIZONS = [1, 30, 180, 365, 730]


def accuracy(model: ParetoNbd) -> float:
    """The few nodes are as good as exact, and a little less so where all leave in a like time."""
    return 1e-7 if model.s < 3 else 1e-5


each_of_the_parameters = pytest.mark.parametrize("model", PARAMETERS, ids=lambda m: f"s={m.s:g}")


def customers(*rows: tuple[float, float, float, float]) -> History:
    """Of purchases, last, tenure and monetary."""
    return History(*np.array(rows, dtype=np.float64).T)


@pytest.fixture(scope="module")
def typical() -> History:
    """Of one purchase to 400, of today to ten years, just seen to long silent."""
    return customers(
        (1, 0, 0, 20),
        (1, 0, 5, 20),
        (1, 0, 900, 20),
        (2, 3, 4, 50),
        (2, 10, 700, 60),
        (5, 100, 130, 90),
        (12, 350, 365, 400),
        (12, 350, 500, 400),
        (60, 1000, 1003, 3_000),
        (400, 3600, 3650, 9_000),
    )


@st.composite
def any_history(draw: st.DrawFn) -> History:
    """Whatever the contract admits, whole numbers or not."""
    tenure = draw(st.sampled_from([0.0, 1.0, 36_525.0]) | st.floats(0, 36_525))
    purchases = draw(st.integers(0, 20) | st.integers(0, 3_652_500))
    last = draw(st.sampled_from([0.0, tenure]) | st.floats(0, tenure))
    monetary = draw(st.sampled_from([0.0, 1e9]) | st.floats(0, 1e9))
    return customers((purchases, last, tenure, monetary))


# --- Pareto/NBD ------------------------------------------------------------------------------


def silence(model: ParetoNbd, repeats: float, start: float, end: float) -> tuple[float, float]:
    """Probability of no purchase in (start, end], staying and leaving, as the paper has it.

    Up to the factors that depend on neither: with lambda and mu integrated out, one integral over
    the day of leaving.
    """
    r, alpha, s, beta = astuple(model)
    shape = r + repeats
    stays = ((alpha + start) / (alpha + end)) ** shape * ((beta + start) / (beta + end)) ** s

    def leaves_on(day: float) -> float:
        waits = ((alpha + start) / (alpha + day)) ** shape
        return float(waits * s * (beta + start) ** s / (beta + day) ** (s + 1))

    # In pieces: what happens in the first days may be all.
    days = [start, *(start + width for width in (1, 10, 100) if start + width < end), end]
    leaves = sum(quad(leaves_on, *piece, epsabs=0, epsrel=1e-11)[0] for piece in pairwise(days))
    return stays, leaves


@each_of_the_parameters
def test_who_is_alive_agrees_with_the_integral(model: ParetoNbd, typical: History) -> None:
    alive = model.alive(typical.repeats, typical.last, typical.tenure)

    for found, x, last, tenure in zip(
        alive, typical.repeats, typical.last, typical.tenure, strict=True
    ):
        stays, leaves = silence(model, x, last, tenure)
        assert found == pytest.approx(stays / (stays + leaves), rel=accuracy(model))


@each_of_the_parameters
@pytest.mark.parametrize("horizon", HORIZONS)
def test_who_does_not_buy_agrees_with_the_integral(
    model: ParetoNbd, typical: History, horizon: int
) -> None:
    nothing = model.no_purchase(typical.repeats, typical.tenure, horizon)

    for found, x, tenure in zip(nothing, typical.repeats, typical.tenure, strict=True):
        expected = sum(silence(model, x, tenure, tenure + horizon))
        assert found == pytest.approx(expected, rel=accuracy(model))


@each_of_the_parameters
def test_expected_purchases_agree_with_the_integral(model: ParetoNbd, typical: History) -> None:
    r, alpha, s, beta = astuple(model)

    found = model.purchases(typical.repeats, typical.tenure, 365)

    for each, x, tenure in zip(found, typical.repeats, typical.tenure, strict=True):
        until = beta + tenure
        days = quad(lambda day, until=until: (until / (until + day)) ** s, 0, 365, epsrel=1e-11)[0]
        assert each == pytest.approx((r + x) / (alpha + tenure) * days, rel=1e-8)


@each_of_the_parameters
def test_an_older_implementation_agrees(model: ParetoNbd, typical: History) -> None:
    # Given the package lifetimes with the same parameters
    older = lifetimes.ParetoNBDFitter()
    older.params_ = dict(zip(("r", "alpha", "s", "beta"), astuple(model), strict=True))
    x, last, tenure = typical.repeats, typical.last, typical.tenure
    # When both are asked about the same customers (its series fails on the most frequent ones)
    some = x < 50
    with quiet():
        likelihood = older._conditional_log_likelihood(astuple(model), x, last, tenure)
        alive = older.conditional_probability_alive(x, last, tenure)
        bought = older.conditional_expected_number_of_purchases_up_to_time(180, x, last, tenure)
    # Then they say the same
    ours = Btyd(model, AMOUNT).outlook(typical, 180)
    np.testing.assert_allclose(
        model.log_likelihood(x, last, tenure)[some], likelihood[some], rtol=0, atol=accuracy(model)
    )
    np.testing.assert_allclose(ours.alive[some], alive[some], rtol=accuracy(model))
    np.testing.assert_allclose(ours.expected_purchases[some], bought[some], rtol=accuracy(model))


def test_the_likelihood_of_no_repeat_is_its_probability() -> None:
    # So it is normalised, and no factor is missing that depends on the parameters.
    tenure = np.array([0.0, 7, 365, 5000])
    none = np.zeros(4)

    told = np.exp(BUYING.log_likelihood(none, none, tenure))

    assert told[0] == pytest.approx(1)
    assert told == pytest.approx([sum(silence(BUYING, 0, 0, day)) for day in tenure], rel=1e-6)


def test_whoever_bought_today_is_alive() -> None:
    today = np.array([0.0, 30, 3000])

    assert BUYING.alive(np.array([0.0, 4, 90]), today, today).tolist() == [1, 1, 1]


def test_s_next_to_1_makes_no_jump(typical: History) -> None:
    below, one, above = (
        ParetoNbd(0.9, 46, s, 350).purchases(typical.repeats, typical.tenure, 180)
        for s in (0.999, 1.0001, 1.001)
    )

    assert ((above < one) & (one < below)).all()
    np.testing.assert_allclose(one, (below + above) / 2, rtol=2e-4)


@given(any_history(), st.sampled_from(PARAMETERS))
def test_any_customer_has_an_outlook(history: History, model: ParetoNbd) -> None:
    outlooks = [Btyd(model, AMOUNT).outlook(history, horizon) for horizon in HORIZONS]

    assert np.isfinite(outlooks).all()
    assert not np.isnan(model.log_likelihood(history.repeats, history.last, history.tenure)).any()
    for outlook in outlooks:
        assert 0 <= outlook.alive[0] <= 1
        assert 0 <= outlook.no_purchase[0] <= 1
        assert outlook.expected_purchases[0] >= 0
        assert outlook.mean_amount[0] > 0
        assert outlook.expected_spend[0] == pytest.approx(
            outlook.expected_purchases[0] * outlook.mean_amount[0]
        )
        assert outlook.no_purchase[0] >= 1 - outlook.alive[0] - 1e-9


@given(any_history(), st.sampled_from(PARAMETERS))
def test_a_longer_horizon_holds_more(history: History, model: ParetoNbd) -> None:
    outlooks = [Btyd(model, AMOUNT).outlook(history, horizon) for horizon in HORIZONS]

    bought = np.array([outlook.expected_purchases[0] for outlook in outlooks])
    nothing = np.array([outlook.no_purchase[0] for outlook in outlooks])
    # Of whom nothing is left that a float could hold, 0 stays 0.
    assert (np.diff(bought) > 0).all() or bought[0] < 1e-200
    assert (np.diff(nothing) <= accuracy(model)).all()


def test_silence_makes_a_departure_likelier_and_more_so_for_frequent_customers() -> None:
    last, tenure = np.full(4, 300.0), np.array([300.0, 330, 400, 700])

    often = BUYING.alive(np.full(4, 30.0), last, tenure)
    seldom = BUYING.alive(np.full(4, 2.0), last, tenure)

    assert (np.diff(often) < 0).all()
    assert (np.diff(seldom) < 0).all()
    assert (often[1:] < seldom[1:]).all()


# --- Gamma-Gamma -----------------------------------------------------------------------------


def population_mean(model: GammaGamma) -> float:
    return model.p * model.v / (model.q - 1)


@given(st.integers(1, 3_652_500), st.floats(0, 1e9))
def test_the_mean_amount_lies_between_the_own_and_everybodys(
    purchases: int, monetary: float
) -> None:
    (found,) = AMOUNT.mean_amount(np.array([float(purchases)]), np.array([monetary]))

    low, high = sorted((monetary / purchases, population_mean(AMOUNT)))
    assert low * (1 - 1e-12) <= found <= high * (1 + 1e-12)
    assert found > 0


def test_whoever_is_not_known_spends_like_everybody() -> None:
    (found,) = AMOUNT.mean_amount(np.zeros(1), np.zeros(1))

    assert found == pytest.approx(population_mean(AMOUNT)) == 40


def test_the_more_purchases_the_more_the_own_amount_counts() -> None:
    purchases = np.array([1.0, 2, 10, 1000])

    found = AMOUNT.mean_amount(purchases, 100 * purchases)

    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(100, rel=0.01)


def test_the_likelihood_of_amounts_agrees_with_an_older_implementation_and_the_integral() -> None:
    purchases, mean = np.array([1.0, 3, 40]), np.array([12.0, 80, 33])

    found = AMOUNT.log_likelihood(purchases, mean)

    for each, n, z in zip(found, purchases, mean, strict=True):

        def density(rate: float, n: float = n, z: float = z) -> float:
            """The mean of n amounts is Gamma(p n, rate nu n); nu is Gamma(q, rate v)."""
            amounts = gamma_distribution.pdf(z, AMOUNT.p * n, scale=1 / (rate * n))
            return float(amounts * gamma_distribution.pdf(rate, AMOUNT.q, scale=1 / AMOUNT.v))

        assert each == pytest.approx(np.log(quad(density, 0, 3, limit=200)[0]), abs=1e-6)
        logs = np.log(astuple(AMOUNT))
        older = lifetimes.GammaGammaFitter._negative_log_likelihood(logs, n, z, np.ones(1), 0)
        assert each == pytest.approx(-older, rel=1e-12)


# --- fitting ---------------------------------------------------------------------------------


def simulated(size: int, buying: ParetoNbd, seed: int, window: int = 730) -> tuple[History, Btyd]:
    """Customers who did just what the models say, and the truth of them."""
    random = np.random.default_rng(seed)
    rate = random.gamma(buying.r, 1 / buying.alpha, size)
    life = random.exponential(1, size) / random.gamma(buying.s, 1 / buying.beta, size)
    tenure = random.integers(0, window, size).astype(np.float64)
    active = np.minimum(life, tenure)
    repeats = random.poisson(rate * active)
    # The largest of n uniform moments.
    last = active * random.random(size) ** (1 / np.maximum(repeats, 1)) * (repeats > 0)
    amounts = random.gamma(AMOUNT.p * (repeats + 1)) / random.gamma(AMOUNT.q, 1 / AMOUNT.v, size)
    return History(repeats + 1.0, last, tenure, amounts), Btyd(buying, AMOUNT)


@pytest.fixture(scope="module")
def shop() -> tuple[History, Btyd]:
    return simulated(3_000, BUYING, seed=3)


@pytest.fixture(scope="module")
def fitted(shop: tuple[History, Btyd]) -> Btyd:
    return fit(shop[0], seed=1)


@pytest.mark.parametrize("horizon", [30, 365])
def test_a_fit_forecasts_as_the_truth_does(
    shop: tuple[History, Btyd], fitted: Btyd, horizon: int
) -> None:
    known, truth = shop

    found, expected = (model.outlook(known, horizon) for model in (fitted, truth))

    assert found.expected_purchases.sum() == pytest.approx(
        expected.expected_purchases.sum(), rel=0.05
    )
    assert found.expected_spend.sum() == pytest.approx(expected.expected_spend.sum(), rel=0.05)
    assert found.alive.mean() == pytest.approx(expected.alive.mean(), abs=0.02)
    assert found.no_purchase.mean() == pytest.approx(expected.no_purchase.mean(), abs=0.02)
    np.testing.assert_allclose(found.no_purchase, expected.no_purchase, atol=0.05)


def test_no_other_parameters_are_likelier(shop: tuple[History, Btyd], fitted: Btyd) -> None:
    known, truth = shop
    paid = known.monetary / known.purchases

    def likelihood(model: Btyd) -> tuple[float, float]:
        history = (known.repeats, known.last, known.tenure)
        return (
            model.buying.log_likelihood(*history).sum(),
            model.amount.log_likelihood(known.purchases, paid).sum(),
        )

    best = likelihood(fitted)
    assert best[0] >= likelihood(truth)[0]
    assert best[1] >= likelihood(truth)[1]
    for factor in (0.97, 1.03):
        for place in range(4):
            moved = list(astuple(fitted.buying))
            moved[place] *= factor
            assert likelihood(Btyd(ParetoNbd(*moved), fitted.amount))[0] < best[0]
        for place in range(3):
            moved = list(astuple(fitted.amount))
            moved[place] *= factor
            assert likelihood(Btyd(fitted.buying, GammaGamma(*moved)))[1] < best[1]


def test_the_same_customers_give_the_same_bits() -> None:
    known, found = fitted_to(few_customers)

    assert fit(known, seed=1) == found


def test_neither_the_unit_of_time_nor_that_of_money_matters(
    shop: tuple[History, Btyd], fitted: Btyd
) -> None:
    # Given the same customers in weeks and cents
    known, _ = shop
    days, money = 1 / 7, 100
    other = History(known.purchases, days * known.last, days * known.tenure, money * known.monetary)

    found = fit(other, seed=1).outlook(other, days * 180)

    expected = fitted.outlook(known, 180)
    scales = (1, 1, 1, money, money)
    for each, told, scale in zip(found, expected, scales, strict=True):
        np.testing.assert_allclose(each, scale * told, rtol=0.01, atol=1e-3 * scale)


def nobody_leaves() -> History:
    """Their lives are a thousand years long."""
    return simulated(1_500, ParetoNbd(0.9, 46, 5, 5 * 365_000), seed=4)[0]


def nobody_repeats() -> History:
    known, _ = simulated(1_500, BUYING, seed=5)
    once = np.ones(len(known))
    return History(once, 0 * once, known.tenure, known.monetary / known.purchases)


def all_amounts_are_equal() -> History:
    known, _ = simulated(1_500, BUYING, seed=6)
    return History(known.purchases, known.last, known.tenure, 19.9 * known.purchases)


def everybody_came_today() -> History:
    return simulated(1_000, BUYING, seed=7, window=1)[0]


def few_customers() -> History:
    return simulated(500, BUYING, seed=8)[0]


@cache
def fitted_to(shop_where: Callable[[], History]) -> tuple[History, Btyd]:
    known = shop_where()
    return known, fit(known, seed=1)


STRANGE = [
    nobody_leaves,
    nobody_repeats,
    all_amounts_are_equal,
    everybody_came_today,
    few_customers,
]


@pytest.mark.parametrize("shop_where", STRANGE)
def test_a_strange_shop_has_a_sane_outlook(shop_where: Callable[[], History]) -> None:
    known, found = fitted_to(shop_where)

    assert np.isfinite([*astuple(found.buying), *astuple(found.amount)]).all()
    outlook = found.outlook(known, 365)
    assert np.isfinite(outlook).all()
    for probability in (outlook.alive, outlook.no_purchase):
        assert probability.min() >= 0
        assert probability.max() <= 1
    # Nobody is expected to come daily who was never seen to.
    assert outlook.expected_purchases.max() < 365


@settings(max_examples=40)
@given(history=any_history(), horizon=st.sampled_from(HORIZONS))
@pytest.mark.parametrize("shop_where", STRANGE)
def test_a_strange_shop_can_be_asked_about_anybody(
    shop_where: Callable[[], History], history: History, horizon: int
) -> None:
    _, found = fitted_to(shop_where)

    outlook = found.outlook(history, horizon)

    assert np.isfinite(outlook).all()
    assert 0 <= outlook.alive[0] <= 1
    assert 0 <= np.float32(outlook.no_purchase[0]) <= 1


def test_where_nobody_leaves_all_are_alive() -> None:
    known, found = fitted_to(nobody_leaves)

    outlook = found.outlook(known, 365)

    assert outlook.alive.mean() > 0.98
    purchases_per_day = known.repeats.sum() / known.tenure.sum()
    assert outlook.expected_purchases.mean() == pytest.approx(365 * purchases_per_day, rel=0.1)


def test_where_nobody_repeats_nobody_is_expected_to() -> None:
    known, found = fitted_to(nobody_repeats)

    outlook = found.outlook(known, 365)

    assert outlook.expected_purchases.mean() < 0.01
    assert outlook.no_purchase.min() > 0.99


def test_where_all_amounts_are_equal_that_is_the_mean_amount() -> None:
    known, found = fitted_to(all_amounts_are_equal)

    outlook = found.outlook(known, 365)

    np.testing.assert_allclose(outlook.mean_amount, 19.9, rtol=0.02)


def test_five_hundred_customers_are_enough_for_the_level() -> None:
    known, found = fitted_to(few_customers)

    spend, expected = (
        model.outlook(known, 365).expected_spend.sum() for model in (found, Btyd(BUYING, AMOUNT))
    )

    assert spend == pytest.approx(expected, rel=0.2)


def test_a_large_shop_is_fitted_to_some_of_its_customers(
    shop: tuple[History, Btyd], fitted: Btyd, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a shop of 3,000 customers, which is large if 2,000 are enough
    monkeypatch.setattr(forecast, "_CUSTOMERS", 2_000)

    found = fit(shop[0], seed=1)

    assert found != fitted
    spend, expected = (
        model.outlook(shop[0], 180).expected_spend.sum() for model in (found, shop[1])
    )
    assert spend == pytest.approx(expected, rel=0.1)
