"""The command emulator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from pgazure.cli.output import complain

_DEFAULT_KEY = "emulator"
_KEYS = {"AZURE_LANGUAGE": "KEY", "AZURE_TEXT_TRANSLATION": "APIKEY", "AZURE_OPENAI": "API_KEY"}
_LATENCY = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


def _read_latency(text: str) -> str:
    if not _LATENCY.fullmatch(text):
        msg = f"{text!r}: write milliseconds or seconds, such as 50ms or 1.5s"
        raise typer.BadParameter(msg)
    return text


def emulator(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8765,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    key: Annotated[str, typer.Option(envvar="PGAZURE_EMULATOR_KEY", help="Key that clients must send.")] = _DEFAULT_KEY,
    latency: Annotated[str, typer.Option(callback=_read_latency, help="Time added to each answer: 50ms, 1s.")] = "0ms",
    rpm: Annotated[int | None, typer.Option(min=1, help="Requests a minute for each operation; above it: 429.")] = None,
    tpm: Annotated[int | None, typer.Option(min=1, help="Tokens a minute for each deployment; above it: 429.")] = None,
    deployment: Annotated[
        list[str] | None, typer.Option(help="A deployment that exists; may be repeated. Without it any name does.")
    ] = None,
    filter_word: Annotated[
        str, typer.Option(help="Word in a prompt that the content filter refuses.")
    ] = "trigger-content-filter",
    rules: Annotated[
        Path | None, typer.Option(help="TOML or JSON file that says what scoring and custom models answer.")
    ] = None,
) -> None:
    """Serve Azure AI Language, Translator and Azure OpenAI on this machine, until Ctrl-C."""
    from pgazure.emulator import serve  # noqa: PLC0415

    found = _LATENCY.fullmatch(latency)
    assert found is not None
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)

    def announce(endpoint: str) -> None:
        print(f"Azure AI emulator at {endpoint}", flush=True)
        for service, name in _KEYS.items():
            print(f"export {service}_ENDPOINT={endpoint}")
            # A key of one's own is not printed: whoever chose it knows it.
            print(f"export {service}_{name}={key if key == _DEFAULT_KEY else '...'}", flush=True)

    try:
        serve(
            host=host,
            port=port,
            key=key,
            latency=seconds,
            rpm=rpm,
            tpm=tpm,
            deployments=deployment or (),
            filter_word=filter_word,
            rules=rules,
            on_ready=announce,
        )
    except (OSError, ValueError) as error:
        complain(str(error))
        raise typer.Exit(2) from None
