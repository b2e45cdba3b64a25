"""Apply shows the difference and does only that; nothing is dropped without being named and confirmed."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import psycopg
import pytest

import own_functions
import pgazure.pipeline as pl
from fix_pipeline import add_notes, column, make_notes, notes, value
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    from pathlib import Path

    from fix_pipeline import Cli
    from pgazure.emulator import Emulator

FINE, POOR = "A fine room with a view of the sea.", "A poor room, and a poor breakfast."
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"


async def test_a_step_that_is_added_runs_alone(engine: pl.Engine, db: psycopg.Connection, emulator: Emulator) -> None:
    make_notes(db, FINE, POOR)
    await engine.apply(notes(pl.analyze_sentiment(), pl.translate("de")))
    await engine.run("notes")
    before = emulator.stats()["by_operation"]
    wanted = notes(pl.analyze_sentiment(), pl.translate("de"), pl.extract_key_phrases())
    assert (await engine.compare(wanted)).added == ["extract_key_phrases"]
    changes = await engine.apply(wanted)
    assert (changes.added, changes.changed, changes.removed) == (["extract_key_phrases"], [], [])
    report = await engine.run("notes")
    assert [spend.step for spend in report.steps] == ["extract_key_phrases"]
    after = emulator.stats()["by_operation"]
    assert after.pop("KeyPhraseExtraction")["items"] == 2
    assert after == before


async def test_comparing_changes_nothing_and_tells_what_apply_then_does(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FINE)
    await engine.apply(notes(pl.analyze_sentiment(), pl.translate("de"), trigger="manual"))
    await engine.run("notes")
    wanted = notes(pl.translate(["de", "fr"]), pl.detect_language(), trigger="on_change", budget="5 USD/day")
    catalog = "SELECT relname, relkind::text, xmin::text FROM pg_class WHERE relname ~ 'notes' ORDER BY 1"
    before = db.execute(catalog).fetchall(), db.execute("SELECT * FROM pgazure.pipeline").fetchall()
    planned = await engine.compare(wanted)
    assert (db.execute(catalog).fetchall(), db.execute("SELECT * FROM pgazure.pipeline").fetchall()) == before
    assert (planned.added, planned.changed, planned.removed) == (
        ["detect_language"],
        ["translate"],
        ["analyze_sentiment"],
    )
    assert planned.kept == ["public.notes_sentiment"]
    assert planned.created == ["public.notes_language"]
    assert "trigger: manual → on_change" in planned.settings
    assert "translate.target_language: ['de'] → ['de', 'fr']" in planned.settings
    done = await engine.apply(wanted)
    assert done.queued == 1
    assert {**planned.__dict__, "queued": 1} == done.__dict__
    assert (await engine.compare(wanted)).nothing
    assert (await engine.apply(wanted)).queued == 0


async def test_a_column_that_was_renamed_is_named_by_its_new_name(engine: pl.Engine, db: psycopg.Connection) -> None:
    make_notes(db, FINE)
    await engine.apply(notes(pl.analyze_sentiment()))
    await engine.run("notes")
    db.execute("ALTER TABLE notes RENAME COLUMN body TO remark")
    complaint = "has no column body; body is now called remark: write that instead; it has: id, remark, stars"
    for call in (engine.compare, engine.apply):
        with pytest.raises(InvalidSpecError, match=complaint):
            await call(notes(pl.analyze_sentiment()))
    with pytest.raises(InvalidSpecError, match=complaint):
        await engine.run("notes")
    renamed = pl.Pipeline("notes", source=pl.table_source("notes", text="remark"), steps=[pl.analyze_sentiment()])
    changes = await engine.apply(renamed)
    assert changes.renamed == ["body → remark"]
    assert (await engine.run("notes")).requests == 0


async def test_a_key_column_that_was_renamed_takes_the_results_along(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, FINE, POOR)
    bad = pl.call("own_functions:lie", returns={"number": "integer"})
    steps = [pl.detect_language(), pl.analyze_sentiment(), pl.translate("de"), bad]
    await engine.apply(notes(*steps))
    await engine.run("notes")
    sent = emulator.stats()["requests"]
    failed = [error.key for error in await engine.errors("notes")]
    db.execute("ALTER TABLE notes RENAME COLUMN id TO note_id")
    changes = await engine.apply(notes(*steps))
    assert changes.renamed == ["id → note_id"]
    assert column(db, "SELECT note_id FROM notes_translations ORDER BY 1") == [1, 2]
    assert [error.key for error in await engine.errors("notes")] == [{"note_id": key["id"]} for key in failed] != []
    add_again = "INSERT INTO notes (note_id, body) VALUES (4, 'A fine room with a view of the sea.')"
    db.execute(add_again)
    db.execute("DELETE FROM notes WHERE note_id = 2")
    await engine.run("notes")
    assert column(db, "SELECT note_id FROM notes_enriched WHERE sentiment IS NOT NULL ORDER BY 1") == [1, 4]
    assert emulator.stats()["requests"] == sent


async def test_a_source_that_was_renamed_is_followed_under_its_new_name(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FINE)
    await engine.apply(notes(pl.analyze_sentiment()))
    await engine.run("notes")
    db.execute("ALTER TABLE notes RENAME TO remarks")
    with pytest.raises(InvalidSpecError, match=r"no table public.notes; it is now called public.remarks: write that"):
        await engine.apply(notes(pl.analyze_sentiment()))
    renamed = pl.Pipeline("notes", source=pl.table_source("remarks", text="body"), steps=[pl.analyze_sentiment()])
    assert (await engine.apply(renamed)).renamed == ["public.notes → public.remarks"]
    db.execute("INSERT INTO remarks (id, body) VALUES (2, 'A poor room.')")
    assert (await engine.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 2
    db.execute("CREATE TABLE notes (id int PRIMARY KEY, body text)")
    with pytest.raises(InvalidSpecError, match=r"enriches public.remarks: its results are kept under that table's key"):
        await engine.apply(notes(pl.analyze_sentiment()))


async def test_a_result_table_is_dropped_when_it_is_named_and_no_step_writes_to_it(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FINE)
    await engine.apply(notes(pl.analyze_sentiment(), pl.detect_language()))
    await engine.run("notes")
    with pytest.raises(InvalidSpecError, match="step analyze_sentiment of pipeline notes writes to notes_sentiment"):
        await engine.drop_results(["notes_sentiment"])
    for wrong in ("notes", "nothing", "public.notes"):
        with pytest.raises(InvalidSpecError, match="not known as a result table"):
            await engine.drop_results([wrong])
    changes = await engine.apply(notes(pl.detect_language()))
    assert changes.kept == ["public.notes_sentiment"]
    assert value(db, "SELECT count(*) FROM notes_sentiment") == 1
    with pytest.raises(InvalidSpecError):
        await engine.drop_results(["notes_sentiment", "notes_language"])
    assert "notes_sentiment" in column(db, TABLES)
    assert await engine.drop_results(["public.notes_sentiment"]) == ["public.notes_sentiment"]
    assert column(db, TABLES) == ["notes", "notes_enriched", "notes_language"]
    assert (await engine.run("notes")).complete


async def test_a_dropped_pipeline_leaves_its_results_but_for_those_that_are_named(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FINE)
    db.execute("CREATE TABLE other AS SELECT * FROM notes")
    db.execute("ALTER TABLE other ADD PRIMARY KEY (id)")
    other = pl.Pipeline("my_notes", source=pl.table_source("other", text="body"), steps=[pl.detect_language()])
    await engine.apply(other)
    own = set(column(db, "SELECT relname FROM pg_class WHERE relnamespace = 'pgazure'::regnamespace"))
    await engine.apply(notes(pl.analyze_sentiment(language="en"), pl.detect_language()))
    await engine.run("notes")
    with pytest.raises(InvalidSpecError, match="has no results in notes"):
        await engine.drop("notes", tables=["notes"])
    removal = await engine.drop("notes", tables=["notes_language"])
    assert (removal.dropped, removal.kept) == (("public.notes_language",), ("public.notes_sentiment",))
    assert column(db, TABLES) == ["my_notes_enriched", "my_notes_language", "notes", "notes_sentiment", "other"]
    assert set(column(db, "SELECT relname FROM pg_class WHERE relnamespace = 'pgazure'::regnamespace")) == own
    assert column(db, "SELECT tgname FROM pg_trigger WHERE tgrelid = 'notes'::regclass AND NOT tgisinternal") == []
    db.execute("UPDATE notes SET body = 'as free as before'")
    with pytest.raises(InvalidSpecError, match="there is no pipeline notes; there are: my_notes"):
        await engine.drop("notes")
    # What stayed is taken over by a new pipeline of that name, and paid for once.
    db.execute("UPDATE notes SET body = %s", [FINE])
    await engine.apply(notes(pl.analyze_sentiment(language="en")))
    assert (await engine.run("notes")).requests == 0


def spell(folder: Path, *steps: str) -> None:
    body = (
        'source = { table = "notes", text = "body" }\nsteps = [' + ", ".join(f"{{ {s} = {{}} }}" for s in steps) + "]\n"
    )
    (folder / "pgazure.toml").write_text("[pipelines.notes]\n" + body, encoding="utf-8")


def test_the_commands_ask_before_they_drop_and_show_before_they_change(
    conninfo: str, db: psycopg.Connection, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGAZURE_DSN", conninfo)
    make_notes(db, FINE)
    assert cli("init").code == 0
    spell(tmp_path, "analyze_sentiment", "detect_language")
    shown = cli("apply", "--dry-run").out
    assert "new step: analyze_sentiment" in shown
    assert "every row would be queued" in shown
    assert column(db, TABLES) == ["notes"]
    assert "new step: analyze_sentiment" in cli("apply").out
    spell(tmp_path, "detect_language")
    assert "table that stays (--drop takes it away): public.notes_sentiment" in cli("apply", "--dry-run").out
    monkeypatch.setattr("sys.stdin", io.StringIO())
    refused = cli("apply", "--drop", "notes_sentiment")
    assert (refused.code, "add --yes to confirm it" in refused.err) == (2, True)
    assert "notes_sentiment" in column(db, TABLES)
    assert "dropped notes_sentiment" in cli("apply", "--drop", "notes_sentiment", "--yes").out
    assert "notes_sentiment" not in column(db, TABLES)
    assert "nothing to change, 0 rows queued" in cli("apply").out
    assert cli("drop", "notes").code == 2
    assert "stays: public.notes_language" in cli("drop", "notes", "--yes").out
    assert column(db, TABLES) == ["notes", "notes_language"]


async def test_a_paused_pipeline_claims_nothing_until_it_is_resumed(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator
) -> None:
    make_notes(db, FINE)
    await engine.apply(notes(pl.analyze_sentiment()))
    assert await engine.pause("notes")
    assert not await engine.pause("notes")
    add_notes(db, POOR)
    sent = emulator.stats()["requests"]
    report = await engine.run("notes")
    assert (report.rows, report.left, report.paused, report.complete) == (0, 2, True, False)
    assert not await engine.has_due("notes")
    assert emulator.stats()["requests"] == sent
    assert await engine.resume("notes")
    report = await engine.run("notes")
    assert (report.rows, report.paused, report.complete) == (2, False, True)
    assert await engine.backfill("notes") == 2
    report = await engine.run("notes")
    assert (report.rows, report.requests) == (2, 0)


async def test_triggers_that_are_as_they_should_be_are_left_alone_and_others_are_made_anew(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FINE)
    triggers = "SELECT oid FROM pg_trigger WHERE tgrelid = 'notes'::regclass AND NOT tgisinternal ORDER BY oid"
    await engine.apply(notes(pl.analyze_sentiment()))
    before = column(db, triggers)
    with psycopg.connect(db.info.dsn) as reader:
        # Whoever reads the table in a long transaction is not waited for.
        reader.execute("SELECT * FROM notes")
        await asyncio.wait_for(engine.apply(notes(pl.analyze_sentiment(), pl.detect_language())), 20)
        await asyncio.wait_for(engine.apply(notes(pl.detect_language(), trigger="on_change")), 20)
    assert column(db, triggers) == before
    db.execute("DROP TRIGGER pgazure_notes_update ON notes")
    await engine.apply(notes(pl.detect_language()))
    assert len(column(db, triggers)) == len(before)
    db.execute("ALTER TABLE notes DISABLE TRIGGER pgazure_notes_insert")
    await engine.apply(notes(pl.detect_language()))
    await engine.run("notes")
    add_notes(db, POOR)
    assert (await engine.run("notes")).rows == 1
    # Another column is read: the triggers have to look at it.
    await engine.apply(notes(pl.detect_language(), pl.generate("{stars}: {input}")))
    await engine.run("notes")
    db.execute("UPDATE notes SET stars = 1 WHERE id = 1")
    assert (await engine.run("notes")).rows == 1


async def test_a_step_that_is_added_does_not_try_again_what_is_parked_in_another(
    engine: pl.Engine, db: psycopg.Connection
) -> None:
    make_notes(db, FINE, POOR)
    shout = pl.call(own_functions.shout, returns={"loud": "text"}, input="text")
    lie = pl.call(own_functions.lie, returns={"number": "integer"}, name="lie", table="notes_lie")
    await engine.apply(notes(lie, shout))
    await engine.run("notes")
    (before,) = [error for error in await engine.errors("notes", step="lie") if error.key == {"id": "1"}]
    assert before.parked
    own_functions.SEEN.clear()
    await engine.apply(notes(lie, shout, pl.detect_language()))
    report = await engine.run("notes")
    assert [spend.step for spend in report.steps] == ["detect_language"]
    (after,) = [error for error in await engine.errors("notes", step="lie") if error.key == {"id": "1"}]
    assert after == before
    # Asked for, or with another text, it is tried again.
    assert await engine.retry("notes", step="lie", key={"id": "1"}) == 1
    await engine.run("notes")
    (after,) = [error for error in await engine.errors("notes", step="lie") if error.key == {"id": "1"}]
    assert after.last_at > before.last_at
    db.execute("UPDATE notes SET body = 'another text' WHERE id = 1")
    await engine.run("notes")
    (latest,) = [error for error in await engine.errors("notes", step="lie") if error.key == {"id": "1"}]
    assert latest.last_at > after.last_at
