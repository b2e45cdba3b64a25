"""The facade has every function of the extension, with its arguments, their order and defaults, and its result types.

The table is what the facade promises. PGAZURE_CONTRACT may name a file with the extension's signatures: then the
table itself is checked against it.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import re
import typing
from pathlib import Path
from typing import Any

import pytest

from pgazure import types
from pgazure.client.async_client import AsyncClient
from pgazure.client.azure_ai import AsyncAzureAI
from pgazure.client.azure_ml import AsyncAzureML
from pgazure.client.sync import Client
from pgazure.client.sync.azure_ai import AzureAI
from pgazure.client.sync.azure_ml import AzureML

RETRIES = {"timeout_ms": None, "throw_on_error": True, "max_attempts": None, "retry_delay_ms": None}
# Where a call does not say, these are the client's own policy in Python.
OWN_POLICY = ("timeout_ms", "max_attempts", "retry_delay_ms")

LANGUAGE = {"text": ..., "language": None}
LOGGED = {"disable_service_logs": False, **RETRIES}
MODEL = "gpt-4.1"
SYSTEM = "You are a helpful assistant."

# What must be given has no default (...).
FUNCTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "azure_ai": {
        "set_setting": {"key": ..., "value": ...},
        "get_setting": {"key": ...},
        "version": {},
        "generate": {"prompt": ..., "json_schema": None, "model": MODEL, "system_prompt": SYSTEM, **RETRIES},
        "is_true": {"statement": ..., "model": MODEL, **RETRIES},
        "extract": {"document": ..., "data": ..., "model": MODEL, **RETRIES},
        "rank": {
            "query": ...,
            "document_contents": ...,
            "document_ids": None,
            "model": "Cohere-rerank-v3.5",
            "timeout_ms": None,
            "max_attempts": None,
            "retry_delay_ms": None,
        },
    },
    "azure_openai": {
        "create_embeddings": {"deployment_name": ..., "input": ..., "batch_size": 100, "dimensions": None, **RETRIES}
    },
    "azure_cognitive": {
        "analyze_sentiment": {**LANGUAGE, "batch_size": 10, **LOGGED},
        "detect_language": {"text": ..., "batch_size": 1000, **LOGGED},
        "extract_key_phrases": {**LANGUAGE, "batch_size": 10, **LOGGED},
        "linked_entities": {**LANGUAGE, "batch_size": 5, **LOGGED},
        "recognize_entities": {**LANGUAGE, "batch_size": 5, **LOGGED},
        "recognize_pii_entities": {
            **LANGUAGE,
            "domain": "none",
            "batch_size": 5,
            **LOGGED,
            "disable_service_logs": True,
        },
        "summarize_abstractive": {**LANGUAGE, "sentence_count": 3, "batch_size": 25, **LOGGED},
        "summarize_extractive": {**LANGUAGE, "sentence_count": 3, "sort_by": "offset", "batch_size": 25, **LOGGED},
        "translate": {
            "text": ...,
            "target_language": ...,
            "source_language": None,
            "text_type": "Plain",
            "profanity_action": "NoAction",
            "profanity_marker": "Asterisk",
            "suggested_source_language": None,
            "source_script": None,
            "target_script": None,
            "batch_size": 1000,
            **RETRIES,
        },
    },
    "azure_ml": {
        "invoke": {"input_data": ..., "deployment_name": None, **RETRIES},
        "inference": {"input_data": ..., "deployment_name": None, **RETRIES},
    },
}
RESULTS = {
    "sentiment_analysis_result": types.SentimentAnalysisResult,
    "language_detection_result": types.LanguageDetectionResult,
    "entity": types.Entity,
    "linked_entity_match": types.LinkedEntityMatch,
    "linked_entity": types.LinkedEntity,
    "pii_entity_recognition_result": types.PiiEntityRecognitionResult,
    "sentence": types.Sentence,
    "translated_text_result": types.TranslatedTextResult,
    "translation": types.Translation,
    "detected_language": types.DetectedLanguage,
    "transliterated_text": types.TransliteratedText,
}
NAMES = [(schema, name) for schema, functions in FUNCTIONS.items() for name in functions]
KINDS = {"text": {"str"}, "double precision": {"float"}}


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    if not (path := os.environ.get("PGAZURE_CONTRACT")):
        pytest.skip("PGAZURE_CONTRACT is not set")
    schemas: dict[str, Any] = json.loads(Path(path).read_text())["schemas"]
    return schemas


def read_default(text: str | None) -> Any:
    if text is None:
        return ...
    bare = text.partition("::")[0]
    if bare == "NULL":
        return None
    if bare in {"true", "false"}:
        return bare == "true"
    return bare.strip("'") if bare.startswith("'") else int(bare)


def join_forms(forms: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the forms of a function for one text and for many: what one of them lacks may be left out."""
    longest = max(forms, key=lambda form: len(form["args"]))
    arguments = {one["name"]: read_default(one["default"]) for one in longest["args"]}
    for form in forms:
        given = {one["name"]: read_default(one["default"]) for one in form["args"]}
        # An argument that only one form has is optional where both are one function.
        for name in arguments.keys() - given.keys():
            arguments[name] = None if arguments[name] is ... else arguments[name]
    return arguments


