"""Exports: what readers of each form find, which memes on which side, whole or not at all."""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import update

from core.errors import BadInput, MemeEraError, NotReady
from core.fingerprint import fingerprint, hash_bytes
from core.settings import Settings
from db.__main__ import main
from db.export import export
from db.export_choice import Choice
from db.export_formats import FORMATS
from db.labels import Prior, cast, set_priors
from db.listing import labelled_memes
from db.memes import Collection
from db.models import Meme, MemeStatus, Sighting
from db.splits import KeptAside, Split, split
from tests.collecting import add, place
from tests.pictures import picture, sibling

ROOT = Path(__file__).parents[1]
HOSTILE = "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)>\n# head | cell ](x) \u202e'"
COMMUNITY = "=me|mes](x)\n# **bold** \u202e$a$"
GENRES = ("ironic", "political", "text_post")
SIDES = ("train", "validation", "test")
N = 27
SLOW = """
import sys, time
import db.export
from db.__main__ import main

read = db.export._read
db.export._AHEAD = 1
db.export._read = lambda media, one: (time.sleep(0.2), read(media, one))[1]
main(["export", "out", "--format", sys.argv[1]])
"""  # each picture takes a while, so that it is killed between two of them


def environment(settings: Settings) -> dict[str, str]:
    """What tells a command to use these settings."""
    return {
        "MEMEERA_DATA_DIR": str(settings.data_dir),
        "MEMEERA_DATABASE_URL": settings.database_url or "",
    }


