"""Where do a run's files lie, and who may read them?"""

from __future__ import annotations

import os
import shutil
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from etl.errors import LocalFailureError, SettingsError
from etl.report.folder import RunFolder, new_run_id


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_run_id_names_the_second_in_utc():
    moment = datetime(2026, 11, 23, 1, 56, 41, tzinfo=timezone(timedelta(hours=2)))
    assert new_run_id(moment, "3f9a1c77") == "20261122T235641Z-3f9a1c"


def test_run_ids_sort_by_their_start():
    start = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)
    ids = [new_run_id(start + timedelta(seconds=second), f"{9 - second}fffff") for second in range(5)]
    assert ids == sorted(ids)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_files_are_private_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        folder = RunFolder.create(tmp_path / "out", "r1")
        folder.open_new(folder.results).close()
        folder.write_atomically(folder.summary, b"{}")
    finally:
        os.umask(before)
    assert [mode(path) for path in (folder.path, folder.results, folder.summary)] == [0o700, 0o600, 0o600]


def test_a_missing_out_is_made_with_its_parents(tmp_path):
    assert RunFolder.create(tmp_path / "a" / "b", "r1").path.is_dir()


@pytest.mark.parametrize("below", ["", "runs"])
def test_an_out_that_is_a_file_is_refused_with_the_option_to_change(tmp_path, below):
    (tmp_path / "out").write_text("x")
    with pytest.raises(SettingsError, match="is not a folder") as caught:
        RunFolder.create(tmp_path / "out" / below, "r1")
    assert "--out" in caught.value.next_step


def test_an_out_that_cannot_be_made_is_refused_with_its_reason(tmp_path):
    with pytest.raises(SettingsError, match="too long"):
        RunFolder.create(tmp_path / ("x" * 300), "r1")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_out_without_write_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SettingsError, match="Permission denied"):
        RunFolder.create(tmp_path, "r1")


def test_a_run_never_shares_the_folder_of_another(tmp_path):
    RunFolder.create(tmp_path, "r1")
    with pytest.raises(SettingsError, match="r1"):
        RunFolder.create(tmp_path, "r1")


def test_latest_leads_to_the_run_that_was_pointed_to_last(tmp_path):
    for run_id in ("r1", "r2"):
        folder = RunFolder.create(tmp_path, run_id)
        folder.write_atomically(folder.summary, run_id.encode())
        folder.point_latest()
    assert (tmp_path / "latest" / "summary.json").read_text() == "r2"
    assert (tmp_path / "latest").readlink() == Path("r2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "r1", "r2"]


def test_latest_still_leads_there_when_the_results_are_moved(tmp_path):
    folder = RunFolder.create(tmp_path / "here", "r1")
    folder.write_atomically(folder.summary, b"{}")
    folder.point_latest()
    (tmp_path / "here").rename(tmp_path / "there")
    assert (tmp_path / "there" / "latest" / "summary.json").is_file()


def test_latest_is_a_text_file_where_symlinks_are_impossible(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refused)
    for run_id in ("r1", "r2"):
        RunFolder.create(tmp_path, run_id).point_latest()
    assert (tmp_path / "latest").read_text() == "r2\n"


def test_a_folder_of_the_users_called_latest_is_found_before_anything_is_written(tmp_path):
    (tmp_path / "latest").mkdir()
    with pytest.raises(SettingsError, match="link to the newest run"):
        RunFolder.create(tmp_path, "r1")
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_an_atomic_write_replaces_the_whole_file_and_leaves_nothing_beside_it(folder):
    folder.write_atomically(folder.summary, b"a longer first text")
    folder.write_atomically(folder.summary, b"second")
    assert folder.summary.read_bytes() == b"second"
    assert folder.written() == (folder.summary,)
    assert [path.name for path in folder.path.iterdir()] == ["summary.json"]


def test_an_atomic_write_goes_over_what_a_crash_left(folder):
    (folder.path / ".summary.json.part").write_text("half")
    folder.write_atomically(folder.summary, b"whole")
    assert folder.summary.read_bytes() == b"whole"


def test_a_folder_that_vanished_is_a_local_failure(folder):
    shutil.rmtree(folder.path)
    with pytest.raises(LocalFailureError, match=r"summary\.json") as caught:
        folder.write_atomically(folder.summary, b"{}")
    assert "run the same command again" in caught.value.next_step
