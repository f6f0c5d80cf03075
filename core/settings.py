"""What can be set from outside, by MEMEERA_* variables or a file .env in the working folder."""

import codecs
import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import BadInput

__all__ = ["Settings"]

_LEAST_TOKEN: Final = 16  # characters

Network = IPv4Network | IPv6Network


_ENV_FILE: Final = Path(".env")
_QUOTED: Final = re.compile(r"""(["']).*\1""", re.DOTALL)


class Settings(BaseSettings):
    """Settings of one process; the defaults suit one machine."""

    model_config = SettingsConfigDict(
        env_prefix="MEMEERA_",
        env_file=_ENV_FILE,
        env_ignore_empty=True,  # compose files write VARIABLE= for what is not set
        extra="ignore",
        frozen=True,
    )

    data_dir: Path = Path("data")
    """Holds memes.db, media/, models/ and shards/."""
    database_url: str | None = None
    """A PostgreSQL URL; without it, SQLite in the data folder."""
    media_url: str | None = None
    """Where the picture files are: any fsspec URL, such as s3://bucket/media."""

    reddit_client_id: str | None = None
    """Of an app that Reddit knows, with its secret; without them, Reddit is not crawled."""
    reddit_client_secret: SecretStr | None = None
    reddit_user_agent: str | None = None
    """What the crawler calls itself at Reddit; without it, as at all sites."""
    reddit_url: str | None = None
    """Where Reddit is, if it is not where everybody finds it: its site, its API and its short
    links."""
    youtube_url: str = "https://www.youtube.com"
    """Where YouTube is."""
    lemmy_urls: Annotated[tuple[str, ...], NoDecode] = ("https://lemmy.world",)
    """Lemmy sites to crawl, separated by commas."""
    allowed_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    """CIDRs that the crawler may reach although they are not global, separated by commas."""
    user_agent: str = "memeEra/0.1 (a meme collection for research)"
    crawler_file: Path = Path("crawler.toml")
    """Which places are crawled, and when."""
    communities_file: Path | None = None
    """A TOML file that extends or overrides crawler/communities.toml."""
    request_timeout_s: float = Field(default=30.0, gt=0)
    retry_delay_s: float = Field(default=5.0, gt=0)
    """How long the crawler rests after a failed attempt; after each further one, several times."""
    patience_s: float = Field(default=60.0, ge=0)
    """How long a crawl waits for media that are to be tried again; what takes longer, the next
    crawl fetches."""
    requests_per_site: int = Field(default=8, ge=1)
    """How many requests may be open to one host at a time."""

    overlap_share: float = Field(default=0.0, ge=0, le=1)
    """The share of memes that several people are asked about; the others one person labels."""
    overlap_votes: int = Field(default=2, ge=2)
    """How many people are asked about those."""

    max_bytes: int = Field(default=32 * 2**20, gt=0)
    """The largest picture file taken, in bytes."""

    api_token: SecretStr | None = None
    """What callers of memeEraML.py's API, and its window, have to show; needed where it listens
    beyond this machine. Sixteen characters at least: a shorter one can be guessed."""
    corrections: bool = True
    """Whether the window lets people send a meme with the right genre to the labeling tool."""
    max_files: int = Field(default=64, ge=1)
    """How many pictures one request may bring."""
    max_waiting: int = Field(default=64, ge=1)
    """How many requests may wait to be answered; beyond, callers are told to come back later."""
    answer_timeout_s: float = Field(default=30.0, gt=0)
    """How long one picture may take, in the API, a crawl and an import; a process that needs longer
    is ended. The dearest real ones, full of text, take some five seconds."""
    picture_memory_mb: int = Field(default=2048, ge=256)
    """How much memory one picture may take in a crawl and an import. 50 megapixels take 800 MB, the
    reader of words 300."""
    upload_timeout_s: float = Field(default=30.0, gt=0)
    """How long a request's head may take to arrive, and then its body."""

    @field_validator("data_dir", "crawler_file", "communities_file", mode="before")
    @classmethod
    def _on_this_machine(cls, value: object) -> object:
        """A path; no shell has seen it if it is from .env, so that `~` is still there."""
        if not isinstance(value, str):
            return value
        if "://" in value:
            raise ValueError(
                f"{value!r} is an address, and this is a path on this machine; to keep pictures "
                "elsewhere, set MEMEERA_MEDIA_URL, and for the rows MEMEERA_DATABASE_URL"
            )
        try:
            return Path(value).expanduser()
        except RuntimeError as error:
            raise ValueError(f"{value!r} is in the home of nobody known here") from error

    @field_validator("lemmy_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        urls = tuple(url.rstrip("/") for url in _listed(value))
        for url in urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{url!r} is no address such as https://lemmy.world")
        if not urls:
            raise ValueError("it names no site, such as https://lemmy.world")
        return urls

    @field_validator("allowed_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        return tuple(map(ip_network, _listed(value))) if isinstance(value, str) else value

    @field_validator("api_token")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value) < _LEAST_TOKEN:
            raise ValueError(
                f"a token has at least {_LEAST_TOKEN} characters; openssl rand -hex 16 makes one"
            )
        return value

    @field_validator("*", mode="before")
    @classmethod
    def _unquote(cls, value: object) -> object:
        # `docker run --env-file` leaves quotes where they are. The last validator comes first.
        return value[1:-1] if isinstance(value, str) and _QUOTED.fullmatch(value) else value

    @classmethod
    def load(cls) -> Self:
        """The settings of this process's environment.

        Raises:
            BadInput: a variable has a value that cannot be used, or the file .env cannot be read;
                the message names it.
        """
        try:
            return cls(_env_file_encoding=_encoding(_ENV_FILE))
        except ValidationError as error:
            first = error.errors()[0]
            name = "MEMEERA_" + "_".join(str(part) for part in first["loc"][:1]).upper()
            raise BadInput(f"{name}: {first['msg']}; mend it in the environment or .env") from error

    @cached_property
    def sqlalchemy_url(self) -> str:
        """The database as SQLAlchemy names it, with the driver that we install."""
        if self.database_url is None:
            return f"sqlite:///{quote(str(self.data_dir / 'memes.db'))}"
        for plain in ("postgres://", "postgresql://"):
            if self.database_url.startswith(plain):
                return "postgresql+psycopg://" + self.database_url.removeprefix(plain)
        return self.database_url

    @property
    def models_dir(self) -> Path:
        """The model registry: one folder a version."""
        return self.data_dir / "models"


def _encoding(path: Path) -> str:
    """In which a text file is written: UTF-8, or as the mark at its beginning says."""
    if not path.is_file():  # a folder of this name is somebody's virtual environment
        return "utf-8"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if marked else "utf-8-sig"
    try:
        is_text = "\0" not in data.decode(encoding)
    except UnicodeDecodeError:
        is_text = False
    if not is_text:
        raise BadInput(f"{path.absolute()} is no text in UTF-8; save it as UTF-8, and try again")
    return encoding


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
