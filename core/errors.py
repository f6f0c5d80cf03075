"""What can go wrong, and the exit code each kind ends a command with.

MemeEraError             1  the work failed; the message says what to do
├── BadInput             2  what the caller gave cannot be used
│   └── ImageRejected    2  these bytes are not a picture memeEra takes
└── NotReady             1  something has to be made first: a model, labels
"""

from enum import StrEnum

__all__ = ["BadInput", "ImageRejected", "MemeEraError", "NotReady", "Reject"]


class Reject(StrEnum):
    """Why a medium was turned away; every crawl and import counts by these."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not_an_image"
    CORRUPT = "corrupt"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    TOO_COSTLY = "too_costly"  # a bomb: seconds or gigabytes to decode, out of few bytes
    UNREADABLE = "unreadable"
    BAD_ADDRESS = "bad_address"
    REFUSED_ADDRESS = "refused_address"
    HTTP_ERROR = "http_error"
    NO_ANSWER = "no_answer"
    NO_PICTURE = "no_picture"
    REMOVED = "removed"  # the post, by its author or a moderator
    PLACEHOLDER = "placeholder"  # what a host shows in place of a picture that is gone
    FILTERED = "filtered"  # the post, by the rules of the crawl: score, flair, NSFW
    MALFORMED = "malformed"
    TOO_SLOW = "too_slow"  # it took longer than one picture may
    PROCESS_DIED = "process_died"  # of it, or for want of memory
    UNFORESEEN = "unforeseen"  # an error that is none of the above: a mistake of ours, perhaps


class MemeEraError(Exception):
    """Root of all errors that memeEra raises on purpose."""

    exit_code = 1


class BadInput(MemeEraError):
    """The caller gave something that cannot be used."""

    exit_code = 2


class NotReady(MemeEraError):
    """Something has to exist first; the message names the command that makes it."""


class ImageRejected(BadInput):
    """These bytes are not a picture that memeEra takes."""

    def __init__(self, reason: Reject, detail: str) -> None:
        super().__init__(f"{detail} ({reason})")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["ImageRejected"], tuple[Reject, str]]:
        """So that it comes whole out of another process."""
        return type(self), (self.reason, self.detail)
