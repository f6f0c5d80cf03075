"""Who is logged in, where accounts (OIDC) are configured: asked of what Streamlit keeps of it."""

import json
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st
from starlette.requests import HTTPConnection
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

__all__ = ["account", "account_of", "has_login"]

_MAX_ACCOUNT: Final = 320  # characters: as long as an e-mail address may be


def has_login() -> bool:
    """Whether a provider is configured, in Streamlit's secrets.toml."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def account(user: Mapping[str, Any]) -> str:
    """Whose account it is by what the provider says; empty: nobody is logged in.

    An e-mail address is somebody's only where the provider says that it has looked (OpenID Connect
    Core 5.1: `email_verified`): anybody may write another's address into an account. The account
    goes by its number at the provider then.
    """
    if user.get("is_logged_in") is not True:
        return ""
    is_verified = user.get("email_verified") in (True, "true")  # some providers send text
    email = str(user.get("email") or "")
    if is_verified and email:
        return _clean(email)
    sub, issuer = str(user.get("sub") or ""), str(user.get("iss") or "")
    if not sub:
        return ""
    return _clean(f"account {sub} at {issuer}" if issuer else f"account {sub}")


def account_of(request: HTTPConnection) -> str:
    """Whose browser sends a request; empty: nobody is logged in there.

    Streamlit guards its own pages with this cookie, and no routes beside them. It has no public
    way to ask; these are the functions by which its pages do.
    """

    def signed(name: str) -> bytes | None:
        value = request.cookies.get(name)
        if value is None:
            return None
        return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1", "replace"))

    told = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
    try:
        user = json.loads(told) if told else {}
    except ValueError:
        return ""
    return account(user) if isinstance(user, dict) else ""


def _clean(name: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split())[:_MAX_ACCOUNT].strip()
