"""Files of customers as shops export them, and the buckets that they are dropped into."""

import csv
import gzip
import io
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from foretell.batch.runs import RUNS, STATUS, SourceFile, Status
from foretell.contract import CustomerRecord, Prediction
from infra.local.delivery import event_of
from infra.local.mirror import ObjectChange

Row = dict[str, Any]
"""A customer record, and beside it whatever else a shop knows."""

NOTES = (
    "plain",
    'said "no", twice',
    "two\nlines",
    "Zoë Ångström, Ελλάδα 🙂",
    "5 o'clock; maybe",
    "",
)
"""What stands in a column that passes through."""

CENT = 0.0101
MILLIONTH = 1.01e-6
"""The last digit of a figure, which rounding may change."""


def customers(number: int, seed: int = 1) -> list[Row]:
    """Possible customers of all kinds; of every third only the required fields are known."""
    chance = np.random.default_rng(seed)
    return [_customer(place, chance) for place in range(number)]


def _customer(place: int, chance: np.random.Generator) -> Row:
    tenure = round(float(chance.uniform(1, 700)), 1)
    more = place % 3
    return {
        "customer_id": f"C-{place:04}",
        "tenure_days": tenure,
        "recency": round(tenure * float(chance.random()), 1),
        "frequency": round(float(chance.lognormal(0, 1)), 3),
        "monetary": round(float(chance.lognormal(5, 1.5)), 2),
        "age": int(chance.integers(18, 90)) if more else None,
        "account_type": ("Basic", "Premium", "Enterprise")[place % 2 + more - 1] if more else None,
        "email_open_rate": round(float(chance.uniform(0, 100)), 2) if more else None,
        "note": NOTES[place % len(NOTES)],
    }


def record_of(row: Row) -> CustomerRecord:
    """What the API would be asked about a row."""
    asked = {name: value for name, value in row.items() if name in CustomerRecord.model_fields}
    return CustomerRecord.model_validate(asked)


def as_csv(
    rows: Sequence[Row], separator: str = ",", decimal: str = ".", line_end: str = "\n"
) -> bytes:
    """A CSV file; what is missing is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end)
    writer.writerow(rows[0])
    writer.writerows([_cell(value, decimal) for value in row.values()] for row in rows)
    return text.getvalue().encode()


def _cell(value: object, decimal: str) -> object:
    return str(value).replace(".", decimal) if isinstance(value, float) else value


def as_jsonl(rows: Iterable[Row]) -> bytes:
    """A JSON Lines file."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def as_parquet(rows: Sequence[Row], folder: Path, rows_of_a_group: int = 122_880) -> bytes:
    """A Parquet file that DuckDB writes; it puts 2,048 rows into a group at least."""
    # Imported before hypothesis has run, it complains at the end of the process.
    import duckdb  # noqa: PLC0415

    source, target = folder / f"{uuid.uuid4()}.jsonl", folder / f"{uuid.uuid4()}.parquet"
    source.write_bytes(as_jsonl(rows))
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(
            f"COPY (FROM read_json('{source}', format = 'newline_delimited', sample_size = -1))"
            f" TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE {rows_of_a_group})"
        )
    return target.read_bytes()


ROWS = 64
"""Of each hard text."""

HEADER = b"customer_id,tenure_days,recency,frequency,monetary,note\n"


def _lines(*notes: str, end: str = "\n") -> str:
    """A CSV file with these notes in turn, whose every fifth customer is impossible."""
    rows = [
        f"C{place},{100 + place},{9_999 if place % 5 == 4 else place},{place / 16},"
        f"{place * 10.25},{notes[place % len(notes)]}"
        for place in range(ROWS)
    ]
    return end.join([HEADER.decode().rstrip(), *rows, ""])


def _json_lines(*more: str) -> str:
    """A JSON Lines file with these lines in turn after each customer."""
    rows = [
        f'{{"customer_id": "C{place}", "tenure_days": {90 - place}, "recency": {place},'
        f' "frequency": 2, "monetary": {place * 10.25}, "note": "\\"é🙂\\\\n"}}\n'
        for place in range(ROWS)
    ]
    return "".join(row for pair in zip(rows, more * ROWS, strict=False) for row in pair)


