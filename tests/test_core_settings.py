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
