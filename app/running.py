"""The service of the process, for the pages that Streamlit runs in it."""

from app.service import Service
from core.errors import NotReady

__all__ = ["run_with", "running"]

_service: Service | None = None  # Streamlit hands its pages state in no other way


def run_with(service: Service) -> None:
    """Let this service be the one that this process has."""
    global _service
    _service = service


def running() -> Service:
    """The service of this process.

    Raises:
        NotReady: none was started: the page was not opened by `memeEraML.py`.
    """
    if _service is None:
        raise NotReady("this page needs the API beside it: start it by python memeEraML.py")
    return _service