HARD_TEXTS: Mapping[str, str] = {
    "quoted line breaks": _lines('""', '"one,\n"', '"one,\n\ntwo\n"', "none"),
    "quoted line ends of Windows": _lines('"a\r\nb\r\n"', '"\n"', end="\r\n"),
    "doubled quotes": _lines('""', '""""', '"""\n"""""', '"a""\n""b"'),
    "stray quotes": _lines('5" pipe', '"5" pipe', 'a""b', '"a"b""'),
    "a quote that is never closed": _lines(*["shut"] * 20, '"open', *["shut"] * 43),
    "a quote that the last row opens": _lines(*["shut"] * 63, '"open'),
    "no final newline": _lines("x", "", "xyz").removesuffix("\n"),
    "no final newline, and a quoted one": _lines('"\n"').removesuffix("\n"),
    "Unicode": "\ufeff" + _lines("Ελλάδα", "🙂", "\u2028", "é\x85", "e\u0301"),
    "blank lines": _lines("x", "x\n", "x\n\r\n\n"),
    "line ends of Windows": _lines("x", "", end="\r\n"),
    "line ends of an old Mac": _lines('"\n"', "", end="\r"),
    "semicolons": _lines('"a,b"', "", end="\r\n").replace(",", ";").replace(".", ","),
    "cells too many and too few": _lines("", ",", ",,").replace(",9999", ""),
    "formulas": _lines("=1+1", "-5", '"@a\n"'),
    "JSON Lines": _json_lines("").removesuffix("\n"),
    "JSON Lines, others among them": _json_lines("{\n", "\n", '"a"\r\n', "\r\n", "{}\n"),
}
"""Files of which it is hard to tell where a row ends, or which of the rows are customers."""


def hard_file(name: str) -> bytes:
    """One of the hard texts, in UTF-8."""
    return HARD_TEXTS[name].encode()


def csv_rows(content: bytes, separator: str = ",") -> list[dict[str, str]]:
    """The rows of a CSV file as Python reads them."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, delimiter=separator, strict=True))


def jsonl_rows(content: bytes) -> list[Row]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in content.split(b"\n")[:-1]]


def parquet_rows(content: bytes, folder: Path) -> list[Row]:
    """The rows of a Parquet file as DuckDB reads them."""
    import duckdb  # noqa: PLC0415 - as above

    path = folder / f"{uuid.uuid4()}.parquet"
    path.write_bytes(content)
    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.execute(f"FROM '{path}'")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def unpacked(content: bytes) -> bytes:
    """A .gz file's content."""
    return gzip.decompress(content)


def disagreements(row: Mapping[str, Any], prediction: Prediction) -> dict[str, tuple[Any, Any]]:
    """Where a row of predictions says something else than the API, by column."""
    answer = prediction.model_dump(mode="json")
    interval, actions = answer.pop("interval"), answer.pop("recommended_actions")
    wanted = {
        **{name: value for name, value in answer.items() if value is not None},
        **{f"interval_{bound}": interval[bound] for bound in ("low", "median", "high")},
        "recommended_action": actions[0],
    }
    return {
        name: (row[name], value)
        for name, value in wanted.items()
        if name != "customer_id" and not _agree(row[name], value)
    }


def _agree(written: object, answered: object) -> bool:
    if not isinstance(answered, float):
        return str(written) == str(answered)
    figure = str(written).replace(",", ".")
    last_digit = MILLIONTH if len(figure.partition(".")[2]) > 2 else CENT
    return abs(float(figure) - answered) < last_digit


@dataclass(frozen=True)
class Buckets:
    """Where files are dropped, and where results appear."""

    s3: Any
    uploads: str
    results: str

    def create(self) -> None:
        for bucket in (self.uploads, self.results):
            self.s3.create_bucket(Bucket=bucket)

    def keep_versions(self) -> None:
        """Of the results, from now on, so that `written` can tell."""
        self.s3.put_bucket_versioning(
            Bucket=self.results, VersioningConfiguration={"Status": "Enabled"}
        )

    def drop(self, key: str, content: bytes) -> Row:
        """Put a file; the event that S3 makes of it."""
        stored = self.s3.put_object(Bucket=self.uploads, Key=key, Body=content)
        tag = stored["ETag"].strip('"')
        return event_of(ObjectChange(self.uploads, key, "created", len(content), tag))

    def run_id(self, event: Row) -> str:
        """Of the file that an event tells of."""
        file = event["detail"]["object"]
        return SourceFile(
            bucket=self.uploads, key=file["key"], version=file["etag"], size=file["size"]
        ).run_id

    def names(self, run_id: str) -> set[str]:
        """Of all that there is of a run."""
        prefix = f"{RUNS}{run_id}/"
        listed = self.s3.list_objects_v2(Bucket=self.results, Prefix=prefix)
        return {item["Key"].removeprefix(prefix) for item in listed.get("Contents", ())}

    def output(self, run_id: str, name: str) -> bytes:
        """What a run has under a name."""
        found = self.s3.get_object(Bucket=self.results, Key=f"{RUNS}{run_id}/{name}")
        content: bytes = found["Body"].read()
        return content

    def status(self, run_id: str) -> Status:
        return Status.model_validate_json(self.output(run_id, STATUS))

    def written(self, run_id: str) -> set[tuple[str, str]]:
        """Whatever was ever written or removed of a run: keys with version ids."""
        listed = self.s3.list_object_versions(Bucket=self.results, Prefix=f"{RUNS}{run_id}/")
        return {
            (item["Key"], item["VersionId"])
            for item in (*listed.get("Versions", ()), *listed.get("DeleteMarkers", ()))
        }
