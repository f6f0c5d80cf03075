"""The API, asked over HTTP as a program asks it."""

import base64
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from core.images import MAX_PIXELS
from demo.drawing import draw
from tests.app_server import Server, served
from tests.conftest import ROOT, Trained
from tests.pictures import encode
from training.registry import Registry

WORDLESS = {"words": "0"}


def meme(genre: str = "rage_comic", seed: str = "api", format_name: str = "JPEG") -> bytes:
    """A drawn meme that no model was taught."""
    return encode(draw(genre, random.Random(seed)).convert("RGB"), format_name)


def jpeg_bomb() -> bytes:
    """A small file that unpacks to more pixels than are taken."""
    side = int(MAX_PIXELS**0.5) + 2
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def server(trained: Trained) -> Iterator[Server]:
    with served(trained.data_dir, "--workers", "2") as running:
        yield running


def classify(server: Server, data: bytes, **query: str) -> dict[str, Any]:
    """The answer to one picture, sent as the body."""
    answer = server.client.post("/v1/classify", content=data, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that is an error; it has a sentence as well."""
    error = answer.json()["error"]
    assert error["message"]
    return answer.status_code, error["code"]


def test_a_picture_gets_what_the_command_line_says_of_it(
    server: Server, trained: Trained, tmp_path: Path
) -> None:
    path = tmp_path / "meme.jpg"
    path.write_bytes(meme("text_post"))
    done = subprocess.run(
        [sys.executable, "memeEraML.py", "classify", "--json", str(path)],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(trained.data_dir)},
        capture_output=True,
        check=True,
    )
    (told,) = json.loads(done.stdout)
    answer = classify(server, path.read_bytes())
    assert answer["words"]
    for one in (told, answer):
        del one["ms"]
    del told["file"]
    assert answer == told


def test_a_form_is_answered_as_the_bare_bytes_are(server: Server) -> None:
    by_body = classify(server, meme(), **WORDLESS)
    answer = server.client.post(
        "/v1/classify", files={"file": ("a.jpg", meme())}, params=WORDLESS
    ).json()
    assert answer["genre"] == by_body["genre"]


def test_the_query_chooses_what_is_told(server: Server, trained: Trained) -> None:
    plain = classify(server, meme())
    assert set(plain) == {"model", "genre", "year", "words", "abstain", "ms"}
    assert len(plain["genre"]) == len(trained.genres)
    one = classify(server, meme(), top_k="1", words="false", include="years,map,lines")
    assert one["genre"] == [max(one["genre"], key=lambda g: g["score"])]
    assert one["words"] is None
    assert "lines" not in one
    assert sum(one["years"]["scores"]) == pytest.approx(1, abs=1e-3)
    assert len(one["map"]["values"]) == one["map"]["rows"] * one["map"]["columns"]
    assert max(one["map"]["values"]) > 0.5
    lines = classify(server, meme("text_post"), include="lines")["lines"]
    assert all(0 <= share <= 1 for line in lines for share in line["box"])
    assert [line["text"] for line in lines] == classify(server, meme("text_post"))["words"]


@pytest.mark.parametrize(
    "query",
    [{"top_k": "0"}, {"top_k": "99"}, {"top_k": "x"}, {"words": "2"}, {"include": "x"}, {"a": "b"}],
)
def test_a_query_that_is_not_as_documented_is_refused(
    server: Server, query: dict[str, str]
) -> None:
    answer = server.client.post("/v1/classify", content=meme(), params=query)
    assert code_of(answer) == (400, "bad_request")
    assert next(iter(query)) in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"<html><script>alert(1)</script></html>", "not_an_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (meme()[:2000], "corrupt"),
        (jpeg_bomb(), "too_many_pixels"),
        (encode(Image.new("RGB", (4, 4)), "PNG"), "too_small"),
    ],
)
def test_what_is_no_picture_is_told_with_a_code(server: Server, data: bytes, code: str) -> None:
    answer = server.client.post("/v1/classify", content=data, headers={"Content-Type": "image/png"})
    assert code_of(answer) == (422, code)
    assert classify(server, meme(), **WORDLESS)["genre"]


def test_of_several_files_each_has_its_answer_or_its_error_in_order(server: Server) -> None:
    files = [
        ("files", ("../../etc/passwd", meme(seed="1"))),
        ("files", ("C:\\memes\\no.png", b"no picture")),
        ("files", ("a/b.png", meme(seed="2", format_name="PNG"))),
    ]
    answer = server.client.post("/v1/classify:batch", files=files, params=WORDLESS)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["file"] for one in results] == ["passwd", "no.png", "b.png"]
    assert ["error" in one for one in results] == [False, True, False]
    assert results[1]["error"]["code"] == "not_an_image"
    assert (
        results[2]["answer"]["genre"]
        == classify(server, meme(seed="2", format_name="PNG"), **WORDLESS)["genre"]
    )


def test_forms_without_a_file_or_with_too_many_are_refused(server: Server) -> None:
    two = [("file", ("a", meme())), ("file", ("b", meme()))]
    assert code_of(server.client.post("/v1/classify", files=two)) == (400, "one_picture")
    none = {"files": (None, "text")}
    for path in ("/v1/classify", "/v1/classify:batch"):
        assert code_of(server.client.post(path, files=none)) == (400, "no_picture")
    many = [("files", (str(i), b"x")) for i in range(200)]
    answer = server.client.post("/v1/classify:batch", files=many)
    assert code_of(answer) == (413, "too_many_files")
    cut = server.client.post(
        "/v1/classify", content=b"--x\r\nno", headers={"Content-Type": "multipart/form-data"}
    )
    assert code_of(cut) == (400, "bad_request")


def test_clients_of_tensorflow_serving_are_answered(server: Server, trained: Trained) -> None:
    one = base64.b64encode(meme()).decode()
    answer = server.client.post(
        "/v1/models/memeera:predict",
        json={"instances": [{"b64": one}, {"picture": {"b64": one}}]},
    )
    predictions = answer.json()["predictions"]
    assert [p["genre"] for p in predictions] == [classify(server, meme())["genre"]] * 2
    status = server.client.get("/v1/models/memeera").json()
    assert status["model_version_status"][0]["version"] == trained.version
    assert status["model_version_status"][0]["state"] == "AVAILABLE"
    assert status["genres"] == list(trained.genres)
    wrongs: list[object] = [{"instances": []}, {"instances": [{"b64": "!"}]}, {"inputs": "x"}, [1]]
    for wrong in wrongs:
        answer = server.client.post("/v1/models/memeera:predict", json=wrong)
        assert code_of(answer) == (400, "bad_request")
    text = base64.b64encode(b"text").decode()
    answer = server.client.post(
        "/v1/models/memeera:predict", json={"instances": [{"b64": one}, {"b64": text}]}
    )
    assert code_of(answer) == (422, "not_an_image")
    assert answer.json()["error"]["message"].startswith("instance 1: ")


def test_clients_of_a_model_hub_get_labels_and_scores(server: Server) -> None:
    expected = classify(server, meme())["genre"]
    assert server.client.post("/models/memeera", content=meme()).json() == expected
    asked = {"inputs": base64.b64encode(meme()).decode(), "parameters": {"top_k": 2}}
    assert server.client.post("/models/memeera", json=asked).json() == expected[:2]


def test_other_addresses_and_methods_are_refused_in_json(server: Server) -> None:
    assert code_of(server.client.get("/v1/nothing")) == (404, "not_found")
    answer = server.client.get("/v1/classify")
    assert code_of(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"
    assert server.client.head("/healthz").status_code == 200


def test_an_address_without_a_page_is_none(server: Server) -> None:
    page = {"Accept": "text/html"}
    for path in ("/nothing", "/model/nothing", "/wp-login.php"):
        answer = server.client.get(path, headers=page)
        assert (answer.status_code, "no such page" in answer.text) == (404, True)
    for path in ("/", "/model", "/docs", "/window/browser/window.js"):
        assert server.client.get(path, headers=page).status_code == 200


def test_who_leaves_before_the_answer_is_no_defect_of_ours(server: Server) -> None:
    path = "/v1/classify:batch"
    files = [("files", ("a", meme(seed=str(i)))) for i in range(12)]
    sent = server.client.build_request("POST", path, files=files)
    body = sent.read()
    lines = [f"{name}: {value}" for name, value in sent.headers.items()]

    def answered(status: int) -> float:
        start = f'memeera_requests_total{{path="{path}",status="{status}"}} '
        lines = server.client.get("/metrics").text.splitlines()
        return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))

    before = answered(400)
    url = urlsplit(server.address)
    with socket.create_connection((url.hostname or "", url.port or 0)) as leaving:
        leaving.sendall("\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""]).encode() + body)
    ends = time.monotonic() + 60
    while answered(400) == before and time.monotonic() < ends:
        time.sleep(0.1)
    assert (answered(400), answered(500)) == (before + 1, 0)


def test_health_and_metrics_tell_what_was_done(server: Server, trained: Trained) -> None:
    healthy = server.client.get("/healthz")
    assert healthy.json() == {"status": "ok", "model": trained.version, "problem": None}

    def classified() -> float:
        lines = server.client.get("/metrics").text.splitlines()
        named = [line for line in lines if line.startswith("memeera_pictures_total{")]
        by_outcome = dict(line.rsplit(" ", 1) for line in named)
        return float(by_outcome.get('memeera_pictures_total{outcome="classified"}', 0))

    before = classified()
    classify(server, meme(), **WORDLESS)
    assert classified() == before + 1


def test_the_document_and_the_page_about_it_are_served(server: Server) -> None:
    document = server.client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    page = server.client.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    for path in document["paths"]:
        assert path in page.text
    assert "http" not in page.text.replace("http://127.0.0.1:8502", "")  # nothing from elsewhere


def test_another_sites_page_and_another_name_are_refused(server: Server) -> None:
    host = urlsplit(server.address).netloc
    for origin in ("https://evil.example", "null", f"http://{host}.evil.example", "http://["):
        answer = server.client.post("/v1/classify", content=meme(), headers={"Origin": origin})
        assert code_of(answer) == (403, "forbidden_origin")
    answer = server.client.post(
        "/v1/classify", content=meme(), params=WORDLESS, headers={"Origin": f"http://{host}"}
    )
    assert answer.status_code == 200
    for path in ("/healthz", "/", "/v1/models/memeera"):
        answer = server.client.get(path, headers={"Host": "evil.example"})
        assert code_of(answer) == (421, "wrong_host")


def test_what_a_collection_knows_is_told_where_it_is_asked_for(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    subprocess.run(
        [sys.executable, "-m", "training", "predict"],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        check=True,
        capture_output=True,
    )
    file = next((data_dir / "drawn").glob("political-*.png"))
    with served(data_dir, "--workers", "1") as server:
        asked = {"include": "known,similar", **WORDLESS}
        found = classify(server, file.read_bytes(), **asked)
        assert found["known"]["relation"] == "same_file"
        its = found["known"]["meme"]
        assert (its["label"], its["n_seen"], its["source"]) == ("political", 1, "folder")
        cosines = [one["cosine"] for one in found["similar"]]
        assert len(cosines) == 8
        assert cosines == sorted(cosines, reverse=True)
        assert its["id"] not in {one["meme"]["id"] for one in found["similar"]}
        labels = [one["meme"]["label"] for one in found["similar"]]
        assert labels.count("political") >= 6
        noise = encode(Image.effect_noise((300, 300), 90).convert("RGB"), "PNG")
        assert classify(server, noise, **asked)["known"] == {
            "relation": "new",
            "meme": None,
            "n_of_template": 0,
        }


def test_a_request_that_would_be_gigabytes_once_it_is_read_is_refused_before(
    server: Server,
) -> None:
    for instances in ('{"b64":""}', "1"):
        body = f'{{"instances":[{",".join([instances] * 200_000)}]}}'
        started = time.monotonic()
        answer = server.client.post("/v1/models/memeera:predict", content=body)
        assert code_of(answer) == (400, "bad_request")
        assert len(answer.content) < 1000
        assert time.monotonic() - started < 30
    boundaries = b"\r\n--a" * 1_000_000
    answer = server.client.post(
        "/v1/classify",
        content=boundaries,
        headers={"Content-Type": "multipart/form-data; boundary=a"},
    )
    assert code_of(answer)[0] == 400
    kind = "multipart/form-data; boundary=a; charset=punycode"
    form = b'--a\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n--a--\r\n'
    other = server.client.post("/v1/classify", content=form, headers={"Content-Type": kind})
    assert code_of(other) == (400, "bad_request")


def test_large_bodies_and_slow_ones_are_ended(trained: Trained) -> None:
    with served(
        trained.data_dir, "--workers", "1", max_bytes="100000", upload_timeout_s="1"
    ) as server:
        large = server.client.post("/v1/classify", content=b"x" * 100_001)
        assert code_of(large) == (413, "too_many_bytes")

        def endless() -> Iterator[bytes]:
            for _ in range(500):
                yield b"x" * 1_000_000

        with httpx.Client(base_url=server.address, timeout=60, trust_env=False) as client:
            try:
                answer = client.post("/v1/classify", content=endless())
                assert code_of(answer) == (413, "too_many_bytes")
            except httpx.WriteError:
                pass  # the server has hung up, as it may
        url = urlsplit(server.address)
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=30) as slow:
            slow.sendall(
                f"POST /v1/classify HTTP/1.1\r\nHost: {url.netloc}\r\n"
                "Content-Length: 1000\r\n\r\nabc".encode()
            )
            assert slow.recv(100).startswith(b"HTTP/1.1 408")
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=30) as half:
            half.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: ")
            assert half.recv(100) == b""
        assert classify(server, meme(), **WORDLESS)["genre"]


def test_where_too_many_wait_the_rest_is_told_when_to_come_back(trained: Trained) -> None:
    with served(trained.data_dir, "--workers", "1", max_waiting="1") as server:
        with ThreadPoolExecutor(8) as callers:
            answers = list(
                callers.map(
                    lambda _: server.client.post("/v1/classify", content=meme("text_post")),
                    range(8),
                )
            )
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 429}
        assert statuses.count(200) >= 2
        busy = answers[statuses.index(429)]
        assert code_of(busy) == (429, "busy")
        assert int(busy.headers["Retry-After"]) >= 1
        metrics = server.client.get("/metrics").text
        refused = (
            f'memeera_requests_total{{path="/v1/classify",status="429"}} {statuses.count(429)}'
        )
        assert refused in metrics


def test_a_picture_that_ends_its_process_ends_nothing_else(trained: Trained) -> None:
    with served(trained.data_dir, "--workers", "1", answer_timeout_s="20") as server:
        (answering,) = server.answering()
        done: list[httpx.Response] = []
        tall = encode(draw("text_post", random.Random(0)).convert("RGB").resize((400, 9000)), "PNG")
        asking = threading.Thread(
            target=lambda: done.append(server.client.post("/v1/classify", content=tall))
        )
        asking.start()
        time.sleep(0.5)
        os.kill(answering, signal.SIGKILL)
        asking.join()
        assert code_of(done[0]) == (504, "process_died")
        assert classify(server, meme(), **WORDLESS)["genre"]
        assert server.answering() != [answering]
        assert "memeera_processes_ended_total 1.0" in server.client.get("/metrics").text


def test_a_picture_that_takes_too_long_is_given_up(trained: Trained) -> None:
    with served(trained.data_dir, "--workers", "1", answer_timeout_s="0.5") as server:
        tall = encode(draw("text_post", random.Random(0)).convert("RGB").resize((400, 9000)), "PNG")
        for _ in range(2):  # the process in its place is ready for the next
            answer = server.client.post("/v1/classify", content=tall)
            assert code_of(answer) == (504, "too_slow")
            assert classify(server, meme(), **WORDLESS)["genre"]


def test_a_picture_that_takes_too_much_memory_is_given_up(trained: Trained) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (7000, 7000), (200, 30, 30, 90)).save(out, "PNG")  # 196 MB, 147 more in RGB
    with served(trained.data_dir, "--workers", "1", picture_memory_mb="256") as server:
        before = server.answering()
        for _ in range(2):
            answer = server.client.post("/v1/classify", content=out.getvalue(), params=WORDLESS)
            assert code_of(answer) == (503, "no_memory")
            assert classify(server, meme(), **WORDLESS)["genre"]
        assert server.answering() == before


def test_another_champion_is_followed_and_a_damaged_one_is_not_taken_on(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    models = data_dir / "models"
    with served(data_dir, "--workers", "2") as server:
        assert classify(server, meme(), **WORDLESS)["model"] == trained.version
        shutil.copytree(models / trained.version, models / ".new")
        (models / ".new").rename(models / "99990101-000000-newer")
        Registry(models).promote("99990101-000000-newer")
        statuses, answered_by = set(), ""
        ends = time.monotonic() + 60
        while answered_by != "99990101-000000-newer" and time.monotonic() < ends:
            answer = server.client.post("/v1/classify", content=meme(), params=WORDLESS)
            statuses.add(answer.status_code)
            answered_by = answer.json()["model"]
        assert (answered_by, statuses) == ("99990101-000000-newer", {200})

        shutil.copytree(models / trained.version, models / ".bad")
        (models / ".bad" / "model.tflite").write_bytes(b"garbage")
        (models / ".bad").rename(models / "99990202-000000-damaged")
        Registry(models).promote("99990202-000000-damaged")
        ends = time.monotonic() + 60
        while server.client.get("/healthz").json()["status"] == "ok" and time.monotonic() < ends:
            time.sleep(0.2)
        health = server.client.get("/healthz").json()
        assert (health["status"], health["model"]) == ("degraded", "99990101-000000-newer")
        assert "cannot be loaded" in health["problem"]
        assert classify(server, meme(), **WORDLESS)["model"] == "99990101-000000-newer"

        def becomes(status: str) -> bool:
            ends = time.monotonic() + 60
            while time.monotonic() < ends:
                if server.client.get("/healthz").json()["status"] == status:
                    return True
                time.sleep(0.2)
            return False

        Registry(models).roll_back()
        assert becomes("ok")
        Registry(models).promote("99990202-000000-damaged")
        assert becomes("degraded")
        (models / "99990202-000000-damaged" / "card.json").write_text("null")
        assert becomes("degraded")
        assert classify(server, meme(), **WORDLESS)["model"] == "99990101-000000-newer"


def test_a_champion_whose_file_is_overwritten_ends_no_answer_and_is_told(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    with served(data_dir, "--workers", "1") as server:
        classify(server, meme(), **WORDLESS)
        (data_dir / "models" / trained.version / "model.tflite").write_bytes(b"garbage")
        time.sleep(1.1)  # it looks once a second
        answer = server.client.post("/v1/classify", content=meme(), params=WORDLESS)
        assert answer.status_code == 200
        assert server.client.get("/healthz").json()["status"] == "degraded"


def upgraded(address: str, headers: dict[str, str]) -> int:
    """The status with which Streamlit's WebSocket is opened, or not."""
    url = urlsplit(address)
    told = {
        "Host": url.netloc,
        "Origin": address,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
    } | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=30) as opened:
        opened.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{lines}\r\n".encode())
        return int(opened.recv(100).split()[1])


