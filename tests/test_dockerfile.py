"""Is the image safe to run?"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PINS = REPOSITORY / ".docker"
OF_THE_IMAGE = {"postgres", "xlsx", "zst"}
"""The extras that it has, so that it serves every recipe."""
PROGRAM = Path(sys.executable).parent / "lightfield-etl"
FOR_THE_WHEEL = {"pyproject.toml", "README.md", "LICENSE", "etl", "configs", "samples"}
FOR_THE_BUILD = {".docker/requirements.txt", ".docker/build.txt"}


def lines() -> list[str]:
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.fixture
def instructions():
    """The instructions of the Dockerfile's last stage, which is the image."""
    last_stage = max(number for number, line in enumerate(lines()) if line.startswith("FROM "))
    return [line.split(maxsplit=1) for line in lines()[last_stage:]]


class TestImage:
    def test_it_does_not_run_as_root(self, instructions):
        (user,) = [value for word, value in instructions if word == "USER"]
        assert re.fullmatch(r"[1-9][0-9]{3,}:[1-9][0-9]{3,}", user)

    def test_the_command_is_the_entry_point_without_a_shell_before_it(self, instructions):
        (entry_point,) = [value for word, value in instructions if word == "ENTRYPOINT"]
        assert json.loads(entry_point) == ["lightfield-etl"]
        assert ["WORKDIR", "/data"] in instructions

    def test_no_key_can_get_into_it(self, instructions):
        assert not [
            value for word, value in instructions if word in ("ARG", "ENV") and re.search(r"key|token|secret", value, re.IGNORECASE)
        ]
        ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
        assert "*" in ignored
        assert {line[1:] for line in ignored if line.startswith("!")} == FOR_THE_WHEEL | FOR_THE_BUILD

    def test_the_build_copies_nothing_but_what_the_wheel_is_made_of_and_the_pins(self):
        text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
        names = {name for names in copied for name in names.split()}
        assert names == FOR_THE_WHEEL | FOR_THE_BUILD
        assert all((REPOSITORY / name).exists() for name in names)

    def test_its_labels_say_what_the_project_says(self, instructions):
        labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', next(v for word, v in instructions if word == "LABEL")))
        project = PROJECT["project"]
        assert (labels["title"], labels["version"], labels["licenses"]) == (project["name"], project["version"], project["license"])
        assert labels["base.name"] == f"docker.io/library/{instructions[0][1]}"

    def test_both_stages_stand_on_the_same_python_that_the_pins_are_for(self, instructions):
        bases = {line.split()[1] for line in lines() if line.startswith("FROM ")}
        assert bases == {instructions[0][1]}
        (version,) = re.findall(r"^python:(3\.\d+)-slim-\w+$", instructions[0][1])
        for name in ("requirements.txt", "build.txt"):
            assert f"--python-version {version} " in (PINS / name).read_text(encoding="utf-8")


class TestPins:
    def test_the_build_installs_nothing_that_has_no_hash(self):
        steps = [
            step for line in lines() if line.startswith("RUN ") for step in line.split("&&") if re.search(r"pip (install|wheel)", step)
        ]
        assert len(steps) == 4
        assert all("--no-deps" in step and ("--require-hashes" in step or "--no-index" in step) for step in steps)

    @pytest.mark.parametrize("name", ["requirements.txt", "build.txt"])
    def test_every_package_has_its_version_and_hashes_and_no_index_is_named(self, name):
        text = (PINS / name).read_text(encoding="utf-8")
        pinned = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
        assert re.fullmatch(r"([\w.\[\]-]+==[\w.]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n)+", pinned)
        assert "://" not in text
        assert f"-o .docker/{name}\n" in text

    def test_they_are_what_the_project_asks_for(self):
        extras = PROJECT["project"]["optional-dependencies"]
        asked = [*PROJECT["project"]["dependencies"], *(each for extra in OF_THE_IMAGE for each in extras[extra])]
        self.assert_met(asked, self.pinned("requirements.txt"))
        assert set(re.findall(r"--extra (\w+)", (PINS / "requirements.txt").read_text(encoding="utf-8"))) == OF_THE_IMAGE

    def test_the_wheel_is_built_by_what_the_project_asks_for(self):
        self.assert_met(PROJECT["build-system"]["requires"], self.pinned("build.txt"))

    @staticmethod
    def pinned(name: str) -> dict[str, str]:
        found = re.findall(r"^([\w.-]+)==(\S+)", (PINS / name).read_text(encoding="utf-8"), re.MULTILINE)
        return {canonicalize_name(package): version for package, version in found}

    @staticmethod
    def assert_met(asked: list[str], pinned: dict[str, str]) -> None:
        on_linux = {**default_environment(), "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
        wanted = [each for each in map(Requirement, asked) if each.marker is None or each.marker.evaluate(on_linux)]
        unmet = [
            str(each) for each in wanted if not each.specifier.contains(pinned.get(canonicalize_name(each.name), "0"), prereleases=True)
        ]
        assert not unmet, f"run the command in the first lines of the file in {PINS.name}/"


def isolated(*options: str) -> list[str]:
    """The beginning of a command line that runs the rest in namespaces of its own."""
    for extra in ([], ["--user", "--map-root-user"]):
        prefix = ["unshare", *extra, *options]
        if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    pytest.skip("this machine lets nobody make namespaces (unshare)")


@pytest.fixture
def environment(tmp_path):
    (tmp_path / "tmp").mkdir()
    bare = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTFIELD_")}
    return {**bare, "TMPDIR": str(tmp_path / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}


class TestProcess:
    def test_as_the_first_process_of_a_container_it_obeys_sigterm_before_a_job_begins(self, tmp_path, environment):
        """The kernel keeps signals from such a process while it has no handler for them."""
        os.mkfifo(tmp_path / "slow.yaml")
        command = [*isolated("--pid", "--fork", "--kill-child"), str(PROGRAM), "runs", "slow.yaml"]
        with (
            subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as outer,
            # It opens once the program has come to read its config, and there the program waits.
            (tmp_path / "slow.yaml").open("wb"),
        ):
            (first,) = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text(encoding="ascii").split()
            os.kill(int(first), signal.SIGTERM)
            said = outer.communicate(timeout=60)[1]
        assert outer.returncode == 128 + signal.SIGTERM, said

    def test_it_writes_nothing_but_in_its_working_folder_and_the_temporary_one(self, tmp_path, environment):
        """As with ``--read-only --tmpfs /tmp``: the root is read-only, and of its folders only this test's can be written."""
        shutil.copy(REPOSITORY / "samples" / "hubspot-tasks.csv", tmp_path / "tasks.csv")
        (tmp_path / "work.yaml").write_text("extends: hubspot\nname: work\ntimezone: UTC\n", encoding="utf-8")
        inside = (
            'mount --bind "$1" "$1" && mount -o remount,bind,ro / && cd "$1" && ! 2>/dev/null touch /read-only-probe && shift && exec "$@"'
        )
        command = [str(PROGRAM), "check", "work.yaml", "-", "--offline", "--quiet"]
        with (tmp_path / "tasks.csv").open("rb") as data:
            wrapped = [*isolated("--mount"), "sh", "-c", inside, "sh", str(tmp_path), *command]
            ended = subprocess.run(wrapped, env=environment, stdin=data, capture_output=True, text=True, check=False)
        assert ended.returncode == 1, ended.stderr
        assert [path.name for path in (tmp_path / "results").glob("*/summary.json")]
        assert not list((tmp_path / "tmp").iterdir())
