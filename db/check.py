"""Finds what does not fit together: files and rows, and rows that point to one another.

The collection is looked at in 256 parts, by the first digits of the SHA-256, so that memory holds
one part whatever its size.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, Select, delete, literal, or_, select
from sqlalchemy.orm import Session, aliased

from core.batched import batched
from db.columns import ASKED_AT_ONCE
from db.media import FOLDERS, MediaFile, MediaStore
from db.models import Base, Copy, Meme, Sighting, Template, Vote
from db.session import Database
from db.templates import tidy_template

__all__ = ["MENDED", "Problem", "Report", "check"]

_EXAMPLES: Final = 10  # of each problem that are shown
_YOUNG_S: Final = 3600.0  # its row may be about to be written
_HASH: Final = {"phash64": 16, "wide_phash64": 16, "phash256": 64, "inner_phash256": 64}  # digits
_HEX: Final = re.compile(r"[0-9a-f]+")


class Problem(StrEnum):
    """What can be wrong."""

    FILE_WITHOUT_ROW = "file_without_row"
    LEFT_OVER_PART = "left_over_part"  # of a file whose writer was killed
    ROW_WITHOUT_FILE = "row_without_file"
    WRONG_SIZE = "wrong_size"  # a file that is not as long as it was
    MALFORMED_HASH = "malformed_hash"
    MEME_AND_COPY = "meme_and_copy"  # one file that is both
    BROKEN_KEY = "broken_key"  # a row that points to none
    EMPTY_TEMPLATE = "empty_template"
    WRONG_REPRESENTATIVE = "wrong_representative"  # none, or of another family
    COPY_OF_ANOTHER = "copy_of_another"  # a sighting or vote of one meme, of a file of another
    MEME_WITHOUT_SIGHTING = "meme_without_sighting"


MENDED: Final = {
    Problem.FILE_WITHOUT_ROW,
    Problem.LEFT_OVER_PART,
    Problem.EMPTY_TEMPLATE,
    Problem.WRONG_REPRESENTATIVE,
}
"""What `check` with repair takes away or puts right: nothing that anybody may miss."""


@dataclass(slots=True)
class Report:
    """What was found."""

    n_files: int = 0
    n_rows: int = 0  # memes and copies
    n_young: int = 0  # files without rows, too new to be a problem: others may be adding them
    found: Counter[Problem] = field(default_factory=Counter)
    examples: dict[Problem, list[str]] = field(default_factory=dict)  # some of each
    repaired: Counter[Problem] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong, or nothing any more."""
        return self.found == self.repaired

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "clean": self.is_clean,
            "n_files": self.n_files,
            "n_rows": self.n_rows,
            "n_young": self.n_young,
            "found": dict(self.found),
            "repaired": dict(+self.repaired),
            "examples": self.examples,
        }

    def note(self, problem: Problem, example: str) -> None:
        """Count one problem."""
        self.found[problem] += 1
        examples = self.examples.setdefault(problem, [])
        if len(examples) < _EXAMPLES:
            examples.append(example)


def check(
    database: Database,
    media: MediaStore,
    *,
    repair: bool = False,
    advance: Callable[[], object] = lambda: None,
) -> Report:
    """Look at all files and rows; with `repair`, put right what is in MENDED.

    Args:
        database: where the rows are.
        media: where the files are.
        repair: mend what can be mended without losing anything.
        advance: called after each of the 256 parts.
    """
    report = Report()
    for folder in FOLDERS:
        with database.reading() as session:
            # Rows first: a row that is there has its file, but not the other way round.
            rows = list(_rows(session, folder))
        files = list(media.files(folder))
        report.n_rows += len(rows)
        report.n_files += len(files)
        _check_rows(report, media, rows, {file.path: file for file in files})
        _check_files(report, database, media, files, rows, repair=repair)
        advance()
    with database.reading() as session:
        _check_references(report, session)
    if repair:
        _repair_templates(report, database)
    return report


def _rows(session: Session, folder: str) -> Iterator[Row[Any]]:
    """The memes and copies whose files are in one folder."""
    for table in (Meme, Copy):
        columns = [getattr(table, name) for name in ("sha256", "format", "n_bytes", *_HASH)]
        query: Select[Any] = select(*columns).where(
            table.sha256 >= folder, table.removed_at.is_(None)
        )
        if (i := FOLDERS.index(folder)) + 1 < len(FOLDERS):
            query = query.where(table.sha256 < FOLDERS[i + 1])
        yield from session.execute(query)


