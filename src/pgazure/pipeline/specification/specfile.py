"""``pgazure.toml``: pipelines and prices in a file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgazure.errors import InvalidSpecError
from pgazure.pipeline.specification.spec import PipelineSpec, read_spec

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class SpecFile:
    """What a ``pgazure.toml`` says.

    Attributes:
        pipelines: The pipelines in file order.
        prices: The ``[prices]`` table, laid over the price list of :mod:`pgazure.pipeline.enrichment.prices`.
    """

    pipelines: tuple[PipelineSpec, ...]
    prices: dict[str, Any] = field(default_factory=dict)


def read_file(path: Path) -> SpecFile:
    """Read and validate a file.

    Raises:
        InvalidSpecError: It is missing, is no TOML, or says something wrong.
    """
    try:
        spelled = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror or error}"
        raise InvalidSpecError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path} is not valid TOML: {error}"
        raise InvalidSpecError(msg) from None
    if unknown := sorted(spelled.keys() - {"pipelines", "prices"}):
        msg = f"{path}: there is no table {', '.join(unknown)}; there are: pipelines, prices"
        raise InvalidSpecError(msg)
    pipelines = spelled.get("pipelines", {})
    if not isinstance(pipelines, dict) or not pipelines:
        msg = f"{path} describes no pipeline: begin with [pipelines.NAME]"
        raise InvalidSpecError(msg)
    return SpecFile(tuple(read_spec(name, body) for name, body in pipelines.items()), spelled.get("prices", {}))
