"""What OpenAPI promises holds for every role: schemathesis finds no 5xx, no undocumented answer, no ignored login."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from tests.collector.web_world import World, world

pytestmark = pytest.mark.slow

TOOL = shutil.which("schemathesis", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
# A body that is larger than is read is refused with 413, whatever else is wrong with it.
CONFIGURATION = """
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]
"""
# What a schema cannot say (a link of that OPD, a month that has ended) is refused with 400.
BEYOND_SCHEMAS = "positive_data_acceptance"
SENDERS = "^/api/v1/(batches|enrol)|^/api/v2/write"


@dataclass(frozen=True, slots=True)
class Served:
    """A world that answers on a port of this machine."""

    world: World
    port: int


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if TOOL is None:
        if os.environ.get("CI"):
            pytest.fail("schemathesis is not installed")
        pytest.skip("schemathesis is not installed")
    with world(tmp_path_factory.mktemp("data")) as made, socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(made.app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        yield Served(made, sock.getsockname()[1])
        server.should_exit = True
        thread.join()


# The admin comes last: he ends tokens and accounts, by which the others would visit.
@pytest.mark.parametrize("who", ["opd", "noc", "penetap", "pemeriksa", "auditor", "operator", "admin"])
def test_every_answer_is_one_that_openapi_tells_of(served: Served, tmp_path: Path, who: str) -> None:
    assert TOOL is not None
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [TOOL, "--config-file", "schemathesis.toml", "run", f"http://127.0.0.1:{served.port}/openapi.json"]
    command += ["-H", f"Authorization: {served.world.visitors[who].headers['Authorization']}"]
    command += ["--checks", "all", "--exclude-checks", BEYOND_SCHEMAS, "--exclude-path-regex", SENDERS]
    command += ["--phases", "examples,coverage,fuzzing", "-n", "5", "--seed", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout.partition("= FAILURES =")[2][:6000] or done.stdout[-6000:]
