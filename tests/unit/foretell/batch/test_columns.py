"""Names of columns: written as people write them, and told back where they do not do."""

import pytest

from foretell.batch.columns import content_of, field_columns
from foretell.contract import RECORD_FIELDS
from foretell.problems import UnscorableFile

CUSTOMERS = ("tenure_days", "recency", "frequency", "monetary")


class TestContent:
    """Customer records or transactions, by the columns that they must have."""

    def test_the_required_fields_make_customer_records(self) -> None:
        assert content_of(("note", *CUSTOMERS)) == "customers"

    def test_customer_and_time_and_amount_make_transactions(self) -> None:
        assert content_of(("amount", "customer_id", "timestamp", "tenure_days")) == "transactions"

    def test_customer_records_come_first(self) -> None:
        assert content_of((*CUSTOMERS, "customer_id", "timestamp", "amount")) == "customers"

    def test_names_are_matched_as_people_write_them(self) -> None:
        assert content_of((" Tenure Days", "RECENCY ", "Frequency", "mone-tary", "Monetary"))

    def test_what_is_missing_is_named_for_both(self) -> None:
        with pytest.raises(UnscorableFile) as refusal:
            content_of(("tenure_days", "customer_id", "amount", "city"))

        assert "recency, frequency, monetary" in str(refusal.value)
        assert "transactions timestamp;" in str(refusal.value)
        assert "tenure_days, customer_id, amount, city." in str(refusal.value)

    def test_of_a_thousand_columns_twenty_are_told_and_no_endless_name(self) -> None:
        with pytest.raises(UnscorableFile) as refusal:
            content_of(["x" * 10_000] * 1_000)

        assert len(str(refusal.value)) < 2_000
        assert "and 980 more" in str(refusal.value)

    def test_of_no_columns_that_is_told(self) -> None:
        with pytest.raises(UnscorableFile, match="its columns are: none"):
            content_of(())


class TestFields:
    """Where the fields of the contract are."""

    def test_are_found_and_others_left_aside(self) -> None:
        names = ("City", "Customer-ID", *(name.upper().replace("_", " ") for name in RECORD_FIELDS))

        places = field_columns(names)

        assert places == {
            "customer_id": 1,
            **{name: place for place, name in enumerate(RECORD_FIELDS, start=2)},
        }

    def test_given_twice_are_refused_with_both_places(self) -> None:
        with pytest.raises(UnscorableFile, match="columns 2 and 4 are both recency"):
            field_columns(("a", "Recency", "b", "recency"))

    def test_other_columns_may_have_the_same_name(self) -> None:
        assert field_columns(("note", "note", "age")) == {"age": 2}