@pytest.mark.parametrize(("schema", "name"), NAMES)
async def test_both_clients_have_the_function_with_these_arguments(schema: str, name: str) -> None:
    with Client() as blocking:
        clients = [AsyncClient(), blocking]
        for client in clients:
            function = getattr(getattr(client, schema), name)
            parameters = inspect.signature(function).parameters.values()
            found = {p.name: ... if p.default is p.empty else p.default for p in parameters}
            assert list(found.items()) == list(FUNCTIONS[schema][name].items())


@pytest.mark.parametrize(("written", "generated"), [(AsyncAzureAI, AzureAI), (AsyncAzureML, AzureML)])
def test_both_clients_have_the_same_words_and_overloads(written: type, generated: type) -> None:
    names = [name for name, _ in inspect.getmembers(written, inspect.isfunction) if not name.startswith("_")]
    assert names == [name for name, _ in inspect.getmembers(generated, inspect.isfunction) if not name.startswith("_")]
    for name in names:
        there, here = getattr(written, name), getattr(generated, name)
        assert inspect.signature(there).parameters == inspect.signature(here).parameters
        assert inspect.getdoc(there) == inspect.getdoc(here)
        assert [inspect.signature(o) for o in typing.get_overloads(there)] == [
            inspect.signature(o) for o in typing.get_overloads(here)
        ]
        words = inspect.getdoc(here) or ""
        for argument in list(inspect.signature(here).parameters)[1:]:
            assert f"    {argument}: " in words
        assert "``azure_" in words


def test_every_function_of_the_extension_is_promised(contract: dict[str, Any]) -> None:
    there = {
        (schema, one["name"])
        for schema, parts in contract.items()
        for one in parts["functions"]
        # A separate extension, no longer offered.
        if "flexible" in one.get("edition", []) and schema != "azure_local_ai"
    }
    assert there == set(NAMES)


@pytest.mark.parametrize(("schema", "name"), NAMES)
def test_what_is_promised_is_what_the_extension_has(contract: dict[str, Any], schema: str, name: str) -> None:
    forms = [one for one in contract[schema]["functions"] if one["name"] == name and "flexible" in one["edition"]]
    there = {argument: None if argument in OWN_POLICY else value for argument, value in join_forms(forms).items()}
    promised = FUNCTIONS[schema][name]
    assert list(there.items()) == [(argument, promised[argument]) for argument in promised if argument in there]
    # The functions of chat models do not say how often and how long they try.
    assert set(promised) - set(there) <= set(RETRIES)
    assert set(there) <= set(promised)


def test_results_have_the_fields_of_the_composite_types(contract: dict[str, Any]) -> None:
    there = {name: fields for schema in FUNCTIONS for name, fields in contract[schema]["types"].items()}
    assert there.keys() == RESULTS.keys()
    for name, fields in there.items():
        own = dataclasses.fields(RESULTS[name])
        assert [field.name for field in own] == [field for field, _ in fields]
        for field, (_, kind) in zip(own, fields, strict=True):
            inner = kind.rpartition(".")[2].removesuffix("[]")
            wanted = KINDS.get(inner) or {RESULTS[inner].__name__}
            assert set(re.findall(r"\w+", str(field.type))) - {"list", "None"} == wanted
            assert ("list" in str(field.type)) == kind.endswith("[]")


def test_rows_of_rank_have_the_columns_of_the_extension(contract: dict[str, Any]) -> None:
    columns = [field.name for field in dataclasses.fields(types.RankResult)]
    assert columns == ["id", "rank", "score"]
    forms = [one for one in contract["azure_ai"]["functions"] if one["name"] == "rank" and "flexible" in one["edition"]]
    assert forms
    for form in forms:
        assert re.findall(r"(\w+) [^,]+", form["returns"].removeprefix("TABLE(")) == columns
