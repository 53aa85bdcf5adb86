"""The model card says what the hold-out says, needs nothing but itself, and is always the same."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from foretell.actions import TABLE
from foretell.contract import RECORD_FIELDS
from foretell.manifest import Evaluation, FieldDistribution, Manifest, Metric, RiskCategoryRule
from foretell.personas import PROFILES
from training.card import comparison, figures, histograms, render, words
from training.evaluate import groups
from training.evaluate.hold_out import CLASSIC, FORETELL, NAIVE, Forecast, HoldOut, Interval

HOSTILE = '<script>alert("x")</script> & $\\frac{1}{0}$'
AMOUNTS = st.integers(0, 5).map(float)  # few values, so that many customers tie


def a_hold_out(rows: int = 5_000, seed: int = 3) -> HoldOut:
    random = np.random.default_rng(seed)
    worth = random.gamma(0.7, 300, rows)
    leaves = 1 / (1 + (worth / 90) ** 0.9)
    churned = random.random(rows) < leaves
    spend = np.where(churned, 0.0, worth * random.gamma(2, 0.5, rows) / (1 - leaves))

    def said(error: float, scale: float) -> Forecast:
        told = worth * np.exp(random.normal(0, error, rows)) * scale
        return Forecast(told, np.clip(leaves + random.normal(0, error / 6, rows), 0, 1))

    ours = said(0.25, 1.0)
    median = np.where(ours.churn > 0.5, 0.0, ours.spend * 0.8)
    interval = Interval(median * 0.2, median, ours.spend * 2.2)
    return HoldOut(
        spend,
        churned,
        {
            FORETELL: Forecast(ours.spend, ours.churn, interval),
            NAIVE: said(0.9, 1.5),
            CLASSIC: said(0.35, 0.93),
        },
    )


def a_metric(name: str, values: tuple[float, ...], better: str, target: float | None = None):
    peers = dict(zip((NAIVE, CLASSIC), values[1:], strict=False))
    return {"name": name, "value": values[0], "peers": peers, "better": better, "target": target}


def a_field(name: str, random: np.random.Generator) -> dict[str, object]:
    values = {
        "account_type": random.choice(3, 9_000, p=[0.62, 0.27, 0.11]).astype(float),
        "age": random.normal(44, 13, 9_000).clip(18, 90),
        "support_tickets": random.poisson(0.5, 9_000).astype(float),
    }.get(name, random.gamma(0.9, 180, 9_000))
    edges = np.unique(np.quantile(values, np.linspace(0.1, 0.9, 9), method="lower"))
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
    missing = 0.031 if name == "age" else 0.0
    return {"edges": tuple(edges), "shares": tuple(counts / len(values)), "missing": missing}


def the_metrics() -> dict[str, object]:
    return {
        "clv": [
            a_metric("MAE", (91.27, 137.0, 98.4), "lower"),
            a_metric("MAE of the median", (80.4,), "lower"),
            a_metric("RMSE", (1187.0, 1240.4, 1102.7), "lower"),
            a_metric("Bias", (0.988, 1.488, 0.93), "near", 1.0),
            a_metric("Gini", (0.843, 0.768, 0.83), "higher"),
            a_metric("Spearman", (0.712, 0.61, 0.70), "higher"),
            a_metric("Top-decile share", (0.461, 0.402, 0.447), "higher"),
            a_metric("Decile MAPE", (0.064, 0.93, 0.121), "lower"),
            a_metric("Interval coverage", (0.812,), "near", 0.8),
            a_metric("Upper miss", (0.104,), "near", 0.1),
        ],
        "churn": [
            a_metric("AUC", (0.92, 0.871, 0.902), "higher"),
            a_metric("Brier", (0.106, 0.14, 0.117), "lower"),
            a_metric("Log loss", (0.339, 0.436, 0.37), "lower"),
            a_metric("Calibration error", (0.0261, 0.0153, 0.041), "lower"),
        ],
        "segment": [
            {
                "name": "Variance explained",
                "value": 0.68,
                "peers": {"Fifths by spend": 0.41},
                "better": "higher",
            },
            a_metric("Bootstrap ARI", (0.94,), "higher"),
            a_metric("Unheard of", (3.0,), "lower"),
        ],
    }


def the_personas() -> list[dict[str, object]]:
    medians = [(12, 14, 2140.5, 610), (24, 6, 540.2, 480), (140, 4, 310, 520), (9, 1, 49.9, 9)]
    outlooks = [(0.14, 812.4, 0.06), (0.31, 205.1, 0.21), (0.22, 61.7, 0.64), (0.33, 88, 0.47)]
    names = ("recency", "purchases", "monetary", "tenure_days")
    members: list[dict[str, object] | None] = [
        {
            "share": share,
            "median": dict(zip(names, median, strict=True)),
            "customer_lifetime_value": value,
            "churn_probability": churn,
        }
        for median, (share, value, churn) in zip(medians, outlooks, strict=True)
    ]
    return [
        {
            "segment_id": number,
            "name": profile.name,
            "description": profile.description,
            "center": found and found["median"],
            "members": found,
        }
        for number, (profile, found) in enumerate(zip(PROFILES, [*members, None], strict=True))
    ]


def an_evaluation(hold_out: HoldOut, **changed: object) -> Evaluation:
    told: dict[str, object] = {
        "protocol": "temporal",
        "customers": len(hold_out.spend),
        "cutoff": date(2025, 7, 4),
        "horizon_days": 180,
        "learnt_cutoff": date(2024, 7, 4),
        "learnt_horizon_days": 180,
        "tenths": groups.tenths(hold_out),
        "reliability": groups.reliability(hold_out.forecasts[FORETELL].churn, hold_out.churned),
        "reliability_peer": groups.peer_reliability(hold_out),
    }
    return Evaluation.model_validate(told | changed)


def a_card(hold_out: HoldOut, **changed: object) -> bytes:
    """The card of a version that was measured on a hold-out."""
    return render(a_manifest(hold_out, **changed), hold_out)


def a_manifest(hold_out: HoldOut, **changed: object) -> Manifest:
    random = np.random.default_rng(5)
    shares = np.sort(random.dirichlet(np.full(len(RECORD_FIELDS), 0.7)))[::-1]
    fields = {name: a_field(name, random) for name in RECORD_FIELDS}
    fields["email_open_rate"] = {"edges": (), "shares": (1.0,), "missing": 1.0}
    tiers = {"Low Value": 0, "Medium Value": 41.37, "High Value": 210.9, "Top Value": 1640.25}
    risks = {"Low Risk": 0, "Medium Risk": 0.25, "High Risk": 0.5, "Critical Risk": 0.75}
    values: dict[str, object] = {
        "horizon_days": 180,
        "training_horizon_days": 180,
        "evaluation": an_evaluation(hold_out),
        "interval_coverage": 0.8,
        "features": ("recency", "recency_over_gap", "frequency"),
        "data": {
            "first_day": date(2023, 1, 1),
            "last_day": date(2025, 12, 31),
            "as_of": date(2025, 12, 31),
            "label_cutoff": date(2025, 7, 4),
            "transactions": 160_482,
            "customers": 23_570,
            "training_customers": 20_114,
            "churn_rate": 0.49,
        },
        "metrics": the_metrics(),
        "importances": {
            "clv": dict(zip(RECORD_FIELDS, shares.tolist(), strict=True)),
            "churn": dict(zip(reversed(RECORD_FIELDS), shares.tolist(), strict=True)),
        },
        "value_tiers": [{"name": name, "at_least": start} for name, start in tiers.items()],
        "risk_categories": [{"name": name, "at_least": start} for name, start in risks.items()],
        "personas": the_personas(),
        "actions": TABLE,
        "baselines": {
            "churn_probability": 0.49,
            "still_active": 0.31,
            "buying_rate": 3.1,
            "order_value": 42.5,
            "correction": 0.94,
            "smallest_expected_spend": 0.41,
        },
        "drift_baseline": fields,
        "gates": [
            {"name": "Bias", "verdict": "passed", "detail": "0.988, must be 0.8 to 1.25"},
            {"name": "Gini", "verdict": "passed", "detail": "0.843, naive 0.768"},
            {"name": "Calibration", "verdict": "warned", "detail": "0.026, warns above 0.02"},
        ],
        "parity": {"clv": 2e-6},
        "libraries": {"numpy": "2.4.6", "xgboost-cpu": "3.2.0", "scikit-learn": "1.9.1"},
        "files": {"clv.onnx": {"sha256": "0" * 64, "size": 77_777}},
    }
    return Manifest.model_validate(values | changed)


class Page(HTMLParser):
    """What a browser would see: elements with attributes, and text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"[ \n]+", " ", "".join(self.pieces))

    def attributes(self, name: str) -> list[str]:
        return [found[name] or "" for _, found in self.elements if name in found]


