"""The simulation's modules lie beside its tests, and a seed can be given on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser):
    parser.addoption("--seed", type=int, default=None, help="play this schedule of the simulation alone")


def pytest_generate_tests(metafunc):
    if "chunk" in metafunc.fixturenames:
        # Absent where the whole suite is asked for: pytest hears of this file too late then.
        seed = metafunc.config.getoption("--seed", default=None)
        chunks = metafunc.module.CHUNKS if seed is None else [range(seed, seed + 1)]
        metafunc.parametrize("chunk", chunks, ids=lambda seeds: f"{seeds.start}-{seeds.stop - 1}")
