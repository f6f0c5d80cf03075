"""The API does what its OpenAPI document says, whatever it is sent."""

import os
import subprocess
import sys
from pathlib import Path

from tests.app_server import served
from tests.conftest import ROOT, Trained

_N_EXAMPLES = 20  # a request; some hundreds in all


def test_what_is_generated_from_the_document_finds_no_failure(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")  # corrections change it
    with served(data_dir, "--workers", "2") as server:
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                *("--config-file", Path(__file__).with_name("schemathesis.toml")),
                *("run", f"{server.address}/openapi.json"),
                *("--max-examples", str(_N_EXAMPLES)),
                *("--generation-deterministic", "--no-color"),
            ],
            cwd=tmp_path,  # it keeps what it found
            env=os.environ
            | {"SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stdout[done.stdout.find("FAILURES") :]
    assert "Tested: 9" in done.stdout
