"""Write docs/reference/settings.md and docs/reference/cli.md from the code; ``--check`` compares instead."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main
from pydantic import SecretStr

from pgazure.config import ServiceSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
NOTICE = "<!-- Written by scripts/generate_reference.py: change the code and run `make generate`. -->"

SETTINGS_INTRO = """\
Every setting can be an argument or an environment variable; an argument wins. The settings of one
service are taken together from one place: where any of them is an argument, none of that service
is read from the environment, so that a key never travels to an endpoint it was not meant for. An
empty variable counts as unset. A service whose key is unset is called with Entra ID.

An endpoint is an `https://` address without user, query or fragment; `http://` is accepted for
this machine only."""

SERVICES = {
    "language": "Azure AI Language",
    "translator": "Azure AI Translator",
    "openai": "Azure OpenAI",
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
    pages = {"settings.md": write_settings_page()}
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
