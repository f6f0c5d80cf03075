"""What can be set from outside."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import BadInput
from core.settings import Settings
from db.engine import make_engine


def test_the_defaults_suit_one_machine() -> None:
    settings = Settings.load()
    assert settings.data_dir == Path("data")
    assert settings.models_dir == Path("data/models")
    assert settings.sqlalchemy_url == "sqlite:///data/memes.db"
    assert settings.media_url is None
    assert settings.allowed_networks == ()
    assert settings.max_bytes == 33_554_432


def test_variables_replace_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMEERA_DATA_DIR", "/elsewhere")
    monkeypatch.setenv("MEMEERA_REQUEST_TIMEOUT_S", "1.5")
    settings = Settings.load()
    assert settings.sqlalchemy_url == "sqlite:////elsewhere/memes.db"
    assert settings.request_timeout_s == 1.5


def test_a_file_env_in_the_working_folder_counts_and_variables_count_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("MEMEERA_MAX_BYTES=7\nMEMEERA_REQUESTS_PER_SITE=3\nOTHER=1\n")
    monkeypatch.setenv("MEMEERA_MAX_BYTES", "9")
    settings = Settings.load()
    assert (settings.max_bytes, settings.requests_per_site) == (9, 3)


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMEERA_LEMMY_URLS", "https://one.test/, https://two.test ,")
    monkeypatch.setenv("MEMEERA_ALLOWED_NETWORKS", "127.0.0.0/8,::1/128")
    settings = Settings.load()
    assert settings.lemmy_urls == ("https://one.test", "https://two.test")
    assert settings.allowed_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("value", [",", "lemmy.world", "http://", "ftp://x.example"])
def test_what_is_no_site_is_bad_input(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MEMEERA_LEMMY_URLS", value)
    with pytest.raises(BadInput, match=r"^MEMEERA_LEMMY_URLS: .*https://lemmy\.world"):
        Settings.load()


@pytest.mark.parametrize("name", ["a?b", "a%20b", "with spaces and ü"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    engine = make_engine(Settings(data_dir=tmp_path / name))
    with engine.connect():
        assert [path.name for path in (tmp_path / name).glob("*.db")] == ["memes.db"]
    engine.dispose()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MEMEERA_REQUEST_TIMEOUT_S", "soon"),
        ("MEMEERA_REQUEST_TIMEOUT_S", "0"),
        ("MEMEERA_REQUESTS_PER_SITE", "0"),
        ("MEMEERA_MAX_BYTES", "-1"),
        ("MEMEERA_ALLOWED_NETWORKS", "127.0.0.1/8"),
        ("MEMEERA_ALLOWED_NETWORKS", "everything"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_name(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput, match=f"^{variable}: .*; mend it in the environment or .env$"):
        Settings.load()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_a_database_url_uses_the_driver_that_we_install(given: str, used: str) -> None:
    assert Settings(database_url=given).sqlalchemy_url == used


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, "max_bytes", 1)  # noqa: B010


def test_a_variable_that_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"MEMEERA_{name.upper()}", "")
    assert Settings.load() == Settings()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-with-mark", "utf-16-be-with-mark"]
)
def test_a_file_env_may_begin_with_a_mark_of_its_encoding(encoding: str) -> None:
    text = "MEMEERA_USER_AGENT=Müller\nMEMEERA_MAX_BYTES=7\n"
    if encoding.endswith("-with-mark"):
        text, encoding = "\ufeff" + text, encoding.removesuffix("-with-mark")
    Path(".env").write_bytes(text.encode(encoding))
    settings = Settings.load()
    assert (settings.user_agent, settings.max_bytes) == ("Müller", 7)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "utf-32", "cp437"])
def test_a_file_env_in_another_encoding_is_one_line_that_says_what_to_do(encoding: str) -> None:
    Path(".env").write_bytes("MEMEERA_USER_AGENT=Müller\n".encode(encoding))
    with pytest.raises(BadInput, match=r"\.env is no text in UTF-8; save it as UTF-8"):
        Settings.load()


def test_a_folder_env_is_somebodys_virtual_environment() -> None:
    Path(".env").mkdir()
    assert Settings.load().data_dir == Path("data")


def test_a_file_env_that_cannot_be_read_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("")

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refused)  # who runs the tests may read everything
    with pytest.raises(BadInput, match=r"^\.env cannot be read: Permission denied$"):
        Settings.load()


@pytest.mark.parametrize("name", ["data_dir", "crawler_file", "communities_file"])
def test_paths_are_as_a_shell_would_have_them_also_from_the_file_env(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ana")
    for written in ("~/memes", "'~/memes'", '"~/memes"'):
        Path(".env").write_text(f"MEMEERA_{name.upper()}={written}\n")
        assert getattr(Settings.load(), name) == Path("/home/ana/memes")
    Path(".env").unlink()
    monkeypatch.setenv(f"MEMEERA_{name.upper()}", '"/a b/memes"')  # docker run --env-file
    assert getattr(Settings.load(), name) == Path("/a b/memes")
    monkeypatch.setenv(f"MEMEERA_{name.upper()}", "~nobody-here/memes")
    with pytest.raises(BadInput, match=rf"^MEMEERA_{name.upper()}: .*in the home of nobody"):
        Settings.load()


@pytest.mark.parametrize("name", ["data_dir", "crawler_file", "communities_file"])
@pytest.mark.parametrize(
    "address", ["s3://bucket/memes", "file:///srv/memes", "postgresql://host/memes", "C://memes"]
)
def test_an_address_is_no_path_and_what_takes_addresses_is_named(
    name: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MEMEERA_{name.upper()}", address)
    with pytest.raises(BadInput) as told:
        Settings.load()
    assert str(told.value).startswith(f"MEMEERA_{name.upper()}: ")
    assert "MEMEERA_MEDIA_URL" in str(told.value)
    assert "MEMEERA_DATABASE_URL" in str(told.value)
    assert not Path(address.partition(":")[0] + ":").exists()
