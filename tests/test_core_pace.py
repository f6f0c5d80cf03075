"""Long work that is not on a terminal tells how far it has come, now and then."""

from core.pace import Pace


def test_lines_come_at_the_beginning_and_now_and_then_with_the_rate() -> None:
    told: list[str] = []
    times = iter([0.0, 10.0, 30.0, 50.0, 90.0])
    with Pace("reading memes", 3000, say=told.append, every_s=30, now=lambda: next(times)) as pace:
        for _ in range(4):
            pace.update(30)
    assert told == [
        "reading memes: 3,000 to go",
        "reading memes: 60 of 3,000, 2.0 a second, some 24 min to go",
        "reading memes: 120 of 3,000, 1.3 a second, some 36 min to go",
    ]


def test_of_nothing_nothing_is_told() -> None:
    told: list[str] = []
    with Pace("reading memes", 0, say=told.append):
        pass
    assert told == []