def test_beyond_this_machine_a_token_has_to_be_shown(trained: Trained) -> None:
    with served(trained.data_dir, "--workers", "1", "--host", "0.0.0.0") as server:
        address, _, token = server.address.partition("/?token=")
        assert len(token) >= 32
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            for path in ("/v1/models/memeera", "/metrics", "/openapi.json", "/_stcore/host-config"):
                answer = client.get(path)
                assert code_of(answer) == (401, "unauthorized")
                assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert client.get("/healthz").status_code == 200
            shown = {"Authorization": f"Bearer {token}"}
            assert client.get("/v1/models/memeera", headers=shown).status_code == 200
            wrong = {"Authorization": f"Bearer {token[:-1]}"}
            assert client.get("/v1/models/memeera", headers=wrong).status_code == 401
            assert upgraded(address, {}) == 403
            assert upgraded(address, {"Authorization": f"Bearer {token}"}) == 101
            page = client.get("/", headers={"Accept": "text/html"})
            assert page.status_code == 401
            assert "Access token" in page.text
            assert client.post("/login", data={"token": "wrong"}).status_code == 401
            opened = client.post("/login", data={"token": token})
            assert opened.status_code == 303
            assert "HttpOnly" in opened.headers["Set-Cookie"]
            assert token not in opened.headers["Set-Cookie"]
            assert client.get("/v1/models/memeera").status_code == 200  # by the cookie
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            assert client.get("/", params={"token": token}).status_code == 303
            assert client.get("/v1/models/memeera").status_code == 200


def test_a_token_that_is_set_is_asked_for_on_this_machine_too(trained: Trained) -> None:
    with served(trained.data_dir, "--workers", "1", api_token="a secret of ours") as server:
        assert "token" not in server.address
        assert server.client.get("/v1/models/memeera").status_code == 401
        shown = {"Authorization": "bearer a secret of ours"}
        assert server.client.get("/v1/models/memeera", headers=shown).status_code == 200
