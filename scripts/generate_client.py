"""Write the blocking client from the asynchronous one: same names, signatures, overloads and docstrings.

Usage: generate_client.py [--check]
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

CLIENT = Path(__file__).resolve().parents[1] / "src" / "pgazure" / "client"
SYNC = CLIENT / "sync"
SCHEMAS = {
    "azure_ai": "AsyncAzureAI",
    "azure_cognitive": "AsyncAzureCognitive",
    "azure_language": "AsyncAzureLanguage",
    "azure_ml": "AsyncAzureML",
    "azure_openai": "AsyncAzureOpenAI",
    "azure_translator": "AsyncAzureTranslator",
}

# What blocks gives the things themselves.
BLOCKING = {
    "Awaitable[Sequence[R]]": "Sequence[R]",
    "Iterable[T] | AsyncIterable[T]": "Iterable[T]",
    "AsyncGenerator[R, None]": "Generator[R, None, None]",
}

SCHEMA_HEADER = '''"""``{schema}``, blocking. Written by scripts/generate_client.py: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Unpack

    import numpy as np
    from numpy.typing import NDArray

    from pgazure.client.background import Background
    from pgazure.client.conversations import Conversation
    from pgazure.client.inputs import Id, Name, Names, Raising, SequenceOf, SomeTexts, Texts
'''

CLIENT_HEADER = '''"""The blocking client. Written by scripts/generate_client.py: do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, TypeVar

from pgazure.client.async_client import AsyncClient
from pgazure.client.background import Background, ModelBackground
from pgazure.client.chat_requests import check_model
from pgazure.client.inputs import check_count
from pgazure.client.lookahead import check_texts, stream_blocking
{schemas}

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from types import TracebackType

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from pgazure.client.inputs import Texts
    from pgazure.config import Settings
    from pgazure.types import Comparison

T = TypeVar("T")
R = TypeVar("R")
'''


def main() -> int:
    """Write the modules, or compare them with what would be written."""
    wanted = {path: tidy(path, text) for path, text in write_modules().items()}
    if "--check" in sys.argv[1:]:
        found = {path: path.read_text() for path in SYNC.glob("*.py")}
        if found == wanted:
            return 0
        wrong = sorted(path.name for path in found.keys() | wanted.keys() if found.get(path) != wanted.get(path))
        print(f"{', '.join(wrong)}: not what {Path(__file__).name} writes; run it without --check", file=sys.stderr)
        return 1
    SYNC.mkdir(exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text)
    return 0


def write_modules() -> dict[Path, str]:
    """Compose the modules, unformatted."""
    modules = {}
    for schema, name in SCHEMAS.items():
        tree = ast.parse((CLIENT / f"{schema}.py").read_text())
        guarded = [*sorted(imports_for_types(tree)), *map(ast.unparse, aliases_for_types(tree))]
        header = SCHEMA_HEADER.format(schema=schema)
        body = write_schema(schema, find_class(tree, name))
        # A parameter has the extension's name, and Python a function of that name.
        header = header.replace('"""\n', '"""\n\n# ruff: noqa: A002\n', 1) if " input:" in body else header
        modules[SYNC / f"{schema}.py"] = header + "".join(f"    {line}\n" for line in guarded) + "\n\n" + body + "\n"
    client = find_class(ast.parse((CLIENT / "async_client.py").read_text()), "AsyncClient")
    schemas = [f"from pgazure.client.sync.{schema} import {name[5:]}" for schema, name in SCHEMAS.items()]
    header = CLIENT_HEADER.format(schemas="\n".join(schemas))
    modules[SYNC / "__init__.py"] = header + "\n\n" + write_client(client) + "\n"
    return modules


def find_class(tree: ast.Module, name: str) -> ast.ClassDef:
    """Find a class of a module."""
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)


def type_checking_block(tree: ast.Module) -> list[ast.stmt]:
    """Give what a module imports for type checkers."""
    return next(
        node.body
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )


def imports_for_types(tree: ast.Module) -> list[str]:
    """Give the imports that signatures may need."""
    wanted = ("pgazure.client.options", "pgazure.types", "pgazure.types_language")
    return [
        ast.unparse(node)
        for node in (*tree.body, *type_checking_block(tree))
        if isinstance(node, ast.ImportFrom) and node.module in wanted
    ]


def aliases_for_types(tree: ast.Module) -> list[ast.stmt]:
    """Give the type aliases that signatures may need."""
    return [node for node in type_checking_block(tree) if isinstance(node, ast.Assign)]


def write_schema(schema: str, written: ast.ClassDef) -> str:
    """Compose the blocking twin of a schema's class."""
    lines = [
        f"class {written.name.removeprefix('Async')}:",
        f'    """{ast.get_docstring(written)}"""',
        "    def __init__(self, background: Background) -> None:",
        "        self._background = background",
    ]
    for node in written.body:
        if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        overloaded = any(isinstance(mark, ast.Name) and mark.id == "overload" for mark in node.decorator_list)
        lines += ["    @overload"] if overloaded else []
        returns = ast.unparse(node.returns or ast.Constant(None)).replace("AsyncIterator[", "Iterator[")
        lines += [f"    def {node.name}({mark_overlap(node.args)}", f"{ast.unparse(node.args)}) -> {returns}:"]
        if overloaded:
            lines[-1] += " ..."
        else:
            lines += write_docstring(node)
            call = "iterate" if returns != ast.unparse(node.returns or ast.Constant(None)) else "call"
            called = f'self._background.{call}("{schema}", "{node.name}", {pass_arguments(node.args)})'
            if returns == "Any" or call == "iterate":
                lines.append(f"        return {called}")
            else:
                # What comes out of the background is anything to a type checker.
                lines += [f"        result: {returns} = {called}", "        return result"]
    return "\n".join(lines)


