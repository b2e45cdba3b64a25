r"""Builders: a pipeline written in Python.

::

    import pgazure.pipeline as pl

    reviews = pl.Pipeline(
        "reviews",
        source=pl.table_source("public.reviews", text="{title}\\n{body}"),
        steps=[pl.detect_language(), pl.analyze_sentiment(), pl.embed("text-embedding-3-small")],
    )

Every builder checks its arguments and raises
:class:`pgazure.errors.InvalidSpecError` where they are wrong. All of them take
``name`` (of the step), ``table`` (of its results) and, where a step can read
something else than the source's text, ``input``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.specification import spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgazure.pipeline.specification.spec import PipelineSpec, Source, Step

    # A boolean column, or a column, a comparison and (but for "is null" and its like) a value.
    Where = str | tuple[str, str] | tuple[str, str, Any]

_Built = TypeVar("_Built", bound=BaseModel)


def _build(kind: type[_Built], what: str, **fields: Any) -> _Built:
    try:
        return kind(**fields)
    except ValidationError as error:
        msg = f"{what}: {spec.explain(error)}"
        raise InvalidSpecError(msg) from None


def build_step(kind: type[Step], name: str | None, table: str | None, source: str | None, **fields: Any) -> Step:
    """Make a step.

    Raises:
        InvalidSpecError: A parameter is wrong.
    """
    return _build(kind, kind.operation, name=name or "", table=table, input=source, **fields)


def Pipeline(  # noqa: N802 - reads as the noun it makes
    name: str,
    *,
    source: Source,
    steps: Sequence[Step],
    trigger: str = "manual",
    budget: str | None = None,
    sees: Literal["redacted"] | None = None,
    retention_days: int = 30,
) -> PipelineSpec:
    """Describe a pipeline: one source and the steps that enrich it.

    Args:
        name: Lower-case letters, digits and underscores; result tables are named after it.
        source: From :func:`table_source`.
        steps: At least one, from the builders of this module; their order does not matter.
        trigger: ``manual``: rows wait for a run; ``on_change``: ``pgazure worker`` takes them up at once;
            a timetable in cron's five fields, such as ``*/15 * * * *`` (UTC): it takes them up at those moments.
        budget: Most it may cost at list price, ``"5 USD/day"``, ``"2 USD/run"``, ``"300 USD/pipeline"``, or several
            of these with commas.
        sees: ``redacted`` refuses every way on which text reaches a service unredacted, but for the services
            that detect its language and redact it.
        retention_days: For how long results of replaced texts are kept, in case the texts come back.

    Raises:
        InvalidSpecError: Something of it is wrong or does not fit together.
    """
    return _build(
        spec.PipelineSpec,
        f"pipeline {name}",
        name=name,
        source=source,
        steps=steps,
        trigger=trigger,
        budget=budget,
        sees=sees,
        retention_days=retention_days,
    )


def redacted_only(step: Step) -> Step:
    """Let a step see redacted text only: a pipeline with a way around is refused."""
    return step.model_copy(update={"sees": "redacted"})


def table_source(
    table: str,
    *,
    text: str,
    where: Where | Sequence[Where] = (),
    key: str | Sequence[str] = (),
    incremental_column: str | None = None,
    replicated: bool = False,
) -> Source:
    r"""Take the rows of a table with a primary key, or those of a view that is polled.

    Args:
        table: Name, with its schema before it (``public.reviews``) or found on the ``search_path``.
            Quote parts that need it as in SQL: ``shop."Guest reviews"``.
        text: What the steps read of a row: a column, or columns in braces such as ``{title}\\n{body}``.
        where: Which rows are enriched: conditions that all hold, such as ``("status", "=", "published")``, or the
            name of a boolean column. A row that no longer fits loses its results, as a deleted one does.
        key: Columns that tell the rows of a polled source apart; its primary key where it has one.
        incremental_column: Column whose values only grow, such as ``updated_at`` or a serial number: the source is
            polled for rows at or above the last value seen, and gets no triggers. Views have to be polled; rows
            that are deleted are then found by a backfill only.
        replicated: Whether logical replication writes to the table. Its rows fire triggers for each row only, so
            every write to the table costs several times as much.
    """
    return _build(
        spec.Source,
        f"source {table}",
        table=table,
        text=text,
        where=where,
        key=key,
        incremental_column=incremental_column,
        replicated=replicated,
    )


def detect_language(*, input: str | None = None, name: str | None = None, table: str | None = None) -> Step:  # noqa: A002
    """Find the language of each row; other steps of the pipeline take it from here."""
    return build_step(spec.DetectLanguage, name, table, input)


def analyze_sentiment(
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002 - the word of the pipeline's vocabulary
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Label each row positive, negative, neutral or mixed, with scores."""
    return build_step(spec.AnalyzeSentiment, name, table, input, language=language)


