"""Run another program under a deadline, with bounded output, and read the times that programs print."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import BinaryIO, NamedTuple

_MOST_OUTPUT = 16 << 20
_CHUNK = 1 << 16
_SAID = 300


class ToolError(Exception):
    """The program is missing, hung, said too much, or failed; the message names it, and what it said last."""


class Hung(ToolError):
    """The program had not ended in time."""


class SaidTooMuch(ToolError):
    """The program wrote more than is read."""


class Finished(NamedTuple):
    """What a program gave: its exit status and what it wrote, at most ``most`` octets of each."""

    status: int
    output: bytes
    errors: bytes

    def said(self) -> str:
        """Return the last line it wrote about its failure, shortened."""
        lines = (self.errors or self.output).decode(errors="replace").strip().splitlines()
        return lines[-1][:_SAID] if lines else "it said nothing"


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
    most: int = _MOST_OUTPUT,
    given: bytes = b"",
) -> Finished:
    """Run ``argv`` without a shell, in English; ToolError.

    It reads ``given`` and its end, and it and its children are killed after ``timeout_s`` or ``most`` octets.
    """
    name = os.path.basename(argv[0])
    # What a tool tells systemd would be taken for the agent's own word.
    inherited = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
    settings = {**inherited, "LC_ALL": "C.UTF-8", **(environment or {})}
    try:
        with _readable(given) as source:
            process = subprocess.Popen(  # noqa: S603 - the configuration's own program, never through a shell
                argv,
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=settings,
                start_new_session=True,
            )
    except OSError as error:
        raise ToolError(f"{argv[0]}: cannot be run: {error.strerror}; install it, or give its path") from error
    with process:
        try:
            output, errors = _drained(process, name, timeout_s, most)
        finally:
            if process.returncode is None:
                _kill(process)
        return Finished(process.returncode, output, errors)


def _readable(given: bytes) -> BinaryIO:
    """Return a file in memory that is read from its beginning: unlike a pipe, nobody has to feed it."""
    file = os.fdopen(os.memfd_create("given", os.MFD_CLOEXEC), "w+b")
    file.write(given)
    file.seek(0)
    return file


def _drained(process: subprocess.Popen[bytes], name: str, timeout_s: float, most: int) -> tuple[bytes, bytes]:
    """Read both pipes to their ends, and wait for the end of the program."""
    assert process.stdout is not None  # noqa: S101 - for the type checker
    assert process.stderr is not None  # noqa: S101 - for the type checker
    deadline = time.monotonic() + timeout_s
    found = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as selector:
        for fd in found:
            selector.register(fd, selectors.EVENT_READ)
        while selector.get_map():
            if time.monotonic() >= deadline:
                raise Hung(f"{name}: no end after {timeout_s:g} s; killed")
            for key, _ in selector.select(max(0.0, deadline - time.monotonic())):
                data = os.read(key.fd, _CHUNK)
                found[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
                elif len(found[key.fd]) > most:
                    raise SaidTooMuch(f"{name}: wrote more than {most} octets; killed")
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise Hung(f"{name}: no end after {timeout_s:g} s; killed") from error
    output, errors = found.values()
    return bytes(output), bytes(errors)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill it and its children; while it is not reaped its number belongs to nobody else."""
    os.killpg(process.pid, signal.SIGKILL)


def checked(finished: Finished, argv: Sequence[str]) -> Finished:
    """Return ``finished`` if its exit status is 0; else ToolError with what it said."""
    if finished.status != 0:
        raise ToolError(f"{os.path.basename(argv[0])}: exit status {finished.status}: {finished.said()}")
    return finished


def host_time(text: str, form: str = "%Y-%m-%d %H:%M:%S") -> float:
    """Return the Unix time of a local time of this host without a zone; ValueError when it has another form.

    In the hour that a clock repeats, the earlier is meant; Indonesia has no such hour.
    """
    parsed = time.strptime(text.strip(), form)
    return time.mktime((*parsed[:8], -1))
