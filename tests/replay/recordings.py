"""What was recorded of the real services, sorted into what can be played to the facade and what cannot."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYNC_KINDS = {
    "SentimentAnalysis": "azure_cognitive.analyze_sentiment",
    "LanguageDetection": "azure_cognitive.detect_language",
    "KeyPhraseExtraction": "azure_cognitive.extract_key_phrases",
    "EntityRecognition": "azure_cognitive.recognize_entities",
    "PiiEntityRecognition": "azure_cognitive.recognize_pii_entities",
    "EntityLinking": "azure_cognitive.linked_entities",
}
JOB_KINDS = {
    "ExtractiveSummarization": "azure_cognitive.summarize_extractive",
    "AbstractiveSummarization": "azure_cognitive.summarize_abstractive",
    "Healthcare": "azure_language.recognize_healthcare_entities",
    "CustomEntityRecognition": "azure_language.recognize_custom_entities",
    "CustomSingleLabelClassification": "azure_language.classify_single_label",
    "CustomMultiLabelClassification": "azure_language.classify_multi_label",
}
# The same answers were given by one route per kind before there was one for all.
_OLD_ROUTES = {
    "sentiment": "SentimentAnalysis",
    "languages": "LanguageDetection",
    "keyPhrases": "KeyPhraseExtraction",
    "entities/recognition/general": "EntityRecognition",
    "entities/recognition/pii": "PiiEntityRecognition",
    "entities/linking": "EntityLinking",
}
_OLD_TASKS = {
    "entityRecognitionTasks": "EntityRecognition",
    "entityRecognitionPiiTasks": "PiiEntityRecognition",
    "entityLinkingTasks": "EntityLinking",
    "keyPhraseExtractionTasks": "KeyPhraseExtraction",
    "sentimentAnalysisTasks": "SentimentAnalysis",
    "extractiveSummarizationTasks": "ExtractiveSummarization",
    "customEntityRecognitionTasks": "CustomEntityRecognition",
}
LONGEST_TEXT = 5_120
_GOOD, _ACCEPTED, _ERROR = 200, 202, 400


@dataclass(frozen=True)
class Spoken:
    """Documents of one kind with what the service said to each.

    Attributes:
        file: Where it was recorded.
        kind: The service's name of the operation.
        documents: What was sent, by the ids of then.
        found: The service's results by id.
        refused: The service's errors by id.
        request_id: The service's id of the request.
        as_recorded: Whether route and envelope are those of today.
        polls: Answers to earlier questions for the job, as status and JSON.
        options: What the facade's function has to be called with besides.
    """

    file: str
    kind: str
    documents: dict[str, Any]
    found: dict[str, Any]
    refused: dict[str, Any]
    request_id: str | None
    as_recorded: bool
    polls: list[tuple[int, Any]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """A request that the service refused as a whole."""

    file: str
    function: str
    status: int
    headers: dict[str, str]
    body: Any
    documents: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, as recorded."""

    file: str
    request: Any
    answer: Any

    @property
    def path(self) -> str:
        path: str = self.request["path"]
        return path

    @property
    def body(self) -> Any:
        return self.request.get("json")

    @property
    def status(self) -> int:
        status: int = self.answer["status"]
        return status

    @property
    def request_id(self) -> str | None:
        names = {name.lower(): value for name, value in self.answer["headers"].items()}
        return next((names[n] for n in ("apim-request-id", "x-requestid", "x-request-id") if n in names), None)


@dataclass
class Recordings:
    """All recordings of one folder, sorted.

    Attributes:
        plays: What can be played, by file.
        unusable: Why a file has nothing to play.
    """

    plays: dict[str, list[Any]]
    unusable: dict[str, str]


def sort_recordings(folder: Path) -> Recordings:
    """Read every file below ``folder``."""
    plays: dict[str, list[Any]] = {}
    unusable: dict[str, str] = {}
    for file in sorted(folder.glob("*/*.json")):
        name = f"{file.parent.name}/{file.name}"
        exchanges = [Exchange(name, e["request"], e["response"]) for e in json.loads(file.read_text())["exchanges"]]
        read = {"language": _read_language, "translator": _read_translator, "openai": _read_openai}[file.parent.name]
        reasons: list[str] = []
        found = list(read(exchanges, reasons))
        if found:
            plays[name] = found
        else:
            unusable[name] = reasons[0] if reasons else "nothing but questions for a job"
    return Recordings(plays, unusable)


def _read_language(exchanges: list[Exchange], reasons: list[str]) -> Iterator[Any]:
    for place, exchange in enumerate(exchanges):
        if exchange.request["method"] != "POST":
            continue
        if exchange.path.endswith(":cancel"):
            reasons.append("a job is cancelled, which the facade never does")
        elif exchange.status >= _ERROR:
            yield _refusal(exchange)
        elif exchange.status == _ACCEPTED:
            yield from _read_job(exchange, exchanges[place + 1 :], reasons)
        else:
            yield from _read_answer(exchange, reasons)


def _documents(exchange: Exchange) -> dict[str, Any]:
    body = exchange.body
    if not isinstance(body, dict):
        return {}
    return {str(d["id"]): d for d in body.get("analysisInput", body).get("documents", []) if "id" in d}


def _refusal(exchange: Exchange) -> Refusal:
    function = "azure_cognitive.summarize_extractive"
    if not exchange.path.endswith("jobs") and not exchange.path.endswith("/analyze"):
        function = SYNC_KINDS.get(_kind(exchange) or "", "azure_cognitive.analyze_sentiment")
    return Refusal(
        exchange.file,
        function,
        exchange.status,
        exchange.answer["headers"],
        exchange.answer["json"],
        list(_documents(exchange).values()),
    )


