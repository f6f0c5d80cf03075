"""The labeling tool as a program, and what a page of it would send."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from db.memes import Collection
from labeling.access import Access
from labeling.routes import PREFIX, TOKEN_HEADER, cookie_name

ROOT = Path(__file__).parents[1]


def serve(collection: Collection, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    """The program on a collection of SQLite; by default on a port that is free."""
    folder = Path(str(collection.database.engine.url.database)).parent
    return subprocess.Popen(
        [sys.executable, "-m", "labeling", *(arguments or ("--port", "0"))],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(folder)} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(program: subprocess.Popen[str], by: signal.Signals) -> tuple[int, str, str]:
    """How a program ends on a signal: exit code, standard output, standard error."""
    program.send_signal(by)
    out, err = program.communicate(timeout=20)
    return program.returncode, out, err


def announced_address(program: subprocess.Popen[str]) -> str:
    """Where it says that it listens."""
    assert program.stdout is not None
    line = program.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None, line
    return found[0]


@dataclass(frozen=True, slots=True)
class Person:
    """Asks a server as somebody's page does."""

    host: str  # with the port
    cookie: str
    token: str

    @classmethod
    def at(cls, address: str, collection: Collection, annotator: str) -> Self:
        """Somebody whose browser has just opened the page."""
        host = urlsplit(address).netloc
        _, headers, _ = request(host, "GET", "/", {"Accept": "text/html"})
        cookie = headers["set-cookie"].partition(";")[0].partition("=")[2]
        token = Access.of(collection.database).token(cookie, annotator)
        return cls(host, cookie, token)

    def headers(self) -> dict[str, str]:
        """What the browser and the page send along."""
        name = cookie_name(int(self.host.rpartition(":")[2]))
        return {
            "Origin": f"http://{self.host}",
            "Cookie": f"{name}={self.cookie}",
            TOKEN_HEADER: self.token,
            "Content-Type": "application/json",
        }

    def ask(self, name: str, message: object, **changed: str | None) -> tuple[int, Any]:
        """The status and the answer to a message; headers may be changed, None leaves one out."""
        headers = self.headers() | {key.replace("_", "-"): value for key, value in changed.items()}
        told = {key: value for key, value in headers.items() if value is not None}
        status, _, body = request(self.host, "POST", f"{PREFIX}/{name}", told, json.dumps(message))
        return status, json.loads(body)


def request(
    host: str, method: str, path: str, headers: dict[str, str], body: str | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request: status, headers in lower case, body."""
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    told = {name.lower(): value for name, value in answer.getheaders()}
    data = answer.read()
    connection.close()
    return answer.status, told, data
