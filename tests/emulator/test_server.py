"""The server's life: in the background, in the foreground, on the command line."""

from __future__ import annotations

import inspect
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pgazure.emulator import Emulator, Options
from pgazure.emulator.__main__ import make_parser
from pgazure.emulator.durations import read_duration
from pgazure.emulator.faults.kinds import KINDS
from pgazure.emulator.options import list_flags

if TYPE_CHECKING:
    from collections.abc import Iterator


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "pgazure.emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def running() -> Iterator[subprocess.Popen[str]]:
    process = command("--port", "0", "--key", "secret", "--latency", "5ms")
    yield process
    process.kill()
    process.communicate()


def test_leaving_the_block_frees_thread_and_port() -> None:
    before = set(threading.enumerate())
    with Emulator() as server:
        address = server.endpoint.removeprefix("http://").split(":")
        with requests.Session() as session:
            assert session.get(f"{server.endpoint}/__stats", timeout=30).status_code == 200
            assert set(threading.enumerate()) > before
            server.stop()
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError), socket.create_connection((address[0], int(address[1])), timeout=5):
        pass
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.endpoint


def test_a_server_can_be_started_again() -> None:
    server = Emulator()
    for _ in range(2):
        with server:
            assert requests.get(f"{server.endpoint}/__stats", timeout=30).status_code == 200


def test_a_server_is_started_once_at_a_time() -> None:
    with Emulator() as server, pytest.raises(RuntimeError, match="already running"):
        server.start()


def test_a_port_in_use_is_named() -> None:
    with Emulator() as server:
        port = int(server.endpoint.rpartition(":")[2])
        with pytest.raises(OSError, match=f"port {port} of 127.0.0.1 is in use"), Emulator(port=port):
            pass


@pytest.mark.parametrize(
    "options",
    [
        {"host": "0.0.0.0"},
        {"host": "::"},
        {"host": "example.com"},
        {"host": "0.0.0.0", "key": "own", "accept_any_token": True},
        {"key": ""},
        {"latency": -1},
        {"rpm": 0},
        {"tpm": -5},
        {"job_time": -1},
        {"journal": -1},
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"key|negative|positive"):
        Emulator(**options)


def test_the_key_is_in_no_repr() -> None:
    server = Emulator(key="very-secret")
    assert "very-secret" not in repr(server) + repr(vars(server))


def test_the_command_prints_its_endpoint_and_serves(running: subprocess.Popen[str]) -> None:
    assert running.stdout is not None
    endpoint = running.stdout.readline().split()[-1]
    assert endpoint.startswith("http://127.0.0.1:")
    assert requests.get(f"{endpoint}/__stats", timeout=30).json()["requests"] == 0
    url = f"{endpoint}/openai/v1/embeddings"
    body = {"model": "m", "input": "x"}
    assert requests.post(url, json=body, headers={"api-key": "secret"}, timeout=30).status_code == 200
    assert requests.post(url, json=body, headers={"api-key": "emulator"}, timeout=30).status_code == 401


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_the_command_quietly(running: subprocess.Popen[str], number: int) -> None:
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(number)
    _, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_request_under_way_is_answered_when_the_server_ends(running: subprocess.Popen[str]) -> None:
    assert running.stdout is not None
    endpoint = running.stdout.readline().split()[-1]
    # Models are loaded by now.
    assert requests.post(f"{endpoint}/score", json=[1], headers={"api-key": "secret"}, timeout=60).status_code == 200
    requests.post(f"{endpoint}/__reset", timeout=30)
    requests.post(f"{endpoint}/__faults", data="latency seconds=1h", timeout=30)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(requests.post, f"{endpoint}/score", json=[1], headers={"api-key": "secret"}, timeout=60)
        while not requests.get(f"{endpoint}/__requests", timeout=30).json()["requests"]:
            assert not pending.done()
        running.send_signal(signal.SIGTERM)
        assert pending.result().status_code == 200
    _, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "choose a key of your own"),
        (("--rpm", "0"), "rpm must be positive"),
        (("--latency", "soon"), "not a duration"),
        (("--port", "many"), "port: "),
        (("--port", "99999"), "port"),
        (("--fault", "mistake"), "the kind is one of"),
        (("--faults", "nowhere.toml"), "cannot be read"),
        (("--port", "0", "--env-file", "/nowhere/at/all"), "/nowhere/at"),
    ],
)
def test_a_mistake_on_the_command_line_gets_one_clear_line(arguments: tuple[str, ...], words: str) -> None:
    process = command(*arguments)
    _, err = process.communicate(timeout=30)
    assert process.returncode != 0
    assert words in err
    assert "Traceback" not in err


