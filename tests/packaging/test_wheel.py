"""The wheel holds everything that pgazure needs at run time and nothing else."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, **options) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pip(*arguments: str) -> None:
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments, cwd=ROOT)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def packed(wheel) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("installed here")
    pip("install", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def run_installed(installed: Path, folder: Path, code: str) -> str:
    # -S leaves the editable checkout out of the path; what pgazure needs comes after the installed copy.
    path = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return run(sys.executable, "-S", "-W", "error", "-c", f"import sys; sys.path[1:1] = {path!r}\n{code}", cwd=folder)


def test_every_module_and_data_file_is_in_the_wheel(packed):
    source = ROOT / "src"
    wanted = {p.relative_to(source).as_posix() for p in (source / "pgazure").rglob("*") if p.is_file()}
    wanted = {name for name in wanted if "__pycache__" not in name}
    assert {"pgazure/py.typed", "pgazure/samples/reviews.csv", "pgazure/samples/listings.csv"} <= wanted
    assert wanted - packed == set()


def test_every_sql_file_is_in_the_wheel(packed):
    wanted = {f"pgazure/_sql/{p.relative_to(ROOT / 'sql').as_posix()}" for p in (ROOT / "sql").rglob("*.sql")}
    assert wanted
    assert wanted - packed == set()


def test_nothing_else_is_in_the_wheel(packed):
    assert {name.split("/")[0].partition("-")[0] for name in packed} == {"pgazure"}
    assert not [name for name in packed if "__pycache__" in name or "tests/" in name]


def test_metadata_carries_licence_extras_and_command(wheel, packed):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with ZipFile(wheel) as archive:
        [metadata] = [name for name in packed if name.endswith(".dist-info/METADATA")]
        text = archive.read(metadata).decode()
        [entry_points] = [name for name in packed if name.endswith(".dist-info/entry_points.txt")]
        commands = archive.read(entry_points).decode()
    assert f"\nVersion: {project['version']}\n" in text
    assert "\nLicense-Expression: MIT\n" in text
    for extra in project["optional-dependencies"]:
        assert f"\nProvides-Extra: {extra}\n" in text
    for command, target in project["scripts"].items():
        assert f"{command} = {target}" in commands
    assert any(name.endswith("licenses/LICENSE") for name in packed)


def test_an_installed_copy_imports_and_reads_its_own_data(installed, tmp_path):
    code = (
        "import csv, pgazure\n"
        "from pgazure import errors, types\n"
        "from pgazure.samples import reviews_csv\n"
        "print(pgazure.__file__)\n"
        "print(len(list(csv.DictReader(reviews_csv().read_text('utf-8').splitlines()))) > 100)\n"
    )
    where, enough = run_installed(installed, tmp_path, code).splitlines()
    assert Path(where).is_relative_to(installed)
    assert enough == "True"


def test_importing_pgazure_loads_nothing_heavy(installed, tmp_path):
    heavy = {"azure", "openai", "numpy", "typer", "rich", "aiohttp", "psycopg", "starlette", "uvicorn", "yake"}
    code = f"import pgazure\nprint(*sorted({heavy!r} & set(sys.modules)))"
    assert run_installed(installed, tmp_path, code).split() == []


def test_the_package_runs_as_a_module(installed, tmp_path):
    code = "import runpy\nsys.argv = ['pgazure', '--version']\nrunpy.run_module('pgazure', run_name='__main__')"
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert run_installed(installed, tmp_path, code).split() == ["pgazure", version]
