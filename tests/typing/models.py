"""What type checkers must see of the functions of chat models. Never run, only checked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, assert_type

from pgazure import AsyncClient, Client, Comparison, DocumentError, LinkedEntity, RankResult, SentimentAnalysisResult

if TYPE_CHECKING:
    from collections.abc import Sequence

Object = dict[str, Any]


async def check_async(client: AsyncClient, some: Sequence[str | None], schema: Object, flag: bool) -> None:
    ai = client.azure_ai
    assert_type(await ai.generate("a"), str)
    assert_type(await ai.generate(None), None)
    assert_type(await ai.generate(["a"], model="m", system_prompt="s"), list[str])
    assert_type(await ai.generate(some), list[str | None])
    assert_type(await ai.generate("a", throw_on_error=flag), str | DocumentError)
    assert_type(await ai.generate("a", json_schema=schema), Object)
    assert_type(await ai.generate(["a"], json_schema=schema), list[Object])
    assert_type(await ai.generate(some, json_schema=schema, throw_on_error=False), list[Object | DocumentError | None])
    assert_type(await ai.respond("a"), str)
    assert_type(await ai.respond("a", json_schema=schema), Object)
    assert_type(await ai.is_true("a"), bool | None)
    assert_type(await ai.is_true(["a"], timeout_ms=5), list[bool | None])
    assert_type(await ai.is_true("a", throw_on_error=False), bool | DocumentError | None)
    assert_type(await ai.extract("a", ["b"]), Object)
    assert_type(await ai.extract(some, ("b", "c")), list[Object | None])
    assert_type(await ai.rank("q", ["a"]), list[RankResult[int]])
    assert_type(await ai.rank("q", some, document_ids=["x"], model="gpt-4.1"), list[RankResult[str]])
    assert_type(ai.generate_stream("a"), AsyncIterator[str])
    assert_type(await client.azure_ml.invoke({"a": 1}, deployment_name="blue"), Any)
    assert_type(await client.with_model("m").linked_entities("a"), list[LinkedEntity])
    assert_type(await client.compare("analyze_sentiment", ["a"], language="en"), Comparison)


def check_sync(client: Client, schema: Object) -> None:
    assert_type(client.azure_ai.generate("a"), str)
    assert_type(client.azure_ai.generate(["a"], json_schema=schema), list[Object])
    assert_type(client.azure_ai.rank("q", ["a"], document_ids=(1.5,)), list[RankResult[float]])
    assert_type(client.azure_ai.generate_stream("a"), Iterator[str])
    assert_type(client.azure_ml.inference([1]), Any)
    assert_type(client.with_model().analyze_sentiment(["a"]), list[SentimentAnalysisResult])
    assert_type(client.compare("analyze_sentiment", ["a"]), Comparison)


async def check_refusals(client: AsyncClient) -> None:
    # Each line must be refused: the comment is itself an error where it is not needed.
    await client.azure_ai.generate("a", None, "gpt-4.1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await client.azure_ai.is_true(5)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    await client.azure_ai.generate_stream(["a"])  # type: ignore[arg-type, misc]  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]
