"""Rejections by kind: what is one kind, which row is told, and what is left out."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.batch.summary.rejections import MOST_KINDS, Rejection, combined, rejections
from foretell.contract import RECORD_FIELDS, Fault
from tests.unit.foretell.batch.summary.pieces import MadeUp


def rows(*faults: tuple[Fault, ...], start: int = 2) -> MadeUp:
    numbers = np.arange(start, start + len(faults))
    records = np.zeros((len(faults), len(RECORD_FIELDS)), np.float32)
    return MadeUp(numbers, records, dict(enumerate(faults)))


def cells(number: int) -> Fault:
    return Fault(field="row", reason=f"has {number} cells, the header has 11")


AGE = Fault(field="age", reason="Input should be less than or equal to 120")


def test_reasons_that_differ_in_numbers_alone_are_one_kind_told_of_the_first_row() -> None:
    found = rejections(rows((cells(5),), (cells(3),), (AGE,), (cells(12),)))

    assert found == (
        Rejection("row", "has # cells, the header has #", cells(5).reason, 3, 2),
        Rejection("age", "Input should be less than or equal to #", AGE.reason, 1, 4),
    )


def test_a_row_counts_once_for_each_kind_it_has() -> None:
    found = rejections(rows((AGE, cells(3), cells(4), AGE)))

    assert {(kind.field, kind.reason, kind.rows) for kind in found} == {
        ("row", cells(3).reason, 1),
        ("age", AGE.reason, 1),
    }


@given(order=st.permutations(range(6)))
@settings(max_examples=20)
def test_which_kinds_are_left_out_does_not_depend_on_the_parts(order: list[int]) -> None:
    """Even where each part alone had to leave some out, and others than the next one."""
    kinds = [Fault(field=f"column {'x' * number}", reason="no") for number in range(300)]
    parts = [
        rejections(rows(*((kind,) for kind in kinds[number * 10 :]), start=2 + 999 * number))
        for number in range(6)
    ]

    stepwise: tuple[Rejection, ...] = ()
    for number in order:
        stepwise = combined((*stepwise, *combined(parts[number])))

    assert stepwise == combined(kind for part in parts for kind in part)
    assert len(stepwise) == MOST_KINDS
