"""Prices: what a request costs at list price, by the units in which each service bills."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pgazure.client.ranking import is_reranker
from pgazure.errors import InvalidSpecError
from pgazure.flow.splitting import exceeds_graphemes, split_text
from pgazure.pipeline.specification import spec
from pgazure.pipeline.specification.model_steps import ChatStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pgazure.flow.observe import RequestRecord
    from pgazure.pipeline.specification.spec import Step

_UNITS = {
    "language": ("text record", 1_000),
    "translator": ("character", 1_000_000),
    "openai": ("token", 1_000_000),
    "answers": ("token", 1_000_000),
    "rerank": ("search unit", 1_000),
    "ml": ("request", 1),
}

# Prices by the name of a deployment, which may be any.
_BY_DEPLOYMENT = {"openai", "answers", "rerank", "ml"}

# What a chat model is sent beside the text of a step, and what its answers usually have.
_OVERHEAD = {"generate": 16, "extract": 120, "is_true": 120, "rank": 120}
_ANSWER = {"generate": 1_024, "extract": 256, "is_true": 16, "rank": 32}

# What a service may add to the tokens of a prompt and its schema: marks around the messages, and some for safety.
_ADDED, _SAFETY = 64, 50
_RANKED_PER_UNIT = 100

# One model for each of the tokenizers that deployments of any name may have.
_TOKENIZERS = ("gpt-4", "gpt-4o")

# A text that is longer than a service takes is sent, and billed, in parts.
_DOCUMENT = 5_120
_JOB = 125_000
_TRANSLATION = 50_000
_RECORD = 1_000


@dataclass(frozen=True, slots=True)
class Charge:
    """What some work costs.

    Attributes:
        unit: ``text record`` (a started 1,000 characters), ``character`` or ``token``; empty for local work.
        units: How many of them.
        price: USD at list price.
    """

    unit: str
    units: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """One price of the list.

    Attributes:
        service: The table it stands in.
        name: The operation or the deployment; ``default`` for all others.
        unit: What is billed.
        per: How many of them the price is for.
        price: USD.
        own: Whether it is the user's own and not the list's.
    """

    service: str
    name: str
    unit: str
    per: int
    price: Decimal
    own: bool


@cache
def _listed() -> dict[str, Any]:
    text = (files("pgazure.pipeline.enrichment") / "prices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


class PriceList:
    """The list prices, with a user's own over them.

    Args:
        own: Tables by service, as in ``prices.toml``.

    Raises:
        InvalidSpecError: A key is unknown or a price is no number of at least 0.
    """

    def __init__(self, own: Mapping[str, Any] | None = None) -> None:
        listed = _listed()
        self.as_of: str = listed["as_of"]
        self._prices: dict[tuple[str, str], Decimal] = {
            (service, name): Decimal(str(price)) for service in _UNITS for name, price in listed[service].items()
        }
        self._own: set[tuple[str, str]] = set()
        for service, table in (own or {}).items():
            if service not in _UNITS or not isinstance(table, dict):
                msg = f"prices: there is no table {service}; there are: {', '.join(_UNITS)}"
                raise InvalidSpecError(msg)
            for name, price in table.items():
                if service not in _BY_DEPLOYMENT and (service, name) not in self._prices:
                    msg = f"prices.{service}: there is no operation {name}"
                    raise InvalidSpecError(msg)
                if isinstance(price, bool) or not isinstance(price, int | float) or price < 0:
                    msg = f"prices.{service}.{name} must be a number of USD, 0 or more"
                    raise InvalidSpecError(msg)
                self._prices[service, name] = Decimal(str(price))
                self._own.add((service, name))

    def entries(self) -> list[Price]:
        """List the prices by service and name."""
        return [
            Price(service, name, *_UNITS[service], price, own=(service, name) in self._own)
            for (service, name), price in sorted(self._prices.items())
        ]

    def charge(self, service: str, name: str, units: int) -> Charge:
        """Price ``units`` of a service's operation, or of a deployment."""
        unit, per = _UNITS[service]
        rate = self._prices.get((service, name), self._prices.get((service, "default"), Decimal(0)))
        return Charge(unit, units, rate * units / per)

    def estimate(self, step: Step, texts: Iterable[str]) -> Charge:  # noqa: PLR0911 - one for each way to bill
        """Price a step over texts before anything is sent; ``translate`` over each text once per target."""
        match step:
            case spec.Chunk() | spec.Call():
                return Charge("", 0, Decimal(0))
            case spec.Invoke():
                return self.charge("ml", step.model_name, sum(1 for _ in texts))
            case spec.Rank() if is_reranker(step.model):
                return self.charge("rerank", step.model, -(-sum(1 for _ in texts) // _RANKED_PER_UNIT))
            case spec.Generate() | spec.Extract() | spec.IsTrue() | spec.Rank():
                return self._estimate_chat(step, texts)
            case spec.Transliterate():
                return self.charge("translator", step.operation, sum(map(len, texts)))
            case spec.Embed():
                from pgazure.flow.tokens import count_tokens  # noqa: PLC0415 - loads the tokenizer

                return self.charge("openai", step.model, sum(count_tokens(text, step.model) for text in texts))
            case spec.Translate():
                limit = _TRANSLATION // len(step.target_language)
                pieces = (piece for text in texts for piece in _cut(text, limit, exceeds=len(text) > limit))
                return self.charge("translator", step.operation, sum(map(len, pieces)))
            case _:
                limit = _JOB if isinstance(step, spec.SummarizeExtractive | spec.SummarizeAbstractive) else _DOCUMENT
                pieces = (
                    piece for text in texts for piece in _cut(text, limit, exceeds=exceeds_graphemes(text, limit))
                )
                return self.charge("language", step.operation, sum(-(-len(piece) // _RECORD) for piece in pieces))

    def bound(self, step: Step, texts: Sequence[str]) -> Charge:
        """Price the most that a step over texts can cost; see :meth:`Operation.parcels` for a chat model's."""
        if not isinstance(step, ChatStep) or is_reranker(step.model):
            return self.estimate(step, texts)
        requests = [texts] if isinstance(step, spec.Rank) else [(text,) for text in texts]
        prompt = sum(_bound_prompt(step, request) for request in requests)
        return self._charge_chat(step.model, prompt, step.max_tokens * len(requests))

    def _estimate_chat(
        self, step: spec.Generate | spec.Extract | spec.IsTrue | spec.Rank, texts: Iterable[str]
    ) -> Charge:
        from pgazure.flow.tokens import count_tokens  # noqa: PLC0415 - as above

        told = [*getattr(step, "data", ()), getattr(step, "system_prompt", ""), getattr(step, "query", "")]
        beside = _OVERHEAD[step.operation] + sum(count_tokens(each, step.model) for each in told)
        sent = [count_tokens(text, step.model) + beside for text in texts]
        return self._charge_chat(step.model, sum(sent), min(_ANSWER[step.operation], step.max_tokens) * len(sent))

    def _charge_chat(self, deployment: str, prompt: int, answer: int) -> Charge:
        asked = self.charge("openai", deployment if ("openai", deployment) in self._prices else "chat", prompt)
        said = self.charge("answers", deployment, answer)
        return Charge(asked.unit, asked.units + said.units, asked.price + said.price)

    def bill(self, record: RequestRecord) -> Charge:  # noqa: PLR0911 - as above
        """Price a request that was sent; one that failed costs nothing."""
        if record.status_code is None or record.error_code is not None:
            return Charge(_UNITS[record.service][0], 0, Decimal(0))
        match record.service:
            case "openai" if record.answer_tokens is not None:
                prompt = (record.tokens or 0) - record.answer_tokens
                return self._charge_chat(record.deployment or "default", prompt, record.answer_tokens)
            case "openai":
                return self.charge("openai", record.deployment or "default", record.tokens or 0)
            case "rerank":
                return self.charge("rerank", record.deployment or "default", -(-record.items // _RANKED_PER_UNIT))
            case "ml":
                return self.charge("ml", record.deployment or "azure-ml", 1)
            case "translator":
                return self.charge("translator", record.operation, record.characters * record.targets)
            case _:
                return self.charge("language", record.operation, record.text_records)


def _bound_prompt(step: ChatStep, texts: Sequence[str]) -> int:
    """Count the tokens of a request at most; the name of a deployment may tell nothing about its tokenizer."""
    from pgazure.flow.tokens import count_tokens  # noqa: PLC0415 - as above
    from pgazure.pipeline.enrichment.prompts import write_prompt  # noqa: PLC0415 - brings the client's requests

    prompt = write_prompt(step, texts)
    tokens = max(count_tokens(prompt, model) for model in dict.fromkeys((step.model, *_TOKENIZERS)))
    return tokens + tokens // _SAFETY + _ADDED


def _cut(text: str, limit: int, *, exceeds: bool) -> Iterator[str]:
    return (part.text for part in split_text(text, limit)) if exceeds else iter((text,))
