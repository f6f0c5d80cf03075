"""The record of each crawl and import: what was found and what became of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Reject
from db.models import Run

if TYPE_CHECKING:
    from db.memes import AddOutcome

__all__ = ["Counts", "last_runs", "save_counts", "start_run"]


@dataclass(slots=True)
class Counts:
    """What became of the media of one run.

    Each is listed, now or by a run before, and ends in one of the others.
    """

    listed: int = 0
    known: int = 0  # recorded by an earlier run
    added: int = 0  # new memes
    reposts: int = 0  # memes that we had, seen in another place
    failed: int = 0  # media that could not be stored, and listings that ended early
    pending: int = 0  # media left to a later run
    rejected: Counter[Reject] = field(default_factory=Counter)

    def record(self, outcome: "AddOutcome") -> None:
        """Count what became of one medium."""
        from db.memes import Added, Known, Reposted  # loads what compares pictures

        match outcome:
            case Added():
                self.added += 1
            case Reposted():
                self.reposts += 1
            case Known():
                self.known += 1

    @property
    def n_rejected(self) -> int:
        """Media turned away, for whatever reason."""
        return self.rejected.total()

    @property
    def n_done(self) -> int:
        """Media that have come to an end."""
        return self.known + self.added + self.reposts + self.n_rejected

    def as_dict(self) -> dict[str, Any]:
        """For the run table and for JSON."""
        return {
            **asdict(self),
            "rejected": {str(reason): n for reason, n in self.rejected.most_common()},
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """What `as_dict` gave, read back; other keys are passed over."""
        names = ("listed", "known", "added", "reposts", "failed", "pending")
        numbers = {name: int(row.get(name, 0)) for name in names}
        rejected = Counter({Reject(reason): n for reason, n in row["rejected"].items()})
        return cls(**numbers, rejected=rejected)

    def __str__(self) -> str:
        line = (
            f"{self.listed} listed: {self.added} added, {self.reposts} reposts, "
            f"{self.known} known, {self.n_rejected} rejected"
        )
        if self.rejected:
            line += " (" + ", ".join(f"{n} {why}" for why, n in self.rejected.most_common()) + ")"
        line += f", {self.failed} failed" if self.failed else ""
        return line + (f", {self.pending} left to a later run" if self.pending else "")


def start_run(session: Session, source: str, target: str) -> int:
    """Record that a run began; gives its id."""
    run = Run(source=source, target=target, started_at=datetime.now(UTC), counts=Counts().as_dict())
    session.add(run)
    session.flush()
    return run.id


def save_counts(
    session: Session, run_id: int, counts: dict[str, Any], *, finished: bool = False
) -> None:
    """Record how far a run has come, or its final counts; they are those of `Counts.as_dict`."""
    run = session.get_one(Run, run_id)
    run.counts = counts
    if finished:
        run.finished_at = datetime.now(UTC)


def last_runs(session: Session, limit: int = 10) -> list[dict[str, Any]]:
    """The last runs, newest first, ready for JSON."""
    runs = session.scalars(select(Run).order_by(Run.id.desc()).limit(limit))
    return [
        {
            "id": run.id,
            "source": run.source,
            "target": run.target,
            "started_at": run.started_at.isoformat(),
            "finished_at": run.finished_at.isoformat() if run.finished_at else None,
            **run.counts,
        }
        for run in runs
    ]
