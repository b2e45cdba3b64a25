"""Operations: for each kind of step, its result columns, its units of work and the call that does them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pgazure.errors import ConfigurationError
from pgazure.pipeline.enrichment.hashing import hash_input
from pgazure.pipeline.enrichment.model_operations import Calling, Extraction, Generation, Invocation, Ranking, Truth
from pgazure.pipeline.enrichment.operation import CHUNK_INDEX, Operation, Place, Unit, Values
from pgazure.pipeline.specification import spec
from pgazure.pipeline.storage.layout import Column
from pgazure.types import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pgazure.client import AsyncClient
    from pgazure.pipeline.specification.spec import PipelineSpec, Step

__all__ = ["CHUNK_INDEX", "OPERATIONS", "Operation", "Place", "Unit", "Values", "operation_of"]


class _Translation(Operation):
    """A unit per text and target language; texts that lack the same targets share requests."""

    parts = (Column("target_language", "text"),)

    def divide(self, step: Step, text: str, language: str | None) -> list[tuple[Place, bytes]]:  # noqa: ARG002
        assert isinstance(step, spec.Translate)
        return [((target,), hash_input(step, text, target)) for target in step.target_language]

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:
        assert isinstance(step, spec.Translate)
        wanted: dict[str, list[str]] = {}
        for unit in units:
            targets = wanted.setdefault(unit.text, [])
            if unit.place[-1] not in targets:
                targets.append(unit.place[-1])
        by_targets: dict[tuple[str, ...], list[str]] = {}
        for text, targets in wanted.items():
            by_targets.setdefault(tuple(targets), []).append(text)
        done: dict[tuple[str, str], Values | DocumentError] = {}
        for targets_of, texts in by_targets.items():
            results = await client.azure_cognitive.translate(
                texts,
                list(targets_of),
                source_language=step.source_language,
                text_type=step.text_type,
                profanity_action=step.profanity_action,
                throw_on_error=False,
            )
            for text, result in zip(texts, results, strict=True):
                for place, target in enumerate(targets_of):
                    if result is None or isinstance(result, DocumentError):
                        done[text, target] = result or DocumentError("InvalidDocument", "the text is empty")
                        continue
                    found = result.detected_language
                    source = found.language if found else step.source_language
                    # By position: the service may spell a target its own way (zh-cn comes back as zh-Hans).
                    done[text, target] = (result.translations[place].text, source)
        return [done[unit.text, unit.place[-1]] for unit in units]


class _Chunking(Operation):
    """A unit per chunk, done here."""

    chunked = True
    billed = False

    def units(self, step: Step, inputs: Mapping[int, str], language: str | None) -> list[Unit]:
        from pgazure.pipeline.enrichment.chunking import split  # noqa: PLC0415 - brings the tokenizer

        assert isinstance(step, spec.Chunk)
        pieces = [
            piece for text in inputs.values() for piece in split(text, step.chunk_size, step.overlap, step.method)
        ]
        return [Unit((n,), piece, language, hash_input(step, piece)) for n, piece in enumerate(pieces)]

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:  # noqa: ARG002
        return [(unit.text,) for unit in units]


class _Embedding(Operation):
    """Numbered always, so that vectors of chunks and of whole rows lie in tables of one form."""

    chunked = True
    repeats = "chunk_text"

    def value_columns(self, step: Step) -> tuple[Column, ...]:
        assert isinstance(step, spec.Embed)
        return (Column("chunk_text", "text"), Column("embedding", f"{step.vector_type}({step.width})"))

    def divide(self, step: Step, text: str, language: str | None) -> list[tuple[Place, bytes]]:  # noqa: ARG002
        return [((), hash_input(step, text))]

    async def call(self, client: AsyncClient, step: Step, units: Sequence[Unit]) -> list[Values | DocumentError]:
        assert isinstance(step, spec.Embed)
        vectors = await client.azure_openai.create_embeddings(
            step.model,
            [unit.text for unit in units],
            batch_size=256,
            dimensions=step.requested_dimensions,
            throw_on_error=False,
        )
        return [_store(unit, vector, step) for unit, vector in zip(units, vectors, strict=True)]


def _store(unit: Unit, vector: Any, step: spec.Embed) -> Values | DocumentError:
    if vector is None:
        return DocumentError("InvalidDocument", "the text is empty")
    if isinstance(vector, DocumentError):
        return vector
    if len(vector) != step.width:
        msg = (
            f"deployment {step.model} answers with vectors of {len(vector)} dimensions, the pipeline expects "
            f"{step.width}: write dimensions = {len(vector)} on the embed step"
        )
        raise ConfigurationError(msg)
    return (unit.text, vector)


def _language(values: Values) -> str | None:
    code: str = values[1]
    return None if code.startswith("(") else _LANGUAGE_CODES.get(code.lower(), code)


# Detection names Chinese by codes of its own; the other operations know it by these.
_LANGUAGE_CODES = {"zh_chs": "zh-hans", "zh_cht": "zh-hant"}

_ENTITIES = ("entities", "pgazure.entity[]")
_CUSTOM = ("project_name", "deployment_name")


def _spell(results: Sequence[Any]) -> list[dict[str, Any]]:
    """Spell nested results as JSON has them."""
    return [asdict(each) for each in results]


OPERATIONS: dict[str, Operation] = {
    "detect_language": Operation(
        [("name", "text"), ("iso6391_name", "text"), ("confidence_score", "double precision")],
        "detect_language",
        lambda r: (r.name, r.iso6391_name, r.confidence_score),
        give=_language,
    ),
    "analyze_sentiment": Operation(
        [
            ("sentiment", "text"),
            ("positive_score", "double precision"),
            ("neutral_score", "double precision"),
            ("negative_score", "double precision"),
        ],
        "analyze_sentiment",
        lambda r: (r.sentiment, r.positive_score, r.neutral_score, r.negative_score),
    ),
    "extract_key_phrases": Operation([("key_phrases", "text[]")], "extract_key_phrases", lambda r: (list(r),)),
    "recognize_entities": Operation([_ENTITIES], "recognize_entities", lambda r: (list(r),)),
    "recognize_pii_entities": Operation(
        [("redacted_text", "text"), _ENTITIES],
        "recognize_pii_entities",
        lambda r: (r.redacted_text, list(r.entities)),
        parameters=["domain"],
        give=lambda values: values[0],
    ),
    "translate": _Translation([("text", "text"), ("source_language", "text")], "translate", tuple),
    "summarize_extractive": Operation(
        [("sentences", "pgazure.sentence[]")],
        "summarize_extractive",
        lambda r: (list(r),),
        parameters=["sentence_count", "sort_by"],
        give=lambda values: " ".join(sentence.text for sentence in values[0]),
    ),
    "summarize_abstractive": Operation(
        [("summaries", "text[]")],
        "summarize_abstractive",
        lambda r: (list(r),),
        parameters=["sentence_count"],
        give=lambda values: " ".join(values[0]),
    ),
    "chunk": _Chunking([("chunk_text", "text")], "", tuple, give=lambda values: values[0]),
    "embed": _Embedding([], "", tuple),
    "linked_entities": Operation(
        [("linked_entities", "pgazure.linked_entity[]")], "linked_entities", lambda r: (list(r),)
    ),
    "transliterate": Operation(
        [("script", "text"), ("text", "text")],
        "transliterate",
        lambda r: (r.script, r.text),
        parameters=["language", "from_script", "to_script"],
        give=lambda values: values[1],
        schema="azure_translator",
    ),
    "analyze_opinions": Operation(
        [
            ("sentiment", "text"),
            ("positive_score", "double precision"),
            ("neutral_score", "double precision"),
            ("negative_score", "double precision"),
            ("sentences", "jsonb"),
        ],
        "analyze_opinions",
        lambda r: (r.sentiment, r.positive_score, r.neutral_score, r.negative_score, _spell(r.sentences)),
        schema="azure_language",
    ),
    "recognize_healthcare_entities": Operation(
        [("entities", "jsonb"), ("relations", "jsonb")],
        "recognize_healthcare_entities",
        lambda r: (_spell(r.entities), _spell(r.relations)),
        schema="azure_language",
    ),
    "recognize_custom_entities": Operation(
        [("entities", "jsonb")],
        "recognize_custom_entities",
        lambda r: (_spell(r),),
        parameters=_CUSTOM,
        schema="azure_language",
    ),
    "classify_single_label": Operation(
        [("category", "text"), ("confidence_score", "double precision")],
        "classify_single_label",
        lambda r: (r.category, r.confidence_score),
        parameters=_CUSTOM,
        schema="azure_language",
    ),
    "classify_multi_label": Operation(
        [("categories", "text[]"), ("confidence_scores", "double precision[]")],
        "classify_multi_label",
        lambda r: ([each.category for each in r], [each.confidence_score for each in r]),
        parameters=_CUSTOM,
        schema="azure_language",
    ),
    "generate": Generation(),
    "extract": Extraction(),
    "is_true": Truth(),
    "rank": Ranking(),
    "invoke": Invocation(),
    "call": Calling(),
}


def operation_of(pipeline: PipelineSpec, step: Step) -> Operation:
    """Find the operation of a step, with a result per chunk where that is what it reads in this pipeline."""
    operation = OPERATIONS[step.operation]
    return operation.by_chunk() if pipeline.reads_chunks(step) else operation
