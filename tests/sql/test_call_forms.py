"""Every overload of every function can be called by position, by name and mixed, wherever SQL lets one call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest
from surface_catalog import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMAS = ["azure_ai", "azure_cognitive", "azure_ml", "azure_openai"]
TEXT = "'Call Mary in Berlin on 555-0100. The rooms are large and the view is lovely.'"
# What each argument is given, by its name; by name and type where one name has several.
VALUES = {
    "text": "body",
    "text text[]": f"ARRAY[{TEXT}, 'An awful room.']",
    "input": "body",
    "input text[]": f"ARRAY[{TEXT}, 'An awful room.']",
    "language": "'en'",
    "language text[]": "ARRAY['en', 'en']",
    "domain": "'none'",
    "sentence_count": "2",
    "sort_by": "'offset'",
    "target_language": "'de'",
    "target_language text[]": "ARRAY['de', 'fr']",
    "source_language": "'en'",
    "source_script": "NULL",
    "target_script": "NULL",
    "target_script text[]": "NULL",
    "text_type": "'Plain'",
    "profanity_action": "'NoAction'",
    "profanity_marker": "'Asterisk'",
    "suggested_source_language": "NULL",
    "category": "NULL",
    "allow_fallback": "NULL",
    "deployment_name": "'text-embedding-3-small'",
    "dimensions": "8",
    "batch_size": "5",
    "disable_service_logs": "true",
    "timeout_ms": "60000",
    "throw_on_error": "true",
    "max_attempts": "1",
    "retry_delay_ms": "10",
    "prompt": "body",
    "json_schema": (
        '\'{"name": "greeting", "strict": true, "schema": {"type": "object", "required": ["text"],'
        ' "properties": {"text": {"type": "string"}}, "additionalProperties": false}}\'::jsonb'
    ),
    "model": "'gpt-4.1'",
    "system_prompt": "'Be brief.'",
    "statement": "left(body, 0) || '2 + 2 = 4'",
    "document": "body",
    "data": "ARRAY['place', 'stars: number - how many']",
    "query": "body",
    "document_contents": "ARRAY['Bananas.', 'A large room.']",
    "document_ids": "ARRAY[10, 20]",
    "input_data": """jsonb_build_object('pairs', ARRAY[ARRAY['red shoe', body], ARRAY['red shoe', 'a sock']])""",
}


class Overload(NamedTuple):
    """A signature: its name, its arguments with their values, what it gives."""

    name: str
    arguments: list[tuple[str, str, bool]]
    result: str
    is_set: bool
    is_immutable: bool

    def write(self, form: str, body: str) -> str:
        """Write a call with all arguments by position, by name, or the optional ones by name."""
        written = [(name, value.replace("body", body), optional) for name, value, optional in self.arguments]
        if form == "by name":
            given = [f"{name} => {value}" for name, value, _ in reversed(written)]
        else:
            given = [
                f"{name} => {value}" if optional and form == "mixed" else value for name, value, optional in written
            ]
        return f"{self.name}({', '.join(given)})"


@pytest.fixture(scope="module")
def overloads(surface: str) -> list[Overload]:
    found = []
    with psycopg.connect(surface) as connection:
        for name, arguments, result, is_set, volatility, _ in connection.execute(FUNCTIONS, [SCHEMAS]):
            if name in {"azure_ai.set_setting", "azure_ai.get_setting", "azure_ai.version"}:
                continue
            given = [(a["name"], _choose(name, a["name"], a["type"]), a["default"] is not None) for a in arguments]
            found.append(Overload(name, given, result, is_set, volatility == "i"))
    return found


def _choose(function: str, name: str, kind: str) -> str:
    if function.startswith("azure_ml.") and name == "deployment_name":
        return "'default'"
    if function == "azure_ai.rank" and name == "model":
        return "'Cohere-rerank-v3.5'"
    return VALUES.get(f"{name} {kind}", VALUES[name])


@pytest.fixture
def session(surface: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(surface) as connection:
        connection.execute("CREATE TEMPORARY TABLE notes (body text)")
        connection.execute(f"INSERT INTO notes VALUES ({TEXT})")
        yield connection
        connection.rollback()


def scalar_places(call: Overload, form: str) -> Iterator[tuple[str, str]]:
    plain, of_row = call.write(form, TEXT), call.write(form, "notes.body")
    yield "select list", f"SELECT {of_row}::text FROM notes"
    yield "FROM", f"SELECT result::text FROM {plain} AS result"
    yield "LATERAL", f"SELECT result::text FROM notes CROSS JOIN LATERAL {of_row} AS result"
    yield "WHERE", f"SELECT NULL FROM notes WHERE {of_row}::text IS NOT NULL"
    yield "JOIN", f"SELECT NULL FROM notes AS one JOIN notes ON {of_row}::text <> one.body"
    yield (
        "PL/pgSQL",
        (
            f"CREATE FUNCTION pg_temp.ask(body text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE result {call.result};"
            f" BEGIN result := {call.write(form, 'ask.body')}; RETURN result::text; END $$;"
            " SELECT pg_temp.ask(notes.body) FROM notes; "
        ),
    )
    yield (
        "trigger",
        (
            f"CREATE TEMPORARY TABLE judged (body text, result {call.result});"
            " CREATE FUNCTION pg_temp.judge() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN NEW.result := {call.write(form, 'NEW.body')}; RETURN NEW; END $$;"
            " CREATE TRIGGER judge BEFORE INSERT ON judged FOR EACH ROW EXECUTE FUNCTION pg_temp.judge();"
            " INSERT INTO judged (body) SELECT body FROM notes; SELECT result::text FROM judged"
        ),
    )
    if call.is_immutable:
        yield (
            "generated column",
            (
                f"CREATE TEMPORARY TABLE made (body text, result {call.result} GENERATED ALWAYS AS"
                f" ({call.write(form, 'body')}) STORED); INSERT INTO made (body) SELECT body FROM notes;"
                " SELECT result::text FROM made"
            ),
        )


def set_places(call: Overload, form: str) -> Iterator[tuple[str, str]]:
    plain, of_row = call.write(form, TEXT), call.write(form, "notes.body")
    yield "select list", f"SELECT ({of_row})::text FROM notes"
    yield "FROM", f"SELECT result::text FROM {plain} AS result"
    yield "LATERAL", f"SELECT result::text FROM notes CROSS JOIN LATERAL {of_row} AS result"
    yield "WHERE", f"SELECT NULL FROM notes WHERE EXISTS (SELECT FROM {of_row} AS result WHERE result::text <> '')"
    yield "JOIN", f"SELECT result::text FROM notes JOIN {plain} AS result ON result::text <> notes.body"
    yield (
        "PL/pgSQL",
        (
            "CREATE FUNCTION pg_temp.ask(body text) RETURNS SETOF text LANGUAGE plpgsql AS $$ DECLARE one text;"
            f" BEGIN FOR one IN SELECT result::text FROM {call.write(form, 'ask.body')} AS result LOOP"
            " RETURN NEXT one; END LOOP; END $$; SELECT pg_temp.ask(notes.body) FROM notes"
        ),
    )
    yield (
        "trigger",
        (
            "CREATE TEMPORARY TABLE judged (body text, result text[]);"
            " CREATE FUNCTION pg_temp.judge() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN NEW.result := ARRAY(SELECT one::text FROM {call.write(form, 'NEW.body')} AS one); RETURN NEW; END $$;"
            " CREATE TRIGGER judge BEFORE INSERT ON judged FOR EACH ROW EXECUTE FUNCTION pg_temp.judge();"
            " INSERT INTO judged (body) SELECT body FROM notes; SELECT unnest(result) FROM judged"
        ),
    )


def run(connection: psycopg.Connection, statements: str) -> list[str | None]:
    with connection.transaction(force_rollback=True):
        cursor = connection.execute(statements.encode())
        while cursor.nextset():
            pass
        return [value for (value,) in cursor.fetchall()]


@pytest.mark.parametrize("form", ["by position", "by name", "mixed"])
def test_every_overload_gives_the_same_in_every_place(
    session: psycopg.Connection, overloads: list[Overload], form: str
) -> None:
    calls = 0
    for call in overloads:
        wanted: list[str | None] = []
        for place, statements in (set_places if call.is_set else scalar_places)(call, form):
            found = run(session, statements)
            calls += 1
            if place == "select list":
                wanted = found
                assert len(wanted) == (2 if call.is_set else 1), call.name
                assert None not in wanted, call.name
            elif place == "WHERE" or (place == "JOIN" and not call.is_set):
                assert found == [None], (call.name, place)
            elif call.name != "azure_ai.generate":
                assert found == wanted, (call.name, place)
            else:
                assert len(found) == 1
    print(f"\n{len(overloads)} overloads {form}: {calls} calls")
    assert len(overloads) == 37
