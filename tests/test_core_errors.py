"""The errors that memeEra raises on purpose."""

import pytest

from core.errors import BadInput, ImageRejected, MemeEraError, NotReady, Reject


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (MemeEraError("failed"), 1),
        (NotReady("not yet"), 1),
        (BadInput("no"), 2),
        (ImageRejected(Reject.CORRUPT, "no"), 2),
    ],
)
def test_each_kind_ends_a_command_with_its_exit_code(error: MemeEraError, exit_code: int) -> None:
    assert error.exit_code == exit_code


def test_a_rejected_image_tells_its_reason_twice_once_for_programs() -> None:
    error = ImageRejected(Reject.TOO_SMALL, "1 x 1 px")
    assert isinstance(error, BadInput)
    assert (error.reason, error.detail) == (Reject.TOO_SMALL, "1 x 1 px")
    assert str(error) == "1 x 1 px (too_small)"


def test_reasons_are_plain_words_in_reports() -> None:
    assert f"{Reject.NOT_AN_IMAGE}" == "not_an_image"
    assert len(set(Reject)) == len(list(Reject))
