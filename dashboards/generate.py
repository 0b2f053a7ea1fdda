"""Writes the JSON of every board: ``python -m dashboards.generate [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.grafana import encoded

FOLDER = Path(__file__).parent / "generated"


def generate(folder: Path) -> list[Path]:
    """Write one file a board into a folder and remove the JSON of boards that are no more; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / f"{board.uid}.json": encoded(board) for board in BOARDS}
    for path in folder.glob("*.json"):
        if path not in texts:
            path.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return sorted(texts)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
