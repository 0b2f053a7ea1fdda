"""Run every benchmark one after another and print their tables (``python -m benchmarks [NAME ...]``)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the named benchmarks, or all of them; JSON goes to ``build/benchmarks``."""
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    out = HERE.parent / "build" / "benchmarks"
    out.mkdir(parents=True, exist_ok=True)
    for name in names:
        print(f"\n## {name}\n", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(out / f"{name}.json")]
        subprocess.run(command, check=True, cwd=HERE.parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
