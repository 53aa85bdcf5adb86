"""Parts of a summary: exact, and the same however a file is split and its parts are added up."""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.batch.summary import rejections, sample, scales, top
from foretell.batch.summary.partial import Partial, merged, partial
from foretell.contract import RECORD_FIELDS
from tests.unit.foretell.batch.summary.pieces import BASELINE, WORDS, MadeUp, Scored, scored, some

ROUND = ("1", "1.25", "1.6", "2", "2.5", "3.15", "4", "5", "6.3", "8", "10")


@pytest.fixture(scope="module", autouse=True)
def _small_choices() -> Iterator[None]:
    """So few are chosen that even small files have more to choose from."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(top, "MOST", 5)
        patch.setattr(sample, "SIZE", 7)
        patch.setattr(rejections, "MOST_KINDS", 2)
        yield


def counted(piece: Scored) -> Partial:
    return partial(piece.rows, piece.answers, WORDS, BASELINE)


@settings(max_examples=60)
@given(
    rows=st.integers(0, 60),
    seed=st.integers(0, 2**32),
    parts=st.integers(1, 9),
    chance=st.randoms(use_true_random=False),
    huge=st.booleans(),
)
def test_any_partition_in_any_order_and_grouping_gives_the_same_bytes(
    rows: int,
    seed: int,
    parts: int,
    chance,
    huge: bool,  # noqa: FBT001
) -> None:
    whole = scored(rows, seed, wrong=0.3, huge=huge)
    lots = np.array([chance.randrange(parts) for _ in range(rows)], int)
    left = [counted(whole.part(np.flatnonzero(lots == lot))) for lot in range(parts)]

    while len(left) > 1:  # any two, any time, stored in between or not
        chance.shuffle(left)
        together = merged([left.pop() for _ in range(chance.randint(2, len(left)))])
        left.append(chance.choice([together, Partial.from_bytes(together.to_bytes())]))

    assert left[0].to_bytes() == counted(whole).to_bytes()


@given(rows=st.integers(0, 60), seed=st.integers(0, 2**32), huge=st.booleans())
@settings(max_examples=40)
def test_all_figures_are_those_of_counting_one_by_one(
    rows: int,
    seed: int,
    huge: bool,  # noqa: FBT001
) -> None:
    whole = scored(rows, seed, huge=huge)
    answers = {name: column.tolist() for name, column in vars(whole.answers).items()}
    value, churn, stake = (
        answers[name] for name in ("customer_lifetime_value", "churn_probability", "value_at_risk")
    )
    cells = [
        (segment * 4 + risk) * 4 + tier
        for segment, risk, tier in zip(
            answers["segment_id"], answers["risk_category"], answers["value_tier"], strict=True
        )
    ]
    dense = [
        min(chance * 20 // 1_000_000, 19) * len(scales.COARSE_VALUE_EDGES)
        + bisect_right(scales.COARSE_VALUE_EDGES.tolist(), amount)
        - 1
        for chance, amount in zip(churn, value, strict=True)
    ]

    found = counted(whole)

    assert found.rows == found.predicted + found.rejected == rows
    assert found.predicted == len(value)
    assert found.rejected == len(whole.rows.faults)
    assert found.interval_sums == tuple(
        sum(answers[f"interval_{name}"]) for name in ("low", "median", "high")
    )
    assert nonzero(found.cells.customers) == Counter(cells)
    assert nonzero(found.cells.customer_lifetime_value) == summed(cells, value)
    assert nonzero(found.cells.churn_probability) == summed(cells, churn)
    assert nonzero(found.cells.value_at_risk) == summed(cells, stake)
    assert nonzero(found.lifetime_values) == Counter(
        bisect_right(scales.VALUE_EDGES.tolist(), amount) - 1 for amount in value
    )
    assert nonzero(found.churn_probabilities) == Counter(
        min(chance * 50 // 1_000_000, 49) for chance in churn
    )
    assert nonzero(found.density) == Counter(dense)
    assert nonzero(found.value_at_risk_density) == summed(dense, stake)


def nonzero(cells: tuple[int, ...]) -> dict[int, int]:
    return {place: number for place, number in enumerate(cells) if number}


def summed(cells: list[int], amounts: list[int]) -> dict[int, int]:
    totals: Counter[int] = Counter()
    for cell, amount in zip(cells, amounts, strict=True):
        totals[cell] += amount
    return {cell: total for cell, total in totals.items() if total}


def test_amounts_beyond_what_a_machine_number_holds_are_added_up_exactly() -> None:
    whole = scored(300, seed=4, huge=True)

    found = sum(counted(whole).cells.customer_lifetime_value)

    assert found == sum(whole.answers.customer_lifetime_value.tolist())
    assert found > 2**64


def test_a_part_without_rows_changes_nothing() -> None:
    whole = scored(40, seed=1)
    nobody = counted(whole.part(np.array([], int)))

    assert nobody.rows == nobody.predicted == sum(nobody.density) == 0
    assert merged([nobody, counted(whole), nobody]) == counted(whole)
    assert merged([nobody]) == nobody


def test_a_part_in_which_all_rows_were_rejected_counts_them() -> None:
    whole = scored(12, seed=1, wrong=1)

    found = counted(whole)

    assert (found.rows, found.predicted, found.rejected) == (12, 0, 12)
    assert found.top == ()
    assert len(found.sample.records) == 0


# --- the customers with most at stake --------------------------------------------------------


@given(rows=st.integers(0, 60), seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_those_with_most_at_stake_are_told_and_of_equals_the_first(rows: int, seed: int) -> None:
    whole = scored(rows, seed)
    numbers = np.delete(whole.rows.numbers, list(whole.rows.faults)).tolist()
    stakes = whole.answers.value_at_risk.tolist()
    ranked = sorted((-stake, number) for stake, number in zip(stakes, numbers, strict=True))[:5]

    found = counted(whole).top

    assert [(-customer.value_at_risk, customer.row) for customer in found] == ranked
    assert [customer.customer_id for customer in found] == [f"C-{row}" for _, row in ranked]


def test_each_of_them_has_the_record_and_all_answers() -> None:
    whole = scored(40, seed=8)
    place = int(np.argmax(whole.answers.value_at_risk))
    position = np.delete(np.arange(40), list(whole.rows.faults))[place]

    told = counted(whole).top[0]

    sent = [None if np.isnan(value) else value for value in whole.rows.records[position].tolist()]
    assert told.record == tuple(sent)
    assert told._asdict() == told._asdict() | {
        name: column[place].item() for name, column in vars(whole.answers).items()
    }


@pytest.mark.parametrize(("sent", "told"), [("\ud83d", "?"), ("Zoë 🦔", "Zoë 🦔"), (None, None)])
def test_a_customer_id_that_is_half_a_character_does_not_spoil_the_summary(
    sent: str | None, told: str | None
) -> None:
    one = scored(1, seed=1, wrong=0)
    rows = replace(one.rows, ids=(sent,))

    found = partial(rows, one.answers, WORDS, BASELINE)

    assert Partial.from_bytes(found.to_bytes()).top[0].customer_id == told


# --- the sample ------------------------------------------------------------------------------


def test_only_customers_in_the_two_highest_risk_categories_are_sampled() -> None:
    whole = scored(7, seed=3, wrong=0)
    at_risk = np.flatnonzero(whole.answers.risk_category >= 2)

    found = counted(whole).sample

    assert 0 < len(at_risk) < 7
    assert found.numbers.tolist() == whole.rows.numbers[at_risk].tolist()
    np.testing.assert_array_equal(found.records, whole.rows.records[at_risk])


# --- drift -----------------------------------------------------------------------------------


def test_the_fields_of_rejected_rows_count_for_nothing() -> None:
    whole = scored(50, seed=5)
    found = counted(whole).drift

    assert list(found) == list(RECORD_FIELDS)
    kept = np.delete(whole.rows.records, list(whole.rows.faults), axis=0)
    for column, name in zip(kept.T.tolist(), RECORD_FIELDS, strict=True):
        bins = Counter(bisect_right((1, 2.5, 10), x) for x in column if x == x)  # noqa: PLR0124
        assert nonzero(found[name][:-1]) == bins
        assert found[name][-1] == len(column) - bins.total()


# --- stored ----------------------------------------------------------------------------------


def test_a_stored_part_is_the_same_part() -> None:
    found = counted(scored(60, seed=2, wrong=0.3, huge=True))

    assert Partial.from_bytes(found.to_bytes()) == found


def test_the_figures_are_whole_numbers_to_the_last() -> None:
    def numbers(value: object) -> Iterator[object]:
        if isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                yield from numbers(each)
        elif not isinstance(value, str) and value is not None:
            yield value

    stored = json.loads(counted(scored(60, seed=2)).to_bytes())
    for customer in stored["top"]:
        customer[2] = None  # the record, which nobody adds up

    assert {type(number) for number in numbers(stored)} == {int}


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored.pop("density"),
        lambda stored: stored.update(surprise=1),
        lambda stored: stored.update(rows="many"),
        lambda stored: stored.update(rows=1.5),
        lambda stored: stored["lifetime_values"].pop(),
        lambda stored: stored["sample"].update(packed_numbers=""),
        lambda stored: stored["sample"].update(packed_records="AAAA"),
        lambda stored: stored["top"][0].pop(),
    ],
)
def test_anything_else_than_a_stored_part_is_refused(change) -> None:
    stored = json.loads(counted(scored(60, seed=2, wrong=0.3)).to_bytes())
    change(stored)

    with pytest.raises(ValueError, match=r"."):
        Partial.from_bytes(json.dumps(stored).encode())


@pytest.mark.parametrize("content", [b"", b"\x80\x04N.", b"{}", b"[]", b"null", b"\xff"])
def test_what_is_no_part_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Partial.from_bytes(content)


# --- what does not belong together -----------------------------------------------------------


def test_an_answer_too_many_is_noticed() -> None:
    whole = scored(20, seed=1)

    with pytest.raises(ValueError, match="20 rows were to be answered, 19 were"):
        partial(
            MadeUp(whole.rows.numbers, whole.rows.records, {}),
            some(scored(20, seed=1, wrong=0).answers, slice(19)),
            WORDS,
            BASELINE,
        )


def test_parts_of_different_versions_are_not_added_up() -> None:
    whole = scored(20, seed=1)
    other = partial(
        whole.rows, whole.answers, WORDS, {name: BASELINE[name] for name in ("age", "recency")}
    )
    fewer = replace(WORDS, segment_names=WORDS.segment_names * 2)

    with pytest.raises(ValueError, match="different versions"):
        merged([counted(whole), other])
    with pytest.raises(ValueError, match="zip"):
        merged([counted(whole), partial(whole.rows, whole.answers, fewer, BASELINE)])
    with pytest.raises(ValueError, match="no parts"):
        merged([])


# --- scales ----------------------------------------------------------------------------------


def test_the_scale_is_round_and_even() -> None:
    edges = scales.VALUE_EDGES.tolist()
    above_a_unit = [Fraction(edge, 100) for edge in edges if edge >= 100]

    assert edges[:3] == [0, 1, 2]
    assert above_a_unit[:11] == list(map(Fraction, ROUND))
    assert above_a_unit[-1] == 10**9
    steps = [after / before for before, after in pairwise(above_a_unit)]
    assert all(1.2 < step < 1.3 for step in steps)
    assert set(scales.COARSE_VALUE_EDGES.tolist()) < set(edges)


@given(st.lists(st.integers(0, 2**62), min_size=1))
@settings(max_examples=40)
def test_the_coarse_bin_is_that_of_the_amount(amounts: list[int]) -> None:
    cents = np.array(amounts)

    found = scales.coarse(scales.value_bins(cents))

    edges = scales.COARSE_VALUE_EDGES
    assert (edges[found] <= cents).all()
    assert all(
        amount < edges[place + 1]
        for amount, place in zip(amounts, found.tolist(), strict=True)
        if place + 1 < len(edges)
    )


@pytest.mark.parametrize(
    ("counts", "share", "at"),
    [
        ([0, 10, 0], 0.5, 15),  # in the middle of its bin
        ([0, 10, 10], 0.5, 20),
        ([5, 5, 0], 0.1, 2),
        ([0, 0, 4], 0.9, 20),  # the last bin is open
        ([1, 0, 9], 0.1, 10),
        ([0, 0, 0], 0.5, None),
    ],
)
def test_quantiles_are_read_off_a_histogram(
    counts: list[int], share: float, at: float | None
) -> None:
    assert scales.quantile((0, 10, 20), counts, share) == at
