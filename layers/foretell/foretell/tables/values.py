"""SQL that turns text into ids, numbers and moments; what cannot be read becomes NULL.

The patterns decide what is read; the casts behind them alone would accept too much ("epoch",
"0x10") and silently drop a zone or a PM.
"""

import re

from foretell.tables import sql

AMOUNT = "DECIMAL(18,4)"

_EXPONENT = r"([eE][+-]?\d+)?"
POINT_NUMBER = rf"[+-]?((\d+|\d{{1,3}}(,\d{{3}})+)(\.\d*)?|\.\d+){_EXPONENT}"
COMMA_NUMBER = rf"[+-]?((\d+|\d{{1,3}}(\.\d{{3}})+)(,\d*)?|,\d+){_EXPONENT}"
NOT_FINITE = r"(?i)[+-]?(nan|inf|infinity)"

PARTS_FIRST = r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})"  # 12/01/2010, 1.12.2010
_MONTH = r"\d{4}-\d{1,2}"
_BASIC = r"(\d{4})(\d{2})(\d{2})"  # 20101201
_SLASHED = r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})"  # 2010/12/1
_UNCHANGED, _DAY_FIRST, _MONTH_FIRST = r"\1-\2-\3", r"\3-\2-\1", r"\3-\1-\2"
_ISO_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_LOCAL = rf"{_ISO_DAY}([T ]{_CLOCK})?"
_ZONED = rf"{_ISO_DAY}[T ]{_CLOCK} ?(Z|UTC|GMT|[+-]\d{{2}}(:?\d{{2}})?)"
_HALF_DAY = rf"{_ISO_DAY} \d{{1,2}}:\d{{2}}(:\d{{2}})? [AaPp][Mm]"
_NAMED = r"(?i)(\d{1,2}[- ][a-z]{3,9}[- ]\d{4}|[a-z]{3,9} \d{1,2}, \d{4})( .*)?"  # 1-Dec-2010
_NAMED_DAYS = ("%d-%b-%Y", "%d-%B-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


def present(cell: str) -> str:
    """The trimmed text, or NULL where a cell is empty or says nan or null."""
    return f"CASE WHEN lower(trim({cell})) NOT IN ('', 'nan', 'null') THEN trim({cell}) END"


def matches(cell: str, pattern: str) -> str:
    """Whether the whole cell has this form."""
    return f"regexp_full_match({cell}, {sql.text(pattern)})"


def number(cell: str, comma_files: tuple[int, ...] = ()) -> str:
    """The number's text in plain notation; `comma_files` write 1.234,5 instead of 1,234.5."""
    point = f"CASE WHEN {matches(cell, POINT_NUMBER)} THEN replace({cell}, ',', '') END"
    if not comma_files:
        return point
    comma = (
        f"CASE WHEN {matches(cell, COMMA_NUMBER)} "
        f"THEN replace(replace({cell}, '.', ''), ',', '.') END"
    )
    return f"CASE WHEN {sql.FILE} IN {sql.numbers(comma_files)} THEN {comma} ELSE {point} END"


def year_first(cell: str, day_first: tuple[int, ...], month_first: tuple[int, ...]) -> str:
    """The same moment as 2010-12-01 ...; the order of day and month is known per file."""

    def rewrite(pattern: str, order: str) -> str:
        return f"regexp_replace({cell}, {sql.text('^' + pattern)}, {sql.text(order)})"

    clock = r"'[T ](\d{2})(\d{2})(\d{2})', ' \1:\2:\3'"
    return f"""CASE
        WHEN {matches(cell, _ISO_DAY + ".*")} THEN {cell}
        WHEN {matches(cell, _BASIC + "([T ].*)?")}
            THEN regexp_replace({rewrite(_BASIC, _UNCHANGED)}, {clock})
        WHEN {matches(cell, _SLASHED + "( .*)?")} THEN {rewrite(_SLASHED, _UNCHANGED)}
        WHEN {sql.FILE} IN {sql.numbers(day_first)} THEN {rewrite(PARTS_FIRST, _DAY_FIRST)}
        WHEN {sql.FILE} IN {sql.numbers(month_first)} THEN {rewrite(PARTS_FIRST, _MONTH_FIRST)}
        ELSE {cell} END"""


def moment(cell: str, timezone: str | None) -> str:
    """A TIMESTAMP on the clock of `timezone` from year-first text; None keeps it as written."""
    zoned = (
        f"timezone({sql.text(timezone)}, TRY_CAST({cell} AS TIMESTAMPTZ))"
        if timezone
        else f"TRY_CAST({cell} AS TIMESTAMP)"  # this cast leaves the zone aside
    )
    named = ", ".join(sql.text(day + clock) for day in _NAMED_DAYS for clock in _CLOCKS)
    return f"""CASE
        WHEN {matches(cell, _LOCAL)} THEN TRY_CAST({cell} AS TIMESTAMP)
        WHEN {matches(cell, _ZONED)} THEN {zoned}
        WHEN {matches(cell, _HALF_DAY)}
            THEN try_strptime({cell}, ['%Y-%m-%d %I:%M %p', '%Y-%m-%d %I:%M:%S %p'])
        WHEN {matches(cell, _NAMED)} THEN try_strptime({cell}, [{named}])
        END"""


def month(cell: str) -> str:
    """The first moment of a month. Its label counts as written: a zone could move it a month."""
    first_day = f"CASE WHEN {matches(cell, _MONTH)} THEN {cell} || '-01' ELSE {cell} END"
    return f"date_trunc('month', {moment(first_day, None)})"


def strptime_format(example: str, *, day_first: bool) -> str:
    """The strptime format of a moment such as 12/01/2010 08:26."""
    separator = re.sub(r"\d", "", example)[0]
    day = separator.join(("%d", "%m", "%Y") if day_first else ("%m", "%d", "%Y"))
    clock = example.partition(" ")[2]
    if not clock:
        return day
    seconds = ":%S" if clock.count(":") > 1 else ""
    half = clock.lower().endswith("m")
    return f"{day} {'%I' if half else '%H'}:%M{seconds}{' %p' if half else ''}"
