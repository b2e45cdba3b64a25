"""A text that comes in pieces, behind the same gates, retries and time limit as every other request."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, Any

from pgazure.client.execution import Measurement, describe_timeout
from pgazure.client.inputs import find_fault
from pgazure.errors import InvalidRequestError, RateLimitError, ServiceError
from pgazure.flow.retry import back_off, is_retryable
from pgazure.services.exchange import Answer, Document

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from pgazure.client.execution import Call, Executor, Operation

_END: Any = object()


async def stream_text(  # noqa: C901  the retry loop, with a yield in it
    executor: Executor,
    operation: Operation[str],
    open_stream: Callable[[Sequence[Document]], AsyncGenerator[str | Answer[str], None]],
    text: Any,
    call: Call,
) -> AsyncGenerator[str, None]:
    """Give the pieces of an answer as they come.

    A request is sent again only while none of its answer has been given.

    Raises:
        TypeError: It is no text.
        InvalidRequestError: The text cannot be sent, or was refused.
        ServiceError: The request failed, or broke off.
    """
    if not isinstance(text, str):
        msg = f"prompt must be a str, not {type(text).__name__}"
        raise TypeError(msg)
    if fault := find_fault(text):
        msg = f"{operation.service} {operation.name}: {fault.code}: {fault.message}"
        raise InvalidRequestError(msg, service=operation.service, operation=operation.name, code=fault.code)
    policy = call.policy(executor.policy)
    deadline = asyncio.get_running_loop().time() + policy.timeout_ms / 1000
    attempt = 0
    begun = False
    while True:
        attempt += 1
        try:
            async with aclosing(
                _attempt(executor, operation, open_stream, Document(text), attempt, deadline)
            ) as pieces:
                async for piece in pieces:
                    begun = True
                    yield piece
        except TimeoutError:
            raise describe_timeout(operation, policy) from None
        except ServiceError as error:
            error.attempts = attempt
            if begun or attempt >= policy.max_attempts or not is_retryable(error):
                raise
            # After a 429 the gate makes everybody wait, this request included.
            if not isinstance(error, RateLimitError):
                chance = random.random()  # noqa: S311  jitter
                wait = back_off(attempt, policy.retry_delay_ms / 1000, chance, error.retry_after)
                if asyncio.get_running_loop().time() + wait >= deadline:
                    raise describe_timeout(operation, policy) from error
                await asyncio.sleep(wait)
        else:
            return


async def _attempt(  # noqa: PLR0917  what one attempt needs
    executor: Executor,
    operation: Operation[str],
    open_stream: Callable[[Sequence[Document]], AsyncGenerator[str | Answer[str], None]],
    document: Document,
    attempt: int,
    deadline: float,
) -> AsyncGenerator[str, None]:
    gate = executor.gate(operation)
    async with AsyncExitStack() as stack:
        # The pieces may be fetched from different tasks, and a time limit belongs to one: each step has its own.
        async with asyncio.timeout_at(deadline):
            started = await stack.enter_async_context(gate.turn())
        measurement = stack.enter_context(Measurement(operation, [document], attempt))
        pieces = await stack.enter_async_context(aclosing(open_stream([document])))
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    piece = await anext(pieces, _END)
            except RateLimitError as error:
                if is_retryable(error):
                    gate.refuse(started, error.retry_after)
                raise
            if piece is _END:
                return
            if isinstance(piece, Answer):
                measurement.answer = piece
                gate.succeed(started, piece.pause)
            else:
                yield piece
