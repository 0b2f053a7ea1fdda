"""A real Bacula (director, storage and file daemon, SQLite catalogue) with file volumes in the place of tapes."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

ZONE = "Asia/Jakarta"
DIRECTOR, FILES, STORAGE = ("bacula-dir", "bacula-fd", "bacula-sd")
TABLES = Path("/usr/share/bacula-director/make_sqlite3_tables")


def resource(kind: str, *inner: str, **settings: object) -> str:
    """Write a resource with one setting a line, which Bacula's reader of configurations wants."""
    lines = [f"  {key.replace('_', ' ')} = {value}" for key, value in settings.items()]
    return "\n".join([f"{kind} {{", *lines, *inner, "}", ""])


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Bacula:
    """The three daemons on free ports of loopback; ``jobs`` maps a job to its FileSet's paths."""

    def __init__(self, folder: Path, jobs: dict[str, tuple[Path, ...]]) -> None:
        self.folder, self.console = folder, folder / "nadi.conf"
        self.ports = {name: free_port() for name in (DIRECTOR, FILES, STORAGE, "nobody")}
        self.processes: list[subprocess.Popen[bytes]] = []
        for name in ("work", "volumes", "disk"):
            (folder / name).mkdir()
        self._configure(jobs)

    def _own(self, **more: object) -> dict[str, object]:
        here = f'"{self.folder}/work"'
        return {"Working_Directory": here, "Pid_Directory": here, "Maximum_Concurrent_Jobs": 8, **more}

    def _messages(self) -> str:
        return resource(
            "Messages", Name="Std", append=f'"{self.folder}/log" = all, !skipped', catalog="all", console="all"
        )

    def _configure(self, jobs: dict[str, tuple[Path, ...]]) -> None:
        director = {"Name": "lab-dir", "DIRport": self.ports[DIRECTOR], "Password": "orang-dalam"}
        to_storage = {"Address": "127.0.0.1", "SDPort": self.ports[STORAGE], "Password": "sd"}
        client = {"Address": "127.0.0.1", "Catalog": "Cat", "Password": "fd", "AutoPrune": "no"}
        volumes = {"Pool_Type": "Backup", "Recycle": "yes", "AutoPrune": "no", "Volume_Retention": "365 days"}
        acls = {f"{of}ACL": "*all*" for of in ("Catalog", "Job", "Client", "Pool", "Storage", "FileSet")}
        parts = [
            resource(
                "Director",
                **director,
                **self._own(DirAddress="127.0.0.1", QueryFile='"/dev/null"', Messages="Std", FD_Connect_Timeout="2 s"),
            ),
            resource("Catalog", Name="Cat", dbname="bacula", dbuser='""', dbpassword='""'),
            resource("Client", Name="srv-fd", FDPort=self.ports[FILES], **client),
            resource("Client", Name="mati-fd", FDPort=self.ports["nobody"], **client),
            resource("Storage", Name="Tapes", Device="Drive", Media_Type="LTO-8", **to_storage),
            resource("Storage", Name="Disks", Device="Disk", Media_Type="File", **to_storage),
            resource(
                "Pool", Name="Tape", Storage="Tapes", Label_Format="LTO", Maximum_Volume_Bytes="200000", **volumes
            ),
            resource("Pool", Name="Vault", Storage="Tapes", Label_Format="VLT", Maximum_Volume_Jobs=1, **volumes),
            resource("Pool", Name="Disk", Storage="Disks", Label_Format="DSK", Next_Pool="Vault", **volumes),
            resource("Console", Name="nadi", Password="baca-saja", CommandACL="list, llist", **acls),
            resource("Console", Name="bisu", Password="baca-saja", CommandACL="version", **acls),
            self._messages(),
            *(self._job(name, paths) for name, paths in jobs.items()),
            self._plain_job("pulih", "Restore", Where=f'"{self.folder}/restored"'),
            self._plain_job("periksa", "Verify", Level="VolumeToCatalog", Verify_Job=next(iter(jobs))),
            self._plain_job("salin", "Copy", Storage="Disks", Pool="Disk", Selection_Type="PoolUncopiedJobs"),
        ]
        self._write("dir.conf", *parts)
        drives = {"LabelMedia": "yes", "Random_Access": "yes", "AutomaticMount": "yes", "RemovableMedia": "no"}
        self._write(
            "sd.conf",
            resource("Storage", Name="lab-sd", SDPort=self.ports[STORAGE], SDAddress="127.0.0.1", **self._own()),
            resource("Director", Name="lab-dir", Password="sd"),
            resource("Device", Name="Drive", Media_Type="LTO-8", Archive_Device=self.folder / "volumes", **drives),
            resource("Device", Name="Disk", Media_Type="File", Archive_Device=self.folder / "disk", **drives),
            resource("Messages", Name="Std", director="lab-dir = all"),
        )
        self._write(
            "fd.conf",
            resource("FileDaemon", Name="srv-fd", FDport=self.ports[FILES], FDAddress="127.0.0.1", **self._own()),
            resource("Director", Name="lab-dir", Password="fd"),
            resource("Messages", Name="Std", director="lab-dir = all"),
        )
        self._write("operator.conf", resource("Director", **director, address="127.0.0.1"))
        reader = resource("Console", Name="nadi", Password="baca-saja")
        self._write("nadi.conf", resource("Director", **director, address="127.0.0.1"), reader)

    def _write(self, name: str, *parts: str) -> None:
        (self.folder / name).write_text("".join(parts))
        (self.folder / name).chmod(0o600)

    def _plain_job(self, name: str, kind: str, **settings: object) -> str:
        usual = {"Client": "srv-fd", "FileSet": "simpeg", "Storage": "Tapes", "Messages": "Std", "Pool": "Tape"}
        return resource("Job", Name=name, Type=kind, **{"Level": "Full", **usual, **settings})

    def _job(self, name: str, paths: tuple[Path, ...]) -> str:
        files = "".join(f'    File = "{path}"\n' for path in paths)
        inner = f"  Include {{\n    Options {{\n      signature = MD5\n      mtimeonly = yes\n    }}\n{files}  }}"
        pool = {"simpeg": "Tape", "arsip": "Disk"}.get(name, "Vault")
        where = {"Pool": pool, "Storage": "Disks" if pool == "Disk" else "Tapes"}
        client = "mati-fd" if name == "mati" else "srv-fd"
        job = self._plain_job(name, "Backup", FileSet=name, Client=client, **where)
        return resource("FileSet", inner, Name=name) + job

    def start(self) -> None:
        script = TABLES.read_text().replace("cd /var/lib/bacula", f"cd {self.folder}/work")
        made = script.replace("XXX_DBNAME_XXX", "bacula")
        subprocess.run(["sh", "-c", made], check=True, capture_output=True)
        for program, name in ((STORAGE, "sd"), (FILES, "fd"), (DIRECTOR, "dir")):
            argv = [f"/usr/sbin/{program}", "-f", "-c", str(self.folder / f"{name}.conf")]
            log = (self.folder / f"{name}.out").open("wb")
            self.processes.append(subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, "TZ": ZONE}))
            log.close()
        deadline = time.monotonic() + 10
        for name in (STORAGE, FILES, DIRECTOR):
            while not self._listens(self.ports[name]):
                assert time.monotonic() < deadline, [f.read_text() for f in self.folder.glob("*.out")]
                time.sleep(0.05)

    def _listens(self, port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def say(self, *commands: str) -> str:
        """Give commands to the director as its operator; return what it answered."""
        given = "\n".join([*commands, "quit", ""])
        argv = ["/usr/sbin/bconsole", "-n", "-c", str(self.folder / "operator.conf")]
        done = subprocess.run(argv, input=given, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Ask or change the catalogue itself."""
        with sqlite3.connect(self.folder / "work" / "bacula.db", timeout=10) as database:
            return database.execute(statement, values).fetchall()

    def column(self, statement: str) -> dict[str, object]:
        """Return the second column of a query by the first."""
        return {str(key): value for key, value in self.sql(statement)}

    def last(self, name: str) -> tuple[int, int, int, int]:
        """Return number, end (Unix seconds), files and octets of the newest attempt of a job, from the catalogue."""
        statement = "SELECT JobId, JobTDate, JobFiles, JobBytes FROM Job WHERE Name = ? AND Type = 'B' ORDER BY JobId"
        number, end, files, size = self.sql(statement, name)[-1]
        assert isinstance(number, int)
        assert isinstance(end, int)
        assert isinstance(files, int)
        assert isinstance(size, int)
        return number, end, files, size
