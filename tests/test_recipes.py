"""Do the recipes for schedulers work? Their commands are run, their forms held against each scheduler's own rules."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import kubernetes_validate
import polars as pl
import pytest
from ruamel.yaml import YAML

from etl.cli.main import exit_code, group
from etl.errors import LockedError, NothingWrittenError, StoppedError
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "docs" / "recipes"
PROGRAM = "lightfield-etl"
SIGNALS = {128 + signal.SIGINT, 128 + signal.SIGTERM}
FOR_A_PERSON = {1, NothingWrittenError.exit_code}
"""The same command would end the same way."""
WORTH_ANOTHER_TRY = {StoppedError.exit_code, LockedError.exit_code, *SIGNALS}

CONFIG = """\
name: nightly
source: {key: Id, path: "exports/tasks.csv"}
map:
  $title: Title
  $status: {value: TODO}
  $assignedTo: {column: Owner, lookup: member.email}
"""
ROWS = [{"Id": number, "Title": f"Task {number}", "Owner": "sam@acme.example"} for number in range(3)]


def text_of(name: str) -> str:
    return (RECIPES / name).read_text(encoding="utf-8")


def yaml_of(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(text_of(name))


def unit_of(name: str) -> dict[str, list[str]]:
    """The settings of a systemd unit, all its sections together."""
    settings: dict[str, list[str]] = {}
    for line in text_of(name).replace("\\\n", " ").splitlines():
        key, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            settings.setdefault(key, []).append(value.strip())
    return settings


def cronjob() -> Any:
    return yaml_of("cronjob.yaml")["spec"]["jobTemplate"]["spec"]


def steps() -> list[dict[str, Any]]:
    return yaml_of("github-actions.yml")["jobs"]["import"]["steps"]


@dataclass(frozen=True)
class AirflowFile:
    """What stands in the DAG file, without Airflow: the module is never imported."""

    tree: ast.Module

    @property
    def constants(self) -> dict[str, str]:
        found = [node for node in self.tree.body if isinstance(node, ast.Assign)]
        return {node.targets[0].id: ast.literal_eval(node.value) for node in found}

    def bash_command(self) -> str:
        (value,) = (node.value for node in ast.walk(self.tree) if isinstance(node, ast.keyword) and node.arg == "bash_command")
        return eval(compile(ast.Expression(value), "airflow_dag.py", "eval"), dict(self.constants))

    def callable(self, **names: Any) -> Any:
        """The PythonOperator's function, with the names that it takes from Airflow."""
        (function,) = (node for node in self.tree.body if isinstance(node, ast.FunctionDef))
        exec(compile(ast.Module([function], []), "airflow_dag.py", "exec"), names)
        return names[function.name]


def airflow() -> AirflowFile:
    return AirflowFile(ast.parse(text_of("airflow_dag.py")))


def cron_line() -> str:
    (line,) = (line for line in text_of("crontab").splitlines() if PROGRAM in line and not line.startswith("#"))
    return line


def after_program(line: str, program: str = PROGRAM) -> list[str]:
    words = shlex.split(line)
    return words[next(place for place, word in enumerate(words) if word.endswith(program)) + 1 :]


COMMANDS = {
    "crontab": after_program(cron_line()),
    "lightfield-etl.service": after_program(unit_of("lightfield-etl.service")["ExecStart"][0]),
    "docker-run.sh": after_program(text_of("docker-run.sh").replace("\\\n", " ").rpartition("exec ")[2], "$IMAGE"),
    "cronjob.yaml": cronjob()["template"]["spec"]["containers"][0]["args"],
    "github-actions.yml": after_program(next(step["run"] for step in steps() if step.get("name") == "Import")),
    "airflow_dag.py": after_program(airflow().bash_command()),
}


@pytest.fixture
def night(tmp_path, monkeypatch) -> Iterator[SimpleNamespace]:
    """A folder with a config and an export in every place that a recipe names, and a sandbox that the environment points to."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "my-tasks.yaml").write_text(CONFIG, encoding="utf-8")
    pl.DataFrame(ROWS).write_csv(tmp_path / "exports" / "tasks.csv")
    pl.DataFrame(ROWS).write_parquet(tmp_path / "exports" / "tasks.parquet")
    key_file = tmp_path / "api-key"
    key_file.write_text(f"{SANDBOX_KEY}\n", encoding="utf-8")
    key_file.chmod(0o600)
    sandbox = Sandbox(Workspace.sample(), limits=Limits(1000.0, 1000.0, 1000.0), keep_requests=0)
    with ServerThread(sandbox) as server:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LIGHTFIELD_BASE_URL", server.url)
        monkeypatch.setenv("LIGHTFIELD_API_KEY_FILE", str(key_file))
        yield SimpleNamespace(folder=tmp_path, sandbox=sandbox, key_file=key_file)


def moved(words: list[str], folder: Path) -> list[str]:
    """A recipe's words with the places of its machine put into a folder of ours."""
    places = {
        "/srv/exports": folder / "exports",
        "s3://acme-exports": folder / "exports",
        "/srv/tasks": folder,
        "/config": folder,
        "/etc/lightfield-etl": folder,
        "/var/lib/lightfield-etl": folder,
        "/results": folder / "results",
        "${CREDENTIALS_DIRECTORY}": folder,
        "/opt/lightfield-etl/bin": Path(sys.executable).parent,
    }
    pattern = rf"(?<![\w/}}])({'|'.join(re.escape(place) for place in places)})(?=/| |$)"
    return [re.sub(pattern, lambda found: str(places[found[1]]), word) for word in words]