@pytest.fixture(scope="module")
def hold_out() -> HoldOut:
    return a_hold_out()


@pytest.fixture(scope="module")
def card(hold_out: HoldOut) -> bytes:
    return a_card(hold_out)


def test_given_the_same_input_the_card_is_the_same_bytes_whatever_matplotlib_was_set_to(
    card: bytes, hold_out: HoldOut
) -> None:
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other", "axes.grid": True}):
        before = dict(mpl.rcParams)
        again = a_card(a_hold_out())
        assert dict(mpl.rcParams) == before

    assert again == card


def test_given_any_reader_the_page_needs_nothing_but_itself(card: bytes) -> None:
    page = Page(card)

    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "image", "metadata"}
    assert all(link.startswith("#") for link in page.attributes("href"))
    assert not page.attributes("src")
    assert b"http" not in card
    assert b"@import" not in card
    assert "style" not in {name for _, found in page.elements for name in found}
    assert len(card) < 400_000


def test_given_many_charts_the_ids_are_unique_and_every_reference_finds_its_own(
    card: bytes,
) -> None:
    page = Page(card)
    ids = Counter(page.attributes("id"))
    references = set(re.findall(rb"url\(#([^)]+)\)", card)) | {
        link[1:].encode() for link in page.attributes("href")
    }

    assert set(ids.values()) == {1}
    assert {reference.decode() for reference in references} <= set(ids)


