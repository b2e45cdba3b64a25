"""What stands in the catalog is what the extension declares: each function, argument, default, result and field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from surface_catalog import CONTRACT, FIELDS, FUNCTIONS, contract, declared, in_words, installed

if TYPE_CHECKING:
    from collections.abc import Iterator


SCHEMAS = ("azure_ai", "azure_cognitive", "azure_ml", "azure_openai")


@pytest.fixture(scope="module")
def flexible(surface: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(surface) as connection:
        yield connection


@pytest.mark.skipif(CONTRACT is None, reason="PGAZURE_CONTRACT names no file with the extension's signatures")
def test_every_function_is_declared_as_the_extension_declares_it(flexible: psycopg.Connection) -> None:
    wanted, found = declared("flexible", SCHEMAS), installed(flexible, SCHEMAS)
    assert {name: sorted(map(in_words, some)) for name, some in found.items()} == {
        name: sorted(map(in_words, some)) for name, some in wanted.items()
    }
    signatures = sum(map(len, found.values()))
    arguments = sum(len(signature[0]) for some in found.values() for signature in some)
    defaults = sum(a[2] is not None for some in found.values() for signature in some for a in signature[0])
    print(f"\nfunctions: {len(found)} names, {signatures} signatures, {arguments} arguments, {defaults} defaults")
    assert (len(found), signatures) == (19, 40)


@pytest.mark.skipif(CONTRACT is None, reason="PGAZURE_CONTRACT names no file with the extension's signatures")
def test_every_type_has_the_fields_of_the_extensions(flexible: psycopg.Connection) -> None:
    wanted = contract()["schemas"]["azure_cognitive"]["types"]
    rows = flexible.execute(FIELDS).fetchall()
    found = {name: fields for name, fields, _, _ in rows}
    assert found == wanted
    print(f"\ncomposite types: {len(found)}, fields: {sum(map(len, found.values()))}")
    assert len(found) == contract()["meta"]["counts"]["composite_types"]


def test_the_schemas_hold_nothing_but_what_the_extension_has(flexible: psycopg.Connection) -> None:
    relations = flexible.execute(
        "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class"
        " WHERE relnamespace = ANY (%s::regnamespace[]) AND relkind NOT IN ('c', 'i')",
        [list(SCHEMAS)],
    ).fetchall()
    assert relations == [("azure_ai.settings",)]


def test_everything_says_what_it_is(flexible: psycopg.Connection) -> None:
    unsaid = [name for name, *_, said in flexible.execute(FUNCTIONS, [list(SCHEMAS)]) if not said]
    assert unsaid == []
    assert [name for name, _, said, missing in flexible.execute(FIELDS) if not said or missing] == []
    schemas = flexible.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname = ANY (%s) AND obj_description(oid, 'pg_namespace') IS NULL",
        [list(SCHEMAS)],
    ).fetchall()
    assert schemas == []
    columns = flexible.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'azure_ai.settings'::regclass AND attnum > 0"
        " AND col_description(attrelid, attnum) IS NULL"
    ).fetchall()
    assert columns == []


def test_what_the_text_decides_may_be_stored_and_what_a_chat_model_says_may_not(flexible: psycopg.Connection) -> None:
    found = {name: volatility for name, _, _, _, volatility, _ in flexible.execute(FUNCTIONS, [list(SCHEMAS)])}
    for name, volatility in found.items():
        storable = name.startswith("azure_cognitive.") or name == "azure_openai.create_embeddings"
        expected = "i" if storable or name == "azure_ai.version" else "s" if name == "azure_ai.get_setting" else "v"
        assert volatility == expected, name