class TestCommands:
    def test_the_readme_names_every_recipe(self):
        linked = re.findall(r"\]\(docs/recipes/([\w.-]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
        assert set(linked) == {path.name for path in RECIPES.iterdir() if path.is_file()}

    @pytest.mark.parametrize("recipe", COMMANDS)
    def test_every_recipes_command_can_be_typed(self, recipe):
        name, *arguments = COMMANDS[recipe]
        assert group.get_command(click.Context(group), name).make_context(name, list(arguments))

    @pytest.mark.parametrize("recipe", COMMANDS)
    def test_every_recipes_command_imports_and_the_next_night_sends_nothing(self, recipe, night):
        words = moved(COMMANDS[recipe], night.folder)
        assert not [word for word in words if re.search(r"(^|=)(/(?!tmp)|s3:)", word) and str(night.folder) not in word]
        assert (exit_code(words), len(night.sandbox.tasks)) == (0, 3)
        assert (exit_code(words), len(night.sandbox.tasks)) == (0, 3)
        assert [path.name for path in night.folder.glob("results/latest/results.csv")]

    @pytest.mark.parametrize("recipe", ["docker-run.sh", "cronjob.yaml", "github-actions.yml"])
    def test_a_recipe_takes_this_version_of_the_program(self, recipe):
        version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        assert re.findall(r"(?:lightfield-etl:|ref: v)(\d[\w.]*)", text_of(recipe)) == [version]


class TestCrontab:
    def test_the_line_works_as_cron_runs_it(self, night):
        minute, hour, *_, command = cron_line().split(maxsplit=5)
        assert 0 <= int(minute) < 60
        assert 0 <= int(hour) < 24
        # cron makes a line break of a bare per cent sign.
        assert "%" not in command
        (line,) = moved([command], night.folder)
        ended = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
        assert len(night.sandbox.tasks) == 3


class TestSystemd:
    def test_systemd_finds_nothing_to_object_to(self, tmp_path):
        if shutil.which("systemd-analyze") is None:
            pytest.skip("no systemd here: apt-get install systemd")
        # It looks for the program, and for the user.
        (service,) = moved([text_of("lightfield-etl.service")], tmp_path)
        (tmp_path / "lightfield-etl.service").write_text(service, encoding="utf-8")
        shutil.copy(RECIPES / "lightfield-etl.timer", tmp_path)
        command = ["systemd-analyze", "verify", "--man=no", tmp_path / "lightfield-etl.service", tmp_path / "lightfield-etl.timer"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        about_ours = [line for line in ended.stderr.splitlines() if PROGRAM in line]
        assert (ended.returncode, about_ours) == (0, [])

    def test_only_what_is_worth_another_try_is_tried_again(self):
        unit = unit_of("lightfield-etl.service")
        assert unit["Restart"] == ["on-failure"]
        assert {int(code) for code in unit["RestartPreventExitStatus"][0].split()} == FOR_A_PERSON
        assert {int(code) for code in unit["SuccessExitStatus"][0].split()} == SIGNALS

    def test_the_ledger_stays_from_night_to_night(self):
        unit = unit_of("lightfield-etl.service")
        state = f"/var/lib/{unit['StateDirectory'][0]}"
        assert unit["WorkingDirectory"] == [state]
        command = COMMANDS["lightfield-etl.service"]
        assert command[command.index("--ledger") + 1].startswith(f"{state}/")


class TestKubernetes:
    @pytest.mark.parametrize("version", ["1.31", kubernetes_validate.latest_version()])
    def test_it_is_a_cronjob_by_kubernetes_own_schema(self, version):
        kubernetes_validate.validate(yaml_of("cronjob.yaml"), version, strict=True)

    def test_each_exit_code_is_in_the_rule_that_fits_it(self):
        rules = {rule["action"]: rule for rule in cronjob()["podFailurePolicy"]["rules"]}
        assert set(rules["FailJob"]["onExitCodes"]["values"]) == FOR_A_PERSON
        assert set(rules["Count"]["onExitCodes"]["values"]) == WORTH_ANOTHER_TRY
        assert rules["Ignore"]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]

    def test_the_rules_are_such_as_the_api_server_takes(self):
        """What its schema does not say."""
        job = cronjob()
        assert job["template"]["spec"]["restartPolicy"] == "Never"
        (container,) = job["template"]["spec"]["containers"]
        for rule in job["podFailurePolicy"]["rules"]:
            assert len(rule.keys() & {"onExitCodes", "onPodConditions"}) == 1
            codes = rule.get("onExitCodes", {"values": [], "containerName": container["name"]})
            assert codes["values"] == sorted(set(codes["values"]) - {0})
            assert codes["containerName"] == container["name"]

    def test_the_root_file_system_is_read_only_and_what_is_written_has_a_volume(self):
        pod = cronjob()["template"]["spec"]
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
        assert {path for path, mount in mounts.items() if not mount.get("readOnly")} == {"/tmp", "/results"}
        assert {mount["name"] for mount in mounts.values()} == {volume["name"] for volume in pod["volumes"]}
        assert pod["securityContext"]["runAsNonRoot"] is True
        user = f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}\n"
        assert user in (ROOT / "Dockerfile").read_text(encoding="utf-8")

    def test_the_secrets_are_those_that_its_first_lines_make(self):
        (container,) = cronjob()["template"]["spec"]["containers"]
        made = re.findall(r"create secret generic (\S+) --from-file=(\S+)=\S+ --from-file=(\S+)=\S+", text_of("cronjob.yaml"))
        volume = next(each["secret"] for each in cronjob()["template"]["spec"]["volumes"] if "secret" in each)
        environment = {each["name"]: each for each in container["env"]}
        ledger = environment["LIGHTFIELD_ETL_LEDGER"]["valueFrom"]["secretKeyRef"]
        assert made == [(volume["secretName"], volume["items"][0]["key"], ledger["key"])]
        mounted = next(mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "api-key")
        assert environment["LIGHTFIELD_API_KEY_FILE"]["value"] == f"{mounted}/{volume['items'][0]['path']}"

    def test_a_secret_that_was_made_from_a_file_may_end_with_a_line_break(self, night, monkeypatch):
        monkeypatch.setenv("LIGHTFIELD_ETL_LEDGER", f"sqlite:///{night.folder}/of-the-secret.ledger\n")
        assert exit_code(["run", "my-tasks.yaml", "--quiet"]) == 0
        assert (night.folder / "of-the-secret.ledger").is_file()


