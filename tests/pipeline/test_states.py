"""The states are those of the table in the code, the queue moves rows as it says, and the page draws it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import add_notes, make_notes, notes, value
from pgazure.pipeline.enrichment.runner import LEASE
from pgazure.pipeline.enrichment.states import CIRCUIT_MOVES, ROW_MOVES, STEP_MOVES, RowState
from pgazure.pipeline.revision.apply import read_pipeline
from pgazure.pipeline.storage.filling import enqueue_all
from pgazure.pipeline.storage.queue import Queue

if TYPE_CHECKING:
    import psycopg
    from psycopg import AsyncConnection

    from pgazure.pipeline.storage.layout import Layout

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "pipeline.md"
KEY = ("1",)


def drawn() -> list[dict[tuple[str, str], frozenset[str]]]:
    """The diagrams of the page, in order."""
    diagrams = []
    for block in re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        moves = re.findall(r"^ +(\w+) --> (\w+): (.+)$", block, re.MULTILINE)
        assert len(moves) == len(block.strip().splitlines())
        diagrams.append({(before, after): frozenset(verbs.split(", ")) for before, after, verbs in moves})
    return diagrams


@pytest.mark.parametrize(("number", "moves"), list(enumerate([ROW_MOVES, STEP_MOVES, CIRCUIT_MOVES])))
def test_the_page_draws_the_table_of_the_code(number: int, moves: dict) -> None:
    assert drawn()[number] == {(str(before), str(after)): verbs for (before, after), verbs in moves.items()}


STATE = """
SELECT CASE
    WHEN q.id IS NULL THEN 'settled' WHEN q.due_at <= now() THEN 'due' WHEN q.lease IS NOT NULL THEN 'leased' ELSE 'pausing'
END
FROM notes n LEFT JOIN pgazure.queue_notes q USING (id)
"""


class Bench:
    """A queue with one row, and the verbs that move it."""

    def __init__(
        self, db: psycopg.Connection, connection: AsyncConnection, pipeline_id: int, layout: Layout, run_id: int
    ) -> None:
        self.db, self.connection, self.pipeline_id, self.layout = db, connection, pipeline_id, layout
        self.queue = Queue(layout, LEASE, run_id)

    @property
    def state(self) -> str:
        return value(self.db, STATE)

    async def bring(self, state: RowState) -> None:
        """Bring the row into a state."""
        if state is not RowState.SETTLED:
            await self.enqueue()
        if state in {RowState.LEASED, RowState.PAUSING}:
            await self.claim()
        if state is RowState.PAUSING:
            await self.release()

    async def claim(self) -> None:
        self.claimed = await self.queue.claim(self.connection, 10)

    async def settle(self) -> None:
        await self.queue.settle(self.connection, self.claimed.lease, [KEY])

    async def release(self) -> None:
        await self.queue.release(self.connection, self.claimed.lease, [KEY], delay=60)

    async def heartbeat(self) -> None:
        await self.queue.heartbeat(self.connection, self.claimed.lease, [KEY])

    async def gather(self) -> None:
        self.db.execute("UPDATE notes SET body = body || '!'")
        await self.queue.gather(self.connection)

    async def enqueue(self) -> None:
        async with self.connection.transaction():
            await enqueue_all(self.connection, self.pipeline_id, self.layout)

    async def rescue(self) -> None:
        await Queue(self.layout, LEASE).rescue(self.connection)

    async def wake(self) -> None:
        await self.queue.wake(self.connection)

    async def expire(self) -> None:
        self.db.execute("UPDATE pgazure.queue_notes SET due_at = now()")

    elapse = expire


VERBS = sorted({verb for verbs in ROW_MOVES.values() for verb in verbs} - {"expire", "elapse"})


@pytest.mark.parametrize("before", RowState)
async def test_every_verb_moves_a_row_as_the_table_says_and_nowhere_else(
    engine: pl.Engine, db: psycopg.Connection, before: RowState
) -> None:
    make_notes(db)
    await engine.apply(notes(pl.chunk()))
    add_notes(db, "one")
    async with engine.pool.connection() as connection:
        pipeline_id, _, layout = await read_pipeline(connection, "notes")
        run_id = value(
            db,
            "INSERT INTO pgazure.run (pipeline_id, started_at) VALUES (%s, clock_timestamp()) RETURNING run_id",
            pipeline_id,
        )
        bench = Bench(db, connection, pipeline_id, layout, run_id)
        await bench.claim()  # So that there is a lease, though one of another time.
        expected = {
            verb: str(after) for (start, after), verbs in ROW_MOVES.items() if start is before for verb in verbs
        }
        times = [verb for verb in ("expire", "elapse") if verb in expected]
        for verb in [*VERBS, *times]:
            db.execute("DELETE FROM pgazure.changes_notes")
            db.execute("DELETE FROM pgazure.queue_notes")
            await bench.bring(before)
            assert bench.state == before
            await getattr(bench, verb)()
            assert bench.state == expected.get(verb, before), verb
