"""summary.json of a trained version: what it tells, and that it is the same however it came."""

import json
import uuid
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from foretell.actions import recommended
from foretell.batch.answers import Answers, Words
from foretell.batch.runs import Run, SourceFile
from foretell.batch.summary import top
from foretell.batch.summary.document import Summary
from foretell.batch.summary.finish import summarised
from foretell.batch.summary.partial import Partial, merged, partial
from foretell.contract import (
    ACCOUNT_TYPES,
    RECORD_FIELDS,
    CustomerRecord,
    Fault,
    ModelName,
    to_matrix,
)
from foretell.predictor import Predictor, load
from foretell.registry import RegistryAddress, connect
from tests.unit.foretell.batch.summary.pieces import MadeUp, Scored
from training.publish import publish

ROWS = 900
CENT = 0.0051
MILLIONTH = 1e-6
LARGEST = 400_000
"""Bytes: a page is to load it at once."""


@pytest.fixture(scope="module")
def predictor(s3_endpoint: str, trained: Any) -> Predictor:
    registry = connect(RegistryAddress(f"summary-{uuid.uuid4().hex}"))
    registry.s3.create_bucket(Bucket=registry.address.bucket)
    publish(registry, trained.manifest, trained.files)
    return load(registry, ModelName.COMPREHENSIVE, trained.version)


@pytest.fixture(scope="module")
def run(trained: Any) -> Run:
    source = SourceFile(bucket="uploads", key="incoming/All customers.csv", version="1", size=9)
    return Run(source=source, model_version=trained.version, received=datetime.now(UTC))


@pytest.fixture(scope="module")
def file(predictor: Predictor) -> Scored:
    """Customers of all kinds, some with the required fields alone, and a few impossible ones."""
    rows = MadeUp(
        np.arange(2, ROWS + 2),
        records(),
        {at: (Fault(field="age", reason="no age"),) for at in (0, 7, ROWS - 1)},
    )
    kept = np.delete(rows.records, list(rows.faults), axis=0)
    return Scored(rows, answers(kept, predictor))


@pytest.fixture(scope="module")
def found(file: Scored, run: Run, predictor: Predictor) -> Summary:
    """Its summary."""
    return summary(file, run, predictor)


def records() -> np.ndarray:
    chance = np.random.default_rng(7)
    tenure = chance.integers(1, 700, ROWS)
    found = np.column_stack(
        (
            tenure,
            tenure * chance.random(ROWS),
            chance.lognormal(0, 1, ROWS),
            chance.lognormal(5, 1.5, ROWS),
            chance.integers(18, 90, ROWS),
            chance.integers(0, len(ACCOUNT_TYPES), ROWS),
            chance.lognormal(3, 1, ROWS).round(2),
            chance.integers(0, 100, ROWS),
            chance.integers(0, 30, ROWS),
            chance.integers(0, 4, ROWS),
        )
    )
    found[chance.random(ROWS) < 0.4, 4:] = np.nan
    return found.astype(np.float32)


def answers(matrix: np.ndarray, predictor: Predictor) -> Answers:
    """As the predictor gives them one by one, in cents and millionths."""
    columns = predictor.run(matrix)

    def whole(name: str, times: int) -> np.ndarray:
        return np.rint(columns[name].astype(np.float64) * times).astype(np.int64)

    value, churn = whole("customer_lifetime_value", 100), whole("churn_probability", 10**6)
    return Answers(
        customer_lifetime_value=value,
        interval_low=whole("interval_low", 100),
        interval_median=whole("interval_median", 100),
        interval_high=whole("interval_high", 100),
        value_tier=_codes(value / 100, predictor.manifest.value_tiers),
        churn_probability=churn,
        risk_category=_codes(churn / 10**6, predictor.manifest.risk_categories),
        segment_id=columns["segment_id"].astype(np.uint8),
        distance_to_center=whole("distance_to_center", 10**6),
        value_at_risk=value * churn // 10**6,
    )


