"""What is answered where there is no page."""

import asyncio

import pytest

pytest.importorskip("starlette", reason="Streamlit, which brings Starlette, is not installed")
pytest.importorskip("httpx", reason="httpx is not installed")
import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from core.known_pages import KnownPages


async def first_page_everywhere(request: Request) -> Response:
    return HTMLResponse("the first page")


async def data(request: Request) -> Response:
    return JSONResponse({})


async def login(request: Request) -> Response:
    return HTMLResponse("who are you?", 401)


def answer(path: str, root: str = "", method: str = "GET") -> httpx.Response:
    """What is answered there, where all is served under a root."""
    routes = [
        Route("/v1/data", data),
        Route("/secret", login),
        Route("/{rest:path}", first_page_everywhere),
    ]
    known = Middleware(KnownPages, pages=["model"], root=lambda: root)
    transport = httpx.ASGITransport(Starlette(routes=routes, middleware=[known]))

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.request(method, path)

    return asyncio.run(asked())


@pytest.mark.parametrize("path", ["/", "/model", "/model/", "/model?x=1"])
def test_pages_are_shown(path: str) -> None:
    assert answer(path).text == "the first page"


@pytest.mark.parametrize("path", ["/nothing", "/model/more", "/Model", "/wp-admin/setup.php"])
def test_where_there_is_no_page_404_says_so(path: str) -> None:
    told = answer(path)
    assert told.status_code == 404
    assert "There is no such page" in told.text
    assert '<a href="/">' in told.text
    assert answer(path, method="HEAD").status_code == 404


def test_data_and_refusals_pass_as_they_are() -> None:
    assert answer("/v1/data").json() == {}
    assert answer("/secret").status_code == 401


def test_a_base_path_is_no_part_of_a_pages_address() -> None:
    assert answer("/memes/model", "/memes").status_code == 200
    assert answer("/memes/", "/memes").status_code == 200
    assert answer("/memes/nothing", "/memes").status_code == 404
