"""The commands of an agent: run, once, check, enrol. Exit status 0 done, 1 not possible, 2 wrong use."""

from __future__ import annotations

import getopt
import logging
import sys
from pathlib import Path

from agent.config import ConfigError

USAGE = """\
usage: nadi-agent run   [--config FILE]                 measure and send until stopped
       nadi-agent once  [--config FILE]                 measure once and print the readings
       nadi-agent check [--config FILE]                 say what is wrong with this node and its way out
       nadi-agent enrol [--config FILE] --token TOKEN   make this node known to the collector

FILE is /etc/nadi/agent.toml unless named. A TOKEN of '-' is read from stdin, where no process list shows it."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    command = words[0] if words else ""
    try:
        pairs, rest = getopt.gnu_getopt(words[1:], "", ["config=", "token=", "help"])
    except getopt.GetoptError as error:
        print(f"nadi-agent: {error}\n{USAGE}", file=sys.stderr)
        return 2
    options = dict(pairs)
    if command in ("help", "--help", "-h") or "--help" in options:
        print(USAGE)
        return 0
    if rest or command not in ("run", "once", "check", "enrol") or (command == "enrol") != ("--token" in options):
        print(USAGE, file=sys.stderr)
        return 2
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    path = Path(options.get("--config", "/etc/nadi/agent.toml"))
    try:
        return _command(command, path, options.get("--token", ""))
    except ConfigError as error:
        print(f"nadi-agent: {error}", file=sys.stderr)
        return 1


def _command(command: str, path: Path, token: str) -> int:
    if command == "run":
        from agent import main as resident

        return resident.run(path)
    from agent import commission  # what only these commands need stays out of the resident agent's memory

    if command == "once":
        return commission.once(path, print)
    if command == "check":
        return commission.check(path, print)
    secret = sys.stdin.readline().strip() if token == "-" else token  # noqa: S105
    return commission.enrol_node(path, secret, print)


if __name__ == "__main__":
    sys.exit(main())
