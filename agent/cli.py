"""The commands of an agent: run, once, check, enrol. Exit status 0 done, 1 not possible, 2 wrong use."""

from __future__ import annotations

import sys
from pathlib import Path

from agent.config import ConfigError

USAGE = """\
usage: nadi-agent run   [--config FILE]                 measure and send until stopped
       nadi-agent once  [--config FILE]                 measure once and print the readings
       nadi-agent check [--config FILE]                 say what is wrong with this node and its way out
       nadi-agent enrol [--config FILE] --token TOKEN   make this node known to the collector

FILE is /etc/nadi/agent.toml unless named. A TOKEN of '-' is read from stdin, where no process list shows it."""


class _Misuse(Exception):
    """A command line that cannot be understood."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("help", "--help", "-h") or "--help" in words:
        print(USAGE)
        return 0 if words else 2
    try:
        return _command(words[0], _options(words[1:]))
    except _Misuse as error:
        print(f"nadi-agent: {error}\n{USAGE}", file=sys.stderr)
        return 2
    except ConfigError as error:
        print(f"nadi-agent: {error}", file=sys.stderr)
        return 1


def _options(words: list[str]) -> dict[str, str]:
    """Read ``--name VALUE`` and ``--name=VALUE``. (argparse would cost the resident agent 0.4 MiB.)"""
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in ("--config", "--token"):
            raise _Misuse(f"{word!r} is not an option")
        found = value if equals else next(rest, None)
        if not found:
            raise _Misuse(f"{name} needs a value")
        options[name[2:]] = found
    return options


def _command(command: str, options: dict[str, str]) -> int:
    path = Path(options.get("config", "/etc/nadi/agent.toml"))
    if command not in ("run", "once", "check", "enrol"):
        raise _Misuse(f"{command!r} is not a command")
    if (command == "enrol") != ("token" in options):
        raise _Misuse("--token goes with enrol, and enrol with --token")
    if command == "run":
        from agent import main as resident

        return resident.run(path)
    from agent import commission  # what only these commands need stays out of the resident agent's memory

    if command == "once":
        return commission.once(path, print)
    if command == "check":
        return commission.check(path, print)
    token = options["token"]
    return commission.enrol_node(path, sys.stdin.readline().strip() if token == "-" else token, print)  # noqa: S105


if __name__ == "__main__":
    sys.exit(main())
