"""Timetables: each moment starts one run, however many workers there are and whichever of them end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import psycopg
import pytest

import pgazure.pipeline as pl
from fix_pipeline import make_notes, notes, value
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.specification.schedule import Schedule, finish_tick, take_tick

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# One tick a year: none comes between two steps of a test.
YEARLY = Schedule("0 0 1 1 *")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "latest", "following"),
    [
        ("2026-11-22 12:15:00", "2026-11-22 12:15", "2026-11-22 12:30"),
        ("2026-11-22 12:14:59.999", "2026-11-22 12:00", "2026-11-22 12:15"),
        ("2026-11-22 12:15:00.001", "2026-11-22 12:15", "2026-11-22 12:30"),
        ("2026-01-01 00:07:30", "2026-01-01 00:00", "2026-01-01 00:15"),
    ],
)
def test_a_tick_is_a_whole_minute_of_the_timetable(moment: str, latest: str, following: str) -> None:
    schedule = Schedule("*/15 * * * *")
    assert schedule.latest_at(at(moment)) == at(latest)
    assert schedule.next_after(at(moment)) == at(following)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("hourly", "write 'manual', 'on_change', or a timetable in five fields"),
        ("0 * * * * *", "write 'manual', 'on_change', or a timetable in five fields"),
        ("61 * * * *", r"no timetable \(Bad minute\)"),
        ("0 0 30 2 *", "no timetable"),
    ],
)
def test_what_is_no_timetable_is_refused_with_what_to_write(line: str, complaint: str) -> None:
    with pytest.raises(InvalidSpecError, match=complaint):
        notes(pl.chunk(), trigger=line)


def test_a_timetable_is_kept_as_it_was_written() -> None:
    assert notes(pl.chunk(), trigger="*/15 6-20 * * MON-FRI").to_json()["trigger"] == "*/15 6-20 * * MON-FRI"


@pytest.fixture
async def old(engine: pl.Engine, db: psycopg.Connection) -> int:
    """The number of a pipeline that has been there for years."""
    make_notes(db, "one")
    await engine.apply(notes(pl.chunk(), trigger="0 0 1 1 *"))
    db.execute("UPDATE pgazure.pipeline SET created_at = '2020-01-01'")
    return value(db, "SELECT pipeline_id FROM pgazure.pipeline")


@pytest.fixture
async def session(conninfo: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(
        conninfo, autocommit=True, row_factory=psycopg.rows.namedtuple_row
    ) as connection:
        yield connection


def live(db: psycopg.Connection, worker: UUID) -> None:
    """Show that a worker lives, in the session of the test."""
    db.execute("SELECT pg_advisory_lock(hashtextextended('pgazure.worker.' || %s::uuid, 0))", [worker])


async def test_a_tick_is_taken_by_one_worker(
    old: int, db: psycopg.Connection, session: psycopg.AsyncConnection
) -> None:
    one, other = uuid4(), uuid4()
    live(db, one)
    tick = await take_tick(session, old, YEARLY, one)
    assert tick is not None
    assert await take_tick(session, old, YEARLY, other) is None
    assert await take_tick(session, old, YEARLY, one) is None
    assert value(db, "SELECT count(*) FROM pgazure.tick") == 1


async def test_a_tick_of_a_worker_that_has_ended_is_taken_over(
    old: int, db: psycopg.Connection, session: psycopg.AsyncConnection
) -> None:
    tick = await take_tick(session, old, YEARLY, uuid4())
    assert tick is not None
    assert await take_tick(session, old, YEARLY, heir := uuid4()) == tick
    assert value(db, "SELECT worker_id FROM pgazure.tick") == heir


async def test_a_tick_that_is_done_is_done(old: int, session: psycopg.AsyncConnection) -> None:
    tick = await take_tick(session, old, YEARLY, uuid4())
    assert tick is not None
    await finish_tick(session, old, tick)
    assert await take_tick(session, old, YEARLY, uuid4()) is None


async def test_a_pipeline_does_not_make_up_for_ticks_before_it_was_there(
    old: int, db: psycopg.Connection, session: psycopg.AsyncConnection
) -> None:
    db.execute("UPDATE pgazure.pipeline SET created_at = now()")
    assert await take_tick(session, old, YEARLY, uuid4()) is None


async def test_ticks_of_long_ago_are_forgotten(
    old: int, db: psycopg.Connection, session: psycopg.AsyncConnection
) -> None:
    ago = "INSERT INTO pgazure.tick (pipeline_id, tick_at, worker_id) VALUES (%s, '2021-01-01', gen_random_uuid())"
    db.execute(ago, [old])
    tick = await take_tick(session, old, YEARLY, uuid4())
    assert tick is not None
    await finish_tick(session, old, tick)
    assert value(db, "SELECT count(*) FROM pgazure.tick") == 1
