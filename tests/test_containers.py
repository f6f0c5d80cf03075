"""The containers' files agree with one another and with the tree; no engine is needed."""

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from core.settings import Settings

ROOT: Final = Path(__file__).parent.parent
TARGETS: Final = ("crawler", "labeling", "training", "app")
SERVING: Final = {"labeling": "8501", "app": "8502"}

TEXT: Final = {"type": "string"}
TEXTS: Final = {"type": "array", "items": TEXT, "uniqueItems": True}


def strict(*required: str, **properties: object) -> dict[str, Any]:
    """A JSON schema of an object with these keys and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


# The part of the Compose Specification that our file uses, to the letter of its own schema.
SERVICE: Final = strict(
    "image",
    image=TEXT,
    build=strict("context", context=TEXT, target=TEXT),
    entrypoint={"type": "array", "items": TEXT},
    command={"type": "array", "items": TEXT},
    environment={"type": "object", "additionalProperties": TEXT},
    env_file={"type": "array", "items": strict("path", path=TEXT, required={"type": "boolean"})},
    volumes=TEXTS,
    ports=TEXTS,
    tmpfs=TEXTS,
    profiles=TEXTS,
    init={"type": "boolean"},
    read_only={"type": "boolean"},
    security_opt=TEXTS,
    cap_drop=TEXTS,
    restart={"enum": ["no", "always", "on-failure", "unless-stopped"]},
    stop_grace_period={"type": "string", "pattern": r"^\d+s$"},
    depends_on={
        "type": "object",
        "additionalProperties": strict(
            "condition",
            condition={"enum": ["service_started", "service_healthy"]},
            required={"type": "boolean"},
        ),
    },
    healthcheck=strict(
        "test",
        test={"type": "array", "items": TEXT},
        interval=TEXT,
        timeout=TEXT,
        retries={"type": "integer"},
    ),
)
COMPOSE: Final = strict(
    "services",
    name={"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
    services={"type": "object", "additionalProperties": SERVICE},
    volumes={"type": "object", "additionalProperties": {"type": "null"}},
) | {"patternProperties": {"^x-": {}}}


@dataclass(frozen=True)
class Stage:
    """One FROM of the Dockerfile, with what follows it."""

    name: str
    parent: str
    lines: tuple[tuple[str, str], ...]  # (instruction, its arguments)

    def all(self, instruction: str) -> list[str]:
        """The arguments of every such instruction."""
        return [arguments for name, arguments in self.lines if name == instruction]

    def copied(self) -> list[str]:
        """What it copies from the tree."""
        copies = [line.split() for line in self.all("COPY") if not line.startswith("--from")]
        return [source for copy in copies for source in copy[:-1]]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
    found: dict[str, Stage] = {}
    for part in re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]:
        head, *rest = [line for line in part.splitlines() if line]
        parent, _, name = head.split()
        lines = [line.split(maxsplit=1) for line in rest]
        found[name] = Stage(name, parent, tuple((line[0], line[1]) for line in lines))
    return found


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path from the engine: the last pattern that fits decides."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    parts = path.split("/")
    and_parents = ["/".join(parts[:n]) for n in range(1, len(parts) + 1)]
    is_ignored = False
    for line in lines:
        pattern = line.lstrip("!")
        if not pattern or pattern.startswith("#"):
            continue
        regex = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if any(re.fullmatch(regex, candidate) for candidate in and_parents):
            is_ignored = not line.startswith("!")
    return is_ignored


def sources_in(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def imported_by(file: Path) -> Iterator[str]:
    """The first names of the modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)


