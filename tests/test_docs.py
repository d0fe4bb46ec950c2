"""Do README.md and docs/reference.md say what the program does? Commands are run, tables held against the code, examples read."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

import etl
from etl.cli.main import group
from etl.config.presets import preset_names
from etl.config.reader import read_config
from etl.config.schema import json_schema
from etl.errors import EtlError
from etl.failures_format import FAILURE_COLUMNS
from etl.jobs import undoing
from etl.jobs.retry_changes import CHANGED_SINCE
from etl.load.problems import STOPPED, TOO_OLD
from etl.load.replay import UNSETTLED
from etl.load.task_look import UNREADABLE
from etl.plan import changes, undo
from etl.plan.choose import STILL_UNCERTAIN
from etl.records import NEEDS_A_PERSON, REPLAYED_OLDER, Action
from etl.report.lines import KNOWN, LINE_SCHEMA
from etl.report.summary import Summary
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace
from etl.transform.problems import CODES

ROOT = Path(__file__).parent.parent
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/reference.md")}
README = "\n".join(PAGES.values())
"""Both pages as one: what belongs where is for their readers, what they say is held alike."""
CONTRACT = (ROOT / "docs/contract.md").read_text(encoding="utf-8")
PROGRAM = "lightfield-etl"
COMMANDS = group.list_commands(click.Context(group))
FINISHED = (0, 1)
QUICK = ("hubspot", "salesforce")
"""Through the command itself; the others' samples are run in this process by tests/samples."""

BASE = """\
name: base
source: {key: Id}
map:
  $title: Subject
  $status: {value: TODO}
  $assignedTo: {value: mem_1}
# What only makes sense with its other half.
guards: {max_age: {column: At, is: 1d}}
notify: {url: "https://hooks.example/T0/B0"}
"""


def section(heading: str) -> str:
    """The text below a heading, to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", without_blocks(README), re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {heading!r}"
    return found[1]


def without_blocks(text: str) -> str:
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.MULTILINE | re.DOTALL)


def table(heading: str, first: str) -> list[list[str]]:
    """The rows of the table whose header begins with ``first``, cells without white space around them."""
    rows = [line for line in section(heading).splitlines() if line.startswith("|")]
    start = next(place for place, line in enumerate(rows) if line.startswith(f"| {first} |"))
    cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in rows[start + 2 :]]
    stop = next((place for place, row in enumerate(cells) if set("".join(row)) <= {"-", ":", "|"}), len(cells) + 1)
    return cells[: stop - 1]


def promised(heading: str) -> list[list[str]]:
    """The rows of the table below a heading of docs/contract.md, without white space and backticks around each cell."""
    _, _, text = CONTRACT.partition(f"\n## {heading}\n")
    rows = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" |")] for line in rows[2:]]


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", README, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def command_lines() -> list[str]:
    """What stands in blocks, from the command's name on."""
    lines = "\n".join(text for language in ("sh", "text", "crontab") for text in blocks(language)).splitlines()
    typed = [line[line.index(PROGRAM) :] for line in lines if re.search(rf"(^|&& |/|-e \w+ ){PROGRAM} \w", line)]
    return [line for line in typed if line.split()[1] in COMMANDS]