@pytest.fixture
def labelled(collection: Collection) -> Collection:
    """27 memes of three genres; three are of the family of another, one is seen in a fold."""
    memes = []
    with collection.adding() as adder:
        for number in range(N):
            data = sibling(number - 1, 1) if number in (4, 8, 12) else picture(number)
            seen = place(
                f"post-{number}",
                title=HOSTILE,
                community=COMMUNITY,
                permalink=f"https://posts.example/{number}",
                posted_at=datetime(2010 + number % 5, 6, 1, tzinfo=UTC),
                licence=("CC0" if number else "<img src=x>") if number < 9 else None,
                fold=7 if number == 26 else None,
            )
            memes.append(adder.add(data, fingerprint(data), seen).meme_id)
    with collection.database.writing() as session:
        for number, meme in enumerate(memes):
            genre = GENRES[number // 4 % 3]
            cast(session, meme, "ana", genre=genre, trust="=sure")
            if number % 2:
                cast(session, meme, "bo", genre=genre)
    return collection


def exported(
    collection: Collection, folder: Path, format_name: str = "csv", **choice: Any
) -> dict[str, Any]:
    """The counts of an export."""
    with collection.database.reading() as session:
        made = export(session, collection.media, folder, format_name, Choice(**choice))
    return made.as_dict()


def rows(folder: Path) -> list[dict[str, str]]:
    """The lines of a CSV export."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sides(folder: Path) -> dict[str, str]:
    """The side of each file of a CSV export, by SHA-256."""
    return {Path(row["file"]).stem: row["split"] for row in rows(folder)}


def facts(folder: Path, side: str) -> list[dict[str, Any]]:
    """What an imagefolder tells of one side."""
    lines = (folder / side / "metadata.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


# --------------------------------------------------------------------------- the forms


def test_a_csv_names_every_picture_and_holds_no_formula(
    labelled: Collection, tmp_path: Path
) -> None:
    counts = exported(labelled, tmp_path / "out")
    found = rows(tmp_path / "out")
    assert counts["memes"] + counts["left_out"] == N
    assert len(found) == counts["memes"]
    for row in found:
        data = (tmp_path / "out" / row["file"]).read_bytes()
        assert hash_bytes(data) == Path(row["file"]).stem
        assert row["trust"] == "'=sure"
        assert row["source"] == f"'{COMMUNITY}"
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())
        assert row["year"] in {"<=2010", "<=2011", "<=2012", "<=2013", "<=2014"}
    assert {row["votes"] for row in found} == {"1", "2"}


def test_an_imagefolder_is_a_folder_a_side_and_a_genre(
    labelled: Collection, tmp_path: Path
) -> None:
    counts = exported(labelled, tmp_path / "out", "imagefolder")
    for side in SIDES:
        told = facts(tmp_path / "out", side)
        assert len(told) == counts["splits"][side] > 0
        on_disk = {
            str(file.relative_to(tmp_path / "out" / side))
            for file in (tmp_path / "out" / side).rglob("*.png")
        }
        assert {one["file_name"] for one in told} == on_disk
        for one in told:
            assert one["file_name"].startswith(f"{one['genre']}/{one['sha256']}")
            assert one["title"] == HOSTILE
            assert None not in one.values()


@pytest.mark.parametrize(("limit", "value"), [("_GROUP_ROWS", 5), ("_GROUP_BYTES", 100_000)])
def test_parquet_holds_the_pictures_and_what_hugging_face_reads(
    labelled: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    from pyarrow import parquet

    monkeypatch.setattr(f"db.export_formats.{limit}", value)  # a picture is over 20 kB
    exported(labelled, tmp_path / "out", "parquet")
    classes = (tmp_path / "out" / "classes.txt").read_text("utf-8").split()
    for side in SIDES:
        file = parquet.ParquetFile(tmp_path / "out" / "data" / f"{side}-00000-of-00001.parquet")
        groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        assert max(groups) <= 5
        assert (len(groups) > 1) == (sum(groups) > 5)
        features = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
        assert features["image"] == {"_type": "Image"}
        assert features["label"] == {"names": classes, "_type": "ClassLabel"}
        table = file.read().to_pylist()
        assert features.keys() == table[0].keys()
        for row in table:
            assert hash_bytes(row["image"]["bytes"]) == row["sha256"]
            assert classes[row["label"]] == row["genre"]
            assert (row["title"], row["communities"]) == (HOSTILE, [COMMUNITY])
            assert row["year_low"] is None


def test_tfrecords_are_what_tensorflow_reads(
    labelled: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tensorflow as tf

    monkeypatch.setattr("db.export_tfrecord._SHARD_BYTES", 100_000)  # some pictures
    exported(labelled, tmp_path / "out", "tfrecord")
    exported(labelled, tmp_path / "csv")
    genres = {Path(row["file"]).stem: row["genre"] for row in rows(tmp_path / "csv")}
    classes = (tmp_path / "out" / "classes.txt").read_text("utf-8").split()
    kinds = {
        tf.string: ("image/encoded", "image/class/text", "meme/sha256"),
        tf.int64: ("image/class/label", "image/width"),
        tf.float32: ("meme/weight",),
    }
    spec = {
        name: tf.io.FixedLenFeature([], kind) for kind, names in kinds.items() for name in names
    }
    of_side: dict[str, str] = {}
    for side in SIDES:
        shards = sorted((tmp_path / "out").glob(f"{side}-*.tfrecord"))
        n = len(shards)
        names = [f"{side}-{i:05d}-of-{n:05d}.tfrecord" for i in range(n)]
        assert [shard.name for shard in shards] == names
        # It checks each record's checksum.
        for record in tf.data.TFRecordDataset([str(shard) for shard in shards]):
            parsed = tf.io.parse_single_example(record, spec)
            read = {name: value.numpy() for name, value in parsed.items()}
            sha256 = read["meme/sha256"].decode()
            assert hash_bytes(read["image/encoded"]) == sha256
            assert read["image/class/text"].decode() == genres[sha256]
            assert classes[read["image/class/label"]] == genres[sha256]
            assert (read["image/width"], read["meme/weight"]) == (128, 1.0)
            of_side[sha256] = side
    assert len(list((tmp_path / "out").glob("train-*.tfrecord"))) > 1
    assert of_side == sides(tmp_path / "csv")


# --------------------------------------------------------------------------- which memes


@pytest.mark.parametrize("choice", [{"seed": 1}, {"seed": 2}, {"test_fold": 7}])
def test_sides_are_those_of_training_and_no_family_lies_on_two(
    labelled: Collection, tmp_path: Path, choice: dict[str, Any]
) -> None:
    exported(labelled, tmp_path / "out", **choice)
    with labelled.database.reading() as session:
        memes = labelled_memes(session)
    _, expected = split(memes, choice.get("seed", 1), KeptAside.of_fold(choice.get("test_fold")))
    of_training = {meme.sha256: side for meme, side in zip(memes, expected, strict=True)}
    found = sides(tmp_path / "out")
    assert found == {sha256: side for sha256, side in of_training.items() if side != "left_out"}
    if "test_fold" in choice:
        assert list(found.values()).count(Split.TEST) == 1
    of_family = defaultdict(set)
    for row in rows(tmp_path / "out"):
        of_family[row["group"]].add(row["split"])
    assert len(of_family) < len(found)
    assert all(len(on) == 1 for on in of_family.values())


def test_labels_of_few_people_and_memes_without_a_licence_can_be_left_aside(
    labelled: Collection, tmp_path: Path
) -> None:
    exported(labelled, tmp_path / "two", min_votes=2)
    assert {row["votes_for"] for row in rows(tmp_path / "two")} == {"2"}
    counts = exported(labelled, tmp_path / "licensed", licensed=True)
    assert counts["memes"] + counts["left_out"] == 9
    with pytest.raises(NotReady, match="lower --min-votes"):
        exported(labelled, tmp_path / "none", min_votes=3)
    assert not (tmp_path / "none").exists()


def test_what_only_a_community_says_is_marked_and_never_tested_on(
    labelled: Collection, tmp_path: Path
) -> None:
    for number in range(30, 39):
        add(labelled, picture(number), f"weak-{number}", community="weak")
    with labelled.database.writing() as session:
        set_priors(session, [Prior("weak", "ironic", 0.5)])
    exported(labelled, tmp_path / "without")
    exported(labelled, tmp_path / "with", weak=True)
    without, found = rows(tmp_path / "without"), rows(tmp_path / "with")
    assert {row["by_people"] for row in without} == {"true"}
    weak = [row for row in found if row["by_people"] == "false"]
    assert weak
    assert {(row["genre"], row["source"], row["votes"]) for row in weak} == {
        ("ironic", "weak", "0")
    }
    assert "test" not in {row["split"] for row in weak}


def test_what_is_gone_is_not_passed_on(labelled: Collection, tmp_path: Path) -> None:
    with labelled.database.writing() as session:
        session.execute(update(Sighting).values(gone_at=datetime.now(UTC)))
        session.get_one(Meme, 2).status = MemeStatus.REMOVED
        sha256 = session.get_one(Meme, 2).sha256
    exported(labelled, tmp_path / "out", "imagefolder")
    told = [one for side in SIDES for one in facts(tmp_path / "out", side)]
    assert sha256 not in {one["sha256"] for one in told}
    for one in told:
        gone = ("title", "communities", "permalinks", "licences")
        assert [one[name] for name in gone] == [""] * len(gone)


# --------------------------------------------------------------------------- the data card


@pytest.mark.parametrize("format_name", FORMATS)
def test_the_card_tells_what_the_set_is_and_reads_as_nothing_else(
    labelled: Collection, tmp_path: Path, format_name: str
) -> None:
    counts = exported(labelled, tmp_path / "out", format_name, seed=3)
    text = (tmp_path / "out" / "README.md").read_text("utf-8")
    _, front, body = text.split("---\n", 2)
    card = yaml.safe_load(front)
    assert card["size_categories"] == ["n<1K"]
    if format_name in ("imagefolder", "parquet"):
        (config,) = card["configs"]
        for file in config["data_files"]:
            assert list((tmp_path / "out").glob(file["path"])), file
    assert f"{counts['memes']} memes with their genres" in body
    assert "| 3 | `ironic` |" in body
    assert "\n2 annotators gave" in body
    assert "| CC0 |" in body
    assert f"`python -m db export FOLDER --format {format_name} --seed 3 --min-votes 1`" in body
    (row,) = (line for line in body.splitlines() if "bold" in line)
    assert row.startswith(r"| =me\|mes\]\(x\) \# \*\*bold\*\* \$a\$ | ")
    assert r"| \<img src=x\> | 1 |" in body
    assert body.replace(r"\<img", "").isascii()
    assert "<img" not in body.replace(r"\<img", "")


# --------------------------------------------------------------------------- whole or not at all


def test_a_missing_and_a_damaged_picture_are_told_and_the_others_exported(
    labelled: Collection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = exported(labelled, tmp_path / "whole")["memes"]
    one, other = sorted(sides(tmp_path / "whole"))[:2]
    media = labelled.media
    Path(media.path(one, "PNG")).unlink()
    Path(media.path(other, "PNG")).write_bytes(b"not this")
    counts = exported(labelled, tmp_path / "out")
    assert sorted(counts["missing"]) == [one, other]
    assert counts["memes"] == len(rows(tmp_path / "out")) == whole - 2
    err = capsys.readouterr().err
    assert one in err
    assert f"{other}.png is damaged" in err


def test_a_full_disk_leaves_nothing(
    labelled: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(MemeEraError, match=r"out cannot be written.*No space left on device"):
        exported(labelled, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_what_is_there_is_not_written_over(labelled: Collection, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full" / "of").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    for name, why in (("file", "a file of this name"), ("full", "not empty")):
        with pytest.raises(BadInput, match=why):
            exported(labelled, tmp_path / name)
    assert exported(labelled, tmp_path / "empty")["memes"] > 0


@pytest.mark.parametrize("format_name", ["imagefolder", "parquet"])
def test_one_that_is_killed_leaves_no_folder_and_the_next_one_is_whole(
    labelled: Collection, database_settings: Settings, tmp_path: Path, format_name: str
) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", SLOW, format_name],
        cwd=tmp_path,
        env=os.environ | environment(database_settings) | {"PYTHONPATH": str(ROOT)},
    )
    written = tmp_path / ".out.part"
    end_at = time.monotonic() + 60
    while not list(written.rglob("*.p*")) and time.monotonic() < end_at:  # *.png, *.parquet
        time.sleep(0.02)
    program.send_signal(signal.SIGKILL)
    assert program.wait(10) == -signal.SIGKILL
    assert list(written.rglob("*.p*"))
    assert not (tmp_path / "out").exists()
    counts = exported(labelled, tmp_path / "out", format_name)
    assert counts["memes"] > 0
    assert not written.exists()


def test_a_name_that_no_folder_can_have_is_one_clear_line(
    labelled: Collection, tmp_path: Path
) -> None:
    with pytest.raises(MemeEraError, match="File name too long") as caught:
        exported(labelled, tmp_path / ("x" * 300))
    assert "\n" not in str(caught.value)


def test_the_command_tells_what_it_did(
    labelled: Collection, database_settings: Settings, tmp_path: Path
) -> None:
    Path(labelled.media.path(hash_bytes(picture(0)), "PNG")).unlink()
    expected = exported(labelled, tmp_path / "expected", "imagefolder", seed=3)
    run = CliRunner(env=environment(database_settings))
    done = run.invoke(main, ["export", "out", "--seed", "3", "--json"])
    assert json.loads(done.stdout) == {"directory": "out", "format": "imagefolder"} | expected
    assert done.stderr.splitlines()[-1] == "1 memes without a whole file are not in it"
    files, others = (
        {str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*.*g")}
        for root in (tmp_path / "out", tmp_path / "expected")
    )
    assert files == others
    again = run.invoke(main, ["export", "out"])
    assert isinstance(again.exception, BadInput)
    told = run.invoke(main, ["export", "second", "--format", "csv"])
    assert told.stdout.startswith("second: 2")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["out"], "no meme has a genre yet: python -m labeling"),
        ([""], "DIR is empty; name a new folder"),
    ],
)
def test_what_the_command_cannot_do_is_one_clear_line(
    database_settings: Settings, tmp_path: Path, arguments: list[str], says: str
) -> None:
    result = CliRunner(env=environment(database_settings)).invoke(main, ["export", *arguments])
    assert isinstance(result.exception, (BadInput, NotReady))
    assert str(result.exception).startswith(says)
    assert "\n" not in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_the_command_offers_all_forms_there_are() -> None:
    (option,) = (one for one in main.commands["export"].params if one.name == "format_name")
    assert isinstance(option.type, click.Choice)
    assert list(FORMATS) == list(option.type.choices)
