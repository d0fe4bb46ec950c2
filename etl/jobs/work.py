"""How does a job begin and end, whatever it does in between?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from etl.config.reader import read_config
from etl.errors import CrashError, EtlError, crash_of
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.session import Session, open_session
from etl.jobs.telling import tell
from etl.load.stop import StopSwitch
from etl.report.screen import show_closing
from etl.report.summary import Summary, write_summary

Work = Callable[[Session, StopSwitch], Awaitable[None]]


async def carry_out(work: Work, request: JobRequest, around: Surroundings, stop: StopSwitch) -> Summary:
    """Read the config, do the work, and leave a summary, a page and a last word, however the work ends.

    Raises:
        ConfigError: The config cannot be read: there is no run yet that could be summed up.
        SettingsError: Nor can the results folder be made.
        LocalFailureError: The summary itself cannot be written.
    """
    config = read_config(around.working_folder / request.config_path, around.environment)
    error: EtlError | None = None
    async with AsyncExitStack() as cleanup:
        session = open_session(config, request, around, cleanup)
        around.voice.run_id = session.run_id
        try:
            await work(session, stop)
        except EtlError as stopped:
            error = stopped
        except Exception as fault:
            await _leave_word(session, crash_of(fault))
            raise
        error = await _note_end(session, error)
        summary = conclude(session, error)
    await tell(session, summary, error)
    show_closing(around.voice, summary, session.folder, base=around.working_folder)
    return summary


async def _leave_word(session: Session, crash: CrashError) -> None:
    """What can still be said of a run that a fault of ours ended; the fault itself goes on to the caller."""
    try:
        await tell(session, conclude(session, crash), crash)
    except EtlError as unsaid:
        session.around.voice.say("error", unsaid.reason, unsaid.message)


async def _note_end(session: Session, error: EtlError | None) -> EtlError | None:
    """First in the ledger, which outlives a results folder that vanished; what goes wrong with that is in the summary then."""
    if session.books is None:
        return error
    try:
        await session.books(session.summary(error))
    except EtlError as unnoted:
        return error or unnoted
    return error


def conclude(session: Session, error: EtlError | None) -> Summary:
    """Write what is to be read afterwards."""
    # What only the end needs keeps no first write waiting.
    from etl.report.page import PageDetails, write_page

    details = PageDetails(
        kinds=session.tally.kinds(),
        attention=session.attention,
        course=session.course,
        config=session.config,
        typed=session.request.typed,
    )
    write_page(session.folder, session.summary(error), details)
    summary = session.summary(error)
    write_summary(session.folder, summary)
    return summary
