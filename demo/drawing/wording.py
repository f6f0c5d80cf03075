"""What the demo's memes say: patterns with slots, and invented people to say it."""

import random
import re
from collections.abc import Mapping, Sequence

SLOTS: Mapping[str, Sequence[str]] = {
    "thing": (
        "homework", "the printer", "my sandwich", "the wifi", "a spoon", "the last cookie",
        "my alarm clock", "the toaster", "a left sock", "the group project", "cold pizza",
        "the elevator", "my houseplant", "a tiny hat", "the shopping cart", "wet bread",
    ),
    "who": (
        "my cat", "my roommate", "the teacher", "my boss", "grandma", "the new guy",
        "my neighbour", "the dentist", "my little brother", "a pigeon", "the barista",
        "my past self", "the bus driver", "a raccoon",
    ),
    "place": (
        "at work", "in the kitchen", "on the bus", "in class", "at the gym", "in the parking lot",
        "at a wedding", "in the shower", "at 3 am", "on a monday", "in the waiting room",
    ),
    "does": (
        "eats {thing}", "looks at me", "says hello", "falls asleep", "steals {thing}",
        "reads my messages", "starts dancing", "forgets my name", "finds {thing}",
    ),
    "done": (
        "lost {thing}", "bought {thing}", "forgot {thing}", "broke {thing}", "hugged {who}",
        "missed the bus", "waved at a stranger", "said you too to a waiter", "fixed {thing}",
    ),
    "feeling": ("happy", "tired", "betrayed", "hungry", "calm", "confused", "proud", "late"),
    "word": (
        "SOUP", "VOID", "BEANS", "YES", "ORB", "MILK", "HORSE", "TUESDAY", "GRAVITY", "CHAIR",
        "NOODLE", "WHY", "TRIANGLE", "LUNCH", "ASCEND", "MOIST", "TAXES", "BONE", "SPOON",
    ),
    "number": ("3", "7", "12", "24", "99", "100", "1000"),
}  # fmt: skip

_FIRST = ("Milo", "Tessa", "Orla", "Bram", "Juno", "Piet", "Wanda", "Ezra", "Lotte", "Cosmo")
_LAST = ("Quillby", "Marrow", "Tinderfoot", "Okonjo-Vale", "Plumstead", "Varga-Lind", "Dapple")
_HANDLES = ("soup", "moth", "gravel", "toast", "pixel", "fern", "goblin", "lamp", "pickle", "ghost")
_TAILS = ("lord", "_irl", "enjoyer", "42", "mom", "facts", "_69420", "core", "witch", "dad")


def fill(pattern: str, rng: random.Random) -> str:
    """The pattern with each {slot} filled, slots within slots too."""

    def chosen(slot: re.Match[str]) -> str:
        return fill(rng.choice(SLOTS[slot[1]]), rng)

    return re.sub(r"\{(\w+)\}", chosen, pattern)


def say(patterns: Sequence[str], rng: random.Random) -> str:
    """One of the patterns, filled."""
    return fill(rng.choice(patterns), rng)


def person(rng: random.Random) -> str:
    """An invented first name and surname."""
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def surname(rng: random.Random) -> str:
    """An invented surname."""
    return rng.choice(_LAST)


def handle(rng: random.Random) -> str:
    """An invented account name, without the at sign."""
    return rng.choice(_HANDLES) + rng.choice(_TAILS)


def count(rng: random.Random) -> str:
    """A number of likes, as such sites shorten it."""
    n = round(10 ** rng.uniform(0.5, 5.6))
    return str(n) if n < 1_000 else f"{n / 1_000:.1f}K"
