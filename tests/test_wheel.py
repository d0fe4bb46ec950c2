"""Does what is handed out hold all that is needed, and nothing else?"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

REPOSITORY = Path(__file__).parents[1]
MADE_OF = ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "etl", "configs", "samples", "tests", "docs")
CLUTTER = ("results/20260101T000000Z-000000/results.csv", "acme.ledger", "lookups.csv", "etl/__pycache__/task.cpython-311.pyc")
"""What lies in the folder of someone who works with it, and must not leave it."""


def build(folder: Path, kind: str) -> Path:
    """Build as any front end does, with the backend that is installed: nothing is downloaded."""
    made = folder / "dist"
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(made)], cwd=folder, check=True, capture_output=True)
    (only,) = made.iterdir()
    return only


def names(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The repository, as it lies on the disk of someone who works with it."""
    folder = tmp_path_factory.mktemp("source")
    for name in MADE_OF:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache"))
        else:
            shutil.copy(REPOSITORY / name, folder / name)
    for name in CLUTTER:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    return shutil.move(build(source, "wheel"), tmp_path_factory.mktemp("wheel"))


@pytest.mark.xdist_group("wheel")
class TestWheel:
    def test_it_holds_the_program_the_presets_and_the_samples_and_nothing_else(self, wheel, source):
        package = {path for path in (source / "etl").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        expected = {str(path.relative_to(source)) for path in package}
        expected |= {f"etl/presets/{path.name}" for path in (source / "configs").iterdir()}
        expected |= {f"etl/samples/{path.name}" for path in (source / "samples").iterdir()}
        assert {name for name in names(wheel) if ".dist-info/" not in name} == expected
        assert {"etl/py.typed", "etl/presets/lightfield-etl.schema.json", "etl/samples/hubspot-tasks.csv"} < expected

    def test_it_holds_the_licences_of_all_that_is_in_it(self, wheel):
        licences = {Path(name).name for name in names(wheel) if ".dist-info/licenses/" in name}
        assert licences == {"LICENSE", *(path.name for path in (REPOSITORY / "etl" / "report" / "vendor").glob("*.LICENSE"))}
        assert len(licences) > 1

    def test_the_source_archive_builds_the_same_wheel(self, wheel, source, tmp_path):
        with tarfile.open(build(source, "sdist")) as archive:
            archive.extractall(tmp_path, filter="data")
        (unpacked,) = tmp_path.iterdir()
        assert names(build(unpacked, "wheel")) == names(wheel)
        assert not [name for name in CLUTTER if (unpacked / name).exists()]
        assert (unpacked / "tests" / "test_wheel.py").is_file()

    def test_it_works_without_the_repository_and_without_a_home(self, wheel, tmp_path):
        with ZipFile(wheel) as archive:
            archive.extractall(tmp_path / "installed")
        shutil.copy(tmp_path / "installed/etl/samples/hubspot-tasks.csv", tmp_path / "export.csv")
        for line in ("init --preset hubspot export.csv", "run hubspot-tasks.yaml export.csv --sandbox"):
            ended = subprocess.run(
                # -P: nothing is imported from the working folder; the path: this wheel comes before the installed repository.
                [sys.executable, "-P", "-m", "etl", *line.split()],
                cwd=tmp_path,
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path / "installed")},
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 1, ended.stderr
            assert str(REPOSITORY) not in ended.stderr
        assert "249  created" in ended.stderr
