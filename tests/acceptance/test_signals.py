"""A run that is told to end, ends well; one that is told twice, ends at once."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_faults import Hang, serve_faults
from fix_pipeline import add_notes, column, make_notes, notes, until, value

if TYPE_CHECKING:
    import psycopg

    from fix_pipeline import Start
    from pgazure.emulator import Emulator


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_batches_in_hand_finish_and_no_more(
    engine: pl.Engine, db: psycopg.Connection, start: Start, number: signal.Signals
) -> None:
    make_notes(db, *[f"Note {n}" for n in range(20)])
    await engine.apply(notes(pl.extract_key_phrases()))
    async with serve_faults() as faults:
        faults.posts.append(hang := Hang())
        async with start(
            faults.endpoint, "run", "notes", "--batch-rows", "5", "--concurrency", "1", "--json"
        ) as process:
            await until(lambda: hang.arrived.is_set() or process.returncode is not None)
            process.send_signal(number)
            assert process.stderr is not None
            said = (await process.stderr.readline()).decode()
            assert "finishing the batches in hand; again to stop at once" in said
            hang.release.set()
            out, err = await process.communicate()
    assert process.returncode == 1, "rows are left"
    assert b"Traceback" not in err
    (report,) = json.loads(out)
    assert (report["rows"], report["left"]) == (5, 15)
    assert len(faults.sent) == 1
    assert value(db, "SELECT count(*) FROM notes_key_phrases") == 5
    assert value(db, "SELECT count(*) FROM pgazure.queue_notes WHERE lease IS NULL") == 15
    assert column(db, "SELECT outcome FROM pgazure.run") == ["stopped"]


async def test_a_second_signal_stops_at_once(engine: pl.Engine, db: psycopg.Connection, start: Start) -> None:
    make_notes(db, "one", "two")
    await engine.apply(notes(pl.extract_key_phrases()))
    async with serve_faults() as faults:
        faults.posts.append(hang := Hang())
        async with start(faults.endpoint, "run", "--json") as process:
            await until(lambda: hang.arrived.is_set() or process.returncode is not None)
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            await process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
        # The service has not answered to this moment.
        assert not hang.release.is_set()
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"interrupted" in err
    assert value(db, "SELECT count(*) FROM notes_key_phrases") == 0
    assert column(db, "SELECT outcome FROM pgazure.run") == ["cancelled"]
    report = await engine.run("notes")
    assert (report.rows, report.complete) == (2, True), "what was in hand is due again at once"


async def test_a_watching_run_takes_up_changes_and_leaves_manual_pipelines_alone(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator, start: Start
) -> None:
    make_notes(db, "The first note.")
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    await engine.apply(pl.Pipeline("byhand", source=pl.table_source("notes", text="body"), steps=[pl.chunk()]))
    ended = "SELECT count(*) FROM pgazure.run WHERE finished_at IS NOT NULL"
    async with start(emulator.endpoint, "run", "--watch") as process:
        await until(lambda: value(db, ended) == 1)
        add_notes(db, "The second note.")
        await until(lambda: value(db, ended) == 2)
        assert value(db, "SELECT count(*) FROM notes_sentiment") == 2
        first = value(db, "SELECT sentiment FROM notes_sentiment WHERE id = 1")
        db.execute("UPDATE notes SET body = 'I hate this awful place.' WHERE id = 1")
        await until(lambda: value(db, "SELECT sentiment FROM notes_sentiment WHERE id = 1") == "negative")
        assert first != "negative"
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0
    assert value(db, "SELECT count(*) FROM pgazure.run") == 3
    assert value(db, "SELECT count(*) FROM byhand_chunks") == 0


async def test_a_watching_run_keeps_the_pauses_after_a_failure(
    engine: pl.Engine, db: psycopg.Connection, emulator: Emulator, start: Start
) -> None:
    make_notes(db, "The first note.")
    await engine.apply(notes(pl.analyze_sentiment(), trigger="on_change"))
    async with start(emulator.endpoint, "run", "--watch", AZURE_LANGUAGE_KEY="wrong") as process:
        await until(lambda: value(db, "SELECT count(*) FROM pgazure.run WHERE finished_at IS NOT NULL") == 1)
        # The queue is looked at again and again; a second pipeline shows that it has been.
        await engine.apply(
            pl.Pipeline("other", source=pl.table_source("notes", text="body"), steps=[pl.chunk()], trigger="on_change")
        )
        await until(lambda: value(db, "SELECT count(*) FROM other_chunks") == 1)
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert emulator.stats()["requests"] == 1
    runs = "SELECT count(*) FROM pgazure.run JOIN pgazure.pipeline USING (pipeline_id) WHERE name = 'notes'"
    assert value(db, runs) == 1, "a queue in which nothing is due begins no run"
