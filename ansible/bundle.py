"""Make the folder from which nodes without internet are installed: ``make bundle``.

``nodes/`` holds one archive for each part (agent, poller, collector), Python and processor: the wheels, and the list of
them with their hashes. Beside it: the playbooks, dashboards, documents, examples, the sources, and SHA256SUMS.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("agent", "poller", "collector")
CARRIED = ("ansible", "config", "dashboards", "docs", "CHANGELOG.md", "LICENSE", "README.md")
"""What of the sources lies open in the bundle; all of them are in its archive of the sources."""
GLIBC = range(36, 4, -1)
"""Minor versions of the glibc 2 whose wheels run on Debian 12, the oldest system that is installed."""
OLD_NAMES = {"x86_64": ("manylinux2014", "manylinux2010", "manylinux1"), "aarch64": ("manylinux2014",)}


class BundleError(Exception):
    """A bundle that cannot be made; the message names what is missing and the mend."""


@dataclass(frozen=True, slots=True)
class Target:
    """A Python (``3.11``) and a processor (``x86_64``) for which wheels are taken."""

    python: str
    machine: str

    @classmethod
    def of(cls, text: str) -> Target:
        """Read ``3.11-x86_64``; BundleError."""
        python, _, machine = text.partition("-")
        if machine not in OLD_NAMES or not python.startswith("3."):
            raise BundleError(f"{text!r} is no Python and processor such as 3.11-x86_64 or 3.13-aarch64")
        return cls(python, machine)

    @property
    def tag(self) -> str:
        """The name of it in a file's name."""
        return f"cp{self.python.replace('.', '')}-{self.machine}"

    def options(self) -> Iterator[str]:
        """Yield pip's options that choose its wheels."""
        yield from ("--implementation", "cp", "--python-version", self.python)
        for name in (*(f"manylinux_2_{minor}" for minor in GLIBC), *OLD_NAMES[self.machine]):
            yield from ("--platform", f"{name}_{self.machine}")


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Make the folder from which nodes are installed.")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "bundle", help="folder of the bundles")
    parser.add_argument("--source", type=Path, help="a tree to pack (default: the last commit)")
    parser.add_argument("--part", action="append", choices=PARTS, help="default: all")
    parser.add_argument("pythons", nargs="+", metavar="PYTHON-PROCESSOR", help="such as 3.11-x86_64")
    options = parser.parse_args()
    try:
        made = bundle(
            to=options.to,
            source=options.source,
            targets=[Target.of(text) for text in options.pythons],
            parts=options.part or PARTS,
        )
    except (BundleError, OSError) as error:
        sys.stderr.write(f"bundle: {error}\n")
        return 1
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"bundle: {' '.join(error.cmd[:6])} ... ended with status {error.returncode}\n")
        return 1
    size = sum(file.stat().st_size for file in made.rglob("*") if file.is_file())
    sys.stdout.write(f"{made} ({size / 1e6:.0f} MB)\n")
    return 0


