"""Asking Reddit through PRAW: an app's account, rests, and what a refusal means."""

import asyncio
import configparser
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import praw
import requests
from praw.exceptions import PRAWException
from prawcore import Requestor
from prawcore.exceptions import (
    NotFound,
    OAuthException,
    PrawcoreException,
    Redirect,
    RequestException,
)

from crawler.plain import plain
from crawler.sources import SourceFailed
from crawler.waiting import retry_after, status_passes

__all__ = ["RedditAccount", "RedditClient"]

_TRIES: Final = 4
_LONGEST_REST_S: Final = 120.0  # that a listing waits because Reddit asks it to

# Not Reddit's answer but an error page with status 200, or one with a header that prawcore cannot
# read: it raises what it stumbles over.
_NOT_UNDERSTOOD: Final = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedditAccount:
    """As whom, and how, Reddit is asked.

    Args:
        client_id: of an app of kind "script" or "web app".
        client_secret: of the same.
        user_agent: who asks, as Reddit's rules want to know.
        base_url: where Reddit is, if not at reddit.com.
        timeout_s: for an answer to begin, or to go on.
        retry_delay_s: the rest after a failed attempt; after each further one, twice as long.
    """

    client_id: str
    client_secret: str = field(repr=False)
    user_agent: str
    base_url: str | None = None
    timeout_s: float = 30.0
    retry_delay_s: float = 5.0


class RedditClient:
    """Asks Reddit for pages of posts during one run, which closes it as a context manager.

    PRAW is not thread-safe: one question at a time.

    Args:
        account: as whom.
        target: what is asked about, for the messages.

    Raises:
        SourceFailed: PRAW cannot read its own settings.
    """

    def __init__(self, account: RedditAccount, target: str) -> None:
        self._target = target
        self._retry_delay_s = account.retry_delay_s
        self._session = requests.Session()  # PRAW closes none
        try:
            self._praw = _praw(account, self._session)
        except (PrawcoreException, PRAWException, configparser.Error, ValueError) as error:
            raise SourceFailed(f"{target}: PRAW does not start: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    async def ask(self, path: str, query: Mapping[str, str | int]) -> dict[str, Any]:
        """A page of posts, as it comes: a list of `children`, and what it is to go on `after`.

        Raises:
            SourceFailed: Reddit did not give it, for good or after some tries.
        """
        for attempt in range(_TRIES):
            await asyncio.sleep(self._rest_s())
            try:
                # PRAW adds to the query.
                answer = await asyncio.to_thread(
                    self._praw.request, method="GET", path=path, params=dict(query)
                )
                return _page(answer)
            except _TryAgain as error:
                rest_s = max(self._retry_delay_s * 2**attempt, error.rest_s)
                if attempt == _TRIES - 1 or rest_s > _LONGEST_REST_S:
                    raise self._failed(error, error.status) from error
                await asyncio.sleep(rest_s)
            except (PrawcoreException, PRAWException, *_NOT_UNDERSTOOD) as error:
                raise self._failed(error, _status(error)) from error
        raise AssertionError("the last try returns or raises")

    def _rest_s(self) -> float:
        """How long prawcore would sleep for the rate limit: in a thread, up to ten minutes."""
        assert self._praw._core is not None
        at_ns = self._praw._core.rate_limiter.next_request_timestamp_ns
        return 0.0 if at_ns is None else max(0.0, (at_ns - time.monotonic_ns()) / 1e9)

    def _failed(self, error: Exception, status: int | None) -> SourceFailed:
        return SourceFailed(f"{self._target}: {_explained(error, status)}", status)


class _TryAgain(Exception):
    """Reddit gave no answer, or one that may be another one later."""

    def __init__(self, said: str, status: int | None = None, rest_s: float = 0.0) -> None:
        super().__init__(said)
        self.status = status
        self.rest_s = rest_s


class _Requestor(Requestor):
    """Goes to Reddit alone, and leaves trying again to the client, which holds no thread."""

    def request(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> requests.Response:
        """Raise _TryAgain where that may help."""
        try:
            # That for a token has the app's secret, and would follow wherever an answer leads.
            kwargs["allow_redirects"] = False
            # prawcore gives a timeout of its own with each request, whatever PRAW was told.
            response = super().request(*args, timeout=self.timeout, **kwargs)
        except RequestException as error:
            what = type(error.original_exception).__name__
            raise _TryAgain(f"gave no answer ({what}); see that the network is there") from error
        status = response.status_code
        if status_passes(status):
            asked = response.headers.get("Retry-After")
            rest_s = retry_after(asked.encode("latin-1")) if asked else None
            for_rest = f" and asks for {rest_s:.0f} s of rest" if rest_s else ""
            said = f"answered {status}{for_rest}; run it again later"
            raise _TryAgain(said, status, rest_s or 0.0)
        return response


def _praw(account: RedditAccount, session: requests.Session) -> praw.Reddit:
    base_url = account.base_url.rstrip("/") if account.base_url else None
    return praw.Reddit(
        # All that a praw.ini or a praw_* variable might set otherwise.
        "DEFAULT",
        client_id=account.client_id,
        client_secret=account.client_secret,
        user_agent=account.user_agent,
        username=None,
        password=None,
        refresh_token=None,
        redirect_uri=None,
        reddit_url=base_url or "https://www.reddit.com",
        oauth_url=base_url or "https://oauth.reddit.com",
        short_url=base_url or "https://redd.it",
        check_for_updates=False,
        check_for_async=False,
        ratelimit_seconds=5,
        window_size=600,
        timeout=int(account.timeout_s),  # PRAW reads it, and uses it nowhere
        requestor_class=_Requestor,
        requestor_kwargs={"session": session, "timeout": account.timeout_s},
    )


def _page(answer: Any) -> dict[str, Any]:
    page = answer["data"]
    if not isinstance(page, dict) or not isinstance(page["children"], list):
        raise TypeError("the answer has no list of posts")
    return page


def _status(error: Exception) -> int | None:
    response = getattr(error, "response", None)
    return response.status_code if isinstance(response, requests.Response) else None


def _explained(error: Exception, status: int | None) -> str:
    """What went wrong, and what to do about it."""
    if isinstance(error, _TryAgain):
        return f"Reddit {error}"
    if isinstance(error, OAuthException) or status == requests.codes.unauthorized:
        return (
            "Reddit does not take the credentials; compare client id and secret with those of "
            "your app at https://www.reddit.com/prefs/apps"
        )
    if status == requests.codes.forbidden:
        return (
            "Reddit does not show it to your app: it is private or quarantined, or the app is "
            "blocked; name another subreddit"
        )
    # Reddit would search for what has no page.
    if isinstance(error, NotFound) or (isinstance(error, Redirect) and "search" in error.path):
        return "Reddit has no such subreddit, or has banned it; see how it is spelled"
    return f"Reddit's answer cannot be used ({plain(repr(error))}); run it again later"
