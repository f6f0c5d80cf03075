"""Whether a request comes from where it says."""

import pytest

from core.origins import is_same_origin


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost:8501", "localhost:8501", True),
        ("https://memes.example.org", "memes.example.org", True),
        ("http://localhost:8502", "localhost:8501", False),
        ("http://localhost:8501.evil.example", "localhost:8501", False),
        ("http://evil.example", "localhost:8501", False),
        ("null", "localhost:8501", False),
        (None, "localhost:8501", False),
        ("http://localhost:8501", None, False),
    ],
)
def test_an_origin_is_ours_if_it_names_the_host(
    origin: str | None, host: str | None, same: bool
) -> None:
    assert is_same_origin(origin, host) is same
