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
from db.migrations.upgrade import alembic_config, changing_tables, upgrade
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
    go_to(engine, "base")


def go_to(engine: Engine, revision: str) -> None:
    """Bring a database up or down to one revision."""
    config = alembic_config()
    with changing_tables(engine) as connection:
        config.attributes["connection"] = connection
        current = MigrationContext.configure(connection).get_current_revision() or ""
        move = command.upgrade if revision > current and revision != "base" else command.downgrade
        move(config, revision)


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    assert tables(engine) == set()
    assert upgrade(engine) == "0009"
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


AT_0001 = """
INSERT INTO template (id, representative_id) VALUES (1, NULL);
INSERT INTO meme (id, sha256, phash64, phash256, format, width, height, frames, n_bytes,
                  template_id, status, nsfw, posted_at, added_at)
VALUES (3, 'a', 'b', 'c', 'PNG', 1, 2, 1, 9, 1, 'active', FALSE, NULL, '2020-01-01 00:00:00'),
       (7, 'd', 'e', 'f', 'PNG', 1, 2, 1, 9, 1, 'removed', TRUE, NULL, '2020-01-01 00:00:00');
UPDATE template SET representative_id = 3;
INSERT INTO sighting (id, meme_id, source, post_id, media_index, image_url, crawled_at)
VALUES (1, 3, 's', '1', 0, 'u', '2020-01-01 00:00:00'),
       (2, 7, 's', '2', 0, 'u', '2020-01-01 00:00:00'),
       (5, 7, 's', '3', 0, 'u', '2020-01-01 00:00:00');
INSERT INTO vote (id, meme_id, annotator, verdict, genre, saw_suggestion, idempotency_key,
                  created_at)
VALUES (4, 7, 'ana', 'genre', 'ironic', FALSE, 'key', '2020-01-01 00:00:00')
"""
TABLES_AT_0001 = {"community", "run", "template", "meme", "sighting", "vote"}


def at_0001(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """All rows, by the columns that there were at first."""
    columns = {
        "meme": "id, sha256, phash64, phash256, format, width, height, frames, n_bytes, "
        "template_id, status, nsfw, posted_at, added_at",
        "sighting": "id, meme_id, source, post_id, media_index, image_url, crawled_at",
        "vote": "id, meme_id, annotator, verdict, genre, idempotency_key, created_at",
        "template": "id, representative_id",
    }
    with engine.connect() as connection:
        return {
            table: [
                tuple(row)
                for row in connection.execute(text(f"SELECT {names} FROM {table} ORDER BY id"))
            ]
            for table, names in columns.items()
        }


def test_memes_of_the_first_tables_come_through_up_and_down(engine: Engine) -> None:
    go_to(engine, "0001")
    assert tables(engine) == TABLES_AT_0001
    with engine.begin() as connection:
        for statement in AT_0001.split(";"):
            connection.execute(text(statement))
    before = at_0001(engine)
    assert [len(rows) for rows in before.values()] == [2, 3, 1, 1]

    upgrade(engine)

    assert at_0001(engine) == before
    with engine.connect() as connection:
        unsafe = connection.execute(text("SELECT id FROM sighting WHERE nsfw ORDER BY id")).all()
        assert [row.id for row in unsafe] == [2, 5]
        bare = "SELECT count(*) FROM meme WHERE signature IS NULL AND words IS NULL"
        assert connection.scalar(text(bare)) == 2
        nowhere = "SELECT count(*) FROM sighting WHERE copy_id IS NULL"
        assert connection.scalar(text(nowhere)) == 3
        assert connection.scalar(text("SELECT count(*) FROM decision")) == 0

    go_to(engine, "0001")
    assert tables(engine) == TABLES_AT_0001
    assert at_0001(engine) == before
    upgrade(engine)
    assert tables(engine) == TABLES
    assert at_0001(engine) == before


def test_the_channel_of_old_votes_is_told_from_what_they_say_of_themselves(engine: Engine) -> None:
    go_to(engine, "0001")
    with engine.begin() as connection:
        for statement in AT_0001.split(";"):
            connection.execute(text(statement))
    go_to(engine, "0007")
    rows = [  # annotator, key, trust, whether it saw a suggestion, whether it settles: channel
        ("ana", "k1", None, False, False, "label"),
        ("ana", "k2", None, True, True, "review"),
        ("import:labels.csv", "digest:0", "sure", False, False, "import"),
        ("artist", "digest:1", None, False, False, "import"),
        ("visitor 0123", "k3", None, True, False, "correction"),
        ("visitor 0123", "k4", None, False, False, "label"),  # so called on the Label page
    ]
    insert = (
        "INSERT INTO vote (meme_id, annotator, verdict, genre, idempotency_key, trust,"
        " saw_suggestion, settles, created_at) VALUES"
        " (7, :who, 'genre', 'ironic', :key, :trust, :saw, :settles, '2020-01-01 00:00:00')"
    )
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM vote"))  # whose id was given, and not counted
        for who, key, trust, saw, settles, _ in rows:
            values = {"who": who, "key": key, "trust": trust, "saw": saw, "settles": settles}
            connection.execute(text(insert), values)
    upgrade(engine)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT channel FROM vote ORDER BY id")).all()
    assert [row.channel for row in found] == [channel for *_, channel in rows]


def test_votes_have_years_from_0009_on_and_stay_without_them(engine: Engine) -> None:
    go_to(engine, "0001")
    with engine.begin() as connection:
        for statement in AT_0001.split(";"):
            connection.execute(text(statement))
    upgrade(engine)
    years = "SELECT id, year_low, year_high FROM vote"
    with engine.begin() as connection:
        assert connection.execute(text(years)).all() == [(4, None, None)]
        connection.execute(text("UPDATE vote SET year_low = 2015, year_high = 2016"))
        (index,) = (one for one in inspect(engine).get_indexes("vote") if "years" in str(one))
        assert index["column_names"] == ["meme_id"]
        of_these_alone = index["dialect_options"][f"{engine.dialect.name}_where"]
        assert str(of_these_alone).strip("()") == "year_high IS NOT NULL"
    go_to(engine, "0008")
    assert not {"year_low", "year_high"} & {c["name"] for c in inspect(engine).get_columns("vote")}
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(text(years)).all() == [(4, None, None)]


def test_ids_that_the_record_names_are_never_used_again(settings: Settings) -> None:
    engine = make_engine(settings)
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1  # switched on again
        made = connection.execute(text("SELECT name, sql FROM sqlite_master")).all()
    growing = {row.name for row in made if "AUTOINCREMENT" in (row.sql or "")}
    assert growing == {"meme", "copy", "decision"}
    engine.dispose()


def test_keys_that_tables_made_anew_would_break_leave_all_as_it_was(settings: Settings) -> None:
    engine = make_engine(settings)
    upgrade(engine)
    with (
        pytest.raises(MemeEraError, match="would break references; nothing was changed"),
        changing_tables(engine) as connection,
    ):
        connection.execute(text("INSERT INTO template (id, representative_id) VALUES (1, 9)"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM template")) == 0
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    engine.dispose()


def test_several_may_upgrade_at_once(database_settings: Settings) -> None:
    engines = [make_engine(database_settings) for _ in range(6)]
    with ThreadPoolExecutor(len(engines)) as pool:
        assert set(pool.map(upgrade, engines)) == {"0009"}
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
    with pytest.raises(MemeEraError, match=r"^cannot open .*memes\.db: damaged \(file is not a"):
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
