"""Set the report as PDF/A-2a and PDF/UA-1 by Typst, in a process of its own. The only door to typst.

Text reaches Typst as JSON strings and never as markup, so nothing that people type can become code. Fonts are
those of the typst wheel, never the system's, so that the same content gives the same bytes everywhere.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).with_name("report.typ")
TIMEOUT_S = 600


class TypesetError(Exception):
    """Typst refused the report or was ended; the message is what it said."""


def typeset(content: str, *, timestamp: int) -> bytes:
    """Return the PDF of ``content`` (JSON for report.typ), dated ``timestamp`` (Unix seconds); TypesetError.

    A process of its own because Typst keeps what it made: 150 MB more with each report of 60 agencies, up to
    1.7 GB in a collector that runs for months (typst 0.15.2).
    """
    command = [sys.executable, "-m", "collector.report.pdf", str(timestamp)]
    try:
        done = subprocess.run(  # noqa: S603 - our own module and a number
            command, input=content.encode(), capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TypesetError(f"the PDF was not ready after {TIMEOUT_S} s and was given up") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise TypesetError(f"the PDF could not be set (exit {done.returncode}): {said[-2000:]}")
    return done.stdout


def _main() -> int:
    """Read content from standard input, write the PDF to standard output."""
    import typst

    try:
        data = typst.compile(
            TEMPLATE.read_bytes(),
            font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=True),
            sys_inputs={"content": sys.stdin.buffer.read().decode()},
            pdf_standards=["a-2a", "ua-1"],
            timestamp=int(sys.argv[1]),
        )
    except typst.TypstError as error:
        sys.stderr.write(f"{error.message} {' '.join(error.hints)}\n{error.diagnostic}\n")
        return 1
    sys.stdout.buffer.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(_main())
