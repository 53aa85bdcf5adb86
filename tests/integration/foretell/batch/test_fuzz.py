"""Whatever is dropped: it is refused for a reason, or each of its rows is accounted for."""

import csv
import gzip
import io
import json
import math
import os
import re
import tracemalloc
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretell.batch import flow, run
from foretell.batch.answers import COLUMNS
from foretell.batch.failures import ending
from foretell.batch.flow import Place, Version
from foretell.batch.rows import LONGEST_ROW
from foretell.batch.runs import PREDICTIONS, REJECTED, STATUS, SUMMARY, Run, SourceFile, Status
from foretell.batch.storage import FileSource, FolderResults, StatusFile, stored_status
from foretell.problems import UnscorableFile
from foretell.registry import RegistryAddress, connect
from training.publish import publish

# A thorough run: FORETELL_EXAMPLES=3000 pytest tests/integration/foretell/batch/test_fuzz.py
EXAMPLES = int(os.environ.get("FORETELL_EXAMPLES", "20"))
examples = settings(max_examples=EXAMPLES)

MIB = 1 << 20
LARGEST = 64 * MIB
SECRET = "Zzyzx"  # noqa: S105 - a customer's
"""What stands in cells that nobody may repeat."""

AT = datetime(2026, 5, 1, tzinfo=UTC)
REQUIRED = ("tenure_days", "recency", "frequency", "monetary")
POSSIBLE = "412,21,0.95,1240.5"
HEADER = "tenure_days,recency,frequency,monetary\n"
TABLE = f"customer_id,{HEADER}" + "".join(f"C-{row},{POSSIBLE}\n" for row in range(9))


@dataclass(frozen=True)
class Outcome:
    """What came of a file."""

    status: Status
    files: dict[str, bytes]

    @property
    def failure(self) -> str:
        """Why nothing did."""
        assert self.status.failure is not None
        return self.status.failure.detail

    @property
    def predictions(self) -> bytes:
        content = self.files[f"{PREDICTIONS}{self.status.format}"]
        return gzip.decompress(content) if str(self.status.format).endswith(".gz") else content

    @property
    def refused(self) -> list[list[str]]:
        """The lines of rejected.csv."""
        return csv_rows(self.files[REJECTED].decode(), ",")[1:]


Score = Callable[..., Outcome]


@pytest.fixture(scope="module")
def version(s3_endpoint: str, trained: Any) -> Version:
    registry = connect(RegistryAddress(f"fuzz-{uuid.uuid4().hex}"))
    registry.s3.create_bucket(Bucket=registry.address.bucket)
    publish(registry, trained.manifest, trained.files)
    return flow.load(registry, trained.version)


@pytest.fixture(scope="module")
def score(version: Version) -> Score:
    """score(content): what comes of a file."""

    def score(content: bytes, largest: int = LARGEST) -> Outcome:
        return scored(content, version, largest)

    return score


