# ruff: noqa: INP001, PLR2004  a folder of recipes is no package, and exit codes are figures
"""Two ways to import every night with Airflow 3: in the worker's own Python, or as a command. Choose one.

Each worker needs lightfield-etl with the extra ``postgres``, and in its environment ``LIGHTFIELD_API_KEY_FILE`` (or
``LIGHTFIELD_API_KEY``) and ``LIGHTFIELD_ETL_LEDGER=postgresql://…``: a worker's disk is no place for the ledger.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException

CONFIG = "/srv/tasks/my-tasks.yaml"
EXPORT = "/srv/exports/tasks.parquet"
RESULTS = "/srv/tasks/results"


def import_tasks(config: str, export: str, results: str) -> dict[str, int]:
    """Import, and say how many rows became what. What a person must look at is not tried again; what was stopped is."""
    import etl

    summary = etl.run(config, export, out=results, wait_seconds="10m")
    if summary.exit_code == 1:  # finished, some rows need a person
        raise AirflowFailException(f"see {results}/{summary.run_id}/failures.csv")
    if summary.exit_code == 2:  # nothing was written, a person must change something
        raise AirflowFailException(f"{summary.message}; {summary.next_command}")
    if summary.exit_code:  # 3: stopped part-way, 4: another run is at work, 130 and 143: interrupted
        raise AirflowException(f"{summary.message}; {summary.next_command}")
    return {str(action): rows for action, rows in summary.counts.items() if rows}


with DAG(
    "lightfield_etl",
    schedule="15 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 4, "retry_delay": timedelta(minutes=15)},
):
    PythonOperator(task_id="import_tasks", python_callable=import_tasks, op_args=[CONFIG, EXPORT, RESULTS])

with DAG(
    "lightfield_etl_command",
    schedule="15 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
):
    # No retries: to this operator all exit codes but 0 are alike, also 1 and 2, which need a person. After 3 and 4 the next night goes on.
    BashOperator(task_id="run", bash_command=f"lightfield-etl run {CONFIG} {EXPORT} --out {RESULTS} --quiet --wait 10m")
