"""A sequence in pieces."""

from core.batched import batched


def test_every_item_comes_once_and_in_its_order() -> None:
    assert list(batched([1, 2, 3, 4, 5], 2)) == [[1, 2], [3, 4], [5]]
    assert list(batched([1, 2], 2)) == [[1, 2]]
    assert list(batched([], 2)) == []