def run_line(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTFIELD_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {**bare, "PATH": path, **environment}
    return subprocess.run(line, shell=True, cwd=folder, env=given, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


@pytest.fixture
def workplace(tmp_path):
    """A folder with what a newcomer has: the configs, the samples, and the configs that the README says to write."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    for text in blocks("yaml"):
        name = re.match(r"# (\S+\.yaml)\n", text)
        assert name, "a YAML block begins with its file's name"
        (tmp_path / name[1]).write_text(text, encoding="utf-8")
    return tmp_path


class TestCommands:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_a_command_has_a_section_with_exactly_its_options(self, name):
        text = section(f"`{name}`")
        assert f"`{PROGRAM} {name}" in text
        documented = self.documented(f"`{name}`") if "| option |" in text else set()
        if "[shared options](#shared-options)" in text:
            documented |= self.documented("Shared options")
        assert documented == self.options(group.get_command(click.Context(group), name))

    def test_the_options_of_all_commands_are_there(self):
        assert self.documented("Commands") == {"--version", "--help"}
        assert self.options(group) == {"--version"}

    def test_no_section_is_about_a_command_that_does_not_exist(self):
        commands = README[README.index("## Commands") : README.index("## Config\n")]
        assert sorted(re.findall(r"^### `(.+)`$", commands, re.MULTILINE)) == sorted(COMMANDS)

    @pytest.mark.parametrize("line", command_lines())
    def test_every_command_line_of_the_readme_can_be_typed(self, line):
        name, *arguments = shlex.split(line, comments=True)[1:]
        command = group.get_command(click.Context(group), name)
        assert command.make_context(name, arguments)

    @staticmethod
    def documented(heading: str) -> set[str]:
        return {words(row[0])[0].split()[0] for row in table(heading, "option")}

    @staticmethod
    def options(command: click.Command) -> set[str]:
        return {name for each in command.params if isinstance(each, click.Option) for name in each.opts if name.startswith("--")}


class TestWalk:
    """The README, followed."""

    def test_following_the_readme_works(self, workplace):
        """Every line of its shell blocks, in order, against a sandbox; a remark says which exit code."""
        lines = [line for text in blocks("sh") for line in text.splitlines() if not line.startswith("python3 -m venv")]
        assert sum(line.startswith(PROGRAM) for line in lines) >= 6
        sandbox = Sandbox(Workspace.sample(), limits=Limits(1000.0, 1000.0, 1000.0), keep_requests=0)
        with ServerThread(sandbox) as server:
            for line in lines:
                ended = run_line(line, workplace, LIGHTFIELD_BASE_URL=server.url, LIGHTFIELD_API_KEY=SANDBOX_KEY)
                expected = re.search(r"# exit (\d+)", line)
                assert ended.returncode in ((int(expected[1]),) if expected else FINISHED), f"{line}\n{ended.stderr}"
                assert "Traceback" not in ended.stderr
        assert (workplace / "acme-hubspot-tasks.ledger").is_file()
        assert len(sandbox.tasks) >= 249

    def test_the_demo_prints_what_the_readme_shows(self, tmp_path):
        ended = run_line(f"{PROGRAM} demo", tmp_path)
        assert ended.returncode == 0
        shown = next(text for text in blocks("text") if text.startswith("A HubSpot export"))
        assert self.comparable(ended.stderr, tmp_path) == self.comparable(shown, tmp_path)

    @staticmethod
    def comparable(output: str, folder: Path) -> str:
        """Without what differs from run to run: paths of the machine, run ids, ports, times and rates."""
        output = output.replace(f"{folder}{os.sep}", "")
        output = re.sub(r"\S+(?=demo\.ledger)", "", output)
        output = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{6}", "RUN", output)
        output = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", output)
        return re.sub(r"[\d.]+(?= s\b|%| rows/s| writes a second)", "N", output).strip()

    @pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in preset_names()])
    def test_each_preset_imports_its_sample(self, name, workplace):
        (sample,) = (path for path in (workplace / "samples").glob(f"{name}-tasks.*") if path.suffix != ".yaml")
        ended = run_line(f"{PROGRAM} run configs/{name}.yaml samples/{sample.name} --sandbox --quiet", workplace)
        assert ended.returncode in FINISHED, ended.stderr
        results = (workplace / "results" / "latest" / "results.csv").read_text(encoding="utf-8")
        assert results.count(",created,") > results.count(",rejected,") > 0

    def test_each_config_of_the_readme_is_read(self, workplace):
        for path in workplace.glob("*.yaml"):
            assert read_config(path, {"ALERT_URL": "https://hooks.example/T0/B0"}).job.name


class TestConfig:
    def test_every_key_of_the_config_is_there_and_no_other(self):
        documented = {words(row[0])[0] for row in table("Config", "key")}
        assert documented == set(self.keys(json_schema(), ""))

    def test_every_key_of_a_field_is_there_and_no_other(self):
        fields = next(part for part in json_schema()["definitions"]["field"]["anyOf"] if part.get("type") == "object")
        documented = [words(row[0])[0] for row in table("`map`: what a task is made of", "key")]
        assert documented == list(fields["properties"])

    def test_the_readme_itself_shows_every_command_and_every_key(self):
        assert [words(row[0])[0].split()[0] for row in table("Every command and config key", "command")] == COMMANDS
        (shown,) = (YAML(typ="safe").load(block) for block in blocks("yaml") if block.startswith("# every-key.yaml"))
        said = {key for key, part in shown.items() if key != "map" and not isinstance(part, dict)}
        said |= {f"{key}.{inner}" for key, part in shown.items() if key != "map" and isinstance(part, dict) for inner in part}
        assert {".".join(key.split(".")[:2]) for key in self.keys(json_schema(), "")} == said
        fields = next(part for part in json_schema()["definitions"]["field"]["anyOf"] if part.get("type") == "object")
        assert {key for rule in shown["map"].values() for key in rule} == set(fields["properties"])

    @pytest.mark.parametrize(("key", "example"), [(words(row[0])[0], words(row[3])[0]) for row in table("Config", "key")])
    def test_each_example_of_a_key_is_accepted(self, key, example, tmp_path):
        over = example
        for part in reversed(key.split(".")):
            over = f"{{{part}: {over}}}" if part != key.split(".", maxsplit=1)[0] else f"{part}: {over}"
        assert self.read(tmp_path, over)

    @pytest.mark.parametrize("example", [words(row[-1])[0] for row in table("`map`: what a task is made of", "key")])
    def test_each_example_of_a_field_is_accepted(self, example, tmp_path):
        assert self.read(tmp_path, f"map:\n  {example}")

    @staticmethod
    def read(folder: Path, over: str) -> object:
        (folder / "base.yaml").write_text(BASE, encoding="utf-8")
        below = "" if over.startswith("extends:") else "extends: base.yaml\n"
        (folder / "over.yaml").write_text(f"{below}{over}\n", encoding="utf-8")
        assert YAML(typ="safe", pure=True).load(folder / "over.yaml")
        return read_config(folder / "over.yaml", {})

    @classmethod
    def keys(cls, schema: dict, prefix: str) -> list[str]:
        """Dotted names of the keys that hold no further ones; ``map`` has a table of its own."""
        found = []
        for name, part in schema["properties"].items():
            inner = next((each for each in part.get("anyOf", [part]) if "properties" in each), None)
            if name != "map":
                found += cls.keys(inner, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]
        return found


class TestTables:
    def test_every_problem_code_has_its_meaning_and_remedy(self):
        assert table("Problem codes", "code")[: len(CODES)] == [
            [f"`{code}`", meaning.meaning, meaning.remedy] for code, meaning in CODES.items()
        ]

    def test_the_codes_of_rows_in_doubt_and_of_those_that_are_left_as_they_are_stand_there(self):
        found = re.findall(r"^\| `(\w+)` \|", section("Problem codes"), re.MULTILINE)
        in_doubt = {STOPPED, STILL_UNCERTAIN, TOO_OLD, REPLAYED_OLDER, UNSETTLED}
        left = {changes.CONFLICT, changes.DELETED, changes.NO_BASE, UNREADABLE, CHANGED_SINCE}
        left_by_undo = {undo.EDITED, undo.NO_FORMER_VALUES, undo.GONE, undoing.WRITTEN_SINCE, undoing.IN_DOUBT}
        assert set(found) - set(CODES) == in_doubt | left | left_by_undo

    def test_every_action_is_there_and_whether_it_needs_a_person(self):
        rows = table("When rows failed", "action")
        expected = [(action.value, "yes" if action in NEEDS_A_PERSON else "no") for action in Action]
        assert [(words(row[0])[0], row[2]) for row in rows] == expected

    def test_every_exit_code_is_there(self):
        of_errors = {kind.exit_code for kind in [EtlError, *self.subclasses(EtlError)]}
        expected = {0, 1, *of_errors, 128 + signal.SIGHUP, 128 + signal.SIGINT, 128 + signal.SIGTERM}
        assert [int(row[0]) for row in table("Exit codes", "code")] == sorted(expected)

    def test_the_columns_and_keys_of_a_runs_files_are_there(self):
        text = section("Files of a run")
        columns = ["row" if name == "__etl_row" else name for name in LINE_SCHEMA if name != KNOWN]
        assert ", ".join(f"`{column}`" for column in columns) in " ".join(text.split())
        assert ", ".join(f"`{column}`" for column in FAILURE_COLUMNS) in " ".join(text.split())
        keys = text[text.index("`summary.json`") :]
        assert set(words(keys)) - {"summary.json"} == {*Summary.model_fields, *Summary.model_computed_fields}

    def test_every_variable_of_the_environment_is_there(self):
        source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "etl").rglob("*.py"))
        used = set(re.findall(r"\bLIGHTFIELD_[A-Z_]+\b", source))
        assert {words(row[0])[0] for row in table("Settings", "variable")} == used

    def test_each_test_that_holds_a_promise_exists(self):
        held = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", section("The promise and its limits"))
        assert held
        for path, name in held:
            assert re.search(rf"def {name}\(", (ROOT / path).read_text(encoding="utf-8")), f"{path}::{name}"

    def test_links_lead_to_headings(self):
        for name, page in PAGES.items():
            for target, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page):
                led_to = os.path.normpath(Path(name).parent / target) if target else name
                text = (ROOT / led_to).read_text(encoding="utf-8")
                assert heading in {self.anchor(each) for each in re.findall(r"^#+ (.+)$", without_blocks(text), re.MULTILINE)}, heading

    def test_the_changelog_knows_this_version(self):
        assert f"\n## {etl.__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    @staticmethod
    def anchor(heading: str) -> str:
        return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")

    @classmethod
    def subclasses(cls, kind: type) -> list[type]:
        return [found for each in kind.__subclasses__() for found in (each, *cls.subclasses(each))]


class TestContract:
    """docs/contract.md names a test for everything; that each of them exists, tests/test_pages.py sees."""

    def test_every_command_and_every_option_of_each_is_held(self):
        options = {(name, option) for option, names, _ in promised("Options") for name in re.findall(r"[\w-]+", names)}
        commands = {name: group.get_command(click.Context(group), name).params for name in COMMANDS}
        assert [row[0] for row in promised("Commands")] == COMMANDS
        assert options == {
            (name, option)
            for name, parameters in commands.items()
            for parameter in parameters
            if isinstance(parameter, click.Option)
            for option in (*parameter.opts, *parameter.secondary_opts)
        }

    @pytest.mark.parametrize(
        ("promise", "heading", "first"),
        [
            ("Config", "Config", "key"),
            ("Fields of `map`", "`map`: what a task is made of", "key"),
            ("Environment", "Settings", "variable"),
            ("Actions", "When rows failed", "action"),
            ("Exit codes", "Exit codes", "code"),
        ],
    )
    def test_whatever_the_readme_has_a_table_of_is_held(self, promise, heading, first):
        assert [row[0] for row in promised(promise)] == [row[0].split(",")[0].strip("`") for row in table(heading, first)]

    def test_each_line_names_a_test(self):
        lines = [line for line in CONTRACT.splitlines() if line.startswith("| `")]
        assert [line for line in lines if not re.search(r"`tests/\S+\.py::test_\w+` \|$", line)] == []
