"""Serves the window and the API: one process that listens, and those that answer."""

import secrets
from pathlib import Path

from pydantic import SecretStr
from starlette.middleware import Middleware

from app.access import Guard
from app.api import Api
from app.browser_routes import modules
from app.running import run_with
from app.service import Service
from app.theme import THEME
from core.cpus import n_cpus
from core.origins import is_local
from core.settings import Settings
from core.window import serve_window
from training.classifier import Classifier

__all__ = ["serve"]


def serve(
    script: Path,
    settings: Settings,
    *,
    host: str,
    port: int,
    open_browser: bool = False,
    n_processes: int | None = None,
    version: str | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; says where, once the model is loaded.

    Beyond this machine, callers have to show a token: the one that is set, or one made for this
    time, which the address tells.

    Args:
        script: the window's page, which Streamlit runs.
        settings: which models and which collection.
        host: where to listen.
        port: 0 lets the system choose.
        open_browser: whether to open the window in the user's browser.
        n_processes: how many answer; None: one for each core.
        version: a model version; None: the champion, followed.

    Raises:
        MemeEraError: there is no model, it cannot be loaded, or the port is taken.
        BadInput: there is no listening there.
    """
    Classifier.load(settings, version)  # told here, before anyone has a page
    token, made = settings.api_token, None
    if token is None and not is_local(host):
        made = secrets.token_urlsafe(24)
        token = SecretStr(made)
    service = Service(settings, n_processes or n_cpus(), version)
    run_with(service)
    serve_window(
        script,
        "memeEra",
        host,
        port,
        open_browser=open_browser,
        routes=[*modules(), *Api(service).routes()],
        middleware=[Middleware(Guard, host=host, token=token)],
        around=service.open,
        token=made,
        theme=THEME,
    )
