"""The manifest is verified against its version, and the pointer knows what was live before."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from foretell import manifest as manifests
from foretell.contract import RECORD_FIELDS
from foretell.manifest import Pointer, Promotion
from foretell.problems import DigestMismatch, IncompatibleVersion
from tests.shared.manifests import AS_OF, a_manifest


def test_a_manifest_survives_storage() -> None:
    content = a_manifest().to_bytes()
    version = manifests.version_id(AS_OF, content)

    assert manifests.VERSION_PATTERN.fullmatch(version)
    assert manifests.parse(version, content) == a_manifest()


def test_equal_manifests_are_equal_bytes_and_one_version() -> None:
    first, second = a_manifest().to_bytes(), a_manifest().to_bytes()

    assert manifests.version_id(AS_OF, first) == manifests.version_id(AS_OF, second)
    assert manifests.version_id(AS_OF, a_manifest(horizon_days=90).to_bytes()) != (
        manifests.version_id(AS_OF, first)
    )


@given(position=st.integers(0, 400), bit=st.integers(0, 7))
def test_a_single_changed_bit_is_noticed(position: int, bit: int) -> None:
    content = a_manifest().to_bytes()
    version = manifests.version_id(AS_OF, content)
    damaged = bytearray(content)
    damaged[position % len(damaged)] ^= 1 << bit

    with pytest.raises(DigestMismatch, match=version):
        manifests.parse(version, bytes(damaged))


@pytest.mark.parametrize("changed", [{"record_fields": RECORD_FIELDS[1:]}, {"schema_version": 999}])
def test_a_version_for_another_contract_is_refused(changed: dict[str, object]) -> None:
    content = a_manifest(**changed).to_bytes()

    with pytest.raises(IncompatibleVersion, match="train again"):
        manifests.parse(manifests.version_id(AS_OF, content), content)


def test_a_row_of_the_table_of_actions_names_risks_and_tiers_that_there_are() -> None:
    with pytest.raises(ValidationError, match="risks"):
        a_manifest(actions=[{"action": "Call", "risks": ["High risk"]}])
    with pytest.raises(ValidationError, match="tiers"):
        a_manifest(actions=[{"action": "Call", "tiers": ["Gold"]}])


def test_the_typical_value_is_the_product_of_its_parts() -> None:
    assert a_manifest().baselines.typical_value == pytest.approx(0.5 * 2 * 50 * 1.1)


def test_a_manifest_of_another_shape_is_refused() -> None:
    content = b'{"hello": "world"}'

    with pytest.raises(IncompatibleVersion, match="not one this runtime reads"):
        manifests.parse(manifests.version_id(AS_OF, content), content)


def pointer_after(actions: list[str]) -> tuple[Pointer, list[str]]:
    """A pointer after promotions and rollbacks, and the stack they leave."""
    stack: list[str] = []
    history: list[Promotion] = []
    for action in actions:
        if action == "rollback":
            if len(stack) < 2:
                continue
            stack.pop()
        else:
            stack.append(action)
        history.append(
            Promotion(
                version=stack[-1],
                action="rollback" if action == "rollback" else "promote",
                at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )
    return Pointer(version=stack[-1], history=tuple(history)), stack


def test_the_first_version_has_none_before_it() -> None:
    pointer, _ = pointer_after(["a"])

    assert pointer.before() is None


def test_after_a_rollback_the_next_goes_further_back() -> None:
    pointer, _ = pointer_after(["a", "b", "c", "rollback"])

    assert pointer.version == "b"
    assert pointer.before() == "a"


@given(st.lists(st.sampled_from(["a", "b", "c", "rollback"]), min_size=1, max_size=30))
def test_before_is_what_a_stack_of_promotions_holds_below_its_top(actions: list[str]) -> None:
    pointer, stack = pointer_after(["first", *actions])

    assert pointer.version == stack[-1]
    assert pointer.before() == (stack[-2] if len(stack) > 1 else None)
