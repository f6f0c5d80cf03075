"""From an empty database to the tables of the models, and what does not open."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from core.errors import BadInput, MemeEraError
from core.fingerprint import fingerprint
from core.settings import Settings
from db.engine import make_engine
from db.memes import Collection, Seen
from db.migrations.upgrade import alembic_config, upgrade
from db.models import Base
from db.session import Database
from tests.pictures import picture

TABLES = set(Base.metadata.tables)


@pytest.fixture
def engine(database_settings: Settings) -> Iterator[Engine]:
    made = make_engine(database_settings)
    yield made
    made.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def downgrade_to_nothing(engine: Engine) -> None:
    config = alembic_config()
    with engine.connect().execution_options(memeera_writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    assert tables(engine) == set()
    assert upgrade(engine) == "0001"
    assert tables(engine) == TABLES
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_constraints_are_in_the_database_too(engine: Engine) -> None:
    upgrade(engine)
    found = inspect(engine)
    for table in Base.metadata.sorted_tables:
        keys = {
            (key["constrained_columns"][0], key["referred_table"])
            for key in found.get_foreign_keys(table.name)
        }
        assert keys == {(key.parent.name, key.column.table.name) for key in table.foreign_keys}
    assert [c["column_names"] for c in found.get_unique_constraints("sighting")] == [
        ["source", "post_id", "media_index"]
    ]


def test_an_upgrade_of_the_newest_revision_changes_nothing(engine: Engine) -> None:
    assert upgrade(engine) == upgrade(engine)
    assert tables(engine) == TABLES


def test_a_full_database_goes_down_to_nothing_and_up_again(
    engine: Engine, database_settings: Settings
) -> None:
    collection = Collection.open(database_settings)
    with collection.adding() as adder:
        adder.add(picture(1), fingerprint(picture(1)), Seen("test", "1", "url"))
    collection.database.engine.dispose()

    downgrade_to_nothing(engine)
    assert tables(engine) == set()

    upgrade(engine)
    assert tables(engine) == TABLES
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM meme")) == 0


def test_several_may_upgrade_at_once(database_settings: Settings) -> None:
    engines = [make_engine(database_settings) for _ in range(6)]
    with ThreadPoolExecutor(len(engines)) as pool:
        assert set(pool.map(upgrade, engines)) == {"0001"}
    assert tables(engines[0]) == TABLES
    for engine in engines:
        engine.dispose()


def test_a_database_of_a_newer_version_is_refused(
    engine: Engine, database_settings: Settings
) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MemeEraError, match=r"revision 9999, .* newer version; upgrade memeEra"):
        Database.open(database_settings)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "nonsense://here",
        "postgresql://user:secret@localhost:port/database",
        "mysql+no_such_driver://localhost/database",
    ],
)
def test_a_database_url_that_cannot_be_used_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput, match=r"^MEMEERA_DATABASE_URL: .*unset it for SQLite$") as caught:
        make_engine(Settings(database_url=url))
    assert "secret" not in str(caught.value)


def test_a_data_folder_that_cannot_be_made_is_bad_input(settings: Settings) -> None:
    settings.data_dir.write_text("a file is here already")
    with pytest.raises(BadInput, match="MEMEERA_DATA_DIR"):
        Database.open(settings)


def test_a_file_that_is_no_database_is_left_as_it_is(settings: Settings) -> None:
    settings.data_dir.mkdir()
    file = settings.data_dir / "memes.db"
    file.write_bytes(b"my diary " * 1000)
    with pytest.raises(MemeEraError, match=r"^cannot open .*memes\.db: file is not a database$"):
        Database.open(settings)
    assert file.read_bytes() == b"my diary " * 1000


def test_a_server_that_does_not_answer_is_told_in_one_line_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(MemeEraError) as caught:
        Database.open(Settings(database_url="postgresql://ana:secret@127.0.0.1:1/memes"))
    line = str(caught.value)
    assert line.startswith(
        "cannot open the database postgresql+psycopg://ana:***@127.0.0.1:1/memes:"
    )
    assert "secret" not in line
    assert "\n" not in line
    assert caught.value.exit_code == 1


def test_sqlite_keeps_a_log_and_checks_foreign_keys(settings: Settings) -> None:
    engine = make_engine(settings)
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
        assert connection.scalar(text("PRAGMA busy_timeout")) == 30_000
    engine.dispose()


def test_a_database_url_may_name_another_sqlite_file(settings: Settings) -> None:
    settings.data_dir.mkdir()
    url = f"sqlite:///{settings.data_dir / 'other.db'}"
    Database.open(Settings(database_url=url)).engine.dispose()
    made = create_engine(url)
    assert tables(made) == TABLES
    made.dispose()