def mark_overlap(args: ast.arguments) -> str:
    """Permit the overload for texts of which none is missing: such a list is one of texts that may be missing too."""
    plain = any(arg.annotation is not None and ast.unparse(arg.annotation) == "Texts" for arg in args.args)
    return "  # pyright: ignore[reportOverlappingOverload]" if plain else ""


def write_client(written: ast.ClassDef) -> str:
    """Compose the blocking client."""
    init = next(node for node in written.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    lines = [
        "class Client:",
        *write_docstring(written, indent="    "),
        f"    def __init__({ast.unparse(init.args)}) -> None:",
        f"        self._background = Background(AsyncClient({pass_arguments(init.args)}))",
        *(
            f"        self.{schema} = {name.removeprefix('Async')}(self._background)"
            for schema, name in SCHEMAS.items()
        ),
        "    def __enter__(self) -> Self:",
        "        return self",
        "    def __exit__(self, kind: type[BaseException] | None,",
        "        error: BaseException | None, traceback: TracebackType | None) -> None:",
        "        self.close()",
        "    def __reduce__(self) -> NoReturn:",
        '        msg = "a Client holds keys and connections and cannot be pickled; make one where it is needed"',
        "        raise TypeError(msg)",
        *write_stream(written),
        *write_model_methods(written),
        "    def close(self) -> None:",
        '        """Close the connections; the client cannot be used afterwards."""',
        "        self._background.close()",
    ]
    return "\n".join(lines)


def write_stream(written: ast.ClassDef) -> list[str]:
    """Compose the blocking twin of the client's own method that yields."""
    node = next(node for node in written.body if isinstance(node, ast.FunctionDef) and node.name == "stream")
    returns = ast.unparse(node.returns or ast.Constant(None))
    signature = f"    def stream({ast.unparse(node.args)}) -> {returns}:"
    for there, here in BLOCKING.items():
        signature = signature.replace(there, here)
    # The checks are the same; what runs the calls is not.
    checks = [f"        {ast.unparse(line)}" for line in node.body[1:-1]]
    return [signature, *write_docstring(node), *checks, "        return stream_blocking(method, texts, read_ahead)"]


def write_model_methods(written: ast.ClassDef) -> list[str]:
    """Compose the blocking twins of the client's own methods that put a chat model in the place of the service."""
    methods = {node.name: node for node in written.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    choose, compare = methods["with_model"], methods["compare"]
    return [
        f"    def with_model({ast.unparse(choose.args)}) -> AzureCognitive:",
        *write_docstring(choose),
        "        return AzureCognitive(ModelBackground(self._background, check_model(model)))",
        f"    def compare({ast.unparse(compare.args)}) -> Comparison:",
        *write_docstring(compare),
        "        result: Comparison = self._background.apply(",
        f"            lambda client: client.compare({pass_arguments(compare.args)}, **options))",
        "        return result",
    ]


def write_docstring(node: ast.AsyncFunctionDef | ast.FunctionDef | ast.ClassDef, indent: str = " " * 8) -> list[str]:
    """Give a docstring as it stands in the source."""
    text = (ast.get_docstring(node, clean=True) or "").replace("AsyncClient", "Client")
    lines = f'"""{text}\n"""'.splitlines() if "\n" in text else [f'"""{text}"""']
    return [indent + line if line else "" for line in lines]


def pass_arguments(args: ast.arguments) -> str:
    """Write the arguments that hand every parameter on."""
    positional = [arg.arg for arg in args.args if arg.arg != "self"]
    return ", ".join([*positional, *(f"{arg.arg}={arg.arg}" for arg in args.kwonlyargs)])


def tidy(path: Path, text: str) -> str:
    """Drop imports that are not needed, order the others, and format."""
    fix = ["check", "--fix-only", "--quiet", "--select", "F401,I"]
    for arguments in (fix, ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", str(path), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text


if __name__ == "__main__":
    raise SystemExit(main())