def _kind(exchange: Exchange) -> str | None:
    if exchange.path.endswith("/:analyze-text"):
        kind: str = exchange.body["kind"]
        return kind
    return _OLD_ROUTES.get(re.sub(r"^/text/analytics/v[^/]+/", "", exchange.path))


def _read_answer(exchange: Exchange, reasons: list[str]) -> Iterator[Spoken]:
    kind = _kind(exchange)
    if kind not in SYNC_KINDS:
        reasons.append(f"{kind} exists in no version that the SDK speaks")
        return
    today = exchange.path.endswith("/:analyze-text")
    answer = exchange.answer["json"]
    parameters = (exchange.body.get("parameters") or {}) if today else {}
    options: dict[str, Any] = {}
    if parameters.get("domain") == "phi":
        options["domain"] = "phi"
    if parameters.get("opinionMining") or any("opinionMining" in pair for pair in exchange.request["query"]):
        options["opinions"] = True
    yield from _say(exchange, kind, answer["results"] if today else answer, today, [], options, reasons)


def _read_job(start: Exchange, later: list[Exchange], reasons: list[str]) -> Iterator[Spoken]:
    polls = [e for e in later if e.request["method"] == "GET"]
    tasks: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: {"documents": [], "errors": []})
    early: list[tuple[int, Any]] = []
    pages = set()
    for poll in polls:
        answer = poll.answer["json"]
        page = next((value for name, value in poll.request["query"] if name.endswith("skip")), "0")
        done = poll.status == _GOOD and answer["status"] in {"succeeded", "partiallyCompleted"}
        if not done:
            early.append((poll.status, answer))
        elif page not in pages:
            pages.add(page)
            for kind, name, results in _finished(answer):
                tasks[kind, name]["documents"] += results["documents"]
                tasks[kind, name]["errors"] += results["errors"]
    if not tasks:
        reasons.append("the recording ends before the job does, or the job was cancelled")
    today = start.path.startswith("/language/")
    sent = {t.get("taskName"): t for t in start.body["tasks"]} if isinstance(start.body.get("tasks"), list) else {}
    for (kind, name), results in tasks.items():
        options: dict[str, Any] = {}
        if kind.startswith("Custom"):
            given = (sent.get(name) or {}).get("parameters") or {}
            options["project_name"] = given.get("projectName", "project")
            options["deployment_name"] = given.get("deploymentName", "deployment")
        as_recorded = today and kind in JOB_KINDS and len(tasks) == 1
        yield from _say(start, kind, results, as_recorded, early if as_recorded else [], options, reasons)


def _finished(answer: Any) -> Iterator[tuple[str, str, Any]]:
    if "tasks" not in answer:
        if answer.get("results"):
            yield "Healthcare", "", answer["results"]
        return
    for item in answer["tasks"].get("items", ()):
        if item["status"] == "succeeded":
            yield item["kind"].removesuffix("LROResults"), item["taskName"], item["results"]
    for group, kind in _OLD_TASKS.items():
        for item in answer["tasks"].get(group, ()):
            if item.get("results"):
                yield kind, item["taskName"], item["results"]


def _say(
    exchange: Exchange,
    kind: str,
    results: Any,
    as_recorded: bool,
    polls: list[tuple[int, Any]],
    options: dict[str, Any],
    reasons: list[str],
) -> Iterator[Spoken]:
    documents = _documents(exchange)
    found = {str(d["id"]): d for d in results["documents"]}
    refused = {str(d["id"]): d["error"] for d in results["errors"]}
    if kind in SYNC_KINDS:
        # The facade cuts such a text, and so never meets the recorded refusal.
        for name in [name for name, d in documents.items() if len(d["text"]) > LONGEST_TEXT]:
            del documents[name]
            found.pop(name, None)
            refused.pop(name, None)
    if kind not in SYNC_KINDS and kind not in JOB_KINDS:
        reasons.append(f"{kind} exists in no version that the SDK speaks")
    elif found.keys() | refused.keys() != documents.keys():
        reasons.append("the recording lacks the answers to some documents")
    elif not documents:
        reasons.append("its only text is longer than the service takes, and the facade cuts it")
    else:
        yield Spoken(exchange.file, kind, documents, found, refused, exchange.request_id, as_recorded, polls, options)


def _read_translator(exchanges: list[Exchange], reasons: list[str]) -> Iterator[Any]:
    for exchange in exchanges:
        version = dict(exchange.request["query"]).get("api-version")
        if version == "3.0":
            reasons.append("wire form 3.0, which the SDK neither sends nor reads")
        elif any(
            "deploymentName" in t for item in (exchange.body or {}).get("inputs", ()) for t in item.get("targets", ())
        ):
            reasons.append("names a model deployment, which the facade does not")
        else:
            yield exchange


def _read_openai(exchanges: list[Exchange], reasons: list[str]) -> Iterator[Any]:
    for exchange in exchanges:
        if not isinstance(exchange.body, dict):
            reasons.append("the request was not kept")
        elif exchange.path.endswith("/responses") and exchange.body.get("stream"):
            reasons.append("a streamed response, where the facade asks for a whole one")
        elif exchange.status >= _ERROR or exchange.path.endswith("/embeddings") or _is_plain(exchange):
            yield exchange
        else:
            reasons.append("a conversation or a tool, where the facade sends one prompt")


def _is_plain(exchange: Exchange) -> bool:
    body = exchange.body
    if body.get("tools") or body.get("functions"):
        return False
    if exchange.path.endswith("/responses"):
        return isinstance(body.get("input"), str) or len(body["input"]) == 1
    roles = [message["role"] for message in body.get("messages", ())]
    return roles in (["user"], ["system", "user"])