def _check_rows(
    report: Report, media: MediaStore, rows: list[Row[Any]], files: dict[str, MediaFile]
) -> None:
    seen: set[str] = set()
    for row in rows:
        path = media.path(row.sha256, row.format)
        file = files.get(path)
        if file is None:
            report.note(Problem.ROW_WITHOUT_FILE, path)
        elif file.n_bytes != row.n_bytes:
            report.note(Problem.WRONG_SIZE, f"{path}: {file.n_bytes} bytes, not {row.n_bytes}")
        for name, n_digits in _HASH.items():
            value = getattr(row, name)
            if value is not None and not (len(value) == n_digits and _HEX.fullmatch(value)):
                report.note(Problem.MALFORMED_HASH, f"{row.sha256}: {name} {value!r}")
        if row.sha256 in seen:
            report.note(Problem.MEME_AND_COPY, row.sha256)
        seen.add(row.sha256)


def _check_files(
    report: Report,
    database: Database,
    media: MediaStore,
    files: list[MediaFile],
    rows: list[Row[Any]],
    *,
    repair: bool,
) -> None:
    expected = {media.path(row.sha256, row.format) for row in rows}
    stray = [file for file in files if file.is_part or file.path not in expected]
    for file in stray:
        if media.age_s(file) < _YOUNG_S:
            report.n_young += 1
            continue
        problem = Problem.LEFT_OVER_PART if file.is_part else Problem.FILE_WITHOUT_ROW
        report.note(problem, file.path)
        if repair and _remove(database, media, file):
            report.repaired[problem] += 1


def _remove(database: Database, media: MediaStore, file: MediaFile) -> bool:
    """Delete a file, unless somebody added its row meanwhile; nobody adds while this looks."""
    with database.writing_alone() as session:
        formats = [
            name
            for table in (Meme, Copy)
            for name in session.scalars(
                select(table.format).where(table.sha256 == file.sha256, table.removed_at.is_(None))
            )
        ]
        if not file.is_part and file.path in {media.path(file.sha256, name) for name in formats}:
            return False
        media.remove(file)
        return True


def _check_references(report: Report, session: Session) -> None:
    for problem, query in _questions():
        for row in session.execute(query.execution_options(yield_per=1000)):
            report.note(problem, " ".join(map(str, row)))


def _questions() -> Iterator[tuple[Problem, Select[Any]]]:
    """Each gives one row for each problem: what it is, and its id."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            parent = key.column.table.alias("parent")
            missing = ~select(parent.c.id).where(parent.c.id == key.parent).exists()
            yield (
                Problem.BROKEN_KEY,
                select(_name(f"{table.name}.{key.parent.name}"), table.c.id).where(
                    key.parent.is_not(None), missing
                ),
            )
    yield Problem.EMPTY_TEMPLATE, select(_name("template"), Template.id).where(_is_empty())
    representative = aliased(Meme)
    yield (
        Problem.WRONG_REPRESENTATIVE,
        select(_name("template"), Template.id)
        .outerjoin(representative, representative.id == Template.representative_id)
        .where(
            or_(representative.id.is_(None), representative.template_id != Template.id),
            ~_is_empty(),
        ),
    )
    for seen_or_said in (Sighting, Vote):
        yield (
            Problem.COPY_OF_ANOTHER,
            select(_name(seen_or_said.__tablename__), seen_or_said.id)
            .join(Copy, Copy.id == seen_or_said.copy_id)
            .where(Copy.meme_id != seen_or_said.meme_id),
        )
    seen = select(Sighting.id).where(Sighting.meme_id == Meme.id).exists()
    yield Problem.MEME_WITHOUT_SIGHTING, select(_name("meme"), Meme.id).where(~seen)


def _name(text: str) -> Any:
    return literal(text).label("what")


def _is_empty() -> Any:
    return ~select(Meme.id).where(Meme.template_id == Template.id).exists()


def _repair_templates(report: Report, database: Database) -> None:
    with database.writing_alone() as session:
        empty = session.scalars(select(Template.id).where(_is_empty())).all()
        for some in batched(empty, ASKED_AT_ONCE):
            session.execute(delete(Template).where(Template.id.in_(some)))
        report.repaired[Problem.EMPTY_TEMPLATE] += len(empty)
        wrong = next(q for p, q in _questions() if p is Problem.WRONG_REPRESENTATIVE)
        for _, template_id in session.execute(wrong).all():
            session.get_one(Template, template_id).representative_id = None
            tidy_template(session, template_id)
            report.repaired[Problem.WRONG_REPRESENTATIVE] += 1
