"""Takes files of a folder into the collection, in a process of its own: looks at one, adds some."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.errors import Reject
from core.fingerprint import hash_bytes
from core.isolated import within
from core.settings import Settings
from crawler.examining import Examined, Unusable, examine, is_of_picture, open_bounded
from crawler.sources.folder import Label
from db.labels import cast_of_place
from db.memes import BARRED, Added, Adder, Barred, Known, Reposted, Seen
from db.runs import Counts, save_counts

__all__ = ["SOURCE", "File", "Intake", "Taken"]

SOURCE: Final = "folder"

Taken = Added | Reposted | Known | Unusable


@dataclass(frozen=True, slots=True)
class File:
    """One file as it was read, with what its labels say and what was found out about it."""

    path: str
    data: bytes
    sha256: str
    said: tuple[Label, ...]
    community: str | None
    annotator: str
    examined: Examined | None = None  # None: its very bytes are kept already

    @classmethod
    def of(
        cls, path: str, data: bytes, said: Sequence[Label], community: str | None, annotator: str
    ) -> "File":
        """A file, by its bytes."""
        return cls(path, data, hash_bytes(data), tuple(said), community, annotator)

    @property
    def post_id(self) -> str:
        """The path, with the content: another picture saved under the same name is another post."""
        return f"{self.path}#{self.sha256[:16]}"

    @property
    def seen(self) -> Seen:
        """Where it was seen; labels of one file differ in who says which genre alone."""
        label = self.said[0] if self.said else None
        return Seen(
            source=SOURCE,
            post_id=self.post_id,
            image_url=self.path,
            community=self.community or (label.source if label else None),
            year_low=label.year_low if label else None,
            year_high=label.year_high if label else None,
            source_group=label.group if label else None,
            fold=label.fold if label else None,
        )


class Intake:
    """The collection, as one process takes files into it."""

    def __init__(self, settings: Settings) -> None:
        self._collection = open_bounded(settings)
        self._timeout_s = settings.answer_timeout_s

    def look(self, data: bytes) -> Examined | Unusable:
        """What can be found out about a picture before it is added."""
        return examine(self._collection, data, self._timeout_s)

    def add(self, files: Sequence[File], run_id: int, counts: Counts) -> list[Taken]:
        """Add files in one transaction, with how far the run is; where it fails, each in its own.

        Raises:
            MemeEraError: nothing can be written.
        """
        counts = replace(counts)
        try:
            with self._collection.adding() as adder:
                taken = [self._added(adder, file) for file in files]
                for one in taken:
                    if not isinstance(one, Unusable):
                        counts.record(one)
                save_counts(adder.session, run_id, counts.as_dict())
            return taken
        except Exception as error:
            if not is_of_picture(error):
                raise
            if len(files) == 1:
                return [Unusable.unforeseen(error)]
        return [one for file in files for one in self.add([file], run_id, counts)]

    def _added(self, adder: Adder, file: File) -> Taken:
        if file.examined is None:
            outcome = adder.see_again(file.sha256, file.seen, file.data)
        else:
            found = file.examined
            with within(self._timeout_s):
                outcome = adder.add(file.data, found.picture, file.seen, found.looked)
        if isinstance(outcome, Barred):
            return Unusable(Reject.REMOVED, BARRED, passes=False)
        for word in file.said:
            if word.genre is not None and word.by_people:
                cast_of_place(
                    adder.session,
                    outcome.meme_id,
                    f"{file.annotator}:{word.annotator}" if word.annotator else file.annotator,
                    place=file.post_id,
                    genre=word.genre,
                    trust=word.trust,
                    copy_id=outcome.copy_id,
                )
        return outcome