def bundle(*, to: Path, source: Path | None, targets: Iterable[Target], parts: Iterable[str]) -> Path:
    """Make the bundle in ``to`` and return its folder; one of the same version is replaced. BundleError."""
    with tempfile.TemporaryDirectory(prefix="nadi-bundle-") as scratch:
        tree, epoch = sources_of(source, Path(scratch) / "tree")
        version = str(tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
        name = f"nadi-{version}"
        made = Path(scratch) / name
        (made / "nodes").mkdir(parents=True)
        (made / "VERSION").write_text(f"{version}\n", encoding="ascii")
        wheel = wheel_of(tree, Path(scratch) / "wheel", epoch)
        licences: set[str] = set()
        for target in targets:
            for part in parts:
                folder = Path(scratch) / target.tag / f"nadi-{part}-{version}"
                _fill(folder, wheel, tree / "requirements" / f"{part}.txt", target)
                licences |= {_licence(file) for file in folder.glob("*.whl")}
                _pack(folder, made / "nodes" / f"{folder.name}-{target.tag}.tar", epoch)
                shutil.rmtree(folder)
        (made / "LICENCES.tsv").write_text("\n".join(sorted(licences, key=str.lower)) + "\n", encoding="utf-8")
        for carried in CARRIED:
            _carry(tree / carried, made / carried)
        sources = made / "sources" / f"{name}.tar.gz"
        sources.parent.mkdir()
        _pack(tree, sources, epoch, name=name)
        _sums(made)
        to.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(to / name, ignore_errors=True)
        shutil.move(made, to / name)
    return to / name


def sources_of(source: Path | None, tree: Path) -> tuple[Path, int]:
    """Return a clean copy of what is packed, and the second that its files bear."""
    if source is not None:
        shutil.copytree(source, tree, ignore=shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__"))
        return tree, int(os.environ.get("SOURCE_DATE_EPOCH", "315532800"))
    git = ["git", "-C", str(ROOT)]
    try:
        archive = subprocess.run([*git, "archive", "HEAD"], check=True, capture_output=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        raise BundleError(f"{ROOT} is no git checkout; name the tree to pack: --source") from None
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(tree, filter="data")
    said = subprocess.run([*git, "log", "-1", "--format=%ct"], check=True, capture_output=True).stdout  # noqa: S603
    return tree, int(said)


def _pip(*words: str, environment: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--quiet", *words]
    subprocess.run(command, check=True, env={**os.environ, **(environment or {})})  # noqa: S603


def wheel_of(tree: Path, folder: Path, epoch: int) -> Path:
    """Build the project's wheel; the same sources give the same bytes."""
    building = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(tree))
    _pip(*building, environment={"SOURCE_DATE_EPOCH": str(epoch)})
    for rest in ("build", "nadi.egg-info"):
        shutil.rmtree(tree / rest, ignore_errors=True)
    return next(folder.glob("nadi-*.whl"))


def _fill(folder: Path, wheel: Path, requirements: Path, target: Target) -> None:
    """Put into ``folder`` the wheels that the locked requirements name, the project's own, and the list of all."""
    folder.mkdir(parents=True)
    taking = ("download", "--only-binary", ":all:", "--require-hashes", "--requirement", str(requirements))
    _pip(*taking, *target.options(), "--dest", str(folder))
    shutil.copy(wheel, folder)
    version, digest = wheel.name.split("-")[1], hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = requirements.read_text(encoding="utf-8")
    text = f"{lock.rstrip()}\nnadi=={version} \\\n    --hash=sha256:{digest}\n"
    (folder / "requirements.txt").write_text(text, encoding="utf-8")


def _licence(wheel: Path) -> str:
    """Return name, version and licence of a wheel, as its metadata tells them, with tabs between."""
    with zipfile.ZipFile(wheel) as packed:
        name = next(name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
        told = BytesHeaderParser().parsebytes(packed.read(name))
    kinds = [item.rpartition(" :: ")[2] for item in told.get_all("Classifier", []) if item.startswith("License ::")]
    short = (told["License"] or "").strip().partition("\n")[0]
    files = " ".join(("its", *told.get_all("License-File", ["wheel tells none"])))
    return "\t".join((told["Name"], told["Version"], told["License-Expression"] or "; ".join(kinds) or short or files))


def _carry(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def _pack(folder: Path, archive: Path, epoch: int, *, name: str = "") -> None:
    """Write ``folder`` as a tar that unpacks to ``name``; the same files give the same bytes."""
    top = name or folder.name

    def bare(item: tarfile.TarInfo) -> tarfile.TarInfo:
        item.uid = item.gid = 0
        item.uname = item.gname = "root"
        item.mtime, item.mode = epoch, 0o755 if item.isdir() or item.mode & 0o100 else 0o644
        return item

    with open(archive, "wb") as raw:
        out = gzip.GzipFile("", "wb", fileobj=raw, mtime=epoch) if archive.suffix == ".gz" else raw
        with out, tarfile.open(fileobj=out, mode="w") as packed:
            packed.add(folder, top, recursive=False, filter=bare)
            for path in sorted(folder.rglob("*")):
                packed.add(path, f"{top}/{path.relative_to(folder)}", recursive=False, filter=bare)


def _sums(made: Path) -> None:
    """Write the hashes of all files as sha256sum does."""
    lines = []
    for path in sorted(path for path in made.rglob("*") if path.is_file()):
        with open(path, "rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.relative_to(made)}\n")
    (made / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
