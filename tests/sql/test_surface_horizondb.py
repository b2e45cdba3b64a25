"""Edition horizondb: its arguments in its order, its columns, and models by alias that may be kept to roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from surface_catalog import CONTRACT, declared, in_words, installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fix_functions import Serve
    from pgazure.emulator import Emulator

SCHEMAS = ("azure_ai", "azure_openai", "model_registry")
SCHEMA = '{"name": "greeting", "strict": true, "schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": false}}'
SECRET = "a-key-for-nobody-else"


@pytest.fixture
def owner(surface_horizondb: str) -> Iterator[psycopg.Connection]:
    """A session of the owner in a transaction that is rolled back."""
    with psycopg.connect(surface_horizondb) as connection:
        connection.execute("CREATE ROLE pgazure_test_user")
        connection.execute("CREATE ROLE pgazure_test_other")
        yield connection
        connection.rollback()


def add(connection: psycopg.Connection, alias: str, endpoint: str, deployment: str, key: str | None = SECRET) -> None:
    kind = "managed-identity" if key is None else "subscription-key"
    connection.execute(
        "SELECT model_registry.model_add(%s, %s, %s, %s, NULL, %s, %s)",
        [alias, endpoint, deployment, deployment, kind, key],
    )


@pytest.mark.skipif(CONTRACT is None, reason="PGAZURE_CONTRACT names no file with the extension's signatures")
def test_every_function_is_declared_as_horizondb_declares_it(owner: psycopg.Connection) -> None:
    wanted, found = declared("horizondb", SCHEMAS), installed(owner, SCHEMAS)
    checked = 0
    for name, signatures in wanted.items():
        mine = [one[0] for one in found[name]]
        for arguments, _, _ in signatures:
            given = [(a, kind, None if default == "''" else default) for a, kind, default in arguments]
            names = [(a, kind) for a, kind, _ in given]
            same = next((one for one in mine if [(a, kind) for a, kind, _ in one] == names), None)
            assert same is not None, (name, names)
            for (argument, _, default), (_, _, own) in zip(given, same, strict=True):
                # PostgreSQL wants a default after a default, and none before an argument that has none.
                if argument not in {"input", "model", "json_schema"}:
                    assert in_words(([(argument, "", default)], "", False)) == in_words(
                        ([(argument, "", own)], "", False)
                    )
            checked += 1
    print(f"\nfunctions of horizondb: {len(wanted)} names, {checked} signatures")
    assert (len(wanted), checked) == (15, 16)
    assert {
        name: sorted(result for _, result, _ in found[name]) for name in ("azure_ai.generate", "azure_ai.rank")
    } == {
        "azure_ai.generate": ["jsonb", "jsonb", "text"],
        "azure_ai.rank": ["TABLE(document_id text, rank bigint, relevance_score numeric)"] * 2,
    }


@pytest.mark.parametrize(
    ("call", "gives"),
    [
        ("length(azure_ai.generate('Say hello.')) > 0", True),
        ("length(azure_ai.generate('Say hello.', 'default-chat')) > 0", True),
        ("length(azure_ai.generate('Say hello.', system_prompt => 'You are brief.')) > 0", True),
        (f"jsonb_typeof(azure_ai.generate('Say hello.', json_schema => '{SCHEMA}') -> 'text')", "string"),
        (f"jsonb_typeof(azure_ai.generate('Say hello.', 'default-chat', '{SCHEMA}'::jsonb) -> 'text')", "string"),
        (
            f"jsonb_typeof(azure_ai.generate('Say hello.', model => 'default-chat', json_schema => '{SCHEMA}'))",
            "object",
        ),
        ("azure_ai.is_true('2 + 2 = 4')", True),
        ("azure_ai.is_true('2 + 2 = 5', 'default-chat')", False),
        ("azure_ai.extract('Lamp, 5 stars', ARRAY['product'])", {"product": "Lamp"}),
        ("cardinality(azure_openai.create_embeddings(input => 'a view', dimensions => 8))", 8),
        ("cardinality(azure_openai.create_embeddings('default-embedding', 'a view', 8))", 8),
        ("(SELECT count(*) FROM azure_openai.create_embeddings(input => ARRAY['a', 'b'], dimensions => 8))", 2),
        ("(SELECT count(*) FROM azure_openai.create_embeddings('default-embedding', ARRAY['a', 'b'], 100, 8))", 2),
        (
            "(SELECT document_id FROM azure_ai.rank('red shoe', ARRAY['a sock', 'a red shoe'], ARRAY['x', 'y']) LIMIT 1)",
            "y",
        ),
        ("(SELECT document_id FROM azure_ai.rank('red shoe', ARRAY['a sock', 'a red shoe']) LIMIT 1)", "2"),
        ("(SELECT rank FROM azure_ai.rank('red shoe', ARRAY['a sock'], NULL, 'default-reranker'))", 1),
        ("(SELECT relevance_score > 0 FROM azure_ai.rank('red shoe', ARRAY['red shoe'], 'default-reranker'))", True),
        ("(azure_cognitive.analyze_sentiment('I love it.')).sentiment", "positive"),
    ],
)
def test_a_call_gives_what_it_should(owner: psycopg.Connection, call: str, gives: Any) -> None:
    assert owner.execute(f"SELECT {call}".encode()).fetchone() == (gives,)


def test_an_unknown_model_is_refused(owner: psycopg.Connection) -> None:
    for call in ("azure_ai.generate('a', 'nobody')", "azure_openai.create_embeddings('nobody', 'a')"):
        words = "ModelNotFound: there is no model nobody"
        with pytest.raises(psycopg.errors.UndefinedObject, match=words), owner.transaction():
            owner.execute(f"SELECT {call}".encode())


def test_models_are_added_changed_listed_and_removed(owner: psycopg.Connection) -> None:
    add(owner, "mine", "https://me.openai.azure.com", "gpt-4.1")
    owner.execute("SELECT model_registry.model_alias_update('mine', 'ours')")
    owner.execute('SELECT model_registry.model_update(\'ours\', \'{"deployment_name": "gpt-4o", "api_version": "1"}\')')
    owner.execute("SELECT model_registry.model_key_update('ours', 'another')")
    rows = owner.execute("SELECT * FROM model_registry.model_list_all()").fetchall()
    assert rows == [("ours", "https://me.openai.azure.com", "gpt-4o", "gpt-4.1", "1", "subscription-key", None)]
    assert owner.execute("SELECT * FROM model_registry.model_list()").fetchall() == [("ours", "gpt-4o", "gpt-4.1")]
    owner.execute("SELECT model_registry.model_remove('ours')")
    assert owner.execute("SELECT * FROM model_registry.model_list()").fetchall() == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("model_add('m', 'https://evil.example', 'd', 'd', NULL, 'subscription-key', 'k')", "may not be sent"),
        ("model_add('m', 'nonsense', 'd', 'd', NULL, 'subscription-key', 'k')", "no address"),
        ("model_add('m', 'https://me.openai.azure.com', 'd', 'd', NULL, 'password', 'k')", "auth_type is"),
        ("model_add('m', 'https://me.openai.azure.com', 'd', 'd', NULL, 'subscription-key', NULL)", "endpoint_key"),
        ("model_add('', 'https://me.openai.azure.com', 'd', 'd', NULL, 'subscription-key', 'k')", "are names"),
        ("model_add('taken', 'https://me.openai.azure.com', 'd', 'd', NULL, 'managed-identity', NULL)", "already"),
        ("model_update('taken', '{\"endpoint\": \"https://evil.example\"}')", "may not be sent"),
        ("model_update('taken', '{\"endpoint_key\": \"x\"}')", "has no endpoint_key"),
        ("model_update('nobody', '{}')", "no model nobody"),
        ("model_remove('nobody')", "no model nobody"),
        ("model_key_update('nobody', 'x')", "no model nobody"),
        ("model_alias_update('nobody', 'x')", "no model nobody"),
        ("model_user_add('taken', 'no_such_role')", "no role no_such_role"),
        ("model_user_remove('nobody', 'x')", "no model nobody"),
    ],
)
def test_what_cannot_be_is_refused(owner: psycopg.Connection, call: str, words: str) -> None:
    add(owner, "taken", "https://me.openai.azure.com", "gpt-4.1")
    with pytest.raises(psycopg.Error, match=words) as caught:
        owner.execute(f"SELECT model_registry.{call}".encode())
    assert SECRET not in str(caught.value)


def test_a_model_is_for_all_until_roles_are_named_and_then_for_them(
    owner: psycopg.Connection, emulator: Emulator
) -> None:
    add(owner, "mine", emulator.endpoint, "gpt-4.1", emulator.key)

    def may_find(role: str) -> bool:
        """Whether a role is let in, which the list must agree with."""
        owner.execute(f"SET LOCAL ROLE {role}".encode())
        listed = owner.execute("SELECT count(*) FROM model_registry.model_list() WHERE alias = 'mine'").fetchone()
        call = "SELECT azure_ai.generate(NULL, 'mine')"
        if listed == (1,):
            owner.execute(call)
        else:
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege, match="may not use the model mine"),
                owner.transaction(),
            ):
                owner.execute(call)
        owner.execute("RESET ROLE")
        return listed == (1,)

    both = ("pgazure_test_user", "pgazure_test_other")
    assert [may_find(role) for role in both] == [True, True]
    owner.execute("SELECT model_registry.model_user_add('mine', 'pgazure_test_user')")
    assert [may_find(role) for role in both] == [True, False]
    owner.execute("SELECT model_registry.model_user_add(alias => 'mine', \"user\" => 'pgazure_test_other')")
    assert [may_find(role) for role in both] == [True, True]
    owner.execute("SELECT model_registry.model_user_remove('mine', 'pgazure_test_user')")
    assert [may_find(role) for role in both] == [False, True]
    owner.execute("GRANT pgazure_test_other TO pgazure_test_user")
    assert [may_find(role) for role in both] == [True, True]
    owner.execute("REVOKE pgazure_test_other FROM pgazure_test_user")
    owner.execute("SELECT model_registry.model_user_set('mine', '{}')")
    assert [may_find(role) for role in both] == [False, False]
    owner.execute("GRANT model_registry_manager TO pgazure_test_user")
    assert [may_find(role) for role in both] == [True, False]


def test_keys_of_models_are_for_nobody_but_the_managers(owner: psycopg.Connection) -> None:
    add(owner, "mine", "https://me.openai.azure.com", "gpt-4.1")
    owner.execute("SET LOCAL ROLE pgazure_test_user")
    for statement in (
        "SELECT * FROM pgazure_bridge.models",
        "SELECT * FROM model_registry.model_list_all()",
        "SELECT model_registry.model_remove('mine')",
        "SELECT pgazure_bridge.find_model('f', 'a', 'mine', 'postgres')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"), owner.transaction():
            owner.execute(statement)  # type: ignore[arg-type]
    rows = owner.execute("SELECT * FROM model_registry.model_list()").fetchall()
    assert SECRET not in str(rows)


def test_a_registered_model_is_asked_at_its_own_endpoint_with_its_own_key(
    surface_horizondb: str, emulator: Emulator
) -> None:
    with psycopg.connect(surface_horizondb, autocommit=True) as connection:
        add(connection, "mine", emulator.endpoint, "text-embedding-3-large", emulator.key)
        add(connection, "locked", emulator.endpoint, "text-embedding-3-large", "a-wrong-key")
        try:
            one = connection.execute("SELECT cardinality(azure_openai.create_embeddings('mine', 'a view'))").fetchone()
            assert one == (3072,)
            with pytest.raises(psycopg.Error, match=r"azure_openai\.create_embeddings: Unauthorized"):
                connection.execute("SELECT azure_openai.create_embeddings('locked', 'a view')")
            connection.execute("SELECT model_registry.model_key_update('locked', %s)", [emulator.key])
            one = connection.execute(
                "SELECT cardinality(azure_openai.create_embeddings('locked', 'a room'))"
            ).fetchone()
            assert one == (3072,)
        finally:
            connection.execute("SELECT model_registry.model_remove('mine'), model_registry.model_remove('locked')")


def test_a_change_of_the_models_counts_from_the_next_call_on(
    horizondb_conninfo: str, emulator: Emulator, serve_functions: Serve
) -> None:
    call = "SELECT cardinality(azure_openai.create_embeddings('mine', %s))"
    with (
        # The server looks for nothing of its own accord.
        serve_functions(horizondb_conninfo, emulator.endpoint, sweep_every=3600),
        psycopg.connect(horizondb_conninfo, autocommit=True) as connection,
        psycopg.connect(horizondb_conninfo, autocommit=True) as other,
    ):
        add(connection, "mine", emulator.endpoint, "text-embedding-3-large", "a-wrong-key")
        with pytest.raises(psycopg.Error, match="Unauthorized"):
            other.execute(call, ["a view"])
        connection.execute("SELECT model_registry.model_key_update('mine', %s)", [emulator.key])
        assert other.execute(call, ["a view"]).fetchone() == (3072,)
        connection.execute(
            "SELECT model_registry.model_update('mine', %s)", ['{"deployment_name": "text-embedding-3-small"}']
        )
        assert other.execute(call, ["a view"]).fetchone() == (1536,)