def _codes(figures: np.ndarray, rules: Any) -> np.ndarray:
    starts = [rule.at_least for rule in rules]
    return (np.searchsorted(starts, figures, side="right") - 1).astype(np.uint8)


def counted(piece: Scored, predictor: Predictor) -> Partial:
    words = Words.of(predictor.manifest, predictor.version)
    return partial(piece.rows, piece.answers, words, predictor.manifest.drift_baseline)


def summary(piece: Scored, run: Run, predictor: Predictor) -> Summary:
    return summarised(counted(piece, predictor), run, predictor.manifest, predictor)


def customer(record: np.ndarray) -> CustomerRecord:
    values = {
        name: None if np.isnan(value) else value
        for name, value in zip(RECORD_FIELDS, record.tolist(), strict=True)
    }
    kind = values["account_type"]
    return CustomerRecord.model_validate(
        values | {"account_type": None if kind is None else ACCOUNT_TYPES[int(kind)]}
    )


# --- the same, however -----------------------------------------------------------------------


def test_a_file_in_three_parts_has_the_same_summary_as_the_file(
    file: Scored, found: Summary, run: Run, predictor: Predictor
) -> None:
    parts = [counted(file.part(chosen), predictor) for chosen in np.array_split(np.arange(ROWS), 3)]

    together = summarised(merged(reversed(parts)), run, predictor.manifest, predictor)

    assert together.to_bytes() == found.to_bytes()


def test_it_is_written_in_one_way(found: Summary) -> None:
    written = found.to_bytes()

    assert written.endswith(b"}\n")
    assert list(json.loads(written)) == sorted(Summary.model_fields)
    assert Summary.model_validate_json(written).to_bytes() == written


def test_every_field_of_it_is_described() -> None:
    schema = Summary.model_json_schema()
    schemas = {"Summary": schema} | schema["$defs"]
    del schemas["SourceFile"]  # status.json's

    for name, described in schemas.items():
        assert described["description"], name
        for field, of_field in described["properties"].items():
            assert of_field.get("description"), f"{name}.{field}"


# --- what it tells ---------------------------------------------------------------------------


def test_the_totals_are_those_of_the_customers(file: Scored, found: Summary) -> None:
    told, given = found.totals, file.answers
    churn = given.churn_probability / 10**6

    assert (found.rows, found.predicted, found.rejected) == (ROWS, ROWS - 3, 3)
    assert [kind.model_dump() for kind in found.rejections] == [
        {"field": "age", "reason": "no age", "rows": 3, "first_row": 2}
    ]
    assert found.faults_left_out == 0
    assert told.customers == ROWS - 3
    assert told.customer_lifetime_value == given.customer_lifetime_value.sum() / 100
    assert told.average_customer_lifetime_value == pytest.approx(
        given.customer_lifetime_value.mean() / 100, abs=CENT
    )
    assert told.sum_of_interval_lows == given.interval_low.sum() / 100
    assert told.sum_of_interval_medians == given.interval_median.sum() / 100
    assert told.sum_of_interval_highs == given.interval_high.sum() / 100
    assert told.expected_churners == pytest.approx(churn.sum(), abs=CENT)
    assert told.average_churn_probability == pytest.approx(churn.mean(), abs=MILLIONTH)
    assert told.customers_at_risk == (given.risk_category >= 2).sum()
    assert told.share_at_risk == pytest.approx((given.risk_category >= 2).mean(), abs=MILLIONTH)
    assert told.value_at_risk == given.value_at_risk.sum() / 100


def test_the_histograms_hold_everybody_and_the_quantiles_are_near(
    file: Scored, found: Summary
) -> None:
    value, churn = found.customer_lifetime_value, found.churn_probability
    assert sum(value.customers) == sum(churn.customers) == found.predicted
    assert len(value.edges) == len(value.customers)
    assert len(churn.edges) == len(churn.customers) == 50
    for name, share in {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}.items():
        exact = np.quantile(file.answers.customer_lifetime_value, share) / 100
        assert getattr(value.quantiles, name) == pytest.approx(exact, rel=0.3, abs=0.02)
        exact = np.quantile(file.answers.churn_probability, share) / 10**6
        assert getattr(churn.quantiles, name) == pytest.approx(exact, abs=0.02)


