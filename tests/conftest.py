"""Fixtures shared by all tests."""

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.drafts import Draft, small_draft


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite takes every core; what is named on the command line runs in this process."""
    whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    return (os.cpu_count() or 1) if whole else 0


@pytest.fixture
def draft() -> Draft:
    """A small valid bundle, to be changed before it is written."""
    return small_draft()


@pytest.fixture(scope="session", autouse=True)
def _objects(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Verilator's run-time library, the same for every design, is compiled once a session.

    Two thirds of the time that g++ needs for a small design go into it. All workers share it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "objects"
    folder.mkdir(exist_ok=True)
    # copied, as a path in a makefile has no spaces, and the checkout's may
    keeper = shutil.copy(Path(__file__).with_name("objcache.sh"), base)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FWGEN_TEST_OBJECTS", str(folder))
        patch.setenv("OBJCACHE", os.environ.get("OBJCACHE", keeper))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """Where CI names the files of a framework, one that skips itself is a failure too."""
    report = yield
    if report.skipped and os.environ.get("FWGEN_CI") == "frameworks":
        report.outcome = "failed"
        report.longrepr = f"skipped, but CI must run everything: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """In CI every tool is there, so a skip is a failure."""
    report = yield
    if report.skipped and os.environ.get("FWGEN_CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but CI must run everything: {report.longrepr}"
    return report
