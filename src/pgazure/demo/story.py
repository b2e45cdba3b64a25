"""What the demonstration does, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pgazure.pipeline as pl
from pgazure.client import AsyncClient
from pgazure.demo.table import Sheet, load_sheet
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.storage.database import fetch_all
from pgazure.pipeline.storage.statements import identifier, statement
from pgazure.search import Hit, search

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection, sql

    from pgazure.pipeline import Engine, PipelineSpec, PipelineStatus, Plan, Progress, RunReport

PHRASE = "quiet place to work remotely"
_CHANGED_ROWS = 3
_ENRICHED_ROWS = 10
_FEWEST_GROUPS, _MOST_GROUPS = 2, 60


@dataclass(frozen=True)
class Findings:
    """What can be read from the database after a run.

    Attributes:
        enriched: Rows with their results beside them.
        grouped_by: The column by which ``sentiment`` is grouped, where the table has one fit for it.
        sentiment: Labels by group.
        phrases: The most frequent key phrases.
        pii: Rows in which something was redacted.
        translations: One row in every target language.
        summary: The longest row's summary.
        errors: Why steps have no result for some rows: how many rows, by step and code.
        hits: What a semantic search for ``phrase`` finds.
        phrase: What was searched for.
        phrase_occurs: Whether those words stand in any row.
    """

    enriched: list[dict[str, Any]]
    grouped_by: str | None
    sentiment: list[dict[str, Any]]
    phrases: list[dict[str, Any]]
    pii: list[dict[str, Any]]
    translations: list[dict[str, Any]]
    summary: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    hits: list[Hit]
    phrase: str
    phrase_occurs: bool


@dataclass
class Demonstration:
    """Everything the demonstration has done, filled in as it goes.

    Attributes:
        table: Name of the table.
        plan: The plan before the first run.
        run: The first run.
        findings: What it left in the database.
        status: Counts per result table.
        changed: Keys of the rows that were changed.
        deleted: Key of the row that was deleted.
        second_plan: The plan before the second run.
        second_run: The second run: what the changes cost.
    """

    table: str
    plan: Plan | None = None
    run: RunReport | None = None
    findings: Findings | None = None
    status: PipelineStatus | None = None
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    second_plan: Plan | None = None
    second_run: RunReport | None = None


def describe(sheet: Sheet, text: str) -> PipelineSpec:
    """Make the pipeline of the demonstration."""
    braces = "{" + text + "}"
    return pl.Pipeline(
        sheet.name,
        source=pl.table_source(f'public."{sheet.name}"', text=braces),
        steps=[
            pl.detect_language(),
            pl.analyze_sentiment(),
            pl.extract_key_phrases(),
            pl.recognize_entities(),
            pl.recognize_pii_entities(),
            pl.translate(["es", "de"]),
            pl.summarize_extractive(sentence_count=2),
            pl.summarize_abstractive(sentence_count=2),
            pl.chunk(),
            pl.embed("text-embedding-3-small", dimensions=1536, input="redacted_text"),
        ],
    )


async def demonstrate(
    conninfo: str,
    endpoint: str,
    service_key: str,
    sheet: Sheet,
    *,
    text: str,
    key: str,
    phrase: str = PHRASE,
    on_progress: Callable[[Progress], None] | None = None,
    on_step: Callable[[str, Demonstration], None] | None = None,
) -> Demonstration:
    """Load, plan, run, look; change three rows, delete one, run again.

    Args:
        conninfo: An empty database.
        endpoint: Where Language, Translator and Azure OpenAI answer.
        service_key: The key for all of them.
        sheet: The rows.
        text: The column that is enriched.
        key: The column that becomes the primary key.
        phrase: What to search for.
        on_progress: Called as the runs go on.
        on_step: Called with ``plan``, ``run``, ``findings`` and ``again`` when that part is done.

    Raises:
        InvalidSpecError: The sheet has no such columns.
    """
    if text not in sheet.columns:
        msg = f"there is no column {text}; there are: {', '.join(sheet.columns)}"
        raise InvalidSpecError(msg)
    show = on_step or (lambda _name, _story: None)
    story = Demonstration(sheet.name)
    client = AsyncClient(
        language_endpoint=endpoint,
        language_key=service_key,
        translator_endpoint=endpoint,
        translator_key=service_key,
        openai_endpoint=endpoint,
        openai_key=service_key,
    )
    async with client, pl.Engine(conninfo, client=client) as engine:
        await engine.init()
        async with engine.pool.connection() as connection:
            await load_sheet(connection, sheet, key)
        pipeline = describe(sheet, text)
        await engine.apply(pipeline)
        story.plan = await engine.plan(sheet.name)
        show("plan", story)
        story.run = await engine.run(sheet.name, on_progress=on_progress)
        show("run", story)
        story.findings = await _look(engine, client, pipeline, sheet, text=text, key=key, phrase=phrase)
        (story.status,) = await engine.status(sheet.name)
        show("findings", story)
        async with engine.pool.connection() as connection:
            names = _names(sheet, text, key)
            change = statement("demo_change", **_only(names, "source", "text", "key"))
            more = {"more": " We would come back.", "limit": _CHANGED_ROWS}
            story.changed = [row.key for row in await fetch_all(connection, change, more)]
            delete = statement("demo_delete", **_only(names, "source", "key"))
            story.deleted = [row.key for row in await fetch_all(connection, delete)]
        story.second_plan = await engine.plan(sheet.name)
        story.second_run = await engine.run(sheet.name, on_progress=on_progress)
        show("again", story)
    return story


def _names(sheet: Sheet, text: str, key: str) -> dict[str, sql.Composable]:
    return {"source": identifier("public", sheet.name), "text": identifier(text), "key": identifier(key)}


def _only(names: dict[str, sql.Composable], *wanted: str) -> dict[str, sql.Composable]:
    return {name: names[name] for name in wanted}


async def _look(
    engine: Engine, client: AsyncClient, pipeline: PipelineSpec, sheet: Sheet, *, text: str, key: str, phrase: str
) -> Findings:
    names = _names(sheet, text, key)
    tables = {step.operation: identifier("public", pipeline.result_table(step)) for step in pipeline.steps}
    async with engine.pool.connection() as connection:

        async def read(name: str, limit: int, **fragments: sql.Composable) -> list[dict[str, Any]]:
            rows = await fetch_all(connection, statement(name, **fragments), {"limit": limit})
            return [row._asdict() for row in rows]

        grouped = await _choose_group(connection, sheet, text, key, names["source"])
        sentiment = []
        if grouped is not None:
            fragments = {"column": identifier(grouped), "table": tables["analyze_sentiment"]}
            sentiment = await read("demo_sentiment", 12, **_only(names, "source", "key"), **fragments)
        view = identifier("public", f"{sheet.name}_enriched")
        translations = tables["translate"]
        summaries = tables["summarize_extractive"]
        findings = {
            "enriched": await read("demo_enriched", _ENRICHED_ROWS, **_only(names, "key", "text"), view=view),
            "sentiment": sentiment,
            "phrases": await read("demo_phrases", 10, table=tables["extract_key_phrases"]),
            "pii": await read("demo_pii", 5, **_only(names, "key"), table=tables["recognize_pii_entities"]),
            "translations": await read("demo_translations", 1, **names, table=translations),
            "summary": await read("demo_summary", 1, **names, table=summaries),
            "errors": await read("demo_errors", 12),
        }
    place = sheet.columns.index(text)
    occurs = any(phrase.lower() in (row[place] or "").lower() for row in sheet.rows)
    hits = await search(engine, client, sheet.name, phrase, limit=5)
    return Findings(grouped_by=grouped, hits=hits, phrase=phrase, phrase_occurs=occurs, **findings)


async def _choose_group(
    connection: AsyncConnection[Any], sheet: Sheet, text: str, key: str, source: sql.Composable
) -> str | None:
    """Choose the first column with few values, each of them several times."""
    for column in sheet.columns:
        if column not in {text, key}:
            query = statement("demo_groups", column=identifier(column), source=source)
            (row,) = await fetch_all(connection, query)
            if _FEWEST_GROUPS <= row.groups <= _MOST_GROUPS and row.groups * 2 <= row.filled:
                return column
    return None