def scored(content: bytes, version: Version, largest: int) -> Outcome:
    """Whatever is raised but UnscorableFile, is a crash."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        (folder / "file").write_bytes(content)
        results = FolderResults(folder / "results")
        begun = Run(
            source=SourceFile(bucket="b", key="file", version="1", size=len(content)),
            model_version=version.scorer.version,
            received=AT,
        )
        try:
            _run(begun, FileSource(folder / "file"), version, results, folder / "work", largest)
        except UnscorableFile:
            assert results.names() == (STATUS,)
        assert not list((folder / "work").iterdir())
        assert len(list(results.path.iterdir())) == len(results.names())
        status = stored_status(results)
        assert status is not None
        files = {each: (results.path / each).read_bytes() for each in results.names()}
    return Outcome(status, files)


def _run(
    begun: Run,
    source: FileSource,
    version: Version,
    results: FolderResults,
    workspace: Path,
    largest: int,
) -> None:
    first = Status(
        run_id=begun.run_id, state="running", source=begun.source, started=AT, updated=AT
    )
    status = StatusFile(results, first)
    with ending(status):
        place = Place(results, status, workspace, largest, lambda: math.inf)
        run.score(source, begun, version, place)


def assert_accounted(outcome: Outcome, rows: int | None = None) -> None:
    """Each row is among the predictions or among the refused, or the file was refused."""
    status = outcome.status
    if status.state == "failed":
        assert len(outcome.failure) > 20
        return
    assert status.state == "succeeded"
    assert status.rows == status.predicted + status.rejected > 0
    assert rows is None or rows == status.rows
    assert len(outcome.refused) == status.rejected
    numbers = [int(refused[0]) for refused in outcome.refused]
    assert numbers == sorted(set(numbers))
    summary = json.loads(outcome.files[SUMMARY])
    if status.content == "customers":
        assert (summary["rows"], summary["predicted"]) == (status.rows, status.predicted)
        assert predicted_rows(outcome) == status.predicted


def predicted_rows(outcome: Outcome) -> int:
    """How many there are, as others read them."""
    content = outcome.predictions
    match outcome.status.format:
        case "parquet":
            return parquet_length(content)
        case "jsonl" | "jsonl.gz":
            lines = content.split(b"\n")
            assert lines.pop() == b""
            assert all(isinstance(json.loads(line), dict) for line in lines)
            return len(lines)
        case _:
            # A byte a character: cells may be in any encoding.
            text = content.decode("latin-1").removeprefix("ï»¿").replace("\r\n", "\n")
            # To others a carriage return always ends a row.
            text = text.replace("\r", " ") if "\n" in text else text
            found = re.search(f"(.)(foretell[0-9]*_)?{COLUMNS[0]}", text)
            assert found is not None
            header, *rows = csv_rows(text, found[1])
            assert {len(row) for row in rows} <= {len(header)}
            return len(rows)


def csv_rows(text: str, separator: str) -> list[list[str]]:
    """As Python reads them, blank ones left out."""
    csv.field_size_limit(1 << 30)
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]


def parquet_length(content: bytes) -> int:
    # Imported before hypothesis has run, it complains at the end of the process.
    import duckdb  # noqa: PLC0415

    with TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as connection:
        path = Path(folder, "file.parquet")
        path.write_bytes(content)
        rows = connection.read_parquet(str(path))
        assert len(rows.columns) > len(COLUMNS)
        return int(rows.count("*").fetchall()[0][0])


# Well-formed files with anything in them

Pack = Callable[[bytes], bytes]


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


PACKED: st.SearchStrategy[Pack] = st.sampled_from([bytes, bytes, gzipped])

VALID = {
    "tenure_days": "412",
    "recency": "21",
    "frequency": "0.95",
    "monetary": "1240.5",
    "age": "44",
    "account_type": "Premium",
    "support_tickets": "1",
}
ODD_NUMBERS = re.findall(
    r"\S+",
    """inf -inf Infinity nan NaN 1e400 -1e400 1e-400 9999999999999999999999 0x10 1_000 1,5 1.2.3 -5
    -0 +7 .5 5. 1e3 1e 1e+ -- + - . , true NULL None #REF! 3.4028236e38 1e308 4e-46 12" ١٢ ½""",
)
ODD_TEXTS = ["", " ", " 12 ", "a\x00b", "=cmd()", "@x", "\tx", "\ufeff", "Zoë", "🙂", '"', SECRET]
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
CELLS = st.one_of(
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_TEXTS),
    st.floats().map(str),
    st.text('"\n,;x', max_size=6),
    ANY_TEXT,
)
OTHER_NAMES = st.one_of(
    st.sampled_from(["customer_id", "note", "", "value_tier", "foretell_value_tier", "Recency"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=5),
)
CODECS = ("utf-8", "utf-8-sig", "cp1252", "utf-16") * 3 + ("latin-1", "utf-16-le", "utf-32")


@dataclass(frozen=True)
class Csv:
    """A table, and how it is written."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    separator: str
    line_end: str
    quoting: int
    codec: str
    pack: Pack
    final_newline: bool

    @property
    def text(self) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(
            text,
            delimiter=self.separator,
            lineterminator=self.line_end,
            quoting=self.quoting,  # type: ignore[arg-type]
        )
        writer.writerows([self.header, *self.rows])
        return text.getvalue() if self.final_newline else text.getvalue()[: -len(self.line_end)]

    @property
    def content(self) -> bytes:
        return self.pack(self.text.encode(self.codec, errors="replace"))

    @property
    def length(self) -> int:
        """Its rows, as Python counts them."""
        return len(csv_rows(self.text, self.separator)) - 1


@st.composite
def tables(draw: st.DrawFn) -> Csv:
    line_end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    # What ends lines elsewhere ends none here, where others read it so.
    others = {"\n": "\r", "\r": "\n", "\r\n": "\r"}[line_end]
    cells = CELLS.map(lambda cell: cell.replace(others, ""))
    header = draw(headers())
    return Csv(
        header=header,
        rows=draw(st.lists(rows_below(header, cells), max_size=8)),
        separator=draw(st.sampled_from(",;\t|")),
        line_end=line_end,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        codec=draw(st.sampled_from(CODECS)),
        pack=draw(PACKED),
        final_newline=draw(st.booleans()),
    )


@st.composite
def headers(draw: st.DrawFn) -> list[str]:
    """Those of customers, nearly always."""
    optional = draw(st.sets(st.sampled_from(["age", "account_type", "support_tickets"])))
    others = draw(st.lists(OTHER_NAMES, max_size=3, unique=True))
    header = draw(st.permutations([*REQUIRED, *sorted(optional), *others]))
    if draw(st.integers(0, 19)) == 0:
        header.pop()
    return header


@st.composite
def rows_below(draw: st.DrawFn, header: Sequence[str], cells: st.SearchStrategy[str]) -> list[str]:
    """A possible customer, of whom some cells were changed."""
    row = [VALID[name] if name in VALID else draw(cells) for name in header]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        row[draw(st.integers(0, len(row) - 1))] = draw(cells)
    if draw(st.integers(0, 9)) == 0:
        row = draw(st.lists(cells, max_size=len(header) + 2))
    return row


@given(file=tables())
@examples
def test_each_row_of_a_table_is_accounted_for_whatever_its_cells(file: Csv, score: Score) -> None:
    outcome = score(file.content)

    assert_accounted(outcome, file.length)


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(-(10**400), 10**400),
        st.floats(),
        st.sampled_from([*ODD_NUMBERS, *ODD_TEXTS, "\ud800"]),
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    """A possible customer of whom some fields were changed, or another line."""
    odd = [
        b"[]",
        b"null",
        b"{",
        b'{"a":1}{"b":2}',
        b'{"tenure_days":NaN}',
        b"\xff",
        b"\x00",
        b"x,y",
    ]
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(odd))
    known = {"tenure_days": 412, "recency": 21, "frequency": 0.95, "monetary": 1240.5, "age": 44}
    names = st.sampled_from([*known, "customer_id", "account_type", "note"]) | ANY_TEXT
    changed = draw(st.dictionaries(names, VALUES, max_size=2))
    fields = [*{**known, **(changed if draw(st.booleans()) else {})}.items()]
    if draw(st.integers(0, 9)) == 0:
        fields.append(("age", draw(VALUES)))
    text = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields)
    return f"{{{text}}}".encode()


@given(
    lines=st.lists(json_lines(), max_size=8),
    between=st.sampled_from([b"\n", b"\n", b"\r\n", b"\n\n", b"\n \t\n"]),
    last=st.sampled_from([b"", b"\n"]),
    pack=PACKED,
)
@examples
def test_each_json_line_is_accounted_for_whatever_it_holds(
    lines: list[bytes], between: bytes, last: bytes, pack: Pack, score: Score
) -> None:
    # By its first line a file is recognised.
    content = between.join([b'{"tenure_days":412,"recency":21,"frequency":1,"monetary":5}', *lines])
    content += last

    outcome = score(pack(content))

    assert outcome.status.state == "succeeded"
    assert_accounted(outcome, len(lines) + 1)


LOG_CELLS = st.one_of(
    st.sampled_from(
        ["2026-02-30", "13.5.2026", "1970-01-01", "9999-12-31T23:59:60Z", "today", "-1"]
    ),
    # Of a log with NUL bytes nothing is read.
    CELLS.map(lambda cell: cell.replace("\r", "").replace("\x00", "")),
)


@given(
    odd=st.lists(st.tuples(st.integers(0, 2), LOG_CELLS), max_size=8),
    separator=st.sampled_from(",;\t|"),
    pack=PACKED,
)
@settings(max_examples=EXAMPLES // 4)
def test_each_transaction_of_a_log_is_accounted_for_whatever_its_cells(
    odd: list[tuple[int, str]], separator: str, pack: Pack, score: Score
) -> None:
    # Where one row in twenty cannot be read, it is the file that is at fault.
    rows = [["customer_id", "timestamp", "amount"]]
    rows += [["A", "2026-01-01", f"{amount}.50"] for amount in range(200)]
    for number, (place, cell) in enumerate(odd):
        rows.append([f"B-{number}", "2026-02-01T10:00:00", "9.50"])
        rows[-1][place] = cell
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)

    outcome = score(pack(text.getvalue().encode()))

    assert outcome.status.failure is None
    assert outcome.status.rows == len(rows) - 1
    assert outcome.status.rejected == len(outcome.refused) <= len(odd)
    assert outcome.status.predicted == predicted_rows(outcome) > 0


# Files that were damaged


JSON_LINES = b"".join(
    b'{"tenure_days":412,"recency":%d,"frequency":0.9,"monetary":9}\n' % row for row in range(9)
)
LOG = "customer_id,timestamp,amount\n" + "".join(
    f"C-{row % 5},2026-0{1 + row % 5}-11T10:00:00,{row}.50\n" for row in range(40)
)


@dataclass(frozen=True)
class Damage:
    """What was done to some bytes of a file."""

    at: float
    length: int
    instead: bytes

    def done_to(self, content: bytes) -> bytes:
        place = int(self.at * len(content))
        return content[:place] + self.instead + content[place + self.length :]


DAMAGES = st.builds(
    Damage,
    at=st.floats(0, 1, exclude_max=True),
    length=st.sampled_from([0, 1, 1, 2, 8, 1 << 20]),
    instead=st.one_of(
        st.sampled_from([b"", b'"', b"\n", b"\r", b"\x00", b",", b"\xff\xfe", b"{", b"\xe9", b"'"]),
        st.binary(max_size=4),
    ),
)


@given(
    original=st.sampled_from([TABLE.encode(), JSON_LINES, gzipped(TABLE.encode())]),
    damages=st.lists(DAMAGES, min_size=1, max_size=3),
)
@examples
def test_of_a_damaged_file_each_row_is_accounted_for_or_it_is_refused(
    original: bytes, damages: list[Damage], score: Score
) -> None:
    content = original
    for damage in damages:
        content = damage.done_to(content)

    assert_accounted(score(content))


@given(
    start=st.sampled_from([b"", HEADER.encode(), b"{", b"PAR1", b"\x1f\x8b", b"\xff\xfe", b"PK"]),
    content=st.binary(max_size=200),
)
@examples
def test_of_random_bytes_each_row_is_accounted_for_or_they_are_refused(
    start: bytes, content: bytes, score: Score
) -> None:
    assert_accounted(score(start + content))


@pytest.fixture(scope="module")
def parquet() -> bytes:
    """A Parquet file of customers, with columns of many types."""
    return parquet_of(
        """range AS customer_id, 412 AS tenure_days, 21.5::DECIMAL(9, 2) AS recency,
        0.9::FLOAT AS frequency, nullif(range, 3) * 9.0 AS monetary, [range] AS list,
        {'a': 'b'} AS struct, now() AS moment, NULL AS nothing, 'é"=' AS note"""
    )


def parquet_of(columns: str, rows: int = 9) -> bytes:
    import duckdb  # noqa: PLC0415 - as above

    with TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as connection:
        path = Path(folder, "file.parquet")
        table = connection.sql(f"FROM range({rows})")
        table.project(columns).write_parquet(str(path))
        return path.read_bytes()


@given(damages=st.lists(DAMAGES, max_size=2))
@settings(max_examples=EXAMPLES // 2)
def test_of_a_damaged_parquet_file_each_row_is_accounted_for_or_it_is_refused(
    damages: list[Damage], parquet: bytes, score: Score
) -> None:
    content = parquet
    for damage in damages:
        content = damage.done_to(content)

    assert_accounted(score(content))


VALUES_OF_TYPES = [
    "NULL",
    "-1",
    "true",
    "'12'",
    "1e300",
    "'inf'::DOUBLE",
    "'nan'::FLOAT",
    "'x'::BLOB",
    "1.5::DECIMAL(38, 10)",
    "170141183460469231731687303715884105727::HUGEINT",
    "now()",
    "INTERVAL 1 DAY",
    "uuid()",
    "[1]",
    "{'a': 1}",
    "MAP {1: 2}",
]


@given(
    fields=st.lists(st.sampled_from(VALUES_OF_TYPES), min_size=4, max_size=4),
    kind=st.sampled_from(["'Basic'", "'basic'", "3", "NULL", "[1]", "'Gold'"]),
    rows=st.integers(0, 3),
)
@settings(max_examples=EXAMPLES // 4)
def test_each_row_of_a_parquet_file_is_accounted_for_whatever_its_types(
    fields: list[str], kind: str, rows: int, score: Score
) -> None:
    named = [f"{value} AS {name}" for name, value in zip(REQUIRED, fields, strict=True)]
    content = parquet_of(", ".join([*named, f"{kind} AS account_type"]), rows)

    outcome = score(content)

    assert_accounted(outcome, rows)


@given(damages=st.lists(DAMAGES, min_size=1, max_size=2), pack=PACKED)
@settings(max_examples=EXAMPLES // 4)
def test_of_a_damaged_log_each_transaction_is_accounted_for_or_it_is_refused(
    damages: list[Damage], pack: Pack, score: Score
) -> None:
    content = LOG.encode()
    for damage in damages:
        content = damage.done_to(content)

    outcome = score(pack(content))

    if outcome.status.state == "failed":
        assert_accounted(outcome)
    else:
        assert outcome.status.rejected == len(outcome.refused)
        assert outcome.status.rows >= outcome.status.rejected


# Files of uncommon size


def test_a_cell_of_ten_megabytes_is_a_cell(score: Score) -> None:
    cell = "x" * (10 * MIB)
    table = f'note,{HEADER}"{cell}\n",{POSSIBLE}\n{cell},{POSSIBLE}\n,{POSSIBLE},{cell}\n'

    outcome = score(table.encode())

    assert (outcome.status.predicted, outcome.status.rejected) == (2, 1)
    assert_accounted(outcome, 3)
    assert outcome.predictions.count(cell.encode()) == 2
    assert len(outcome.files[REJECTED]) < 1 * MIB


@pytest.mark.parametrize("name", ["note", "age"])
def test_json_that_is_nested_without_end_is_refused_as_a_row(name: str, score: Score) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    line = '{"tenure_days":412,"recency":21,"frequency":1,"monetary":5'

    outcome = score(f'{line}}}\n{line},"{name}":{deep}}}\n{line}}}\n'.encode())

    assert (outcome.status.predicted, outcome.status.rejected) == (2, 1)
    assert_accounted(outcome, 3)


GOES_ON = f"{HEADER}{POSSIBLE}\n"
BOMBS = {
    "nothing but zeros": (b"", b"\x00"),
    "an endless row": (GOES_ON.encode(), b"1"),
    "an endless quote": (f'{GOES_ON}"'.encode(), b"a" * 99_999 + b"\n"),
    "an endless header": (b"a,", b"bbbbbbb,"),
    "an endless line of JSON": (JSON_LINES + b'{"age":', b"1"),
    "UTF-16": (b"\xff\xfe", b"a\x00"),
}
"""How they begin, and how they go on."""


def bomb(start: bytes, unit: bytes) -> bytes:
    """At most a few megabytes that unpack to a gigabyte."""
    return gzipped(start) + 64 * gzipped(unit * (16 * MIB // len(unit)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_what_unpacks_to_far_more_than_is_scored_is_refused_in_little_memory(
    kind: str, score: Score
) -> None:
    content = bomb(*BOMBS[kind])
    largest = 192 * MIB
    tracemalloc.start()
    try:
        outcome = score(content, largest)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert outcome.status.state == "failed"
    assert peak < 9 * LONGEST_ROW < largest


@pytest.mark.slow
def test_after_many_files_there_is_as_much_memory_as_before(score: Score) -> None:
    files = [
        TABLE.encode() * 5,
        TABLE.replace("412", "-1").encode() * 5,
        gzipped(TABLE.encode()),
        gzipped(TABLE.encode())[:-9],
        JSON_LINES,
        LOG.encode(),
        b"\x00" * MIB,
        bomb(*BOMBS["UTF-16"]),
    ]
    for content in files * 2:
        score(content)
    before = resident()

    for content in files * (4 + EXAMPLES // 20):
        score(content)

    assert resident() - before < 16 * MIB


def resident() -> int:
    """Bytes of memory that this process has."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except FileNotFoundError:
        pytest.skip("only Linux tells it")
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