def test_compose_fits_the_schema(compose: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(COMPOSE)
    jsonschema.validate(compose, COMPOSE, jsonschema.Draft7Validator)


def test_every_target_that_compose_names_exists(
    compose: dict[str, Any], stages: dict[str, Stage]
) -> None:
    named = {s["build"]["target"] for s in compose["services"].values() if "build" in s}
    assert named == set(TARGETS)
    assert named <= stages.keys()


def test_every_volume_and_service_that_compose_uses_is_declared(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        volumes = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert volumes <= compose["volumes"].keys()
        assert service.get("depends_on", {}).keys() <= compose["services"].keys()


def test_every_published_port_is_for_this_machine_alone(compose: dict[str, Any]) -> None:
    published = {
        name: service["ports"]
        for name, service in compose["services"].items()
        if "ports" in service
    }
    assert published == {name: [f"127.0.0.1:{port}:{port}"] for name, port in SERVING.items()}


@pytest.mark.parametrize("target", TARGETS)
def test_every_service_may_do_little(compose: dict[str, Any], target: str) -> None:
    service = compose["services"][target]
    assert service["read_only"]
    assert service["init"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert service["volumes"] == ["data:/data"]
    assert service["environment"]["MEMEERA_DATA_DIR"] == "/data"


def test_every_dollar_is_for_compose_or_is_doubled() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8").replace("$$", "")
    assert "$" not in re.sub(r"\$\{[A-Z_]+:-[a-z0-9]*\}", "", text)


def test_no_password_is_written_down(compose: dict[str, Any]) -> None:
    password = compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert password == "${POSTGRES_PASSWORD:-}"


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_ends_as_a_user_who_is_not_root(stages: dict[str, Stage], target: str) -> None:
    *_, user = stages[target].all("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert f"--uid {user.split(':')[0]} " in " ".join(stages["base"].all("RUN"))


@pytest.mark.parametrize("target", TARGETS)
def test_a_health_check_is_where_something_serves(stages: dict[str, Stage], target: str) -> None:
    stage = stages[target]
    port = SERVING.get(target)
    assert stage.all("EXPOSE") == ([port] if port else [])
    assert len(stage.all("HEALTHCHECK")) == (1 if port else 0)
    if port:
        path = "healthz" if target == "app" else "_stcore/health"
        assert f"http://127.0.0.1:{port}/{path}" in stage.all("HEALTHCHECK")[0]
        assert f'"0.0.0.0", "--port", "{port}"' in stage.all("CMD")[0]


def test_what_is_copied_exists_and_reaches_the_engine(stages: dict[str, Stage]) -> None:
    copied = {source for stage in stages.values() for source in stage.copied()}
    assert {"pyproject.toml", "core", "memeEraML.py"} <= copied
    for source in copied:
        assert (ROOT / source).exists(), source
        for file in (source, *(str(f.relative_to(ROOT)) for f in sources_in(ROOT / source))):
            assert not ignored(file), file


def test_data_history_and_passwords_do_not_reach_the_engine() -> None:
    for path in (".env", ".git/config", ".venv/bin/python", "data/memes.db", "tests/test_db.py"):
        assert ignored(path), path
    assert ignored("core/__pycache__/settings.cpython-311.pyc")


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_copied_code_imports_of_ours_is_copied_too(
    stages: dict[str, Stage], target: str
) -> None:
    copied = set(stages[target].copied())
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    for source in copied:
        for file in sources_in(ROOT / source):
            missing = (set(imported_by(file)) & packages) - copied
            assert not missing, f"{file.relative_to(ROOT)} imports {missing}"


def test_the_env_example_lists_the_settings_with_their_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    listed = dict(re.findall(r"^# (MEMEERA_\w+)=(.*)$", text, flags=re.MULTILINE))
    fields = {f"MEMEERA_{name.upper()}": name for name in Settings.model_fields}
    assert listed.keys() == fields.keys()
    assert not re.findall(r"^[^#\n]", text, flags=re.MULTILINE), "all is commented out"

    for variable in [name for name in os.environ if name.startswith("MEMEERA_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)  # where no .env is
    defaults = Settings()
    for variable, name in fields.items():
        if getattr(defaults, name) is not None:
            monkeypatch.setenv(variable, listed[variable])
    assert Settings() == defaults
