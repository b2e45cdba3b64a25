"""Errors stand beside their rows, and touch no other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_faults import Raw, Status, serve_faults
from fix_pipeline import add_notes, column, make_notes, notes, value
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    import psycopg

    from fix_pipeline import OpenEngine
    from pgazure.emulator import Emulator

DUTCH = "Het huis was erg mooi en de tuin was groot. We komen volgend jaar zeker terug met de kinderen."
ENGLISH = "The house was very nice and the garden was large. We will surely be back next year."


@pytest.fixture
async def failed(engine: pl.Engine, db: psycopg.Connection) -> pl.Engine:
    """Three rows, the second in a language that one step does not know."""
    make_notes(db, ENGLISH, DUTCH, f"{ENGLISH} Really.")
    steps = [pl.detect_language(), pl.analyze_sentiment(), pl.recognize_pii_entities()]
    await engine.apply(notes(*steps, pl.embed("text-embedding-3-small", input="redacted_text")))
    report = await engine.run("notes")
    assert (report.left, report.parked, report.complete) == (0, 1, False)
    return engine


async def test_a_refused_row_is_recorded_with_code_message_and_request_and_its_neighbours_are_written(
    failed: pl.Engine, db: psycopg.Connection
) -> None:
    (error,) = await failed.errors("notes")
    assert (error.step, error.key, error.error_class) == ("recognize_pii_entities", {"id": "2"}, "record_permanent")
    assert error.code == "UnsupportedLanguageCode"
    assert "nl" in error.message
    assert "huis" not in error.message
    assert len(error.request_id or "") == 36
    assert (error.attempts, error.parked) == (1, True)
    assert column(db, "SELECT id FROM notes_pii ORDER BY id") == [1, 3]
    assert column(db, "SELECT id FROM notes_embeddings ORDER BY id") == [1, 3]
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [1, 2, 3]


async def test_a_parked_row_is_not_tried_again_by_itself(
    failed: pl.Engine, emulator: Emulator, db: psycopg.Connection
) -> None:
    emulator.reset()
    report = await failed.run("notes")
    assert (report.rows, report.requests, report.parked) == (0, 0, 1)
    assert emulator.stats()["requests"] == 0


async def test_the_error_goes_when_the_row_succeeds(failed: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("UPDATE notes SET body = %s WHERE id = 2", [ENGLISH])
    assert (await failed.run("notes")).complete
    assert await failed.errors("notes") == []
    assert column(db, "SELECT id FROM notes_embeddings ORDER BY id") == [1, 2, 3]


async def test_the_error_goes_with_its_row(failed: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("DELETE FROM notes WHERE id = 2")
    assert (await failed.run("notes")).complete
    assert await failed.errors("notes") == []


async def test_the_error_goes_with_the_text(failed: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("UPDATE notes SET body = NULL WHERE id = 2")
    assert (await failed.run("notes")).complete
    assert await failed.errors("notes") == []


async def test_the_error_goes_with_its_step(failed: pl.Engine, db: psycopg.Connection) -> None:
    changes = await failed.apply(notes(pl.detect_language(), pl.analyze_sentiment()))
    assert sorted(changes.removed) == ["embed", "recognize_pii_entities"]
    assert await failed.errors("notes") == []
    assert (await failed.run("notes")).complete
    assert value(db, "SELECT count(*) FROM notes_pii") == 2, "what was paid for stays"


async def test_a_row_that_changes_into_one_that_fails_loses_what_stood_for_it(
    failed: pl.Engine, db: psycopg.Connection
) -> None:
    db.execute("UPDATE notes SET body = %s WHERE id = 3", [f"{DUTCH} Echt."])
    report = await failed.run("notes")
    assert report.parked == 2
    assert column(db, "SELECT id FROM notes_pii ORDER BY id") == [1]
    assert column(db, "SELECT id FROM notes_embeddings ORDER BY id") == [1], "what a step made of the redacted text"
    assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [1, 2, 3]


async def test_a_row_that_changes_after_it_failed_is_tried_again(failed: pl.Engine, db: psycopg.Connection) -> None:
    db.execute("UPDATE notes SET body = %s WHERE id = 2", [f"{DUTCH} Echt."])
    assert (await failed.run("notes")).parked == 1
    (error,) = await failed.errors("notes")
    assert error.attempts == 1
    assert error.last_at > error.first_at


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"step": "recognize_pii_entities"},
        {"error_class": "record_permanent"},
        {"code": "UnsupportedLanguageCode"},
        {"key": {"id": "2"}},
    ],
)
async def test_retry_queues_the_rows_it_is_asked_for(
    failed: pl.Engine, db: psycopg.Connection, emulator: Emulator, filters: dict
) -> None:
    assert await failed.retry("notes", **filters) == 1
    assert await failed.errors("notes") == []
    emulator.reset()
    report = await failed.run("notes")
    assert (report.rows, report.parked) == (1, 1)
    assert list(emulator.stats()["by_operation"]) == ["PiiEntityRecognition"], (
        "only the step that failed is asked again"
    )


@pytest.mark.parametrize(
    "filters",
    [
        {"step": "analyze_sentiment"},
        {"error_class": "record_temporary"},
        {"code": "InvalidDocument"},
        {"key": {"id": "1"}},
        {"key": {"id": "2"}, "code": "InvalidDocument"},
    ],
)
async def test_retry_leaves_the_rows_it_is_not_asked_for(
    failed: pl.Engine, db: psycopg.Connection, filters: dict
) -> None:
    assert await failed.retry("notes", **filters) == 0
    assert len(await failed.errors("notes")) == 1
    assert value(db, "SELECT count(*) FROM pgazure.queue_notes") == 0


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        ({"step": "sentiment"}, "has no step sentiment; it has: detect_language, analyze_sentiment"),
        ({"error_class": "temporary"}, "there is no class temporary of errors; there are: record_temporary"),
        ({"key": {"code": "2"}}, "the key of public.notes is id"),
    ],
)
async def test_retry_says_what_can_be_asked_for(failed: pl.Engine, filters: dict, complaint: str) -> None:
    with pytest.raises(InvalidSpecError, match=complaint):
        await failed.retry("notes", **filters)


async def test_errors_are_listed_by_step_class_and_code(failed: pl.Engine) -> None:
    assert len(await failed.errors()) == 1
    assert len(await failed.errors(step="recognize_pii_entities")) == 1
    assert await failed.errors(step="analyze_sentiment") == []
    assert await failed.errors(code="InvalidDocument") == []
    assert len(await failed.errors("notes", error_class="record_permanent")) == 1
    with pytest.raises(InvalidSpecError, match="there is no pipeline nobody; there are: notes"):
        await failed.errors("nobody")


async def test_the_status_counts_results_and_errors_by_step(failed: pl.Engine) -> None:
    (status,) = await failed.status("notes")
    steps = {step.step: step for step in status.steps}
    assert (status.source, status.source_rows, status.pending, status.last_outcome) == (
        "public.notes",
        3,
        0,
        "finished",
    )
    pii = steps["recognize_pii_entities"]
    assert (pii.table, pii.rows, pii.results, pii.errors, pii.parked) == ("public.notes_pii", 2, 2, 1, 1)
    assert (steps["analyze_sentiment"].rows, steps["analyze_sentiment"].errors) == (3, 0)


async def test_a_text_that_a_service_refuses_outright_does_not_take_its_batch_along(
    db: psycopg.Connection, open_engine: OpenEngine
) -> None:
    make_notes(db, *["poison" if n == 13 else f"note {n}" for n in range(24)])
    refusal = Status(400, body={"error": {"code": "InvalidRequest", "message": "no"}})
    async with serve_faults() as faults, open_engine(faults.endpoint) as engine:
        faults.refuse = lambda texts: refusal if "poison" in texts else None
        await engine.apply(notes(pl.analyze_sentiment(), pl.embed("small", dimensions=4)))
        report = await engine.run("notes")
        assert (report.rows, report.parked) == (24, 2)
        for table in ("sentiment", "embeddings"):
            assert value(db, f"SELECT count(*) FROM notes_{table}") == 23
        assert {(e.step, e.key["id"], e.error_class) for e in await engine.errors()} == {
            ("analyze_sentiment", "14", "record_permanent"),
            ("embed", "14", "record_permanent"),
        }


async def test_a_row_is_given_up_after_five_failures_that_might_have_passed(
    db: psycopg.Connection, open_engine: OpenEngine
) -> None:
    make_notes(db, "unlucky", "lucky")
    outage = Status(503, body={"error": {"code": "Busy", "message": "later"}})
    async with serve_faults() as faults, open_engine(faults.endpoint, max_attempts=1) as engine:
        faults.refuse = lambda texts: outage if "unlucky" in texts else None
        await engine.apply(notes(pl.analyze_sentiment()))
        failed = "SELECT coalesce(max(attempts), 0) FROM pgazure.error"
        for attempts in range(1, 6):
            # Others pass meanwhile, so that it is not taken for an outage.
            add_notes(db, f"lucky {attempts}")
            # Stopped before it waits for the pause to end; a new run does not wait.
            report = await engine.run(
                "notes",
                batch_rows=1,
                concurrency=1,
                stop=(stop := asyncio.Event()),
                on_progress=lambda _, stop=stop, attempts=attempts: (
                    stop.set() if value(db, failed) == attempts else None
                ),
            )
            (error,) = await engine.errors("notes")
            assert (error.key, error.error_class, error.attempts, error.parked) == (
                {"id": "1"},
                "record_temporary",
                attempts,
                attempts == 5,
            )
        assert (report.left, report.parked) == (0, 1)
        assert column(db, "SELECT id FROM notes_sentiment ORDER BY id") == [2, 3, 4, 5, 6, 7]
        faults.refuse = lambda _: None
        assert await engine.retry("notes", error_class="record_temporary") == 1
        assert (await engine.run("notes")).complete


async def test_a_failure_that_passes_is_made_good_by_the_same_run(
    db: psycopg.Connection, open_engine: OpenEngine
) -> None:
    make_notes(db, "one", "two")
    async with serve_faults() as faults, open_engine(faults.endpoint, max_attempts=1) as engine:
        await engine.apply(notes(pl.analyze_sentiment()))
        faults.posts.append(Status(503))
        report = await engine.run("notes")
        assert report.complete
        assert report.requests == 3, "what failed, one row that tries, and the rest"
        assert await engine.errors() == []


async def test_an_answer_nobody_can_read_is_no_result(db: psycopg.Connection, open_engine: OpenEngine) -> None:
    make_notes(db, "one")
    async with serve_faults() as faults, open_engine(faults.endpoint, max_attempts=1) as engine:
        await engine.apply(notes(pl.analyze_sentiment()))
        faults.posts.append(Raw(b"{"))
        report = await engine.run("notes")
        assert report.complete
        assert value(db, "SELECT count(*) FROM notes_sentiment") == 1
