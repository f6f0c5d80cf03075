"""Pictures that do what no picture should, and the processes that meet them; quick to import."""

import os
import signal

import crawler.examining
from core.errors import Reject
from core.fingerprint import Fingerprint, fingerprint
from core.settings import Settings
from crawler.storing import Storekeeper

FAILS, KILLS, HANGS, EATS = b"fails", b"kills", b"hangs", b"eats"
REASONS = {
    FAILS: Reject.UNFORESEEN,
    KILLS: Reject.PROCESS_DIED,
    HANGS: Reject.TOO_SLOW,
    EATS: Reject.UNFORESEEN,
}


def fingerprint_of(data: bytes) -> Fingerprint:
    """The fingerprint; of these pictures, what happens."""
    match data:
        case b"fails":
            raise AttributeError("'int' object has no attribute 'split'\nand more")
        case b"kills":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"hangs":
            while True:
                pass
        case b"eats":
            bytearray(8 * 2**30)
    return fingerprint(data)


def meet_them() -> None:
    """From now on, this process takes fingerprints as above."""
    crawler.examining.fingerprint = fingerprint_of  # type: ignore[attr-defined]


def storekeeper(settings: Settings, run_id: int) -> Storekeeper:
    """In a process that meets them."""
    meet_them()
    return Storekeeper(settings, run_id)
