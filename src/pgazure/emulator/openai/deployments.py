"""The deployments: declared in a file or by name, or made when they are first asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pgazure.emulator.openai.models import CAPABILITIES, CHAT, EMBEDDINGS, Model, find_by_name, guess_model
from pgazure.emulator.settings_file import read_settings_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NUMBERS = ("dimensions", "context", "max_output_tokens", "tpm", "rpm")
_FIELDS = ("name", "model", "capabilities", *_NUMBERS)
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model under a name.

    Attributes:
        name: Its name.
        model: The model.
        tpm: Tokens per minute; ``None`` means those of the server.
        rpm: Requests per minute; ``None`` means those of the server.
    """

    name: str
    model: Model
    tpm: float | None = None
    rpm: float | None = None


class Deployments:
    """The deployments of a resource.

    Args:
        declared: Those there are; any name will do where none is given.
    """

    def __init__(self, declared: Iterable[Deployment] = ()) -> None:
        self.declared = {one.name: one for one in declared}

    def find(self, name: str, capability: str) -> Deployment | None:
        """The deployment of this name; ``None`` where deployments are declared and it is none of them."""
        if self.declared:
            return self.declared.get(name)
        return Deployment(name, guess_model(name, capability))


def read_deployments(names: Iterable[str], file: str | Path | None = None) -> tuple[Deployment, ...]:
    """Read what is declared.

    Args:
        names: Names whose models are told from them, or ``name=model``.
        file: TOML or JSON with a list ``deployments``: each has a ``name`` and a ``model``, and may have
            ``capabilities``, ``dimensions``, ``context``, ``max_output_tokens``, ``tpm`` and ``rpm``.

    Raises:
        ValueError: The file cannot be read, or an entry is not a deployment; the message says which.
    """
    found = [_read_name(name) for name in names]
    if file is not None:
        found += [_read_entry(item, f"{file}: deployment {place + 1}") for place, item in enumerate(_read_file(file))]
    seen: set[str] = set()
    for one in found:
        if one.name in seen:
            message = f"the deployment {one.name} is declared twice"
            raise ValueError(message)
        seen.add(one.name)
    return tuple(found)


def _read_name(text: str) -> Deployment:
    name, equals, model = text.partition("=")
    if not equals:
        return Deployment(name, guess_model(name, CHAT))
    return _read_entry({"name": name, "model": model}, f"the deployment {name}")


def _read_file(file: str | Path) -> list[Any]:
    given = read_settings_file(file, "file of deployments")
    entries = given.get("deployments") if isinstance(given, dict) else given
    if not isinstance(entries, list) or not entries or (isinstance(given, dict) and len(given) > 1):
        message = f"the file of deployments {file} must hold a list 'deployments', and nothing else"
        raise ValueError(message)
    return entries


def _read_entry(item: Any, where: str) -> Deployment:
    if not isinstance(item, dict) or not {"name", "model"} <= item.keys() or item.keys() - {*_FIELDS}:
        message = f"{where}: a deployment has a name and a model, and may have {', '.join(_FIELDS[2:])}"
        raise ValueError(message)
    name, called = item["name"], item["model"]
    if not isinstance(name, str) or not name or not isinstance(called, str):
        message = f"{where}: name and model must be texts"
        raise ValueError(message)
    for field in _NUMBERS:
        value = item.get(field)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
            message = f"{where}: {field} must be a number above zero"
            raise ValueError(message)
    return Deployment(name, _read_model(item, called, where), item.get("tpm"), item.get("rpm"))


def _read_model(item: dict[str, Any], called: str, where: str) -> Model:
    given = item.get("capabilities")
    if given is not None and (not isinstance(given, list) or not given or not set(map(str, given)) <= {*CAPABILITIES}):
        message = f"{where}: capabilities must be a list of {', '.join(CAPABILITIES)}"
        raise ValueError(message)
    capabilities = frozenset(given or ())
    embeds = EMBEDDINGS in capabilities or (not capabilities and "dimensions" in item)
    model = find_by_name(called)
    if model is None:
        # A model of one's own is as large as the one that its name, or what it can do, comes nearest to.
        wanted = EMBEDDINGS if embeds else next(iter(sorted(capabilities)), CHAT)
        model = replace(guess_model(called, wanted), family=called, name=called)
    dimensions = int(item.get("dimensions", model.dimensions))
    if dimensions % _BLOCK:
        message = f"{where}: dimensions must be a multiple of {_BLOCK}"
        raise ValueError(message)
    return replace(
        model,
        capabilities=capabilities or model.capabilities,
        context=int(item.get("context", model.context)),
        longest=int(item.get("max_output_tokens", model.longest)),
        dimensions=dimensions,
    )
