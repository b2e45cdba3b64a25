"""The command emulator."""

from __future__ import annotations

from inspect import Parameter, Signature
from typing import Annotated, Any

import typer

from pgazure.cli.output import complain
from pgazure.emulator.options import Flag, list_flags


def emulator(**settings: Any) -> None:
    """Serve Azure AI Language, Translator and Azure OpenAI on this machine, until Ctrl-C."""
    from pgazure.emulator.command import run  # noqa: PLC0415

    try:
        run({name: value for name, value in settings.items() if value is not None})
    except (OSError, ValueError) as error:
        complain(str(error))
        raise typer.Exit(2) from None


def _write_parameter(each: Flag) -> Parameter:
    kind: Any = bool if each.is_switch else list[str] | None if each.is_list else str | None
    default: Any = False if each.is_switch else None if each.is_list else each.default
    told = typer.Option(each.flag, help=each.help[0].upper() + each.help[1:] + ".", envvar=each.environment or None)
    shown = default if default is None or each.is_switch else str(default)
    return Parameter(each.option, Parameter.KEYWORD_ONLY, default=shown, annotation=Annotated[kind, told])


# The options are listed once, for Python and for both commands; typer reads them from here.
emulator.__signature__ = Signature([_write_parameter(each) for each in list_flags()])  # type: ignore[attr-defined]
