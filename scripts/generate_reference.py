"""Write settings.md, cli.md and pipelines.md of docs/reference from the code; ``--check`` compares instead."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main
from pydantic import SecretStr

from pgazure.config import ServiceSettings, Settings
from pgazure.pipeline import builders, spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
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
A pipeline is described in `pgazure.toml` or in Python; both give the same
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

# What a field of a pipeline or of its source takes, and what it is for.
PIPELINE_FIELDS = {
    "name": ("a name", "Names the pipeline; in TOML it stands in the heading. Result tables are named after it."),
    "source": ("`table_source(...)`, `{ table, text }`", "What is enriched."),
    "steps": ("a list", "At least one of the steps below."),
    "trigger": (
        '`"manual"` or `"on_change"`',
        "`manual`: changed rows wait for a run. `on_change`: `pgazure run --watch` takes them up at once.",
    ),
    "budget": ('`"5 USD/day"`, `"2.50 USD/run"`', "The most it may cost at list price; a day is one of UTC."),
}
SOURCE_FIELDS = {
    "table": (
        "a table's name",
        "With its schema before it, or found on the `search_path`; quoted as in SQL. It needs a primary key.",
    ),
    "text": ("a column, or a template", "What is read of a row: `body`, or columns in braces: `{title}\\n{body}`."),
}
PARAMETERS = {
    "name": "Name of the step; the operation's where none is given.",
    "table": "Name of the result table; `<pipeline>_<what>` where none is given.",
    "input": "What the step reads: `text` (the source's template), or what another step gives.",
    "language": "Code of every row's language. Without it: what `detect_language` of the pipeline finds, else the "
    "service's default.",
    "domain": "`phi` looks for health information only.",
    "target_language": "Code of the language to translate into, or several; each gives a result of its own.",
    "source_language": "Code of every row's language; without it the service detects it.",
    "text_type": "`Html` leaves tags alone.",
    "profanity_action": "What becomes of profanity in the translation.",
    "sentence_count": "Sentences of the summary.",
    "sort_by": "Order of the sentences: as they stand in the text, or the weightiest first.",
    "chunk_size": "Most tokens (`cl100k_base`) of a chunk.",
    "overlap": "Tokens that neighbouring chunks share; fewer than `chunk_size`.",
    "model": "Name of the Azure OpenAI deployment.",
    "dimensions": "Length of the vectors; may be left out for a deployment that is named "
    + ", ".join(f"`{name}`" for name in spec.KNOWN_DIMENSIONS)
    + ".",
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "translate": {"target_language": ["es", "de"]},
    "embed": {"model": "text-embedding-3-small"},
}
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
    """Write the page of pipelines from the models of :mod:`pgazure.pipeline.spec` and their builders."""
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
    return "\n".join(lines) + "\n"


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
    build, example = getattr(builders, operation), EXAMPLES.get(operation, {})
    python = ", ".join(f"{name}={json.dumps(value)}" for name, value in example.items())
    toml = ", ".join(f"{name} = {json.dumps(value)}" for name, value in example.items())
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
    if unknown := set(names) - PARAMETERS.keys():
        msg = f"{kind.__name__}: no description of {', '.join(sorted(unknown))}"
        raise SystemExit(msg)
    rows = []
    for name in names:
        default, meaning = _requirement(kind.model_fields[name]), _cell(PARAMETERS[name])
        rows.append(f"| `{name}` | {_type(properties[name])} | {default} | {meaning} |")
    return ["| parameter | type | default | meaning |", "|---|---|---|---|", *rows]


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return _type(next(each for each in schema["anyOf"] if each["type"] != "null"))
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    if schema["type"] == "array":
        return f"{_type(schema['items'])}, or a list of them"
    least, most = schema.get("minimum"), schema.get("maximum")
    limits = {(True, True): f", {least} to {most}", (True, False): f", {least} or more"}
    return f"{schema['type']}{limits.get((least is not None, most is not None), '')}"


def _requirement(field: Any) -> str:
    return "required" if field.is_required() else _default(field.default)


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