def test_the_variables_are_written_to_a_file_that_nobody_else_may_read(tmp_path: Path) -> None:
    file = tmp_path / "azure.env"
    process = command("--port", "0", "--key", "it's mine", "--env-file", str(file))
    try:
        assert process.stdout is not None
        endpoint = process.stdout.readline().split()[-1]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        # A shell reads it as it is.
        script = f'set -a; . {file}; set +a; printf "%s|%s|%s" "$AZURE_LANGUAGE_ENDPOINT" "$AZURE_OPENAI_API_KEY" "$IDENTITY_ENDPOINT"'
        told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
        assert told.split("|") == [endpoint, "it's mine", f"{endpoint}/msi/token"]
        # The terminal does not show a key of one's own.
        process.terminate()
        out = process.stdout.read()
        assert "export AZURE_LANGUAGE_KEY=...\n" in out
        assert "mine" not in out
    finally:
        process.kill()
        process.communicate()


def test_both_commands_and_python_have_the_same_options() -> None:
    from typer.testing import CliRunner

    from pgazure.cli.main import app

    listed = {each.option: each.flag for each in list_flags()}
    assert listed.keys() == inspect.signature(Options).parameters.keys()
    plain, fancy = (
        make_parser().format_help(),
        CliRunner().invoke(app, ["emulator", "--help"], terminal_width=200).stdout,
    )
    assert [flag for flag in listed.values() if flag not in plain or flag not in fancy] == []
    page = (Path(__file__).parents[2] / "docs" / "reference" / "emulator" / "index.md").read_text(encoding="utf-8")
    silent = [name for name in listed if f"        {name}: " not in (Options.__doc__ or "")]
    silent += [name for name, flag in listed.items() if f"`{name}`" not in page or f"`{flag}`" not in page]
    silent += [kind.name() for kind in KINDS if f"| `{kind.name()}` |" not in page]
    assert silent == []


def test_options_are_read_from_texts_and_unknown_ones_are_named() -> None:
    read = Options.from_settings({"latency": "50ms", "rpm": "30", "deployments": ["a"], "https": True})
    assert read == Options(latency=0.05, rpm=30.0, deployments=["a"], https=True)
    with pytest.raises(ValueError, match="there is no option latencies"):
        Options.from_settings({"latencies": "1s"})


@pytest.mark.parametrize(
    ("text", "seconds"), [("50ms", 0.05), ("0.5s", 0.5), ("2", 2.0), ("1.5 s", 1.5), ("15d", 1_296_000.0)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert read_duration(text) == pytest.approx(seconds)


def test_without_the_extra_the_import_says_what_to_install() -> None:
    script = (
        "import sys, importlib.util as util\n"
        "real = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'yake' else real(name, *rest)\n"
        "try:\n    from pgazure.emulator import Emulator\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "the emulator needs yake: pip install 'pgazure[emulator]'"


def test_importing_loads_no_model() -> None:
    heavy = ("numpy", "yake", "py3langid", "vaderSentiment", "phonenumbers", "bpe_openai", "openai", "azure")
    script = f"import sys, pgazure.emulator; print(*[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_emulator_shares_no_code_with_the_client() -> None:
    script = (
        "import sys, pgazure.emulator, pgazure.emulator.__main__\n"
        "print(*sorted(name for name in sys.modules if name.startswith('pgazure.') "
        "and not name.startswith('pgazure.emulator')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