def test_the_density_and_the_tables_tell_of_the_same_customers(
    file: Scored, found: Summary, predictor: Predictor
) -> None:
    density = found.density

    assert np.shape(density.customers) == np.shape(density.value_at_risk)
    assert np.shape(density.customers) == (len(density.churn_edges), len(density.value_edges))
    assert np.sum(density.customers) == found.predicted
    assert np.sum(density.value_at_risk) == pytest.approx(found.totals.value_at_risk)
    rows = np.array(density.customers).sum(axis=1)
    assert (
        rows.tolist()
        == np.bincount(
            np.minimum(file.answers.churn_probability // 50_000, 19), minlength=20
        ).tolist()
    )
    table = {
        (cell.risk_category, cell.value_tier): (cell.customers, cell.value_at_risk)
        for cell in found.risk_by_tier
    }
    for risk, rule in enumerate(predictor.manifest.risk_categories):
        for tier, named in enumerate(predictor.manifest.value_tiers):
            inside = (file.answers.risk_category == risk) & (file.answers.value_tier == tier)
            stake = file.answers.value_at_risk[inside].sum() / 100
            assert table[rule.name, named.name] == (inside.sum(), stake)


def test_each_persona_is_told_with_its_worth_its_risk_and_what_to_do(
    file: Scored, found: Summary, predictor: Predictor
) -> None:
    given, manifest = file.answers, predictor.manifest

    assert [persona.name for persona in found.personas] == [
        persona.name for persona in manifest.personas
    ]
    for told, persona in zip(found.personas, manifest.personas, strict=True):
        members = given.segment_id == persona.segment_id
        assert told.description == persona.description
        assert told.recommended_actions == recommended(manifest.actions, persona.name)
        assert told.recommended_actions
        assert told.customers == members.sum()
        assert told.share == pytest.approx(members.mean(), abs=MILLIONTH)
        assert told.customer_lifetime_value == given.customer_lifetime_value[members].sum() / 100
        assert told.value_at_risk == given.value_at_risk[members].sum() / 100
        if members.any():
            assert told.average_churn_probability == pytest.approx(
                given.churn_probability[members].mean() / 10**6, abs=MILLIONTH
            )
        risks = Counter(given.risk_category[members].tolist())
        tiers = Counter(given.value_tier[members].tolist())
        assert [each.customers for each in told.risk_categories] == [risks[at] for at in range(4)]
        assert [each.customers for each in told.value_tiers] == [tiers[at] for at in range(4)]
    assert sum(persona.share_of_value for persona in found.personas) == pytest.approx(1, abs=1e-5)
    assert sum(persona.share_of_value_at_risk for persona in found.personas) == pytest.approx(
        1, abs=1e-5
    )


def test_whoever_has_most_at_stake_can_be_opened_as_the_customer_he_is(
    file: Scored, found: Summary, predictor: Predictor
) -> None:
    most = found.top_customers
    assert len(most) == top.MOST
    stakes = [told.value_at_risk for told in most]
    assert stakes == sorted(file.answers.value_at_risk / 100, reverse=True)[: top.MOST]
    for told in most[::40]:
        record = CustomerRecord.model_validate(told.record)
        np.testing.assert_array_equal(to_matrix([record])[0], file.rows.records[told.row - 2])
        (alone,) = predictor.predict([record], explain=True)
        answer: Any = alone
        assert told.customer_id == f"C-{told.row}"
        assert told.customer_lifetime_value == pytest.approx(
            answer.customer_lifetime_value, abs=2 * CENT
        )
        assert told.value_at_risk == pytest.approx(answer.value_at_risk, abs=2 * CENT)
        assert told.interval.model_dump() == pytest.approx(
            answer.interval.model_dump(), abs=2 * CENT
        )
        assert told.churn_probability == pytest.approx(answer.churn_probability, abs=2e-6)
        for name in ("value_tier", "risk_category", "segment_id", "segment_name"):
            assert getattr(told, name) == getattr(answer, name)
        assert told.recommended_actions == answer.recommended_actions
        strongest = [(reason.sentence, reason.contribution) for reason in answer.reasons[:3]]
        assert [each.sentence for each in told.reasons] == [text for text, _ in strongest]
        assert [each.contribution for each in told.reasons] == pytest.approx(
            [points for _, points in strongest], abs=2e-6
        )


def test_the_reasons_of_those_at_risk_are_the_means_of_their_reasons(
    file: Scored, found: Summary, predictor: Predictor
) -> None:
    kept = np.delete(file.rows.records, list(file.rows.faults), axis=0)
    at_risk = kept[file.answers.risk_category >= 2]
    told: list[Any] = list(predictor.predict([customer(row) for row in at_risk], explain=True))
    points = np.array(
        [
            [
                next((r.contribution for r in each.reasons if r.name == name), 0.0)
                for name in RECORD_FIELDS
            ]
            for each in told
        ]
    )
    strongest = Counter(points.argmax(axis=1)[points.max(axis=1) > 0].tolist())

    reasons = found.reasons
    assert reasons.customers_at_risk == reasons.sampled == len(at_risk) > 100
    assert np.isnan(at_risk[:, RECORD_FIELDS.index("avg_purchase_amount")]).any()
    absolute = [field.mean_absolute_contribution for field in reasons.fields]
    assert absolute == sorted(absolute, reverse=True)
    for field in reasons.fields:
        place = RECORD_FIELDS.index(field.name)
        assert field.mean_contribution == pytest.approx(points[:, place].mean(), abs=2e-6)
        assert field.mean_absolute_contribution == pytest.approx(
            np.abs(points[:, place]).mean(), abs=2e-6
        )
        assert field.strongest_share == pytest.approx(strongest[place] / len(told), abs=2e-3)


def test_customers_of_another_kind_than_the_training_data_are_noticed(found: Summary) -> None:
    assert found.drift.verdict == "drifted"
    assert {field.name for field in found.drift.fields} == set(RECORD_FIELDS)


# --- at the ends -----------------------------------------------------------------------------


@pytest.mark.parametrize("rejected", [0, 3], ids=["an empty file", "a file of rejected rows"])
def test_a_file_of_which_nothing_was_predicted_has_a_summary(
    file: Scored, run: Run, predictor: Predictor, rejected: int
) -> None:
    nobody = file.part(np.array([0, 7, ROWS - 1][:rejected], int))

    found = summary(nobody, run, predictor)

    assert (found.rows, found.predicted, found.rejected) == (rejected, 0, rejected)
    assert found.totals.share_at_risk == found.totals.value_at_risk == 0
    assert found.totals.average_customer_lifetime_value is None
    assert found.customer_lifetime_value.quantiles.p50 is None
    assert found.top_customers == found.reasons.fields == ()
    assert found.drift.verdict == "too few rows"
    assert {persona.share for persona in found.personas} == {0}
    assert Summary.model_validate_json(found.to_bytes()) == found


def test_a_million_customers_with_the_longest_ids_fit_a_page(
    file: Scored, run: Run, predictor: Predictor
) -> None:
    ids = ["\N{HEDGEHOG}" * 128] * ROWS
    rows = MadeUp(file.rows.numbers, file.rows.records, file.rows.faults, ids)
    once = counted(Scored(rows, file.answers), predictor)
    # As many digits as a million customers have.
    often = merged([once] + [_without_choices(once)] * 1_111)

    found = summarised(often, run, predictor.manifest, predictor)

    assert found.rows > 1_000_000
    assert 200_000 < len(found.to_bytes()) < LARGEST


def _without_choices(part: Partial) -> Partial:
    return replace(
        part, top=(), sample=replace(part.sample, packed_numbers=b"", packed_records=b"")
    )