def test_given_a_screen_reader_every_chart_says_what_it_shows(card: bytes) -> None:
    charts = [found for tag, found in Page(card).elements if found.get("class") == "chart"]

    assert len(charts) == 3 + 1 + 2 + len(RECORD_FIELDS) - 1
    assert all(found["role"] == "img" and len(found["aria-label"] or "") > 40 for found in charts)


def test_given_a_hold_out_the_captions_carry_its_numbers(card: bytes, hold_out: HoldOut) -> None:
    ours = hold_out.forecasts[FORETELL]
    order = np.argsort(ours.spend)
    least, best = order[:500], order[-500:]
    assert ours.interval is not None
    inside = (hold_out.spend >= ours.interval.low) & (hold_out.spend <= ours.interval.high)
    text = Page(card).text

    found = re.search(
        r"tenth was forecast at (\S+) and spent (\S+) on average, the least valuable at (\S+)"
        r" and (\S+)\.",
        text,
    )
    assert found is not None
    assert found.groups() == tuple(
        words.amount(float(values[rows].mean()))
        for rows in (best, least)
        for values in (ours.spend, hold_out.spend)
    )
    assert f"Here {words.percent(inside.mean())} of the customers spent" in text
    top = words.percent(hold_out.spend[best].sum() / hold_out.spend.sum())
    assert f"Here the first tenth brought {top} in the order of Foretell" in text
    assert f"came to {words.percent(ours.spend.sum() / hold_out.spend.sum())} of what" in text


def test_given_risk_categories_the_summary_says_how_many_of_them_left(
    card: bytes, hold_out: HoldOut
) -> None:
    critical = hold_out.forecasts[FORETELL].churn >= 0.75

    share = 100 * hold_out.churned[critical].mean()
    assert f"“Critical Risk”, {share:.0f} bought nothing in that time" in Page(card).text


def test_given_a_peer_that_does_better_the_page_says_so(card: bytes) -> None:
    text = Page(card).text

    assert f"Not everything is best here. {CLASSIC} does better in RMSE." in text
    assert f"{NAIVE} does better in Calibration error." in text
    assert b"<strong>1,103</strong>" in card  # RMSE of the classic model
    assert b"<strong>0.026</strong>" not in card


def test_given_no_better_peer_the_page_says_that_too() -> None:
    table = comparison.compare(
        [Metric(name="Bias", value=1.1, peers={"Other": 0.7}, better="near", target=1)]
    )

    assert not table.losses
    assert [cell.is_best for cell in table.rows[0].cells] == [True, False]


def test_given_a_measure_without_peers_nothing_is_called_the_best() -> None:
    table = comparison.compare(
        [
            Metric(name="A", value=1, peers={"Other": 2}, better="lower"),
            Metric(name="B", value=1, peers={}, better="lower"),
        ]
    )

    assert [cell.text for cell in table.rows[1].cells] == ["1.000", None]
    assert not any(cell.is_best for cell in table.rows[1].cells)


