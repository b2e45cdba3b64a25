"""Semantic search: the rows whose meaning lies nearest to a phrase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.enrichment.hashing import hash_input
from pgazure.pipeline.enrichment.origin import mark_origin
from pgazure.pipeline.revision.apply import read_pipeline
from pgazure.pipeline.specification import spec
from pgazure.pipeline.storage import schema
from pgazure.pipeline.storage.database import fetch_tuples
from pgazure.pipeline.storage.past import find_phrase, hold_phrase, keep_phrase
from pgazure.pipeline.storage.results import ResultTable
from pgazure.pipeline.storage.statements import identifier, statement, trusted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgazure.client import AsyncClient
    from pgazure.pipeline import Engine

# A row may own several of the nearest chunks, so more are read than rows are wanted.
_CHUNKS_PER_ROW = 8
# The most that pgvector's hnsw.ef_search takes.
_WIDEST_SEARCH = 1000


@dataclass(frozen=True, slots=True)
class Hit:
    """One row that was found.

    Attributes:
        key: The row's key, by column.
        columns: The columns that the pipeline reads, as texts.
        chunk_index: Which of the row's chunks lies nearest.
        chunk_text: Its text.
        similarity: Cosine similarity with the phrase, 1 for the same direction.
    """

    key: Mapping[str, str]
    columns: Mapping[str, str | None]
    chunk_index: int
    chunk_text: str
    similarity: float


async def search(
    engine: Engine, client: AsyncClient, pipeline: str, phrase: str, *, limit: int = 10, step: str | None = None
) -> list[Hit]:
    """Find the rows of a pipeline's source nearest in meaning to ``phrase``, nearest first.

    The phrase is embedded by the deployment that embedded the rows: one request, the first time; its vector is kept.
    Rows are compared by the cosine of the angle between their vectors.

    Args:
        engine: Where the pipeline is.
        client: The services.
        pipeline: Its name.
        phrase: What to look for; not empty.
        limit: Most rows to return.
        step: Name of the embed step, where the pipeline has several.

    Raises:
        InvalidSpecError: The pipeline has no such embed step, or the phrase is empty.
        ServiceError: The phrase could not be embedded.
    """
    if not phrase.strip():
        msg = "write what to search for: the phrase is empty"
        raise InvalidSpecError(msg)
    async with engine.pool.connection() as connection:
        await schema.check(connection)
        _, described, layout = await read_pipeline(connection, pipeline, generations=step is not None)
        described = mark_origin(described, client)
    embeds = [s for s in described.steps if isinstance(s, spec.Embed) and step in {None, s.title}]
    if len(embeds) != 1:
        names = ", ".join(s.title for s in described.steps if isinstance(s, spec.Embed))
        msg = f"pipeline {pipeline} has no embed step" + (f" {step}; it has: {names}" if step and names else "")
        if step is None and names:
            msg = f"pipeline {pipeline} has several embed steps ({names}): say which with step"
        raise InvalidSpecError(msg)
    embed = embeds[0]
    vector = await _embed(engine, client, ResultTable(layout, described, embed), phrase)
    query = statement(
        "search_nearest",
        key_texts=layout.key_texts("s"),
        watched_texts=layout.watched_texts("s"),
        keys=layout.keys_of("n"),
        operator=sql.SQL("<=>"),
        kind=trusted(embed.vector_type),
        table=identifier(layout.schema, described.result_table(embed)),
        source=layout.source,
        same_key=layout.match("s", "e"),
    )
    candidates = limit * _CHUNKS_PER_ROW
    parameters = {"vector": vector, "candidates": candidates, "limit": limit}
    async with engine.pool.connection() as connection, connection.transaction():
        # An HNSW index would otherwise stop at its own, smaller number of candidates.
        await connection.execute(statement("search_breadth"), {"breadth": str(min(candidates, _WIDEST_SEARCH))})
        rows = await fetch_tuples(connection, query, parameters)
    width = len(layout.key)
    return [
        Hit(
            dict(zip((c.name for c in layout.key), row[:width], strict=True)),
            dict(zip((c.name for c in layout.watched), row[width:-3], strict=True)),
            row[-3],
            row[-2],
            1.0 - row[-1],
        )
        for row in rows
    ]


async def _embed(engine: Engine, client: AsyncClient, table: ResultTable, phrase: str) -> Any:
    """Get the vector of a phrase: that of an equal text or of an earlier search, else from the service."""
    import numpy as np  # noqa: PLC0415 - loaded where vectors are

    embed = table.step
    assert isinstance(embed, spec.Embed)
    digest = hash_input(embed, phrase)
    async with engine.pool.connection() as connection:
        known = (await table.read_equal(connection, {digest: phrase})).get(digest)
        vector = await find_phrase(connection, digest) if known is None else known[1]
        if vector is None:
            async with hold_phrase(connection, digest):
                vector = await find_phrase(connection, digest)
                if vector is None:
                    vector = await client.azure_openai.create_embeddings(
                        embed.model, phrase, dimensions=embed.requested_dimensions
                    )
                    await keep_phrase(connection, digest, np.asarray(vector, np.float32).tolist())
    return np.asarray(vector, np.float32)
