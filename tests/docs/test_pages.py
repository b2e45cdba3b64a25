"""The TOML, the SQL and the commands of README.md and docs/ are understood by pgazure as it is."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import get_args

import psycopg
import pytest
import typer
import typer.main
from markdown_blocks import join_toml, read_pages

import pgazure.pipeline as pl
from pgazure import AsyncClient
from pgazure.cli.log import LogFormat
from pgazure.cli.main import app
from pgazure.emulator.options import Options
from pgazure.errors import InvalidSpecError
from pgazure.pipeline.enrichment.prices import PriceList

TOML = read_pages("toml")
SQL = read_pages("sql")
COMMANDS = read_pages("console", "ini", "text")
del COMMANDS["docs/reference/cli.md"]  # generated: usage lines, not commands
# Typer brings click along as a part of its own; this is what all its complaints have in common.
Refused = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
COMMAND = re.compile(r"(?:^|[\s/])pgazure((?: +[^\n|&;>#]*)?)")


def read_toml(text, folder):
    file = folder / "pgazure.toml"
    file.write_text(text, encoding="utf-8")
    described = pl.read_file(file)
    PriceList(described.prices)
    return described.pipelines


EMULATOR = {page for page in TOML if "emulator" in page}


@pytest.mark.parametrize("page", sorted(TOML.keys() - EMULATOR))
def test_the_toml_of_a_page_is_a_file_that_can_be_read(page, tmp_path):
    assert read_toml(join_toml(page, TOML), tmp_path)


@pytest.mark.parametrize("page", sorted(EMULATOR))
def test_the_toml_of_a_page_on_the_emulator_is_a_file_that_it_can_read(page, tmp_path):
    file = tmp_path / "emulator.toml"
    file.write_text(join_toml(page, TOML), encoding="utf-8")
    tables = tomllib.loads(file.read_text(encoding="utf-8")).keys()
    option = {"fault": "faults_file", "deployments": "deployments_file"}.get(next(iter(tables)), "rules")
    assert Options.from_settings({option: str(file)})


def test_toml_that_cannot_be_read_fails(tmp_path):
    wrong = '[pipelines.a]\nsource = { table = "t", text = "b" }\nsteps = [{ analyze_feelings = {} }]\n'
    with pytest.raises(InvalidSpecError, match="analyze_feelings"):
        read_toml(wrong, tmp_path)


def parse(command_line):
    """Have a command line read by the real parser, down to its options, without running it."""
    root = typer.main.get_command(app)
    words = shlex.split(command_line, comments=True)
    if words in ([], ["--version"], ["--help"]):
        return
    if words[0] == "--log-format":
        assert words[1] in get_args(LogFormat), f"there is no log format {words[1]}"
        words = words[2:]
    name, *rest = words
    assert name in root.commands, f"there is no command {name}"
    root.commands[name].make_context(name, rest)


def read_command_lines(block):
    lines = block.source.replace("\\\n", " ").splitlines()
    for line in lines:
        if block.language == "console" and not line.startswith("$ "):
            continue
        if line.startswith("Description="):
            continue
        if found := COMMAND.search(line.removeprefix("$ ")):
            yield found[1].strip()


@pytest.mark.parametrize("page", COMMANDS)
def test_every_command_of_a_page_is_accepted(page):
    for block in COMMANDS[page]:
        for line in read_command_lines(block):
            try:
                parse(line)
            except (Refused, AssertionError) as error:
                pytest.fail(f"{page}:{block.line}: pgazure {line}: {error}")


def test_commands_are_really_parsed():
    parse("run reviews --watch")
    with pytest.raises(Refused, match="--for-ever"):
        parse("run reviews --for-ever")
    with pytest.raises(AssertionError, match="no command"):
        parse("walk reviews")
    assert sum(len(list(read_command_lines(b))) for blocks in COMMANDS.values() for b in blocks) > 30


@pytest.fixture
async def enriched(conninfo, emulator):
    """A database with the table and the pipelines that the guides speak of."""
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await connection.execute("CREATE TABLE reviews (id bigint PRIMARY KEY, title text, body text)")
        await connection.execute(
            "INSERT INTO reviews VALUES (1, 'Lovely', 'A lovely flat, call Anna Berger.'),"
            " (2, 'Noisy', 'The bar downstairs plays music all night.'), (17, 'ᐃᓄᒃᑎᑐᑦ', 'ᐊᑐᖅᖢᒍ ᐃᓄᒃᑎᑐᑦ')"
        )
    reviews = pl.Pipeline(
        "reviews",
        source=pl.table_source("public.reviews", text="{title}\n{body}"),
        steps=[
            pl.detect_language(),
            pl.analyze_sentiment(),
            pl.extract_key_phrases(),
            pl.recognize_pii_entities(),
            pl.translate("de"),
            pl.embed("text-embedding-3-small"),
        ],
    )
    manuals = pl.Pipeline(
        "manuals",
        source=pl.table_source("public.reviews", text="{title}\n{body}"),
        steps=[pl.chunk(), pl.analyze_sentiment(input="chunk_text"), pl.translate("de", input="chunk_text")],
    )
    client = AsyncClient(
        language_endpoint=emulator.endpoint,
        language_key=emulator.key,
        translator_endpoint=emulator.endpoint,
        translator_key=emulator.key,
        openai_endpoint=emulator.endpoint,
        openai_key=emulator.key,
    )
    async with client, pl.Engine(conninfo, client=client) as engine:
        await engine.init()
        await engine.apply(reviews)
        await engine.apply(manuals)
        report = await engine.run("reviews")
    assert (report.rows, report.left, bool(report.parked)) == (3, 0, True)
    return conninfo


async def test_the_sql_of_every_page_runs(enriched):
    """In one transaction for each page, block after block; nothing of it stays."""
    for page, blocks in SQL.items():
        async with await psycopg.AsyncConnection.connect(enriched) as connection:
            (database,) = await (await connection.execute("SELECT current_database()")).fetchone()
            await connection.execute("CREATE ROLE app; CREATE ROLE analyst")
            for block in blocks:
                if block.reason:
                    continue
                try:
                    await connection.execute(block.source.replace("DATABASE shop", f"DATABASE {database}").encode())
                except psycopg.Error as error:
                    pytest.fail(f"{page}:{block.line}: {error}")
            await connection.rollback()


async def test_errors_and_neighbours_are_found_by_the_sql_of_the_guides(enriched):
    blocks = SQL["docs/howto/errors-and-retries.md"]
    async with await psycopg.AsyncConnection.connect(enriched) as connection:
        rows = await (await connection.execute(blocks[0].source.encode())).fetchall()
        assert {row[0] for row in rows} == {17}
        nearest = next(b for b in SQL["docs/howto/search-by-meaning.md"] if "<=>" in b.source)
        rows = await (await connection.execute(nearest.source.encode())).fetchall()
        assert {row[0] for row in rows} == {2, 17}