def test_given_an_unknown_measure_nothing_is_said_of_its_meaning(card: bytes) -> None:
    row = card[card.index(b"Unheard of") :]

    assert b"meaning" not in row[: row.index(b"</tr>")]


@pytest.mark.parametrize(
    ("verdicts", "forced", "said"),
    [
        (["passed", "passed"], None, "All 2 checks passed."),
        (["passed", "warned"], None, "No check failed; 1 of 2 gave a warning."),
        (["failed", "warned"], None, "1 of 2 checks failed."),
        (["failed"], "Christmas", "1 of 1 checks failed. It was made live all the same."),
        ([], None, "No checks were recorded for this version."),
    ],
)
def test_given_gates_the_verdict_is_theirs(
    verdicts: list[str], forced: str | None, said: str
) -> None:
    gates = [{"name": f"g{n}", "verdict": v, "detail": "d"} for n, v in enumerate(verdicts)]
    text = Page(a_card(a_hold_out(120), gates=gates, forced=forced)).text

    assert f"{said} " in text
    assert ("Reason given for making it live: “Christmas”" in text) is (forced is not None)


def test_given_hostile_texts_they_are_shown_and_not_obeyed() -> None:
    personas = the_personas()
    personas[0] |= {"name": HOSTILE, "description": HOSTILE}
    plain = a_hold_out(150)
    forecasts = {**plain.forecasts, HOSTILE: plain.forecasts[NAIVE]}
    hold_out = HoldOut(plain.spend, plain.churned, forecasts)
    card = a_card(
        hold_out,
        personas=personas,
        actions=[{"action": HOSTILE, "personas": [HOSTILE]}],
        gates=[{"name": HOSTILE, "verdict": "failed", "detail": HOSTILE}],
        forced=HOSTILE,
        importances={"clv": {HOSTILE: 1.0}},
        drift_baseline={HOSTILE: {"edges": (1,), "shares": (0.5, 0.5), "missing": 0}},
        libraries={HOSTILE: HOSTILE},
        metrics={"clv": [a_metric(HOSTILE, (1, 2), "lower") | {"peers": {HOSTILE: 2}}]},
    )

    page = Page(card)

    assert not {"script"} & {tag for tag, _ in page.elements}
    assert page.text.count(HOSTILE) > 10


def test_given_a_table_of_actions_the_card_shows_whom_each_row_is_for(card: bytes) -> None:
    text = Page(card).text

    rows = [text.index(row.action) for row in TABLE]
    assert rows == sorted(rows)
    for row, start, end in zip(TABLE, rows, [*rows[1:], len(text)], strict=True):
        for names in (row.personas, row.risks, row.tiers):
            assert ", ".join(names) in text[start:end]


def test_given_a_persona_without_members_the_card_says_that_there_are_none(card: bytes) -> None:
    text = Page(card).text

    assert text.count("This shop has none at present.") == 1
    assert text.index("This shop has none at present.") > text.index(PROFILES[-1].name)


def test_given_a_bare_manifest_the_card_names_what_is_missing() -> None:
    nothing: dict[str, object] = {
        name: {} for name in ("metrics", "importances", "drift_baseline", "libraries")
    } | dict.fromkeys(("personas", "gates", "risk_categories", "value_tiers"), ())
    text = Page(a_card(a_hold_out(100), **nothing)).text

    assert text.count("No measures were recorded.") == 3
    for missing in ("importances", "personas", "baseline"):
        assert f"No {missing} w" in text


def test_given_a_short_history_the_card_says_how_far_was_measured() -> None:
    few = a_hold_out(100)
    short = an_evaluation(few, horizon_days=77)

    text = Page(a_card(few, evaluation=short)).text

    assert "All figures measured here are for 77 days" in text


def test_the_card_tells_a_trial_on_later_days_from_one_on_the_same() -> None:
    few = a_hold_out(100)
    same_days = an_evaluation(few, protocol="split")

    temporal, split = Page(a_card(few)).text, Page(a_card(few, evaluation=same_days)).text

    assert "the 180 days after 4 July 2024" in temporal.replace("\xa0", " ")
    assert "the log is too short to learn from earlier ones" in split


def test_given_files_the_card_does_not_show_them(card: bytes) -> None:
    assert b"77777" not in card
    assert b"77,777" not in card
    assert b"0" * 64 not in card


