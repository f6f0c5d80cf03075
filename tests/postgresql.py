"""A private PostgreSQL, started from its binaries for one run of the tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path


class PostgreSQL:
    """A private server, quick and forgetful."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="memeera-pg-"))  # short: it holds the socket
        # It refuses to run as root, and would run as whoever else we are.
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user)

    def __enter__(self) -> "PostgreSQL":
        try:
            self._make()
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)  # disconnects everyone
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)
        shutil.rmtree(self._folder)

    def empty_database(self) -> str:
        """The URL of a database without tables; whoever was still connected is thrown out."""
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        # Ten times as fast as another CREATE DATABASE.
        self._execute("DROP SCHEMA public CASCADE")
        self._execute("CREATE SCHEMA public")
        return self._url

    def _make(self) -> None:
        made = subprocess.run(
            [
                self._programs / "initdb",
                *("--pgdata", self._folder / "data"),
                *("--username", "memeera"),
                *("--auth", "trust"),
                *("--encoding", "UTF8"),
                "--no-locale",
                "--no-sync",
            ],
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr

    def _start(self) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self._folder / "data"),
                    *(
                        part
                        for name, value in settings.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def _wait_until_it_answers(self) -> None:
        import psycopg

        patience_s = 30.0
        give_up_at = time.monotonic() + patience_s
        while True:
            try:
                self._execute("SELECT 1")
                return
            except psycopg.OperationalError:
                log = (self._folder / "log").read_text()
                assert self._process.poll() is None, f"PostgreSQL ended at its start: {log}"
                assert time.monotonic() < give_up_at, f"silent for {patience_s} s: {log}"
                time.sleep(0.05)

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement.encode())

    @property
    def _url(self) -> str:
        return f"postgresql://memeera@/postgres?host={self._folder}"


def programs_folder() -> Path | None:
    if (on_path := shutil.which("initdb")) is not None:
        return Path(on_path).resolve().parent
    # Debian and Homebrew keep them off the PATH, one folder a version.
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    homebrew = Path("/opt/homebrew/opt").glob("postgresql@*/bin/initdb")
    versions = [path.parent for path in (*debian, *homebrew)]
    return max(versions, key=lambda folder: float(folder.parent.name.split("@")[-1]), default=None)


def _unprivileged_user() -> str:
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