def extract_key_phrases(
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """List the main points of each row."""
    return build_step(spec.ExtractKeyPhrases, name, table, input, language=language)


def recognize_entities(
    *,
    language: str | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Find people, places, organisations, dates and quantities."""
    return build_step(spec.RecognizeEntities, name, table, input, language=language)


def recognize_pii_entities(
    *,
    language: str | None = None,
    domain: Literal["none", "phi"] = "none",
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Find personal data and give the text without it as ``redacted_text``."""
    return build_step(spec.RecognizePiiEntities, name, table, input, language=language, domain=domain)


def translate(
    target_language: str | Sequence[str],
    *,
    source_language: str | None = None,
    text_type: Literal["Plain", "Html"] = "Plain",
    profanity_action: Literal["NoAction", "Marked", "Deleted"] = "NoAction",
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Translate each row into one or more languages; one result row per language."""
    return build_step(
        spec.Translate,
        name,
        table,
        input,
        target_language=target_language,
        source_language=source_language,
        text_type=text_type,
        profanity_action=profanity_action,
    )


def summarize_extractive(
    *,
    language: str | None = None,
    sentence_count: int = 3,
    sort_by: Literal["offset", "rank"] = "offset",
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Pick the sentences that say most, between 1 and 20."""
    return build_step(
        spec.SummarizeExtractive,
        name,
        table,
        input,
        language=language,
        sentence_count=sentence_count,
        sort_by=sort_by,
    )


def summarize_abstractive(
    *,
    language: str | None = None,
    sentence_count: int = 3,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Write each row anew in fewer words, in about ``sentence_count`` sentences."""
    return build_step(spec.SummarizeAbstractive, name, table, input, language=language, sentence_count=sentence_count)


def chunk(
    *,
    method: Literal["recursive", "sentence", "token", "markdown"] = "recursive",
    chunk_size: int = 512,
    overlap: int = 64,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Split each row into pieces, for the steps that read ``chunk_text``; embed does by itself.

    Args:
        method: ``recursive`` cuts at the largest borders that fit: paragraphs, sentences, words. ``markdown`` knows
            headings and blocks, ``sentence`` cuts at ends of sentences only, ``token`` after so many tokens.
        chunk_size: Most tokens (``cl100k_base``) of a piece, 16 to 8,191.
        overlap: Tokens that neighbouring pieces share.
        input: What is split; by default what the embed step names as its input, else ``text``.
        name: Name of the step.
        table: Name of the result table.
    """
    return build_step(spec.Chunk, name, table, input, method=method, chunk_size=chunk_size, overlap=overlap)


def embed(
    model: str,
    *,
    dimensions: int | None = None,
    storage: Literal["vector", "halfvec"] | None = None,
    index: Literal["hnsw", "none"] | None = None,
    input: str | None = None,  # noqa: A002
    name: str | None = None,
    table: str | None = None,
) -> Step:
    """Store a vector per row, or per chunk where the pipeline has a chunk step.

    Args:
        model: Name of the Azure OpenAI deployment.
        dimensions: Length of the vectors, at most what the model gives; may be left out where the
            deployment carries the name of a model whose length is known.
        storage: ``halfvec`` keeps the vectors in half precision, which takes half the room; by default that of
            more than 2,000 dimensions, since a ``vector`` of that length cannot be indexed.
        index: ``hnsw`` (by default, up to 2,000 dimensions or, as ``halfvec``, 4,000) or ``none``. It is made
            at the end of the run after which the table holds 20,000 vectors; fewer are searched without.
        input: What is embedded.
        name: Name of the step.
        table: Name of the result table.
    """
    return build_step(spec.Embed, name, table, input, model=model, dimensions=dimensions, storage=storage, index=index)
