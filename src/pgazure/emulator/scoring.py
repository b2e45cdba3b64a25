"""``POST /score``: an online endpoint of Azure Machine Learning."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from starlette.responses import Response

from pgazure.emulator.call import Checked, name_always
from pgazure.emulator.models import relevance
from pgazure.emulator.rules import fits, render
from pgazure.emulator.stats import Item
from pgazure.emulator.wire import Refusal, encode, not_found

if TYPE_CHECKING:
    from starlette.routing import Route

    from pgazure.emulator.call import Call
    from pgazure.emulator.quota import Verdict
    from pgazure.emulator.room import Room
    from pgazure.emulator.rules import Rules

_DEPLOYMENT = re.compile(r"[A-Za-z][\w-]{0,63}")
_DEFAULT_DEPLOYMENT = "default"
_PAIR = 2


def routes(room: Room) -> list[Route]:
    """List the routes."""
    check = partial(check_score, rules=room.options.answers)
    return room.answer(ScoreVoice(), name_always("Score"), check, "/score")


class ScoreVoice:
    """How an endpoint refuses."""

    def throttle(self, call: Call, operation: str, verdict: Verdict) -> Refusal:
        """Refuse for want of quota."""
        del call, operation, verdict
        return Refusal(429, {"error": {"code": "TooManyRequests", "message": "Too many concurrent requests."}})

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """Write a refusal."""
        if refusal.status == 404 and refusal.body is None:  # noqa: PLR2004  # answered by the gateway
            return not_found()
        return Response(encode(refusal.body), refusal.status, headers=_headers(call, ""))


def check_score(call: Call, rules: Rules) -> Checked:
    """Check a request for scores.

    Args:
        call: The request.
        rules: What is answered; where none fits, pairs of texts are scored and rows are measured.
    """
    deployment = call.request.headers.get("azureml-model-deployment") or _DEFAULT_DEPLOYMENT
    if not _DEPLOYMENT.fullmatch(deployment):
        raise Refusal(404, {"error": {"code": "DeploymentNotFound", "message": "There is no deployment of this name."}})
    if call.body is None:
        raise Refusal(400, {"message": "The request body is not valid JSON."})
    text = encode(call.body).decode()
    return Checked([Item("Score", deployment, text, len(text))], lambda: _answer(call, deployment, rules))


def _answer(call: Call, deployment: str, rules: Rules) -> Response:
    rule = next((one for one in rules.score if fits(one, call.body, deployment)), None)
    if rule is None:
        return Response(encode(score(call.body)), headers=_headers(call, deployment))
    return Response(encode(render(rule.answer, call.body)), rule.status, headers=_headers(call, deployment))


def score(body: Any) -> Any:
    """Answer without a rule.

    Returns:
        For ``{"pairs": [[query, document], …]}`` the relevance of each pair, as a cross-encoder does; for
        ``{"input_data": …}`` the number of characters of each row; else the number of characters of the request.
    """
    pairs = body.get("pairs") if isinstance(body, dict) else None
    if isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == _PAIR for pair in pairs):
        return [round(relevance.score(str(query), str(document)), 6) for query, document in pairs]
    rows = body.get("input_data", body.get("data")) if isinstance(body, dict) else body
    if isinstance(rows, dict) and isinstance(rows.get("data"), list):
        rows = rows["data"]
    if isinstance(rows, dict) and isinstance(rows.get("input_string"), list):
        rows = rows["input_string"]
    return [_measure(row) for row in rows] if isinstance(rows, list) else [_measure(rows if rows is not None else body)]


def _measure(value: Any) -> int:
    if isinstance(value, list):
        return sum(_measure(one) for one in value)
    return len(value if isinstance(value, str) else encode(value).decode())


def _headers(call: Call, deployment: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "x-ms-request-id": str(uuid4()), "x-request-id": str(uuid4())}
    asked = call.request.headers.get("x-ms-client-request-id")
    if asked:
        headers["x-ms-client-request-id"] = asked
    return headers | {"azureml-model-deployment": deployment} if deployment else headers
