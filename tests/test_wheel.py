"""The wheel, in an environment of its own, does from any folder what the README says."""

import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import zstandard
from uv import find_uv_bin

from core.genres import GENRES
from demo.drawing import draw
from tests.conftest import ROOT, Trained
from tests.pictures import picture
from tests.test_docs import shown_commands

# No README command asks anything of the network here: what does not answer is told on one line.
_NOBODY: Final = "http://127.0.0.1:9"
# They serve until they are stopped, as memeera alone does.
_SERVING: Final = ("memeera serve", "memeera label", "memeera crawl schedule")
# What a command that cannot do its work here ends with, and says; the others do theirs.
_SAYS: Final = {
    "memeera crawl run lemmy": (1, "nothing was listed: "),
    "memeera crawl run youtube": (1, "nothing was listed: "),
    "memeera crawl run site": (1, "nothing was listed: "),
    "memeera crawl run reddit": (2, "Reddit wants a key"),
    "memeera crawl run": (1, "failed: stills; what they said is above"),
    "memeera train fit --weights imagenet": (1, ""),  # they are downloaded
    "memeera train fit --weights FILE.h5": (1, "no labelled meme lies in fold 4"),
    "memeera db forget WHAT": (2, "nothing is kept of WHAT"),
    "memeera db restore": (2, "restore with --force"),  # it is not empty
}
# Training takes minutes: with these it takes seconds.
_MORE: Final = {"memeera train fit": ["--epochs", "1", "--image-px", "32"]}
# They train again, several times; here they find that nobody has labelled anything.
_ON_NOTHING: Final = tuple(
    f"memeera train {name}"
    for name in ("fit --teacher", "learning-curve", "refit", "cross-validate", "retrain")
)

# Each command in a process forked from one that has loaded the slow libraries once.
_DRIVER: Final = """
import json, os, sys
import training.__main__  # first: it quiets TensorFlow
from core.quiet import quiet_native
with quiet_native():
    import training.fit, training.predict
import db.rematch, db.export, memeEraML  # no Scrapy: a reactor is not to be forked

print(json.dumps(memeEraML.__file__), flush=True)
for line in sys.stdin:
    words, variables = json.loads(line)
    process = os.fork()
    if not process:
        os.environ.update(variables)
        for name, number in (("out", 1), ("err", 2)):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv, code = words, 1
        try:
            memeEraML.program()
        except SystemExit as ended:
            code = ended.code or 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)
    print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])), flush=True)
"""


def _is_of(line: str, commands: Iterable[str]) -> bool:
    """Whether a line is one of these commands, whatever options follow."""
    return any(line == one or line.startswith(f"{one} ") for one in commands)


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel, and the libraries that these tests have."""

    programs: Path

    def run(self, folder: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of it in a folder."""
        return subprocess.run(
            [self.programs / program, *words],
            cwd=folder,
            env=_environment(folder),
            capture_output=True,
            text=True,
            timeout=120,
        )


