"""Write the generated pages of docs/reference from the code and the SQL; ``--check`` compares instead."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import json
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer.main
from pydantic import SecretStr

import pgazure.pipeline as pl
from pgazure.config import ServiceSettings, Settings
from pgazure.pipeline.specification import spec
from pgazure.pipeline.specification.function_step import ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
SURFACE = Path(__file__).resolve().parents[1] / "sql" / "azure_ai"
NOTICE = "<!-- Written by scripts/generate_reference.py: change the code and run `make generate`. -->"

SETTINGS_INTRO = """\
Every setting can be an argument or an environment variable; an argument wins. The settings of one
service are taken together from one place: where any of them is an argument, none of that service
is read from the environment, so that a key never travels to an endpoint it was not meant for. An
empty variable counts as unset. A service whose key is unset is called with Entra ID.

A client that is told to, with `settings_from="database"`, takes services of which neither argument nor
environment gives an endpoint or a key from the settings of `azure_ai` in a database:
[Use a database that has azure_ai](../howto/use-the-extension.md).

An endpoint is an `https://` address without user, query or fragment; `http://` is accepted for
this machine only."""

SERVICES = {
    "language": "Azure AI Language",
    "translator": "Azure AI Translator",
    "openai": "Azure OpenAI",
    "ml": "Azure Machine Learning",
    "rerank": "Cohere rerank",
}
PIPELINES_INTRO = """\
A pipeline is described in `pgazure.toml`, in Python or in [SQL](#in-sql); all of them give the same
{class}`~pgazure.pipeline.PipelineSpec`. [Describe a pipeline](../howto/describe-a-pipeline.md) shows them side
by side. A key, an operation or a value that is not on this page is refused, and the message says what there is
instead."""

FILE_INTRO = """\
| table | what it holds |
|---|---|
| `[pipelines.NAME]` | One pipeline; at least one. |
| `[prices]` | [Your own prices](../howto/stay-within-a-budget.md#your-own-prices), laid over the list. |

Names of pipelines, steps and result tables begin with a lower-case letter or `_`, go on with those or digits, and
have 40 characters at most."""

STEPS_INTRO = """\
Order does not matter: a step that reads what another one gives waits for it, and the others run side by side. A
pipeline has at most one `detect_language` and one `chunk` step. A second step of the same operation needs a
`name` and a `table` of its own."""

PIPELINES_SQL = """\
`pgazure init` makes these functions in schema `pgazure` and, where nobody else has that schema, in `ai` as well,
under the names that HorizonDB has them by. [Describe a pipeline](../howto/describe-a-pipeline.md#in-sql) shows them
at work. The builders call nothing and give the step as `jsonb`; their arguments are those of the steps above."""

_QUOTE = "'"
_PIPELINE_FUNCTION = re.compile(
    r"^CREATE OR REPLACE FUNCTION pgazure\.(\w+)\(\s*(.*?)\s*\)\s*RETURNS"
    r".*?^COMMENT ON FUNCTION pgazure\.\1\([^)]*\) IS\s+'((?:[^']|'')+)';",
    re.DOTALL | re.MULTILINE,
)

# What a field of a pipeline or of its source takes, and what it is for.
PIPELINE_FIELDS = {
    "name": ("a name", "Names the pipeline; in TOML it stands in the heading. Result tables are named after it."),
    "source": ("`table_source(...)`, `{ table, text }`", "What is enriched."),
    "steps": ("a list", "At least one of the steps below."),
    "trigger": (
        '`"manual"`, `"on_change"`, `"*/15 * * * *"`',
        (
            "`manual`: changed rows wait for a run. `on_change`: `pgazure worker` takes them up at once. "
            "A timetable (UTC): it takes them up at those moments."
        ),
    ),
    "budget": (
        '`"5 USD/day"`, `"2.50 USD/run"`, `"300 USD/pipeline"`, or several with commas',
        "The most it may cost at list price in a day (UTC), in a run, altogether.",
    ),
}
PIPELINE_FIELDS |= {
    "sees": ('`"redacted"`', "The same for every step that sends text: [how](../howto/keep-personal-data-in.md)."),
    "retention_days": ("a number", "For how many days what was replaced is kept, in case its text comes back."),
}
SOURCE_FIELDS = {
    "table": (
        "a table's name",
        "With its schema before it, or found on the `search_path`; quoted as in SQL. It needs a primary key.",
    ),
    "text": ("a column, or a template", "What is read of a row: `body`, or columns in braces: `{title}\\n{body}`."),
    "where": (
        "a condition, or a list of them",
        (
            'Which rows are enriched: a boolean column, or a column, a comparison and a value: `["stars", ">=", 4]`. '
            "[All comparisons](../howto/describe-a-pipeline.md#some-of-the-rows)"
        ),
    ),
    "key": ("a column, or a list of them", "What tells the rows of a polled source apart that has no primary key."),
    "incremental_column": (
        "a column",
        "A column whose values only grow: the source, a view for instance, is polled by it and gets no triggers.",
    ),
    "replicated": (
        "`true` or `false`",
        "Whether [logical replication](../howto/use-your-own-postgres.md#logical-replication) writes to it.",
    ),
}
PARAMETERS = {
    "name": "Name of the step; the operation's where none is given.",
    "table": "Name of the result table; `<pipeline>_<what>` where none is given.",
    "sees": "`redacted` refuses a pipeline in which text reaches the step unredacted.",
    "input": "What the step reads: `text` (the source's template), or what another step gives: of `chunk_text` it has "
    "[a result per chunk](../howto/describe-a-pipeline.md#a-result-per-chunk).",
    "language": "Code of every row's language. Without it: what `detect_language` of the pipeline finds, else the "
    "service's default.",
    "domain": "`phi` looks for health information only.",
    "target_language": "Code of the language to translate into, or several; each gives a result of its own.",
    "source_language": "Code of every row's language; without it the service detects it.",
    "text_type": "`Html` leaves tags alone.",
    "profanity_action": "What becomes of profanity in the translation.",
    "sentence_count": "Sentences of the summary.",
    "sort_by": "Order of the sentences: as they stand in the text, or the weightiest first.",
    "method": "Where it is cut: at the largest borders that fit (`recursive`), at those of Markdown, at ends of "
    "sentences only, or after so many tokens.",
    "chunk_size": "Most tokens (`cl100k_base`) of a chunk.",
    "overlap": "Tokens that neighbouring chunks share; fewer than `chunk_size`.",
    "model": "Name of the Azure OpenAI deployment.",
    "max_tokens": "Most tokens of an answer, those that the model reasons with included: what a budget reserves "
    "for it. An answer that is cut off there is an error of its row.",
    "dimensions": "Length of the vectors; may be left out for a deployment that is named "
    + ", ".join(f"`{name}`" for name in spec.KNOWN_DIMENSIONS)
    + ".",
    "storage": "`halfvec` keeps half the precision in half the room; the default for more than 2,000 dimensions.",
    "index": "Whether there is an index once the table holds 20,000 vectors; the default where they are not too long "
    "for one: 2,000 dimensions, as `halfvec` 4,000.",
}
PARAMETERS |= {
    "from_script": "Code of the script that the texts are written in.",
    "to_script": "Code of the script wanted.",
    "transliterate.language": "Code of the language of all rows.",
    "project_name": "Project of your model in Azure AI Language.",
    "deployment_name": "Deployment of your model.",
    "prompt": "What the model is asked: `{input}` stands for what the step reads, other names in braces for columns.",
    "system_prompt": "Instructions above each prompt.",
    "json_schema": "Form of the answer as structured outputs take it: a table with `name` and `schema`.",
    "data": "What to find: labels `name`, `name - description` or `name: type - description`.",
    "statement": "What may be true: a template as `prompt` of `generate` is.",
    "query": "What is looked for; the same for every row.",
    "rank.model": "Name of the rerank model, or of the deployment of a chat model.",
    "invoke.deployment_name": "Deployment behind the endpoint; without it the endpoint chooses.",
    "input_data": "Body of the request; `{input}` and columns in braces stand within its texts. Without it "
    '`{"input_data": ["{input}"]}`.',
    "function": "`module:function`, in Python also the function: `async`, with one text, returning the value of the "
    "one column or a mapping with one for each. It is imported where the pipeline runs.",
    "returns": "Result columns with their types: " + ", ".join(f"`{name}`" for name in get_args(ColumnType)) + ".",
    "concurrency": "Most calls under way for a batch.",
    "version": "Change it when the function answers otherwise than before: the results are made anew.",
}
_CUSTOM = {"project_name": "reviews", "deployment_name": "production"}
EXAMPLES: dict[str, dict[str, Any]] = {
    "transliterate": {"language": "ja", "from_script": "Jpan", "to_script": "Latn"},
    "recognize_custom_entities": _CUSTOM,
    "classify_single_label": _CUSTOM,
    "classify_multi_label": _CUSTOM,
    "generate": {"prompt": "Answer this review: {input}"},
    "extract": {"data": ["product", "defect: string - what broke"]},
    "is_true": {"statement": "The writer wants their money back: {input}"},
    "rank": {"query": "a quiet room"},
    "call": {"function": "shop.tone:measure", "returns": {"tone": "text"}},
    "translate": {"target_language": ["es", "de"]},
    "embed": {"model": "text-embedding-3-small"},
}
SQL_INTRO = """\
What `pgazure functions install` makes in a database that has no extension `azure_ai`: the extension's schemas,
types and functions, with its names, defaults and results. [Call the functions from SQL](../howto/sql-functions.md)
shows them at work, and [How a call travels](../explanation/sql-functions.md) says what answers them.

Every function may be called by every role, but for the settings; `REVOKE EXECUTE` takes one away. A `NULL` text
gives `NULL` and no call. A function that takes `text[]` gives a row for each text, in their order, `NULL` in the
place of `NULL`. A statement that calls one of them runs without parallel workers.

| argument | meaning |
|---|---|
| `language` | Code of the language, such as `en`; `NULL` is the service's default. A `text[]` has one for each text. |
| `batch_size` | Most texts of one request; the service's limit where it is lower. |
| `disable_service_logs` | Whether the service keeps no text for troubleshooting. |
| `timeout_ms` | Milliseconds for the whole call, retries included; `NULL` is an hour. |
| `throw_on_error` | Whether a failure is an exception; else it is a `WARNING`, and `NULL` in the text's place. |
| `max_attempts` | Times a request is sent at most. |
| `retry_delay_ms` | Milliseconds before the second attempt; a service that asks for more gets more. |

An array without a `language` is ambiguous, as it is in the extension: both array forms fit. Give `'en'`, or
`NULL::text`."""
SQL_SETTINGS = """\
| key | meaning |
|---|---|
| `azure_openai.endpoint` | Address of the Azure OpenAI resource. |
| `azure_openai.auth_type` | `subscription-key` or `managed-identity`. |
| `azure_openai.subscription_key` | Its key. |
| `azure_cognitive.endpoint` | Address of the resource for Language and Translator. |
| `azure_cognitive.auth_type` | `subscription-key` or `managed-identity`. |
| `azure_cognitive.subscription_key` | Its key. |
| `azure_cognitive.region` | Its region; Translator needs it with a key. |
| `azure_cognitive.translator_resource_id` | Its resource id; Translator needs it with an identity. |
| `azure_ml.scoring_endpoint` | Scoring address of an online endpoint. |
| `azure_ml.auth_type` | `subscription-key` or `managed-identity`. |
| `azure_ml.endpoint_key` | Its key. |
| `azure_ml.serverless_ranking_endpoint` | Address of a Cohere rerank model, for `azure_ai.rank`. |
| `azure_ml.serverless_ranking_endpoint_key` | Its key. |

`set_setting` and `get_setting` are for the owner of the functions and members of `azure_ai_settings_manager`. An
endpoint must be on a host of the table `pgazure_bridge.allowed_hosts`, which only the owner changes: at first the
domains of Azure and this machine. A service of which the environment of `pgazure functions serve` has an endpoint or
a key is taken from there, all of it."""
SQL_INFERRED = """\
The extension's documentation leaves gaps. Here they are filled so that public SQL runs, and may be filled
differently there:

- Fields of `language_detection_result`, `linked_entity`, `linked_entity_match`, `detected_language` and
  `transliterated_text`, `entity.confidence_score` and `translation.transliteration`: order and number are documented,
  names and types are inferred.
- `generate` is split in two by its result, text or `jsonb`; PostgreSQL has no function that gives either.
- `rank` without ids gives the place of a document from 1, an `integer`; with ids, their type.
- `dimensions` is third in the scalar form of `create_embeddings`, as public SQL has it, and fourth in the other;
  `deployment_name` is second in `azure_ml.invoke`. Name these arguments to be independent of it.
- What the text decides is `IMMUTABLE`: `create_embeddings` because generated columns and indexes are made of it in
  public SQL, and the functions of `azure_cognitive` likewise. A call with constants alone is then made while the
  statement is planned, `EXPLAIN` included. What chat models and endpoints of your own answer is `VOLATILE`.
- Columns of `azure_ai.settings` are `key` and `value`; `get_setting` gives `NULL` for what is not set and refuses an
  unknown key.
- An array form gives `NULL` in the place of a text that failed under `throw_on_error => false`."""
SQL_HORIZONDB = """\
`pgazure functions install --edition horizondb` makes the functions as HorizonDB has them: `azure_cognitive`,
`azure_ml` and the settings are those above; the following take their place or are added. A model is an alias of
`model_registry`. `default-chat`, `default-embedding` and `default-reranker` stand for `gpt-4.1`,
`text-embedding-3-small` and `Cohere-rerank-v3.5` at the endpoints of the settings until models of these names are
added. Names of arguments and results of `model_registry` are inferred; so are the overloads, where one function of
the documentation is none that PostgreSQL could have: an untyped third argument of `generate` is the system prompt,
and `json_schema` is named or written with `::jsonb`."""
DATABASE = "Connection string of the database, in libpq's form; where it is unset, libpq's own variables count."


def write_settings_page() -> str:
    """Write the page of settings from the fields of :class:`pgazure.config.Settings`."""
    lines = [NOTICE, "", "# Settings", "", SETTINGS_INTRO]
    meanings = _attribute_docs(ServiceSettings)
    groups: dict[str, list[str]] = {}
    for name, field in Settings.model_fields.items():
        service, _, part = name.partition("_")
        title = SERVICES.get(service, "Everything else")
        meaning = field.description or meanings.get(part) or {"conninfo": DATABASE}.get(name)
        if not meaning:
            msg = f"the setting {name} has no description"
            raise SystemExit(msg)
        secret = " Never shown in a message, a log or a `repr`." if SecretStr.__name__ in str(field.annotation) else ""
        row = f"| `{field.validation_alias}` | `{name}` | {_cell(meaning)}{secret} |"
        groups.setdefault(title, []).append(row)
    for title, rows in groups.items():
        lines += ["", f"## {title}", "", "| environment variable | argument | meaning |", "|---|---|---|", *rows]
    return "\n".join(lines) + "\n"


def write_pipelines_page() -> str:
    """Write the page of pipelines from the models of :mod:`pgazure.pipeline.specification.spec` and their builders."""
    lines = [NOTICE, "", "# Pipelines", "", PIPELINES_INTRO, "", "## pgazure.toml", "", FILE_INTRO]
    lines += ["", "## Pipeline", "", "`pl.Pipeline(name, source=..., steps=[...])`, in TOML `[pipelines.NAME]`", ""]
    lines += _field_table(spec.PipelineSpec, PIPELINE_FIELDS)
    lines += ["", "## Source", "", "`pl.table_source(table, text=...)`, in TOML `source = { table = ..., text = ... }`"]
    lines += ["", *_field_table(spec.Source, SOURCE_FIELDS)]
    lines += [
        "",
        "## Steps",
        "",
        STEPS_INTRO,
        "",
        "Every step takes:",
        "",
        *_step_table(spec.Step, spec.Step.model_fields),
    ]
    for operation, kind in spec.STEPS.items():
        lines += ["", *_describe_step(operation, kind)]
    lines += ["", "## In SQL", "", PIPELINES_SQL, "", *_describe_pipeline_functions()]
    return "\n".join(lines) + "\n"


def _describe_pipeline_functions() -> list[str]:
    text = _read(SURFACE.parent / "functions" / "pipelines.sql")
    rows = [
        f"| `{name}({' '.join(arguments.split())})` | {_cell(meaning.replace(_QUOTE * 2, _QUOTE))} |"
        for name, arguments, meaning in _PIPELINE_FUNCTION.findall(text)
    ]
    return ["| function of schema `pgazure` | meaning |", "|---|---|", *rows]


def _field_table(model: Any, fields: dict[str, tuple[str, str]]) -> list[str]:
    if unknown := fields.keys() ^ model.model_fields.keys():
        msg = f"{model.__name__}: described or there, but not both: {', '.join(sorted(unknown))}"
        raise SystemExit(msg)
    rows = [
        f"| `{name}` | {kind} | {_requirement(model.model_fields[name])} | {_cell(meaning)} |"
        for name, (kind, meaning) in fields.items()
    ]
    return ["| field | type | default | meaning |", "|---|---|---|---|", *rows]


def _describe_step(operation: str, kind: type[spec.Step]) -> list[str]:
    build, example = getattr(pl, operation), EXAMPLES.get(operation, {})
    python = ", ".join(f"{name}={json.dumps(value)}" for name, value in example.items())
    toml = ", ".join(f"{name} = {_spell_toml(value)}" for name, value in example.items())
    if build(**example) != kind.model_validate(example):
        msg = f"{operation} means something else in Python than in TOML"
        raise SystemExit(msg)
    says = _cell(inspect.cleandoc(build.__doc__ or "").partition("\n")[0])
    spelled = f"`pl.{operation}({python})`, in TOML `{operation} = {f'{{ {toml} }}' if toml else '{}'}`"
    lines = [f"### {operation}", "", says, "", spelled]
    gives = f" It gives `{kind.gives}` to other steps." if kind.gives else ""
    lines += ["", f"Results: [`<pipeline>_{kind.result}`](database.md#pipeline_{kind.result}).{gives}"]
    own = [name for name in kind.model_fields if name not in spec.Step.model_fields]
    return [*lines, "", *_step_table(kind, own)] if own else lines


def _step_table(kind: type[spec.Step], names: Iterable[str]) -> list[str]:
    properties = kind.model_json_schema()["properties"]
    operation = kind.__dict__.get("operation")
    described = {name: PARAMETERS.get(f"{operation}.{name}", PARAMETERS.get(name)) for name in names}
    if unknown := {name for name, meaning in described.items() if meaning is None}:
        msg = f"{kind.__name__}: no description of {', '.join(sorted(unknown))}"
        raise SystemExit(msg)
    rows = []
    for name in names:
        default, meaning = _requirement(kind.model_fields[name]), _cell(str(described[name]))
        rows.append(f"| `{name}` | {_type(properties[name])} | {default} | {meaning} |")
    return ["| parameter | type | default | meaning |", "|---|---|---|---|", *rows]


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return _type(next(each for each in schema["anyOf"] if each["type"] != "null"))
    if schema.get("type", "object") == "object":
        return "table"
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    if schema["type"] == "array":
        return f"{_type(schema['items'])}, or a list of them"
    least, most = schema.get("minimum"), schema.get("maximum")
    limits = {(True, True): f", {least} to {most}", (True, False): f", {least} or more"}
    return f"{schema['type']}{limits.get((least is not None, most is not None), '')}"


def _spell_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_spell_toml(each)}" for name, each in value.items()) + " }"
    return json.dumps(value)


def _requirement(field: Any) -> str:
    return "required" if field.is_required() else _default(field.default)


_SQL_FUNCTION = re.compile(
    r"CREATE OR REPLACE FUNCTION ((?:azure|model)_\w+\.\w+)\((.*?)\) RETURNS (.*?)\nLANGUAGE"
    r".*?^COMMENT ON FUNCTION \1\([^)]*\) IS\s+'((?:[^']|'')+)';",
    re.DOTALL | re.MULTILINE,
)
_SQL_TYPE = re.compile(r"CREATE TYPE (azure_cognitive\.\w+) AS \((.*?)\);", re.DOTALL)
_SQL_COMMENT = re.compile(r"COMMENT ON (?:TYPE|COLUMN) ([\w.]+) IS\s+'((?:[^']|'')+)';")


def write_sql_functions_page() -> str:
    """Write the page of the SQL functions from the files that create them."""
    lines = [NOTICE, "", "# SQL functions", "", SQL_INTRO]
    lines += _describe_sql(sorted([*SURFACE.glob("*.sql"), *SURFACE.glob("flexible/*.sql")]))
    lines += [
        "",
        "## Settings",
        "",
        SQL_SETTINGS,
        "",
        "## Types",
        "",
        *_describe_sql_types(_read(SURFACE / "02_types.sql")),
    ]
    lines += ["", "## What is inferred", "", SQL_INFERRED, "", "## Edition horizondb", "", SQL_HORIZONDB]
    return "\n".join([*lines, *_describe_sql(sorted(SURFACE.glob("horizondb/*.sql")), level=3)]) + "\n"


def _describe_sql(files: Iterable[Path], level: int = 2) -> list[str]:
    found: dict[str, dict[str, list[str]]] = {}
    written = "\n".join(map(_read, files))
    for name, arguments, result, says in _SQL_FUNCTION.findall(written):
        given = " ".join(arguments.split()).replace(" DEFAULT ", " = ")
        # A line breaks between arguments and nowhere else.
        gives = " ".join(result.split()).replace("( ", "(").replace(" )", ")")
        whole = f"{name}({given}) → {gives}".replace(" ", "\0").replace(",\0", ", ")
        signature = textwrap.fill(whole, 100, subsequent_indent="    ", break_on_hyphens=False).replace("\0", " ")
        shown = ["", _cell(says.replace("''", "'")), "", "```text", signature, "```"]
        found.setdefault(name.partition(".")[0], {}).setdefault(name, []).extend(shown)
    lines = []
    for schema in sorted(found):
        lines += ["", f"{'#' * level} {schema}"]
        for name, shown in sorted(found[schema].items()):
            lines += ["", f"{'#' * (level + 1)} {name}", *shown]
    return lines


def _describe_sql_types(source: str) -> list[str]:
    says = {name: _cell(text.replace("''", "'")) for name, text in _SQL_COMMENT.findall(source)}
    lines = []
    for name, body in sorted(_SQL_TYPE.findall(source)):
        fields = [field.strip().partition(" ")[::2] for field in body.split(",")]
        lines += [f"### {name}", "", says[name], "", "| field | type | meaning |", "|---|---|---|"]
        lines += [f"| `{field}` | `{kind}` | {says[f'{name}.{field}']} |" for field, kind in fields]
        lines.append("")
    return lines[:-1]


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def write_cli_page(app: typer.Typer) -> str:
    """Write the page of commands from a typer application."""
    root: Any = typer.main.get_command(app)
    lines = [NOTICE, "", "# Command line", "", _prose(root.help), *_parameter_table(root)]
    for path, command in walk_commands(root, ("pgazure",)):
        lines += ["", *_describe_command(path, command)]
    return "\n".join(lines).rstrip() + "\n"


def walk_commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that is not hidden with its path, groups before what they hold."""
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield (*path, name), child
            yield from walk_commands(child, (*path, name))


def _describe_command(path: tuple[str, ...], command: Any) -> list[str]:
    lines = [f"{'#' * len(path)} {' '.join(path)}", "", _prose(command.help)]
    shown = shown_parameters(command)
    if getattr(command, "commands", None) is None:
        arguments = [_argument_name(p) for p in shown if p.param_type_name == "argument"]
        options = ["[OPTIONS]"] if any(p.param_type_name == "option" for p in shown) else []
        lines += ["", "```console", f"$ {' '.join([*path, *options, *arguments])}", "```"]
    return lines + _parameter_table(command)


def shown_parameters(command: Any) -> list[Any]:
    """List the arguments and options that a user sees, without ``--help``."""
    return [p for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]


def _parameter_table(command: Any) -> list[str]:
    rows = [_parameter_row(p) for p in shown_parameters(command)]
    return ["", "| argument or option | meaning | default |", "|---|---|---|", *rows] if rows else []


def _argument_name(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name.upper()) + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _parameter_row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{_argument_name(parameter)}`"
    else:
        value = "" if parameter.is_flag else f" {parameter.metavar or 'VALUE'}"
        names = ", ".join(f"`{name}{value}`" for name in [*parameter.opts, *parameter.secondary_opts])
    meaning = _sentence(_prose(getattr(parameter, "help", None)))
    if isinstance(parameter.envvar, str):
        meaning += f" Environment: `{parameter.envvar}`."
    if getattr(parameter, "multiple", False):
        meaning += " May be given several times."
    return f"| {names} | {_cell(meaning)} | {'required' if parameter.required else _default(parameter.default)} |"


def _default(value: Any) -> str:
    value = getattr(value, "value", value)
    if value is None or value is False or callable(value) or value in ("", [], ()):
        return ""
    return f"`{'yes' if value is True else value}`"


def _prose(text: str | None) -> str:
    # Help texts may carry rich's markup ([bold]) and click's \b; neither means anything here.
    return re.sub(r"\[/?(?:bold|italic|dim|cyan|green|yellow|red)\]|\x08\n?", "", inspect.cleandoc(text or ""))


def _sentence(text: str) -> str:
    return f"{text}." if text and text[-1] not in ".!?" else text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("``", "`")


def _attribute_docs(documented: type) -> dict[str, str]:
    _, _, section = inspect.cleandoc(documented.__doc__ or "").partition("Attributes:\n")
    return {m[1]: m[2] for m in re.finditer(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", section, re.MULTILINE)}


def main() -> int:
    """Write the pages, or with ``--check`` say which of them are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is out of date")
    check = parser.parse_args().check
    pages = {"settings.md": write_settings_page(), "pipelines.md": write_pipelines_page()}
    pages["sql-functions.md"] = write_sql_functions_page()
    if importlib.util.find_spec("pgazure.cli.main"):
        pages["cli.md"] = write_cli_page(importlib.import_module("pgazure.cli.main").app)
    stale = []
    for name, text in pages.items():
        page = REFERENCE / name
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale.append(f"docs/reference/{name}")
        else:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8", newline="\n")
            print(f"written: docs/reference/{name}")
    if stale:
        print(f"out of date: {', '.join(stale)}; run `make generate`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