@pytest.mark.parametrize(
    "odd",
    [
        HoldOut(
            np.zeros(100),
            np.ones(100, bool),
            {FORETELL: Forecast(np.zeros(100), np.ones(100), Interval(*[np.zeros(100)] * 3))},
        ),
        HoldOut(
            np.array([5.0, 0.0]),
            np.array([False, True]),
            {FORETELL: Forecast(np.ones(2), np.full(2, 0.5), Interval(*[np.ones(2)] * 3))},
        ),
    ],
    ids=["nobody bought", "two customers and one forecast"],
)
def test_given_nothing_to_tell_apart_no_figure_is_not_a_number(odd: HoldOut) -> None:
    with np.errstate(all="raise"):
        card = a_card(odd)

    assert not re.search(rb"\b(nan|inf)\b", card, re.IGNORECASE)


@given(
    hnp.arrays(np.float64, st.integers(1, 80), elements=AMOUNTS).flatmap(
        lambda spend: st.tuples(
            st.just(spend), hnp.arrays(np.float64, len(spend), elements=AMOUNTS)
        )
    )
)
def test_given_any_hold_out_the_gains_bring_all_the_revenue_and_none_beats_the_perfect_order(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    spend, told = drawn
    forecasts = {FORETELL: Forecast(told, told / 5), NAIVE: Forecast(spend, told / 5)}

    curves = figures.gains(HoldOut(spend, spend == 0, forecasts))

    for curve in curves.values():
        assert (curve[0], curve[-1]) == (0, 1)
        assert (np.diff(curve) >= -1e-12).all()
        assert (curve <= curves[figures.PERFECT] + 1e-9).all()


def test_given_risk_rules_the_outcomes_are_those_of_each_category() -> None:
    rules = [
        RiskCategoryRule(name="High Risk", at_least=0.5),
        RiskCategoryRule(name="Low Risk", at_least=0.0),
        RiskCategoryRule(name="Critical Risk", at_least=0.9),
    ]
    found = figures.outcomes(
        np.array([0.1, 0.5, 0.6, 0.4]), np.array([False, True, False, False]), rules
    )

    assert [(o.name, o.customers, o.left) for o in found] == [
        ("Low Risk", 2, 0.0),
        ("High Risk", 2, 0.5),
    ]


def test_given_a_baseline_the_areas_of_the_bars_are_its_shares() -> None:
    field = FieldDistribution(edges=(10, 20, 60), shares=(0.2, 0.4, 0.3, 0.1), missing=0)

    found = histograms.bars(field)

    assert [bar.is_open for bar in found] == [False, False, False, True]
    assert [bar.height * bar.width for bar in found] == pytest.approx(field.shares)
    assert [(bar.start, bar.width) for bar in found] == [(0, 10), (10, 10), (20, 40), (60, 40)]
    assert histograms.middle(field) == (20, pytest.approx(0.6))


@pytest.mark.parametrize(
    ("edges", "shares", "kinds"),
    [
        ((0, 1, 2), (0, 0.6, 0.3, 0.1), {"Basic": 0.6, "Premium": 0.3, "Enterprise": 0.1}),
        ((0, 1), (0, 0.6, 0.4), {"Basic": 0.6, "Premium or Enterprise": 0.4}),
    ],
)
def test_given_account_types_in_one_bin_they_are_named_together(
    edges: tuple[float, ...], shares: tuple[float, ...], kinds: Mapping[str, float]
) -> None:
    field = FieldDistribution(edges=edges, shares=shares, missing=0)

    assert histograms.account_types(field) == kinds


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.percent(0.46), "46\u00a0%"),
        (words.percent(0.004), "0.4\u00a0%"),
        (words.percent(0.0), "0\u00a0%"),
        (words.amount(12_345.6), "12,346"),
        (words.amount(-0.001), "0.00"),
        (words.figure(0.0261), "0.026"),
        (words.compact(1_500), "1,500"),
        (words.compact(25_000), "25\u00a0k"),
        (words.compact(3_210_000), "3.21\u00a0M"),
        (words.day(date(2025, 7, 4)), "4\u00a0July\u00a02025"),
        (words.field("recency"), "Days since last purchase"),
        (words.field("never_seen"), "Never seen"),
    ],
)
def test_given_a_number_or_a_name_it_is_written_for_a_reader(said: str, expected: str) -> None:
    assert said == expected
