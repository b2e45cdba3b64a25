"""Chat models of Azure OpenAI: chat completions, whole or in pieces, and the Responses API."""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from pgazure.errors import ContentFilterError, InvalidRequestError, ServiceResponseError
from pgazure.flow.json_schema import find_mismatch
from pgazure.flow.retry import TOO_LONG
from pgazure.services.errors import describe_openai_error
from pgazure.services.exchange import Answer, Exchange, find_pause
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence

    from openai import AsyncOpenAI

    from pgazure.services.exchange import Document

R = TypeVar("R")

SERVICE = "openai"
_FILTERED = "content_filter"
_BROKEN = "broken off"
_CUT = {"length", "max_output_tokens"}

_LONGEST: ContextVar[int | None] = ContextVar("pgazure_longest_answer", default=None)


@contextmanager
def limit_answers(tokens: int) -> Iterator[None]:
    """Let no answer within this context be longer than ``tokens``, those that a model reasons with included.

    An answer that is cut off there has been paid for: it makes a :class:`DocumentError` for each of its documents,
    and is counted like any other.
    """
    token = _LONGEST.set(tokens)
    try:
        yield
    finally:
        _LONGEST.reset(token)


def write_plain(documents: Sequence[Document]) -> str:
    """Write the prompt that a document is."""
    return documents[0].text


def read_plain(answer: Any, _documents: Sequence[Document]) -> list[Any]:
    """Take the answer as the one result."""
    return [answer]


@dataclass(frozen=True, slots=True)
class Prompting(Generic[R]):
    """What is asked of a chat model, and how its answer is read.

    Attributes:
        operation: The facade's name of the operation.
        deployment: Name of the model deployment.
        system_prompt: Instructions above the prompt.
        json_schema: Form of the answer, as structured outputs take it; ``None`` is plain text.
        write: Makes the prompt of the documents.
        read: Makes one result for each document of the answer, which is parsed where it has a schema.
            It raises ``ValueError``, without the text, where the answer is no use.
    """

    operation: str
    deployment: str
    system_prompt: str
    json_schema: Mapping[str, Any] | None = None
    write: Callable[[Sequence[Document]], str] = write_plain
    read: Callable[[Any, Sequence[Document]], Sequence[R]] = read_plain

    def messages(self, documents: Sequence[Document]) -> list[Any]:
        """Write the conversation."""
        return [
            {"role": "system", "content": self.system_prompt},
            {"role": "user", "content": self.write(documents)},
        ]


class Chat:
    """The chat models behind one client of the SDK."""

    def __init__(self, client: AsyncOpenAI) -> None:
        self._client = client

    async def complete(self, documents: Sequence[Document], *, prompting: Prompting[R]) -> Answer[R]:
        """Send one chat completion, without a temperature: models that reason refuse one."""
        options: dict[str, Any] = {}
        if (longest := _LONGEST.get()) is not None:
            options["max_completion_tokens"] = longest
        if prompting.json_schema is not None:
            options["response_format"] = {"type": "json_schema", "json_schema": dict(prompting.json_schema)}
        exchange = Exchange()
        try:
            raw = await self._client.chat.completions.with_raw_response.create(
                model=prompting.deployment, messages=prompting.messages(documents), **options
            )
            exchange.record(raw.status_code, raw.headers, None)
            body = json.loads(raw.http_response.content)
            if longest is not None and body["choices"][0].get("finish_reason") in _CUT:
                return _account(_cut_off(documents, longest), body.get("usage"), exchange)
            return _answer(_read_completion(body, prompting), body.get("usage"), documents, prompting, exchange)
        except Exception as error:  # noqa: BLE001  an odd answer ends in KeyError and the like
            raise _describe(error, exchange, documents, prompting) from None

    async def respond(self, documents: Sequence[Document], *, prompting: Prompting[R]) -> Answer[R]:
        """Send one request of the Responses API; the service is told to keep no copy."""
        options: dict[str, Any] = {}
        if (longest := _LONGEST.get()) is not None:
            options["max_output_tokens"] = longest
        if prompting.json_schema is not None:
            options["text"] = {"format": {"type": "json_schema", **prompting.json_schema}}
        exchange = Exchange()
        try:
            raw = await self._client.responses.with_raw_response.create(
                model=prompting.deployment,
                instructions=prompting.system_prompt,
                input=prompting.write(documents),
                store=False,
                **options,
            )
            exchange.record(raw.status_code, raw.headers, None)
            body = json.loads(raw.http_response.content)
            if longest is not None and (body.get("incomplete_details") or {}).get("reason") in _CUT:
                return _account(_cut_off(documents, longest), body.get("usage"), exchange)
            return _answer(_read_response(body, prompting), body.get("usage"), documents, prompting, exchange)
        except Exception as error:  # noqa: BLE001  as above
            raise _describe(error, exchange, documents, prompting) from None

    async def stream(
        self, documents: Sequence[Document], *, prompting: Prompting[str]
    ) -> AsyncGenerator[str | Answer[str], None]:
        """Send one chat completion and give its pieces; the last thing given says what it cost."""
        exchange = Exchange()
        try:
            raw = await self._client.chat.completions.with_raw_response.create(
                model=prompting.deployment,
                messages=prompting.messages(documents),
                stream=True,
                stream_options={"include_usage": True},
            )
            exchange.record(raw.status_code, raw.headers, None)
            tokens, written, finish = None, None, None
            async with raw.parse() as events:
                async for event in events:
                    usage = event.usage and event.usage.model_dump()
                    tokens = _count(usage) or tokens
                    written = _count(usage, "completion_tokens") or written
                    # The first event of Azure, and the one about usage, have no choice.
                    for choice in event.choices[:1]:
                        finish = choice.finish_reason or finish
                        if choice.delta is not None and choice.delta.refusal:
                            _refuse(prompting)
                        if choice.delta is not None and choice.delta.content:
                            yield choice.delta.content
            _check_end(finish or _BROKEN, prompting)
            yield Answer(
                results=[],
                status_code=exchange.status_code,
                request_id=exchange.request_id,
                tokens=tokens,
                pause=find_pause(exchange.headers),
                answer_tokens=written,
            )
        except Exception as error:  # noqa: BLE001  as above
            raise _describe(error, exchange, documents, prompting) from None


