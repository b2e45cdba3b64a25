"""What the extension declares, from the contract, and what a database declares, from its catalog."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

CONTRACT = os.environ.get("PGAZURE_CONTRACT")

# One row for each argument that goes in, and what comes out.
FUNCTIONS = """
SELECT n.nspname || '.' || p.proname,
    ARRAY(
        SELECT row_to_json(a) FROM (
            SELECT p.proargnames[place] AS name, format_type(type, NULL) AS type,
                pg_get_function_arg_default(p.oid, place::integer) AS default
            FROM unnest(p.proargtypes) WITH ORDINALITY AS given (type, place) ORDER BY place
        ) AS a
    ),
    pg_get_function_result(p.oid), p.proretset, p.provolatile, obj_description(p.oid, 'pg_proc')
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = ANY (%s)
"""
FIELDS = """
SELECT t.typname, ARRAY(
    SELECT ARRAY[a.attname, format_type(a.atttypid, a.atttypmod)]
    FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum
), obj_description(t.oid, 'pg_type'),
    (SELECT count(*) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0
        AND col_description(c.oid, a.attnum) IS NULL)
FROM pg_type AS t JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind = 'c'
WHERE t.typnamespace = 'azure_cognitive'::regnamespace
"""


def contract() -> Any:
    return json.loads(Path(str(CONTRACT)).read_text())


def declared(edition: str, schemas: tuple[str, ...]) -> dict[str, list[Any]]:
    """Signatures of the contract by function: arguments with their defaults, result, whether it is a set."""
    found: dict[str, list[Any]] = {}
    for schema in schemas:
        for function in contract()["schemas"][schema]["functions"]:
            if edition in function["edition"]:
                given = [(a["name"], a["type"], a["default"]) for a in function["args"]]
                signature = (given, function["returns"], function["returns_set"])
                found.setdefault(f"{schema}.{function['name']}", []).append(signature)
    return found


def installed(connection: psycopg.Connection, schemas: tuple[str, ...]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, arguments, result, is_set, _, _ in connection.execute(FUNCTIONS, [list(schemas)]):
        given = [(a["name"], a["type"], a["default"]) for a in arguments]
        found.setdefault(name, []).append((given, result, is_set))
    return found


def in_words(signature: Any) -> str:
    """Write a signature so that two that say the same are equal, whatever a default is written like."""
    arguments, result, is_set = signature
    # What the contract marks as undocumented is the builder's choice.
    result = re.sub(r"\bid (<undocumented>|integer)", "id ?", result)
    plain = [
        f"{name} {kind}{'' if default is None else ' = ' + re.sub(r'::[a-z]+([][]*)$', '', default)}"
        for name, kind, default in arguments
    ]
    return f"({', '.join(plain)}) -> {'SETOF ' if is_set else ''}{result}"
