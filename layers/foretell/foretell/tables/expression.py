"""Look into a mapped expression before it runs: one scalar value and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from foretell.tables.errors import InputError

_REFUSED = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "STAR": "*",
    "PARAMETER": "a parameter",
}


def columns_used(connection: duckdb.DuckDBPyConnection, source: str, place: str) -> set[str]:
    """Names of the columns an expression refers to, in lower case.

    Raises:
        InputError: it does not parse, or is more than a single scalar expression.
    """
    tree = _parse(connection, source)
    if tree.get("error"):
        raise InputError(f"{place}: not a valid expression ({tree.get('error_message')})")
    select = tree["statements"][0]["node"]
    chosen = select.pop("select_list", [])
    # Whatever a bare `SELECT 1` does not have (FROM, WHERE, LIMIT, ...) is not part of a value.
    bare = _parse(connection, "1")["statements"][0]["node"]
    bare.pop("select_list")
    if len(tree["statements"]) > 1 or select != bare or len(chosen) != 1 or chosen[0]["alias"]:
        raise InputError(f"{place}: give a single expression, without AS, FROM, commas or ;")
    nodes = list(_walk(chosen[0]))
    for node in nodes:
        if node.get("class") in _REFUSED:
            raise InputError(f"{place}: {_REFUSED[node['class']]} cannot be used here")
    names = (node["column_names"][-1] for node in nodes if node.get("class") == "COLUMN_REF")
    return {str(name).lower() for name in names}


def _parse(connection: duckdb.DuckDBPyConnection, source: str) -> Any:  # noqa: ANN401 - JSON
    found = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT {source}"]).fetchall()
    return json.loads(found[0][0])


def _walk(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _walk(child)
