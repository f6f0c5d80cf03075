"""Labels that people gave in Label Studio: its export as JSON, or as JSON-MIN."""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import BadInput
from core.genres import named
from crawler.sources.folder import Label

__all__ = ["Annotations", "read_annotations"]

# What is uploaded is kept as 8 digits, a hyphen, and the name without what addresses dislike.
_UPLOADED: Final = re.compile(r"[0-9a-f]{8}-(.+)", re.DOTALL)
_DROPPED: Final = re.compile(r"[^-\w.]")
# Of a name whose accents are letters of their own, as macOS writes it, uploading drops the accents.
_Form = Literal["NFC", "NFD"]
_FORMS: Final[tuple[_Form, ...]] = ("NFC", "NFD")


@dataclass(slots=True)
class Annotations:
    """What an export says of each picture, the latest word last; and what is of no use in it."""

    labels: dict[Path, list[Label]] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)  # by reason
    examples: dict[str, str] = field(default_factory=dict)  # one of each reason

    def pass_over(self, reason: str, example: object) -> None:
        """Count an annotation that is of no use here."""
        self.unused[reason] += 1
        if reason not in self.examples:
            try:
                self.examples[reason] = repr(example)[:200]
            except RecursionError:  # JSON may be nested deeper than Python prints
                self.examples[reason] = "one that is nested too deeply"


@dataclass(frozen=True, slots=True)
class _Annotation:
    """What one person said of one task."""

    task: Mapping[str, Any]  # its data: addresses of pictures, among others
    who: str | None
    when: str
    choices: tuple[str, ...]


def read_annotations(export: Path, files: Iterable[Path]) -> Annotations:
    """What each person said last of each of these files.

    A task names a picture by an address of Label Studio, or any other: it is that file whose path
    ends alike. Where several addresses end so, they are different pictures, and the one most alike
    counts. A choice is a genre's key or name.

    Raises:
        BadInput: it is no such export.
    """
    found = Annotations()
    pictures = _Pictures(files)
    annotations = [(one, *pictures.find(one.task)) for one in _annotations(export, found)]
    addresses: defaultdict[Path | None, set[tuple[str, ...]]] = defaultdict(set)
    for _, path, address in annotations:
        addresses[path].add(address)
    last: dict[tuple[Path, str | None], tuple[str, Label]] = {}
    for annotation, path, address in annotations:
        genres = _genres(annotation.choices)
        if path is None:
            found.pass_over("name no picture of the folder", dict(annotation.task))
        elif not _is_nearest(address, path, addresses[path]):
            found.pass_over("name a picture as others name it", "/".join(address))
        elif len(genres) != 1:
            found.pass_over("name no single genre", ", ".join(annotation.choices))
        else:
            key = path, annotation.who
            if key not in last or last[key][0] <= annotation.when:
                label = Label(genres.pop(), annotator=annotation.who)
                last[key] = annotation.when, label
    for (path, _), (_, label) in sorted(last.items(), key=lambda item: item[1][0]):
        found.labels.setdefault(path, []).append(label)
    return found


def _annotations(export: Path, found: Annotations) -> Iterator[_Annotation]:
    try:
        tasks = json.loads(export.read_bytes())
    except RecursionError as error:
        raise BadInput(f"{export}: is nested too deeply to be an export of Label Studio") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{export}: {error}") from error
    if not isinstance(tasks, list):
        raise BadInput(f"{export}: no list of tasks, as Label Studio exports it (JSON or JSON-MIN)")
    for task in tasks:
        if not isinstance(task, dict):
            found.pass_over("are no tasks", task)
        elif isinstance(data := task.get("data"), dict):
            said = task.get("annotations", task.get("completions"))
            for one in said if isinstance(said, list) else ():
                if not isinstance(one, dict) or one.get("was_cancelled") or one.get("skipped"):
                    found.pass_over("were skipped", data)
                else:
                    yield _annotation(data, one, one.get("completed_by"), _choices(one))
        else:  # JSON-MIN: the data and the choices side by side
            yield _annotation(task, task, task.get("annotator"), _short_choices(task))


