"""Announcements: what runs have sent and not written yet, by hash, so that no two of them pay for the same work.

They stand in the database for as long as a batch takes, and count only while
their run lives and has a heartbeat: a worker that is killed blocks nobody.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from pgazure.pipeline.storage.database import fetch_one
from pgazure.pipeline.storage.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

# As long as a lease.
_DURATION = timedelta(minutes=5)

_QUERIES = Statements()


class Announcements:
    """What one run announces.

    Args:
        run_id: The run; see :func:`pgazure.pipeline.storage.queue.show_life`.
    """

    def __init__(self, run_id: int) -> None:
        self._run_id = run_id
        self._numbers = count()

    async def announce(self, connection: AsyncConnection[Any], digests: Sequence[bytes]) -> tuple[int, set[bytes]]:
        """Announce work before it is looked up and sent.

        Returns:
            The number to withdraw it by, and what of it another run that lives has in hand. The rest is ours to do
            until it is withdrawn: whatever others have made of it stands in their results by now.
        """
        number = next(self._numbers)
        about = {"run_id": self._run_id, "number": number, "hashes": list(digests), "duration": _DURATION}
        row = await fetch_one(connection, _QUERIES["announce"], about)
        return number, set(row.in_hand)

    async def renew(self, connection: AsyncConnection[Any]) -> None:
        """Hold on to everything for another while."""
        await connection.execute(_QUERIES["announcements_renew"], {"run_id": self._run_id, "duration": _DURATION})

    async def withdraw(self, connection: AsyncConnection[Any], numbers: Sequence[int]) -> None:
        """Take back what is written, or will not be sent."""
        await connection.execute(_QUERIES["announcement_withdraw"], {"run_id": self._run_id, "numbers": list(numbers)})

    async def rescue(self, connection: AsyncConnection[Any]) -> None:
        """Take back what ended runs had announced."""
        await connection.execute(_QUERIES["announcements_rescue"], {"run_id": self._run_id})