class TestElsewhere:
    def test_the_workflow_is_one_by_githubs_schema(self):
        command = ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", RECIPES / "github-actions.yml"]
        ended = subprocess.run([Path(sys.executable).parent / command[0], *command[1:]], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout

    def test_a_runner_has_no_ledger_of_its_own(self):
        (step,) = (step for step in steps() if step.get("name") == "Import")
        assert step["env"]["LIGHTFIELD_ETL_LEDGER"] == "${{ secrets.LIGHTFIELD_ETL_LEDGER }}"
        assert "--ledger" not in step["run"]

    def test_a_container_keeps_its_ledger_in_the_mounted_folder(self):
        script = text_of("docker-run.sh")
        assert re.search(r'--read-only .*--volume "\$FOLDER:/data"', script, re.DOTALL)
        assert "WORKDIR /data\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
        # The ledger is beside the config, and the config in the working folder.
        assert COMMANDS["docker-run.sh"][1] == "my-tasks.yaml"
        assert subprocess.run(["sh", "-n", RECIPES / "docker-run.sh"], check=False).returncode == 0

    def test_airflow_gets_the_rows_that_were_imported(self, night):
        done = airflow().callable()("my-tasks.yaml", "exports/tasks.parquet", "results")
        assert done == {"created": 3}

    def test_airflow_is_told_what_is_worth_another_try(self, night):
        class Again(Exception): ...  # noqa: N818

        class Never(Exception): ...  # noqa: N818

        work = airflow().callable(AirflowException=Again, AirflowFailException=Never)
        with pytest.raises(Never, match=r"no such file"):
            work("my-tasks.yaml", "exports/gone.parquet", "results")
        rows = [*ROWS, {"Id": 9, "Title": "Task 9", "Owner": "gone@acme.example"}]
        pl.DataFrame(rows).write_parquet(night.folder / "exports" / "tasks.parquet")
        with pytest.raises(Never, match=r"results/\S+/failures\.csv"):
            work("my-tasks.yaml", "exports/tasks.parquet", "results")
        night.key_file.write_text("sk_lf_revoked", encoding="utf-8")
        with pytest.raises(Again, match="key"):
            work("my-tasks.yaml", "exports/tasks.parquet", "results")
