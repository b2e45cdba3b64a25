"""Likeness: how far two generations of a step agree, on the rows that both have."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from pgazure.pipeline.enrichment.operations import OPERATIONS
from pgazure.pipeline.storage.database import fetch_tuples
from pgazure.pipeline.storage.statements import conjunction, identifier, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from pgazure.pipeline.specification.spec import Step
    from pgazure.pipeline.storage.layout import Column, Layout

# Results that are one of a few labels: the column that holds it.
_LABELS = {
    "analyze_sentiment": "sentiment",
    "analyze_opinions": "sentiment",
    "classify_single_label": "category",
    "is_true": "is_true",
}

NEIGHBOURS = 10
SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far two generations agree.

    Attributes:
        rows: Results that were compared.
        measure: ``equal labels`` (the share of them), ``overlap@10`` (the mean share of the ten nearest
            neighbours that a vector has in both, exact within the sample) or ``agreement`` (the mean share of
            what either found, words or items, that both found).
        value: From 0 to 1; ``None`` where there is nothing to compare.
        kappa: Cohen's kappa of labels: 0 for what chance gives, 1 for full agreement.
        confusion: How often which label met which, the most frequent first.
    """

    rows: int
    measure: str
    value: float | None
    kappa: float | None = None
    confusion: tuple[tuple[str | None, str | None, int], ...] = ()


async def compare_generations(
    connection: AsyncConnection[Any],
    layout: Layout,
    steps: tuple[Step, Step],
    tables: tuple[str, str],
    places: Sequence[Column],
    *,
    sample: int = SAMPLE,
) -> Likeness:
    """Compare two generations of a step: labels on all rows, everything else on a sample.

    Args:
        connection: With vectors registered.
        layout: The source.
        steps: What the one and the other are made by.
        tables: Where they lie, in the schema of the source.
        places: Columns that tell the results of one row apart.
        sample: Most results to compare.
    """
    step, other = steps
    one, two = _compared(step), _compared(other)
    fragments: dict[str, sql.Composable] = {
        "table_one": identifier(layout.schema, tables[0]),
        "table_other": identifier(layout.schema, tables[1]),
        "one": one.of("a"),
        "other": two.of("b"),
        "same": conjunction(
            [layout.match("a", "b"), *(sql.SQL("{} = {}").format(p.of("a"), p.of("b")) for p in places)]
        ),
    }
    if step.operation in _LABELS:
        counts = await fetch_tuples(connection, statement("generation_labels", **fragments), {})
        return _compare_labels(counts)
    pairs = await fetch_tuples(connection, statement("generation_sample", **fragments), {"limit": sample}, binary=True)
    if step.operation == "embed":
        return _compare_vectors([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    shares = [_overlap(_parts(here), _parts(there)) for here, there in pairs]
    return Likeness(len(pairs), "agreement", sum(shares) / len(shares) if shares else None)


def _compared(step: Step) -> Column:
    columns = OPERATIONS[step.operation].value_columns(step)
    wanted = "embedding" if step.operation == "embed" else _LABELS.get(step.operation)
    return next((column for column in columns if column.name == wanted), columns[0])


def _compare_labels(counts: Sequence[tuple[str | None, str | None, int]]) -> Likeness:
    rows = sum(count for *_, count in counts)
    if not rows:
        return Likeness(0, "equal labels", None)
    equal = sum(count for one, other, count in counts if one == other) / rows
    labels = {label for pair in counts for label in pair[:2]}
    chance = (
        sum(
            sum(n for one, _, n in counts if one == label) * sum(n for _, other, n in counts if other == label)
            for label in labels
        )
        / rows**2
    )
    kappa = 1.0 if chance == 1 else (equal - chance) / (1 - chance)
    return Likeness(rows, "equal labels", equal, kappa, tuple(counts))


def _compare_vectors(one: Sequence[Any], other: Sequence[Any]) -> Likeness:
    import numpy as np  # noqa: PLC0415 - loaded where vectors are

    measure, rows = f"overlap@{NEIGHBOURS}", len(one)
    k = min(NEIGHBOURS, rows - 1)
    if k < 1:
        return Likeness(rows, measure, None)

    def nearest(vectors: Sequence[Any]) -> Any:
        matrix = np.stack(vectors).astype(np.float32)
        matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), np.float32(1e-12))
        similarity = matrix @ matrix.T
        np.fill_diagonal(similarity, -np.inf)
        return np.argpartition(-similarity, k - 1, axis=1)[:, :k]

    shared = [np.intersect1d(a, b).size for a, b in zip(nearest(one), nearest(other), strict=True)]
    return Likeness(rows, measure, float(np.mean(shared)) / k)


def _parts(value: Any) -> set[str]:
    """What of a result is compared: the items of a list or an object, else the words of a text."""
    if isinstance(value, dict):
        return {json.dumps([key, each], sort_keys=True, default=str) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return {_spell(each) for each in value}
    return {word.strip(".,;:!?\"'()[]") for word in str(value or "").casefold().split()} - {""}


def _spell(item: Any) -> str:
    if is_dataclass(item) and not isinstance(item, type):
        fields = asdict(item)
        return json.dumps([fields.get("text"), fields.get("category")])
    return " ".join(item.casefold().split()) if isinstance(item, str) else json.dumps(item, sort_keys=True, default=str)


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0
