# ruff: noqa: EM101, EM102, TRY003  # what is raised is built by a function, from a code and a message
"""Cohere rerank as Azure serves it: ``/v1/rerank``, ``/v2/rerank`` and the paths of model deployments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.call import Checked, name_always
from pgazure.emulator.models import relevance
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import REGION, Refusal, encode, not_found, service_headers

if TYPE_CHECKING:
    from starlette.routing import Route

    from pgazure.emulator.call import Call
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.room import Room

_PATHS = tuple(f"{prefix}/v{version}/rerank" for prefix in ("", "/providers/cohere") for version in (1, 2))
_MOST_DOCUMENTS = 1_000
_DEFAULT_MODEL = "rerank-v3.5"
# One search unit is a query with up to a hundred documents.
_UNIT = 100


def routes(room: Room) -> list[Route]:
    """List the routes."""
    return room.answer(RerankVoice(), name_always("Rerank"), check_rerank, *_PATHS)


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request.

    Attributes:
        version: 1 or 2.
        query: What is looked for.
        documents: As they were given.
        texts: What is searched of each.
        most: How many results are wanted.
        with_documents: Whether the answer repeats the documents.
    """

    version: int
    query: str
    documents: tuple[Any, ...]
    texts: tuple[str, ...]
    most: int
    with_documents: bool


class RerankVoice:
    """How rerank refuses."""

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota, and say when to come again."""
        del call, operation
        seconds = str(max(1, round(verdict.wait + 0.5)))
        message = "Rate limit is exceeded. Try again in {} seconds."
        error = {"statusCode": 429, "message": message.format(seconds)}
        return Refusal(429, error, {"Retry-After": seconds})

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        if refusal.status == 404:  # noqa: PLR2004  # answered by the gateway
            return not_found()
        return Response(encode(refusal.body), refusal.status, headers=_headers(call) | refusal.headers)


def check_rerank(call: Call) -> Checked:
    """Check a request for the order of documents."""
    question = _read(call)
    items = [Item("Rerank", question.query, text, len(text)) for text in question.texts]
    return Checked(items, lambda: _answer(call, question))


def _answer(call: Call, question: Question) -> Response:
    scored = [(relevance.score(question.query, text), place) for place, text in enumerate(question.texts)]
    scored.sort(key=lambda one: (-one[0], one[1]))
    results: list[dict[str, Any]] = []
    for value, place in scored[: question.most]:
        one: dict[str, Any] = {"index": place, "relevance_score": round(value, 7)}
        if question.with_documents:
            document = question.documents[place]
            one["document"] = document if isinstance(document, dict) else {"text": document}
        results.append(one)
    meta = {
        "api_version": {"version": str(question.version)},
        "billed_units": {"search_units": -(-len(question.texts) // _UNIT)},
    }
    return Response(encode({"id": str(uuid4()), "results": results, "meta": meta}), headers=_headers(call))


def _read(call: Call) -> Question:
    body = call.body
    version = 1 if "/v1/" in call.request.url.path else 2
    if not isinstance(body, dict):
        raise _refuse("invalid request: the body must be a JSON object")
    query = body.get("query")
    if not isinstance(query, str) or not query.strip():
        raise _refuse("invalid request: query must not be empty")
    given = body.get("documents")
    if not isinstance(given, list) or not given:
        raise _refuse("invalid request: list of documents must not be empty")
    if len(given) > _MOST_DOCUMENTS:
        raise _refuse(f"too many documents: the maximum is {_MOST_DOCUMENTS}, but {len(given)} were given")
    model = body.get("model", _DEFAULT_MODEL)
    if not isinstance(model, str) or (version > 1 and not model):
        raise _refuse("invalid request: model must be a string")
    fields = body.get("rank_fields") or ["text"]
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise _refuse("invalid request: rank_fields must be a list of strings")
    texts = tuple(_read_text(item, fields, place, version) for place, item in enumerate(given))
    most = body.get("top_n")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        raise _refuse("invalid request: top_n must be a positive integer")
    return Question(version, query, tuple(given), texts, most or len(given), bool(body.get("return_documents")))


def _read_text(item: Any, fields: list[str], place: int, version: int) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        found = [str(item[name]) for name in fields if name in item]
        if found:
            return "\n".join(found)
    wanted = "a string" if version > 1 else "a string, or an object with the fields to rank"
    raise _refuse(f"invalid request: document {place} must be {wanted}")


def _refuse(message: str) -> Refusal:
    return Refusal(400, {"message": message})


def _headers(call: Call) -> dict[str, str]:
    return service_headers(call.started) | {"Content-Type": "application/json", "x-ms-region": REGION}
