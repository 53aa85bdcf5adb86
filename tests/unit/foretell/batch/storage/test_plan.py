"""Which parts of an assembled object S3 copies, and which go through the function."""

from hypothesis import example, given
from hypothesis import strategies as st

from foretell.batch.storage.assembly import Copied, Joined, Slice, plan
from foretell.batch.storage.multipart import PartSizes

ALLOWED = PartSizes(least=5, sent=8, copied=16)


def length(step) -> int:
    slices = step.slices if isinstance(step, Joined) else (step.slice,)
    return sum(each.after - each.first for each in slices)


def contents(steps) -> list[tuple[int, int]]:
    """Each byte by its part and its place in it, in the order of the steps."""
    found = []
    for step in steps:
        for each in step.slices if isinstance(step, Joined) else (step.slice,):
            found += [(each.part, place) for place in range(each.first, each.after)]
    return found


@given(st.integers(0, 12), st.lists(st.integers(0, 60), max_size=12))
@example(0, [5, 5])
@example(1, [4, 4, 9, 8])
@example(0, [10_000])
def test_every_byte_is_in_its_place_in_parts_that_s3_takes(head, sizes):
    steps = plan(head, sizes, ALLOWED)

    assert contents(steps) == [
        (part, place) for part, size in enumerate(sizes) for place in range(size)
    ]
    headed = [isinstance(step, Joined) and step.headed for step in steps]
    assert headed[: bool(head)] == [True] * bool(head)
    assert not any(headed[1:])
    for step, first in zip(steps, [head] + [0] * len(steps), strict=False):
        whole = length(step) + first
        assert whole >= (1 if step is steps[-1] else ALLOWED.least)
        assert whole <= (ALLOWED.copied if isinstance(step, Copied) else 2 * ALLOWED.least + first)


@given(st.integers(0, 12), st.lists(st.integers(0, 60), max_size=12))
def test_a_range_is_copied_only_of_what_is_larger_than_the_least_part(head, sizes):
    for step in plan(head, sizes, ALLOWED):
        if isinstance(step, Copied) and length(step) != sizes[step.slice.part]:
            assert sizes[step.slice.part] > ALLOWED.least


@given(st.lists(st.integers(5, 60), max_size=12))
def test_what_is_large_enough_never_leaves_s3(sizes):
    assert all(isinstance(step, Copied) for step in plan(0, sizes, ALLOWED))


def test_no_more_than_a_least_part_is_taken_from_what_follows():
    assert plan(2, [9], ALLOWED) == [
        Joined(headed=True, slices=(Slice(0, 0, 3),)),
        Copied(Slice(0, 3, 9)),
    ]