def _describe(
    error: Exception, exchange: Exchange, documents: Sequence[Document], prompting: Prompting[Any]
) -> Exception:
    # The SDK's exceptions hold the request with its key and texts: they are not chained.
    return describe_openai_error(
        error, exchange, operation=prompting.operation, deployment=prompting.deployment, documents=documents
    )


def _answer(
    text: str, usage: Any, documents: Sequence[Document], prompting: Prompting[R], exchange: Exchange
) -> Answer[R]:
    results: Sequence[R] = read_answer(text, documents, prompting)
    return _account(results, usage, exchange)


def _account(results: Sequence[R | DocumentError], usage: Any, exchange: Exchange) -> Answer[R]:
    return Answer(
        results=results,
        status_code=exchange.status_code,
        request_id=exchange.request_id,
        tokens=_count(usage),
        pause=find_pause(exchange.headers),
        answer_tokens=_count(usage, "completion_tokens", "output_tokens"),
    )


def _cut_off(documents: Sequence[Document], longest: int) -> list[DocumentError]:
    msg = (
        f"the model's answer was cut off at max_tokens={longest}, to which what a model reasons counts as well: allow "
        "more or ask for less"
    )
    return [DocumentError(TOO_LONG, msg)] * len(documents)


def read_answer(text: str, documents: Sequence[Document], prompting: Prompting[R]) -> Sequence[R]:
    """Read an answer.

    Raises:
        ServiceResponseError: It is not JSON of the schema, or no use.
    """
    answer: Any = text
    if prompting.json_schema is not None:
        try:
            answer = json.loads(text)
        except ValueError:
            _drop("the model's answer is not JSON", prompting)
        if fault := find_mismatch(answer, prompting.json_schema["schema"]):
            _drop(f"the model's answer does not obey the schema: {fault}", prompting)
    try:
        return prompting.read(answer, documents)
    except ValueError as error:
        _drop(str(error), prompting)


def _read_completion(body: Any, prompting: Prompting[Any]) -> str:
    choice = body["choices"][0]
    message = choice["message"]
    _check_end(choice.get("finish_reason"), prompting)
    if message.get("refusal"):
        _refuse(prompting)
    text: str = message["content"]
    return text


def _read_response(body: Any, prompting: Prompting[Any]) -> str:
    if body.get("status") == "failed":
        _drop("the model failed", prompting)
    _check_end((body.get("incomplete_details") or {}).get("reason"), prompting)
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    if any(part["type"] == "refusal" for part in parts):
        _refuse(prompting)
    return "".join(part["text"] for part in parts if part["type"] == "output_text")


def _check_end(reason: str | None, prompting: Prompting[Any]) -> None:
    about: dict[str, Any] = {"service": SERVICE, "operation": prompting.operation}
    if reason == _FILTERED:
        msg = f"{SERVICE} {prompting.operation}: the content filter cut off the model's answer."
        raise ContentFilterError(msg, code=_FILTERED, **about)
    if reason in _CUT:
        msg = (
            f"{SERVICE} {prompting.operation}: the model's answer was cut off at its limit. "
            "Ask for less, or use a deployment with a higher limit."
        )
        raise ServiceResponseError(msg, code=TOO_LONG, **about)
    if reason == _BROKEN:
        _drop("the model's answer broke off", prompting)


def _refuse(prompting: Prompting[Any]) -> NoReturn:
    msg = f"{SERVICE} {prompting.operation}: the model refused to answer. Put the request in other words."
    raise InvalidRequestError(msg, service=SERVICE, operation=prompting.operation, code="Refused")


def _drop(reason: str, prompting: Prompting[Any]) -> NoReturn:
    msg = f"{SERVICE} {prompting.operation}: {reason}; the answer is dropped"
    # What made it so may hold the text.
    raise ServiceResponseError(msg, service=SERVICE, operation=prompting.operation, code="UnusableAnswer") from None


def _count(usage: Any, *names: str) -> int | None:
    """Read a count of tokens from what an answer says of its usage: all of them, or those of the first name there."""
    found = (
        next((usage[name] for name in names or ("total_tokens",) if usage.get(name) is not None), None)
        if usage
        else None
    )
    return None if found is None else int(found)
