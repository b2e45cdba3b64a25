"""Builders of the steps that ask a model of your choice: chat models, rerankers, endpoints, your own functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgazure.pipeline.specification import spec
from pgazure.pipeline.specification.builders import build_step
from pgazure.pipeline.specification.model_steps import CHAT_MODEL, LONGEST_ANSWER, LONGEST_TEXT, RERANK_MODEL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from pgazure.pipeline.specification.function_step import ColumnType
    from pgazure.pipeline.specification.spec import Step


def generate(
    prompt: str = "{input}",
    *,
    system_prompt: str = "You are a helpful assistant.",
    json_schema: Mapping[str, Any] | None = None,
    model: str = CHAT_MODEL,
    max_tokens: int = LONGEST_TEXT,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    r"""Have a chat model write a text, or an object, about each row; mirrors ``azure_ai.generate``.

    Args:
        prompt: What it is asked: ``{input}`` stands for what the step reads, other names in braces for columns of the
            source, such as ``Answer this review of {city}:\n{input}``.
        system_prompt: Instructions above each prompt.
        json_schema: Form of the answer as structured outputs take it, with ``name`` and ``schema``; the result is
            ``generated jsonb`` then, else ``generated_text text``.
        model: Name of the deployment of a chat model.
        max_tokens: Most tokens of an answer, 16 or more, those that the model reasons with included. A
            budget reserves that much for each; an answer that is cut off there is an error of its row.
        input: What ``{input}`` stands for: ``text``, or what another step gives.
        name: Name of the step.
        table: Name of the result table.
    """
    return build_step(
        spec.Generate,
        name,
        table,
        input,
        prompt=prompt,
        system_prompt=system_prompt,
        json_schema=json_schema,
        model=model,
        max_tokens=max_tokens,
    )


def extract(
    data: str | Sequence[str],
    *,
    model: str = CHAT_MODEL,
    max_tokens: int = LONGEST_ANSWER,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Have a chat model find values in each row; mirrors ``azure_ai.extract``.

    Args:
        data: What to find: labels of the form ``name``, ``name - description`` or ``name: type - description``.
        model: Name of the deployment of a chat model.
        max_tokens: Most tokens of an answer, 16 or more, those that the model reasons with included. A
            budget reserves that much for each; an answer that is cut off there is an error of its row.
        input: What it is looked for in.
        name: Name of the step.
        table: Name of the result table.
    """
    return build_step(spec.Extract, name, table, input, data=data, model=model, max_tokens=max_tokens)


def is_true(
    statement: str,
    *,
    model: str = CHAT_MODEL,
    max_tokens: int = LONGEST_ANSWER,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    r"""Have a chat model say of each row whether a statement holds; mirrors ``azure_ai.is_true``.

    Args:
        statement: With ``{input}``, or columns in braces: ``The writer of this wants their money back: {input}``.
        model: Name of the deployment of a chat model.
        max_tokens: Most tokens of an answer, 16 or more, those that the model reasons with included. A
            budget reserves that much for each; an answer that is cut off there is an error of its row.
        input: What ``{input}`` stands for.
        name: Name of the step.
        table: Name of the result table.
    """
    return build_step(spec.IsTrue, name, table, input, statement=statement, model=model, max_tokens=max_tokens)


def rank(
    query: str,
    *,
    model: str = RERANK_MODEL,
    max_tokens: int = LONGEST_ANSWER,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Score each row by how much it has to do with a query; mirrors ``azure_ai.rank``.

    Args:
        query: What is looked for; the same for every row.
        model: Name of the rerank model, or of the deployment of a chat model.
        max_tokens: Most tokens of a chat model's answer, which is about 50 rows at most.
        input: What is scored.
        name: Name of the step.
        table: Name of the result table.
    """
    return build_step(spec.Rank, name, table, input, query=query, model=model, max_tokens=max_tokens)


def invoke(
    input_data: Any = None,
    *,
    deployment_name: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Ask an online endpoint of Azure Machine Learning about each row; mirrors ``azure_ml.invoke``.

    Args:
        input_data: Body of the request, with ``{input}`` or columns in braces within its texts; without it
            ``{"input_data": ["{input}"]}``.
        deployment_name: Deployment behind the endpoint; ``None`` leaves the choice to the endpoint.
        input: What ``{input}`` stands for.
        name: Name of the step.
        table: Name of the result table.
    """
    return build_step(spec.Invoke, name, table, input, input_data=input_data, deployment_name=deployment_name)


def call(
    function: str | Callable[[str], Awaitable[Any]],
    *,
    returns: Mapping[str, ColumnType],
    concurrency: int = 8,
    version: str = "1",
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Call an async function of your own with the text of each row.

    It is imported where the pipeline runs, and only then. What it raises is kept as that row's error, without its
    message. Equal texts are given to it once, so it should answer the same to the same text.

    Args:
        function: The function, or ``"module:function"``. It takes one text and returns the value of the one
            column, or a mapping with one for each column.
        returns: Result columns with their types, such as ``{"tone": "text", "score": "double precision"}``.
        concurrency: Most calls under way for a batch.
        version: Change it when the function answers otherwise than before: the results are made anew.
        input: What it is given.
        name: Name of the step.
        table: Name of the result table.
    """
    return build_step(
        spec.Call,
        name,
        table,
        input,
        function=function,
        returns=dict(returns),
        concurrency=concurrency,
        version=version,
    )
