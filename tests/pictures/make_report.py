# ruff: noqa: T201  a command speaks by printing
"""Makes docs/report.png, the picture in the README, from a real run: ``python tests/pictures/make_report.py``. Needs Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs/report.png"
SIZE = "1000,760"
QUIETLY = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking", "--disable-sync")


def rehearse(folder: Path) -> Path:
    """The page of the sample's run against a sandbox."""
    job, data = (ROOT / "samples" / f"hubspot-tasks.{suffix}" for suffix in ("yaml", "csv"))
    subprocess.run([sys.executable, "-m", "etl", "run", job, data, "--sandbox", "--quiet"], cwd=folder, check=False)
    return folder / "results/latest/report.html"


def photograph(page: Path, profile: Path) -> None:
    """What a browser shows of it first."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is not installed")
    shot = (f"--user-data-dir={profile}", f"--window-size={SIZE}", f"--screenshot={PICTURE}", page.resolve().as_uri())
    subprocess.run([browser, *QUIETLY, *shot], check=True, capture_output=True, timeout=60)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        photograph(rehearse(Path(folder)), Path(folder) / "profile")
    print(PICTURE)
