"""What one would write without pgazure: embed a table as fast as it goes, with no queue, no ledger and no leases.

python benchmarks/bare.py CONNINFO ENDPOINT    fills notes_bare from notes
"""

from __future__ import annotations

import asyncio
import base64
import struct
import sys

import numpy as np
import openai
import psycopg

BATCH = 256
SIDE_BY_SIDE = 32
DEPLOYMENT = "text-embedding-3-small"
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def pack(keys: list[int], vectors: list[str]) -> bytes:
    """COPY's binary format: a bigint and a vector a row."""
    rows = [HEADER]
    for key, vector in zip(keys, vectors, strict=True):
        numbers = np.frombuffer(base64.b64decode(vector), "<f4").astype(">f4").tobytes()
        length = len(numbers) // 4
        rows += [struct.pack(">hiqihh", 2, 8, key, 4 + len(numbers), length, 0), numbers]
    return b"".join([*rows, b"\xff\xff"])


async def fill(conninfo: str, endpoint: str) -> None:
    client = openai.AsyncOpenAI(
        base_url=f"{endpoint}/openai/v1/", api_key="a-key", max_retries=50, http_client=openai.DefaultAioHttpClient()
    )
    async with client, await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute("CREATE TABLE notes_bare (id bigint PRIMARY KEY, embedding vector(1536))")
        rows = await (await connection.execute("SELECT id, body FROM notes ORDER BY id")).fetchall()
        batches = iter([rows[at : at + BATCH] for at in range(0, len(rows), BATCH)])
        one_at_a_time = asyncio.Lock()

        async def work() -> None:
            for batch in batches:
                answer = await client.embeddings.create(
                    model=DEPLOYMENT, input=[body for _, body in batch], encoding_format="base64"
                )
                block = pack([key for key, _ in batch], [str(item.embedding) for item in answer.data])
                async with (
                    one_at_a_time,
                    connection.cursor().copy("COPY notes_bare FROM STDIN (FORMAT binary)") as copy,
                ):
                    await copy.write(block)

        await asyncio.gather(*(work() for _ in range(SIDE_BY_SIDE)))


if __name__ == "__main__":
    asyncio.run(fill(*sys.argv[1:]))
