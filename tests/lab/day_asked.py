"""Ask every query of every panel of a day in the laboratory, and print what each gave, on both servers.

    python -m tests.lab.day_asked FOLDER

Run in the namespace of the centre; ``tests.lab.day ask`` does so.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.model import Board, Panel
from tests.dashboards.servers import Server
from tests.lab.day_place import OPD


def choices(board: Board, server: Server) -> list[dict[str, str]]:
    """Return the texts of the variables: "Semua", and each OPD of the laboratory where one is chosen."""
    found = []
    for one, _, _ in OPD.values():
        texts = {"__rate_interval": "4m", "__range": "6h"}
        for variable in board.variables:
            offered = server.values(variable, texts)
            every = variable.all_value or f"({'|'.join(re.escape(value) for value in offered)})"
            texts[variable.name] = every if variable.many else one
        found.append(texts)
    return found


def counts(panel: Panel, server: Server, texts: list[dict[str, str]]) -> list[int]:
    """Return how many series each query of a panel gave at most."""
    return [max(len(server.series(query, panel, given)) for given in texts) for query in panel.queries]


def main() -> None:
    """Print a row for every panel, and how many queries gave nothing."""
    place = json.loads((Path(sys.argv[1]) / "place.json").read_text(encoding="utf-8"))
    names = {"VictoriaMetrics": "feed", "Prometheus": "prometheus"}
    servers = [Server(name, f"http://127.0.0.1:{place[port]}", time.time()) for name, port in names.items()]
    empty: dict[str, list[str]] = {name: [] for name in names}
    asked = 0
    print(f"{'panel':<7}{'title':<58}" + "".join(f"{name:>22}" for name in names))
    for board in BOARDS:
        texts = [choices(board, server) for server in servers]
        for panel in board.panels:
            if panel.kind == "row":
                continue
            given = [counts(panel, server, chosen) for server, chosen in zip(servers, texts, strict=True)]
            asked += len(panel.queries)
            print(f"{panel.id:<7}{panel.title[:56]:<58}" + "".join(f"{' '.join(map(str, row)):>22}" for row in given))
            for server, row in zip(servers, given, strict=True):
                empty[server.name] += [f"{panel.id}{chr(65 + i)}" for i, number in enumerate(row) if not number]
    for name, missing in empty.items():
        print(f"{name}: {asked - len(missing)} of {asked} queries gave data; nothing: {' '.join(missing)}")


if __name__ == "__main__":
    main()