def _annotation(
    data: Mapping[str, Any], one: Mapping[str, Any], who: Any, choices: Iterable[Any]
) -> _Annotation:
    if isinstance(who, dict):
        who = who.get("id")
    return _Annotation(
        task=data,
        who=None if who is None else str(who),
        when=str(one.get("created_at") or ""),
        choices=tuple(choice for choice in choices if isinstance(choice, str)),
    )


def _choices(annotation: Mapping[str, Any]) -> Iterator[Any]:
    results = annotation.get("result")
    for result in results if isinstance(results, list) else ():
        if isinstance(result, dict) and isinstance(value := result.get("value"), dict):
            chosen = value.get("choices")
            yield from chosen if isinstance(chosen, list) else ()


def _short_choices(task: Mapping[str, Any]) -> Iterator[Any]:
    """The values between a task's number and who judged it; before them is the task's data."""
    names = list(task)
    first = names.index("id") + 1 if "id" in task else 0
    last = names.index("annotator") if "annotator" in task else len(names)
    for value in map(task.get, names[first:last]):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict) and isinstance(chosen := value.get("choices"), list):
            yield from chosen


def _genres(choices: Iterable[str]) -> set[str]:
    """The genres among what was chosen; a task may ask for other things as well."""
    genres = set()
    for choice in choices:
        try:
            genres.add(named(choice).key)
        except BadInput:
            continue
    return genres


class _Pictures:
    """Files to be found by what others call them."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._by_name: defaultdict[tuple[_Form, str], list[Path]] = defaultdict(list)
        for file in files:
            for form in _FORMS:
                self._by_name[form, _plain(file.name, form)].append(file)

    def find(self, task: Mapping[str, Any]) -> tuple[Path | None, tuple[str, ...]]:
        """The file that a task is about, whose path ends as an address in it, and that address."""
        for value in task.values():
            address = _parts(value) if isinstance(value, str) else ()
            if (path := self._find(address)) is not None:
                return path, address
        return None, ()

    def _find(self, parts: Sequence[str]) -> Path | None:
        if not parts:
            return None
        uploaded = _UPLOADED.fullmatch(parts[-1])
        names = [parts[-1], uploaded[1]] if uploaded else [parts[-1]]
        asked = [(form, _plain(name, form)) for name in names for form in _FORMS]
        candidates = next(filter(None, map(self._by_name.get, asked)), [])
        # Of several files of one name, that whose folders are named so too; or else nobody knows.
        alike = [_n_alike(file, parts) for file in candidates]
        best = [i for i, n in enumerate(alike) if n == max(alike)]
        return candidates[best[0]] if len(best) == 1 else None


def _parts(address: str) -> tuple[str, ...]:
    """The path in /data/upload/1/x.jpg, /data/local-files/?d=sub/x.jpg, s3://bucket/sub/x.jpg."""
    try:
        url = urlsplit(address)
    except ValueError:
        return ()
    path = parse_qs(url.query).get("d", [unquote(url.path)])[0]
    return PurePosixPath(path.replace("\\", "/")).parts


def _plain(name: str, form: _Form) -> str:
    return _DROPPED.sub("", unicodedata.normalize(form, name).strip().replace(" ", "_"))


def _is_nearest(address: Sequence[str], file: Path, addresses: Iterable[Sequence[str]]) -> bool:
    n = _n_alike(file, address)
    return all(other == address or _n_alike(file, other) < n for other in addresses)


def _n_alike(file: Path, address: Sequence[str]) -> int:
    """How many folders a file's path and an address have in common, from the last."""
    n = 0
    for our, their in zip(reversed(file.parts[:-1]), reversed(address[:-1]), strict=False):
        if unicodedata.normalize("NFC", our) != unicodedata.normalize("NFC", their):
            break
        n += 1
    return n
