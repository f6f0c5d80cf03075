"""What is known of a folder's pictures: from a CSV, from Label Studio, from folders' names."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import BadInput
from core.genres import named
from crawler.sources.folder import Label
from crawler.sources.label_studio import read_annotations
from crawler.sources.labels_csv import read_labels

__all__ = ["Labelled", "by_folders", "by_labels_file"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Files, and what is said of them."""

    files: Sequence[Path]
    labels: Mapping[Path, Sequence[Label]] = field(default_factory=dict)
    remarks: Sequence[str] = ()  # what is of no use, a line each
    annotator: str = "import"


def by_labels_file(labels_file: Path, folder: Path, files: Sequence[Path]) -> Labelled:
    """What a CSV says of the files, or an export of Label Studio (*.json).

    Raises:
        BadInput: it cannot be used, or says nothing of any of them.
    """
    pictures = [file for file in files if file != labels_file.resolve()]
    read = _annotations if labels_file.suffix.lower() == ".json" else _table
    labels, remarks = read(labels_file, folder, pictures)
    return Labelled(pictures, labels, remarks, f"import:{labels_file.stem}")


def by_folders(folder: Path, files: Sequence[Path]) -> Labelled:
    """What the folders' names say of the files in them: genres, by key or by name.

    Of folders in folders, the innermost that is named so counts. Other files are left aside.

    Raises:
        BadInput: no folder is named as a genre.
    """
    root = folder.resolve()
    labels, outside = {}, []
    for file in files:
        if (genre := next(_genres(file.relative_to(root).parts[:-1]), None)) is None:
            outside.append(file)
        else:
            labels[file] = (Label(genre),)
    if not labels:
        raise BadInput(
            f"{folder}: no folder in it is named as a genre, such as "
            "rage_comic or Political; see python -m crawler import --help"
        )
    remarks = []
    if outside:
        places = Counter(str(file.parent.relative_to(root)) for file in outside)
        told = ", ".join(f"{n} in {place}" for place, n in places.most_common(5))
        remarks.append(
            f"{len(outside)} files lie in no folder that is named as a genre, and are left aside: "
            f"{told}"
        )
    return Labelled(list(labels), labels, remarks, f"import:{root.name}")


def _table(
    labels_file: Path, folder: Path, pictures: Sequence[Path]
) -> tuple[dict[Path, Sequence[Label]], list[str]]:
    labels = read_labels(labels_file, folder, pictures)
    missing = sorted(labels.keys() - set(pictures))
    if len(missing) == len(labels):
        raise BadInput(
            f"{labels_file}: none of its files is in {folder}; looked for "
            + (str(missing[0]) if missing else "any line")
        )
    remarks = []
    if missing:
        remarks.append(
            f"{len(missing)} labels name files that are not in {folder}, such as {missing[0]}"
        )
    return {file: (label,) for file, label in labels.items()}, remarks


def _annotations(
    labels_file: Path, folder: Path, pictures: Sequence[Path]
) -> tuple[dict[Path, Sequence[Label]], list[str]]:
    said = read_annotations(labels_file, pictures)
    remarks = [
        f"{n} annotations {reason}, such as: {said.examples[reason]}"
        for reason, n in said.unused.most_common()
    ]
    if not said.labels:
        raise BadInput(
            f"{labels_file}: says nothing of a file in {folder}; "
            + ("; ".join(remarks) or "there is no annotation in it")
        )
    return dict(said.labels), remarks


def _genres(names: Sequence[str]) -> Iterator[str]:
    """The genres among folders' names, the innermost first."""
    for name in reversed(names):
        try:
            yield named(name).key
        except BadInput:
            continue
