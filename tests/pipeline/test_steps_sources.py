"""Which rows are enriched: all, those that meet conditions, those of a view that is polled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import pgazure.pipeline as pl
from fix_pipeline import column, value
from pgazure.errors import InvalidSpecError

if TYPE_CHECKING:
    import psycopg

    from pgazure.emulator import Emulator


@pytest.fixture
def posts(db: psycopg.Connection) -> psycopg.Connection:
    db.execute(
        """CREATE TYPE mood AS ENUM ('calm', 'angry');
        CREATE TABLE posts (id int PRIMARY KEY, body text, "is live" boolean, status text, stars int, mood mood,
            deleted_at timestamptz, changed_at timestamptz NOT NULL DEFAULT clock_timestamp());
        INSERT INTO posts VALUES (1, 'A fine room.', true, 'published', 5, 'calm', NULL),
            (2, 'A poor room.', false, 'draft', 1, 'angry', NULL), (3, 'A quiet room.', NULL, '100%', NULL, NULL, now());"""
    )
    return db


def pipeline(**source) -> pl.PipelineSpec:
    source = {"table": "posts", "text": "body"} | source
    return pl.Pipeline("posts", source=pl.table_source(source.pop("table"), **source), steps=[pl.analyze_sentiment()])


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("is live", [1]),
        (("is live", "is not true"), [2, 3]),
        (("status", "=", "published"), [1]),
        ([("status", "in", ["draft", "100%"]), ("deleted_at", "is null")], [2]),
        (("stars", ">=", 1), [1, 2]),
        (("mood", "<>", "calm"), [2]),
        (("deleted_at", "<", "2999-01-01"), [3]),
        (("body", "like", "%qui%"), [3]),
    ],
)
async def test_only_rows_that_meet_the_conditions_are_sent(
    engine: pl.Engine, posts: psycopg.Connection, emulator: Emulator, where, kept: list[int]
) -> None:
    changes = await engine.apply(pipeline(where=where))
    assert changes.queued == len(kept)
    plan = await engine.plan("posts")
    assert plan.steps[0].texts == len(kept)
    assert (await engine.run("posts")).complete
    assert column(posts, "SELECT id FROM posts_sentiment ORDER BY 1") == kept
    assert emulator.stats()["by_operation"]["SentimentAnalysis"]["items"] == len(kept)


async def test_a_row_that_no_longer_fits_loses_its_results_and_one_that_does_gets_them(
    engine: pl.Engine, posts: psycopg.Connection
) -> None:
    await engine.apply(pipeline(where="is live"))
    await engine.run("posts")
    posts.execute('UPDATE posts SET "is live" = NOT "is live"')
    assert (await engine.run("posts")).complete
    assert column(posts, "SELECT id FROM posts_sentiment") == [2]
    posts.execute("INSERT INTO posts VALUES (4, 'A large room.', false), (5, 'A small room.', true)")
    assert (await engine.run("posts")).complete
    assert column(posts, "SELECT id FROM posts_sentiment ORDER BY 1") == [2, 5]
    # Other conditions: what does not fit goes, what fits now comes.
    await engine.apply(pipeline(where=("stars", "=", 5)))
    assert (await engine.run("posts")).complete
    assert column(posts, "SELECT id FROM posts_sentiment") == [1]


@pytest.mark.parametrize(
    ("where", "complaint"),
    [
        ("stars > 1; DROP TABLE posts", r"has no column stars > 1; DROP TABLE posts; it has: id, body"),
        (("stars", "~", 1), "there is no comparison '~'; there are: =, <>"),
        (("stars", "="), "takes a text, a number, a date or a boolean"),
        (("stars", "in", []), "takes a list"),
        (("stars", "is null", 3), "takes no value"),
    ],
)
async def test_a_condition_that_is_none_is_refused(
    engine: pl.Engine, posts: psycopg.Connection, where, complaint: str
) -> None:
    with pytest.raises(InvalidSpecError, match=complaint):
        await engine.apply(pipeline(where=where))
    assert value(posts, "SELECT count(*) FROM posts") == 3


async def test_a_value_is_a_value_whatever_it_says(engine: pl.Engine, posts: psycopg.Connection) -> None:
    await engine.apply(pipeline(where=("status", "=", "x' OR 'a' = 'a %s {x}")))
    assert (await engine.run("posts")).rows == 0


async def test_a_view_is_polled_by_a_column_that_grows(
    engine: pl.Engine, posts: psycopg.Connection, emulator: Emulator
) -> None:
    posts.execute("CREATE VIEW live AS SELECT id AS post, upper(body) AS body, changed_at, count(*) OVER () FROM posts")
    source = {"table": "live", "key": "post", "incremental_column": "changed_at"}
    await engine.apply(pipeline(**source))
    assert (await engine.run("posts")).complete
    assert column(posts, "SELECT post FROM posts_sentiment ORDER BY 1") == [1, 2, 3]
    assert not await engine.has_due("posts")
    sent = emulator.stats()["requests"]
    posts.execute("INSERT INTO posts (id, body) VALUES (4, 'A large room.')")
    posts.execute("UPDATE posts SET body = 'A dirty room.', changed_at = clock_timestamp() WHERE id = 1")
    assert await engine.has_due("posts")
    report = await engine.run("posts")
    assert (report.complete, report.rows) == (True, 3)  # the last one seen is looked at again
    assert emulator.stats()["requests"] == sent + 1
    assert column(posts, "SELECT sentiment FROM posts_enriched WHERE post = 1") == ["negative"]
    # Deleted rows are found by a backfill.
    posts.execute("DELETE FROM posts WHERE id = 2")
    assert await engine.backfill("posts") == 4
    assert (await engine.run("posts")).complete
    assert column(posts, "SELECT post FROM posts_sentiment ORDER BY 1") == [1, 3, 4]
    assert emulator.stats()["requests"] == sent + 1


async def test_a_table_that_is_polled_gets_no_triggers(engine: pl.Engine, posts: psycopg.Connection) -> None:
    await engine.apply(pipeline(incremental_column="id"))
    assert value(posts, "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'posts'::regclass") == 0
    assert (await engine.run("posts")).complete
    posts.execute("INSERT INTO posts (id, body) VALUES (4, 'A large room.')")
    assert (await engine.run("posts")).complete
    assert column(posts, "SELECT id FROM posts_sentiment ORDER BY 1") == [1, 2, 3, 4]


async def test_what_a_view_needs_is_said(engine: pl.Engine, posts: psycopg.Connection) -> None:
    posts.execute("CREATE VIEW live AS SELECT * FROM posts")
    with pytest.raises(InvalidSpecError, match="a source is a table, or a view with the columns key and incremental"):
        await engine.apply(pipeline(table="live"))
    with pytest.raises(InvalidSpecError, match="name the columns that tell its rows apart with key"):
        await engine.apply(pipeline(table="live", incremental_column="changed_at"))
    with pytest.raises(InvalidSpecError, match="has no column changed; it has: id"):
        await engine.apply(pipeline(table="live", key="id", incremental_column="changed"))
    with pytest.raises(InvalidSpecError, match="name the incremental_column too"):
        pipeline(table="live", key="id")
