"""The job ``doctor``: everything that a run needs, looked at one by one; it writes nothing, here or there."""

from __future__ import annotations

import asyncio

from etl.config.model import ReadConfig
from etl.config.reader import read_config
from etl.errors import EtlError
from etl.jobs.doctor_local import examine_input, examine_ledger, examine_webhook
from etl.jobs.doctor_service import examine_service
from etl.jobs.findings import Findings
from etl.jobs.request import JobRequest, Surroundings
from etl.report.diagnosis import Diagnosis


def examine(request: JobRequest, around: Surroundings, *, with_config: bool) -> Diagnosis:
    """Look at all that can be looked at; every trouble is a finding, none an exception.

    Args:
        request: Its config, its data, and the options that a run would have.
        around: The world.
        with_config: False: there is none, and only what needs none is looked at.
    """
    findings = Findings()
    config = _config(findings, request, around) if with_config else None
    asyncio.run(examine_service(findings, request, around, config))
    if config is not None or not with_config:
        examine_ledger(findings, request, around, config)
    if config is not None:
        examine_input(findings, request, around, config)
        if config.job.notify is not None:
            examine_webhook(findings, config.job.notify)
    return findings.diagnosis()


def _config(findings: Findings, request: JobRequest, around: Surroundings) -> ReadConfig | None:
    try:
        config = read_config(around.working_folder / request.config_path, around.environment)
    except EtlError as error:
        findings.problem("config", error)
        return None
    findings.ok("config", f"{request.config_path}: {config.job.name}, mode {config.job.mode}")
    return config