def _environment(folder: Path) -> dict[str, str]:
    dead = {f"{kind}_proxy": _NOBODY for kind in ("http", "https")}
    settings = {
        "MEMEERA_YOUTUBE_URL": _NOBODY,
        "MEMEERA_LEMMY_URLS": _NOBODY,
        "MEMEERA_ALLOWED_NETWORKS": "127.0.0.0/8",
        "MEMEERA_RETRY_DELAY_S": "0.01",
        "MEMEERA_PATIENCE_S": "0",
        "NO_PROXY": "127.0.0.1",
    }
    mine = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    return {**mine, **dead, **settings}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel is built of the source distribution, as for whoever has no checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    ignored = shutil.ignore_patterns(
        *(".*", "data", "tests", "bench", "docs", "build", "dist", "*.egg-info", "__pycache__")
    )
    shutil.copytree(ROOT, folder / "source", ignore=ignored)
    uv = [find_uv_bin(), "--quiet", "--offline", "--no-cache"]
    building = ["build", "--no-build-isolation", "--python", sys.executable]
    subprocess.run(
        [*uv, *building, "--out-dir", folder / "dist", folder / "source"], check=True, timeout=300
    )
    venv.create(folder / "venv", symlinks=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    subprocess.run(
        [*uv, "pip", "install", "--no-deps", "--python", python, wheel], check=True, timeout=120
    )
    # Its own packages come first; of ours, no .pth is read, so that the checkout stays unknown.
    (own,) = (folder / "venv" / "lib").glob("python*/site-packages")
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (own / "libraries.pth").write_text("\n".join(libraries))
    return Installed(python.parent)


def test_before_any_model_the_starter_answers_from_any_folder(
    installed: Installed, tmp_path: Path
) -> None:
    draw("rage_comic", random.Random(1)).save(tmp_path / "meme.png")
    done = installed.run(tmp_path, "memeera", "classify", "--json", "--no-words", "meme.png")
    assert (done.returncode, done.stderr) == (0, "")
    (answer,) = json.loads(done.stdout)
    assert answer["model"] == "starter"
    assert len(answer["genre"]) == len(GENRES)
    program = (
        "import memeEraML; print(memeEraML.__file__); "
        "print(memeEraML.MemeEra.load().classify('meme.png', words=False).genre[0].label)"
    )
    done = installed.run(tmp_path, "python", "-c", program)
    file, label = done.stdout.split()
    assert file.startswith(str(installed.programs.parent))
    assert label in {genre.key for genre in GENRES}


def test_the_window_and_the_labeling_tool_are_served_from_any_folder(
    installed: Installed, tmp_path: Path
) -> None:
    for words in (["serve", "--workers", "1"], ["label"]):
        with subprocess.Popen(
            [installed.programs / "memeera", *words, "--port", "0"],
            cwd=tmp_path,
            env=_environment(tmp_path) | {"no_proxy": "127.0.0.1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdout is not None
            assert " at http://127.0.0.1:" in program.stdout.readline()
            program.terminate()
            assert program.wait(60) == 0


@pytest.mark.parametrize("name", ["crawler", "db", "labeling", "training"])
def test_each_stage_is_a_module_of_the_wheel(
    installed: Installed, tmp_path: Path, name: str
) -> None:
    done = installed.run(tmp_path, "python", "-m", name, "--help")
    assert done.returncode == 0
    assert f"python -m {name}" in done.stdout


@pytest.fixture(scope="module")
def user_folder(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Path:
    """A user's folder, with what the README's lines name, and with what they have done before."""
    folder = tmp_path_factory.mktemp("user")
    trained.copy_to(folder / "data")
    for place in ("Pictures/memes", "DIR", "FOLDER/rage_comic"):
        (folder / place).mkdir(parents=True)
    (folder / "Pictures" / "memes" / "1.png").write_bytes(picture(1))
    (folder / "DIR" / "2.png").write_bytes(picture(2))
    (folder / "FOLDER" / "rage_comic" / "3.png").write_bytes(picture(3))
    draw("political", random.Random(4)).save(folder / "FILE", "PNG")
    (folder / "FILE.csv").write_text("file,genre\n2.png,text_post\n")
    (folder / "X.json").write_text('[{"image": "3.png", "genre": "rage_comic"}]')
    post = {"id": "a", "subreddit": "AdviceAnimals", "url": f"{_NOBODY}/a.png", "created_utc": 1}
    dump = zstandard.ZstdCompressor().compress(json.dumps(post).encode() + b"\n")
    (folder / "RS_2015-03.zst").write_bytes(dump)
    (folder / "crawler.toml").write_text(
        f'[site.gallery]\nstart_url = "{_NOBODY}/"\nitem = "img"\nimage = "img"\n'
        f'[stills]\nsource = "youtube"\nchannel = ["UC{"x" * 22}"]\n'
    )
    return folder


@pytest.fixture(scope="module")
def driver(installed: Installed, user_folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs one command after another in the user's folder."""
    with subprocess.Popen(
        [installed.programs / "python", "-c", _DRIVER],
        cwd=user_folder,
        env=_environment(user_folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        file = json.loads(process.stdout.readline())
        assert file.startswith(str(installed.programs.parent))
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize(
    "line", [line for line in shown_commands() if line != "memeera" and not _is_of(line, _SERVING)]
)
def test_a_command_of_the_readme_runs(
    installed: Installed,
    driver: subprocess.Popen[str],
    user_folder: Path,
    trained: Trained,
    line: str,
) -> None:
    typed = line.replace("...", "x" * 22 if "UC" in line else "").replace("~", str(user_folder))
    words = [*shlex.split(typed.replace("VERSION", trained.version)), *_MORE.get(line, [])]
    on_nothing = _is_of(line, _ON_NOTHING)
    if _is_of(line, ("memeera db export",)):
        shutil.rmtree(user_folder / "OUT", ignore_errors=True)
    assert driver.stdin is not None
    assert driver.stdout is not None
    variables = {"MEMEERA_DATA_DIR": "nothing"} if on_nothing else {}
    if _is_of(line, ("memeera crawl",)):  # Scrapy does not run in a forked process
        done = installed.run(user_folder, *words)
        code, out, err = done.returncode, done.stdout, done.stderr
    else:
        driver.stdin.write(json.dumps([words, variables]) + "\n")
        driver.stdin.flush()
        code = json.loads(driver.stdout.readline())
        out, err = ((user_folder / name).read_text() for name in ("out", "err"))
    known = max((start for start in _SAYS if _is_of(line, (start,))), key=len, default="")
    assert "Traceback" not in err
    if on_nothing:
        assert code in (1, 2), out
    else:
        n, said = _SAYS.get(known, (0, ""))
        assert (code, said in err + out) == (n, True), out + err
