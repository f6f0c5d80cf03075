"""The import rule of docs/architecture.md, read from the tree itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from memeEraML import _STAGES

ROOT = Path(__file__).parents[1]
STAGES = ("core", "db", "crawler", "labeling", "training", "app")
MAY_IMPORT = {
    "core": {"core"},
    "db": {"core", "db"},
    "crawler": {"core", "db", "crawler"},
    "labeling": {"core", "db", "labeling"},
    "training": {"core", "db", "training"},
    "app": {
        *("core", "db", "app"),
        *("training.classifier", "training.heat", "training.registry", "training.years"),
    },
    "memeEraML": {
        *("core", "db", "app"),
        *("training.classifier", "training.registry", "training.years"),
    },
}
# Who may import a heavy library: the one home of what it does.
HOMES = {
    "imagehash": {"core"},
    "pydantic_settings": {"core"},
    "sqlalchemy": {"app", "crawler", "db", "labeling", "training"},  # sessions and their types
    "alembic": {"db"},
    "faiss": {"db"},
    "fsspec": {"db"},
    "scrapy": {"crawler"},
    "twisted": {"crawler"},
    "apscheduler": {"crawler"},
    "praw": {"crawler"},
    "prawcore": {"crawler"},
    "requests": {"crawler"},  # what PRAW speaks through
    "backports": {"crawler/sources/dump_lines.py"},  # zstd
    "streamlit": {"labeling", "app", "memeEraML", "core/browser.py", "core/window.py"},
    "tensorflow": {"training"},
    "keras": {"training"},
    "cleanlab": {"labeling"},
    "pyarrow": {"db/export_formats.py"},
    "google": {"db/export_tfrecord.py"},  # protobuf
    "google_crc32c": {"db/export_tfrecord.py"},
    "sklearn": {"db/splits.py", "training"},
    "matplotlib": {"training"},
    "ai_edge_litert": {"training/classifier.py"},
    "rapidocr": {"core/words.py"},
    "onnxruntime": {"core/words.py"},
    "cv2": {"db", "core/signature.py"},
}


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    """Each file of the stages: the package it belongs to, its path, its tree."""
    paths = [path for stage in STAGES for path in sorted((ROOT / stage).rglob("*.py"))]
    for path in [*paths, ROOT / "memeEraML.py"]:
        package = path.relative_to(ROOT).parts[0].removesuffix(".py")
        yield package, path, ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> Iterator[str]:
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports here are absolute"
            yield node.module or ""


def within(module: str, allowed: set[str]) -> bool:
    """Whether a module is one of those, or inside one."""
    return any(module == name or module.startswith(name + ".") for name in allowed)


def test_stages_meet_only_in_core_and_the_database() -> None:
    ours = {*STAGES, "demo", "bench", "tests", "memeEraML"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for package, path, tree in modules()
        for module in imports(tree)
        if module.split(".")[0] in ours and not within(module, MAY_IMPORT[package])
    ]
    assert wrong == []


def test_one_place_loads_modules_by_name_and_one_names_them() -> None:
    # The command memeera has all stages below it, without importing any: MAY_IMPORT stays as it is.
    loading = [
        path.relative_to(ROOT).as_posix()
        for _, path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id)
        in {"import_module", "__import__", "run_module"}
    ]
    assert loading == ["core/cli.py"]
    naming = [path.name for _, path, tree in modules() if "Loaded" in set(names_called(tree))]
    assert naming == ["memeEraML.py"]
    assert {loaded.module for loaded in _STAGES.values()} == {
        f"{stage}.__main__" for stage in STAGES if stage not in {"core", "app"}
    }


def names_called(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def test_heavy_libraries_stay_at_home() -> None:
    wrong = []
    for package, path, tree in modules():
        place = path.relative_to(ROOT).as_posix()
        for module in imports(tree):
            homes = HOMES.get(module.split(".")[0])
            if homes is not None and package not in homes and place not in homes:
                wrong.append(f"{place} imports {module}")
    assert wrong == []


def test_one_place_opens_pictures() -> None:
    openers = [
        path.relative_to(ROOT).as_posix()
        for _, path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "open"
        and isinstance(node.value, ast.Name)
        and node.value.id == "Image"
    ]
    assert openers == ["core/images.py"]


def test_sql_is_written_in_the_database_package_alone() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {node.func.id}"
        for package, path, tree in modules()
        if package != "db"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"select", "insert", "update", "delete"}
    ]
    assert wrong == []


def test_no_file_hides_a_standard_module() -> None:
    # `streamlit run labeling/app.py` puts labeling/ first on sys.path.
    hiding = [
        path.relative_to(ROOT).as_posix()
        for _, path, _ in modules()
        if path.stem in sys.stdlib_module_names and path.stem not in {"__init__", "__main__"}
    ]
    assert hiding == []


def test_every_file_says_in_one_sentence_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for _, path, tree in modules()
        if not ast.get_docstring(tree) and path.stat().st_size > 0
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("command", "heavy"),
    [
        (["memeEraML.py", "classify", "--help"], {"tensorflow", "keras", "streamlit", "scrapy"}),
        (["-m", "training", "list"], {"tensorflow", "keras", "streamlit", "scrapy"}),
        (
            ["-m", "crawler", "status"],
            {"tensorflow", "scrapy", "streamlit", "ai_edge_litert", "cv2", "faiss", "scipy", "PIL"},
        ),
    ],
)
def test_a_command_loads_no_library_that_it_does_not_need(
    tmp_path: Path, command: list[str], heavy: set[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        cwd=ROOT,
        env={"MEMEERA_DATA_DIR": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "core.cli" in loaded
    assert not loaded & heavy


_HELP = """
import sys
from memeEraML import main
from core.cli import run

heavy = set(sys.argv.pop().split())
for words in sys.argv[1:]:
    try:
        run(main, "memeera", [*words.split(), "--help"])
    except SystemExit as ended:
        assert ended.code == 0, words
    print("LOADED", words, sorted(heavy & set(sys.modules)))
"""


def test_help_loads_no_library_at_all() -> None:
    commands = ["", *_STAGES, "classify", "serve", "models", "crawl run", "crawl import"]
    commands += ["db memes", "db check", "train fit", "train retrain"]
    heavy = {name for name in HOMES if name not in {"pydantic_settings", "google"}}
    heavy |= {"numpy", "PIL", "scipy", "tqdm", "starlette"}
    done = subprocess.run(
        [sys.executable, "-c", _HELP, *commands, " ".join(heavy)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    loaded = [line for line in done.stdout.splitlines() if line.startswith("LOADED")]
    assert loaded == [f"LOADED {words} []" for words in commands]
