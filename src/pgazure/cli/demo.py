"""The command demo."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgazure.cli.options import Json
from pgazure.cli.output import print_json, print_table, show_progress
from pgazure.cli.pipelines import exit_code, print_plan, print_report
from pgazure.cli.search import print_hits

if TYPE_CHECKING:
    from pgazure.demo import Demonstration, Findings

_SNIPPET = 60


def demo(
    csv: Annotated[Path | None, typer.Option("--csv", help="Your own rows instead of the sample reviews.")] = None,
    text: Annotated[str, typer.Option(help="Column that holds the text.")] = "comments",
    key: Annotated[str, typer.Option(help="Column that holds the key.")] = "id",
    search: Annotated[str | None, typer.Option(help="What to search for at the end.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the database and say how to open it again.")] = False,
    as_json: Json = False,
) -> None:
    """Enrich a table on this machine, with no Azure account: embedded Postgres and the emulator."""
    from pgazure import samples  # noqa: PLC0415
    from pgazure.demo import demonstrate  # noqa: PLC0415
    from pgazure.demo.story import PHRASE  # noqa: PLC0415
    from pgazure.demo.table import read_sheet  # noqa: PLC0415
    from pgazure.embedded import EmbeddedPostgres  # noqa: PLC0415
    from pgazure.emulator import Emulator  # noqa: PLC0415

    sheet = read_sheet(csv or samples.reviews_csv())
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedPostgres(_new_folder()) if keep else EmbeddedPostgres.temporary())
        emulator = stack.enter_context(Emulator())
        if not as_json:
            print(f"PostgreSQL {server.version} and the emulator run; {len(sheet.rows)} rows go in.\n")
        show = stack.enter_context(show_progress(quiet=as_json))
        story = asyncio.run(
            demonstrate(
                server.conninfo,
                emulator.endpoint,
                "emulator",
                sheet,
                text=text,
                key=key,
                phrase=search or PHRASE,
                on_progress=show,
                on_step=None if as_json else _tell,
            )
        )
        received = emulator.stats()
        if as_json:
            print_json({"demonstration": story, "received": received, "kept": str(server.folder) if keep else None})
        else:
            print(
                f"The services received {received['requests']} requests with {received['items']} texts; "
                f"{received['repeats']} texts came twice."
            )
        if keep and not as_json:
            print(f"\nKept in {server.folder}. To open it again:\n  {_reopen(server.folder)}")
    assert story.run is not None
    assert story.second_run is not None
    # An error beside a row (a language that a step does not know, say) is a result like any other here.
    raise typer.Exit(exit_code([replace(run, parked=0) for run in (story.run, story.second_run)]))


def _new_folder() -> Path:
    from datetime import datetime  # noqa: PLC0415

    from pgazure.embedded.folder import default_folder  # noqa: PLC0415

    return default_folder().parent / f"demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}"


def _reopen(folder: Path) -> str:
    return (
        f'python -c "import subprocess; from pgazure.embedded import EmbeddedPostgres as P\n'
        f"with P({str(folder)!r}) as pg: subprocess.run(['psql', pg.conninfo])\""
    )


def _tell(part: str, story: Demonstration) -> None:
    match part:
        case "plan" if story.plan:
            print_plan(story.plan)
        case "run" if story.run:
            print_report(story.run)
            print()
        case "findings" if story.findings and story.status:
            _tell_findings(story.findings)
            rows = [(s.table, s.rows, s.results, s.errors) for s in story.status.steps]
            print_table("What stands in the database", ("table", "rows", "results", "errors"), rows, right=(1, 2, 3))
            if errors := [(e["step"], e["rows"], e["code"], _snip(e["message"], 70)) for e in story.findings.errors]:
                columns = ("step", "rows", "code", "message")
                print_table("Errors, kept beside their rows (pgazure errors lists them)", columns, errors, right=(1,))
        case "again" if story.second_run:
            print(
                f"Changed: {', '.join(story.changed)}. Deleted: {', '.join(story.deleted)}. "
                f"The second run worked on {len(story.changed)} rows and paid for them alone:"
            )
            print_report(story.second_run)
            print()


def _tell_findings(findings: Findings) -> None:
    rows = [
        (r["key"], r["language"], r["sentiment"], ", ".join((r["key_phrases"] or [])[:3]), _snip(r["text"]))
        for r in findings.enriched
    ]
    print_table("Ten enriched rows", ("key", "language", "sentiment", "key phrases", "text"), rows)
    if findings.grouped_by:
        columns = ("grouped", "rows", "positive", "mixed", "neutral", "negative", "positive_score")
        rows_by = [tuple(r[c] for c in columns) for r in findings.sentiment]
        print_table(
            f"Sentiment by {findings.grouped_by}",
            (findings.grouped_by, *columns[1:-1], "mean positive score"),
            rows_by,
            right=(1, 2, 3, 4, 5, 6),
        )
    phrases = [(r["phrase"], r["rows"]) for r in findings.phrases]
    print_table("Most frequent key phrases", ("phrase", "rows"), phrases, right=(1,))
    pii = [(r["key"], r["categories"], _snip(r["redacted_text"], 160)) for r in findings.pii]
    print_table("Personal data, redacted", ("key", "found", "text"), pii)
    translations = [(r["target_language"], _snip(r["translation"], 160)) for r in findings.translations]
    if findings.translations:
        first = findings.translations[0]
        translations.insert(0, (f"{first['source_language']} (row {first['key']})", _snip(first["text"], 160)))
    print_table("Translations (the emulator's are pseudo-translations)", ("language", "text"), translations)
    for row in findings.summary:
        sentences = [(f"{s.rank_score:.2f}", s.text.strip()) for s in row["sentences"]]
        print_table(f"Summary of row {row['key']} ({row['length']} characters)", ("rank", "sentence"), sentences)
    nowhere = "" if findings.phrase_occurs else ", words that stand in no row"
    print_hits(findings.hits, f"Search for “{findings.phrase}”{nowhere}")


def _snip(text: str, length: int = _SNIPPET) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
