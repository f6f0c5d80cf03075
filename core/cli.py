"""What all commands share: the report, the log, the exit code."""

import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from click.shell_completion import get_completion_class, shell_complete

from core.errors import MemeEraError
from core.printing import clean, json_text

__all__ = [
    "EXIT_BAD_INPUT",
    "completion",
    "echo",
    "json_option",
    "print_as_is",
    "print_json",
    "run",
    "telling",
    "warn",
]

EXIT_BAD_INPUT = 2

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON on standard output and nothing else."
)


def run(
    command: click.Command, name: str, args: Sequence[str] | None = None, *, extra: str = "dev"
) -> None:
    """Run a command and leave the process with its exit code: 0 done, 1 failed, 2 bad input.

    Ctrl-C ends it with 130, SIGTERM with 143, each with a line about what is kept: what the
    KeyboardInterrupt says, where the command made it say something (`telling`).

    Errors that memeEra raises on purpose end as one line on standard error. So does a library that
    is not installed: `extra` is the optional dependency that brings what the command needs.
    """
    # File names need not be text: what cannot be written is escaped, and ends nothing.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)  # libraries lower their own loggers' levels
    handler.setFormatter(_OneLine("%(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler])
    _answer_sigterm()
    try:
        if instruction := os.environ.get(_variable(name)):
            sys.exit(shell_complete(command, {}, name, _variable(name), instruction))
        # Not `command.main`, which answers Ctrl-C and a closed pipe in its own way.
        with command.make_context(name, list(sys.argv[1:] if args is None else args)) as context:
            code = command.invoke(context)
    except click.exceptions.Exit as ended:  # --help
        sys.exit(ended.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else name
        warn(f"{path}: {error.format_message().rstrip('.')}; see {path} --help")
        sys.exit(error.exit_code)
    except click.ClickException as error:
        warn(error.format_message())
        sys.exit(error.exit_code)
    except MemeEraError as error:
        warn(str(error))
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        warn(f"{name} needs {error.name}, not installed here: pip install 'memeera[{extra}]'")
        sys.exit(1)
    except KeyboardInterrupt as stopped:
        warn(f"stopped; {str(stopped) or 'what was finished is kept'}")
        sys.exit(143 if isinstance(stopped, _Terminated) else 130)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python must not complain while flushing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def telling(what_is_kept: Callable[[], object]) -> Iterator[None]:
    """Within it, Ctrl-C and SIGTERM tell what is kept, as it is at that moment."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        if not stopped.args:
            stopped.args = (what_is_kept(),)
        raise


class _Terminated(KeyboardInterrupt):
    """SIGTERM: `kill`, or the end of a container. It ends a command as Ctrl-C does."""


def _answer_sigterm() -> None:
    """Have SIGTERM raise where it would end the process; servers and crawls answer it themselves.

    Another one ends the process at once. So does the first in a process that was forked from this:
    its pool ends it so.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return
    process = os.getpid()

    def answer(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        if os.getpid() != process:
            os.kill(os.getpid(), number)
        raise _Terminated

    signal.signal(signal.SIGTERM, answer)


def completion(command: click.Command, name: str, shell: str) -> str:
    """The script with which a shell completes the command of this name."""
    kind = get_completion_class(shell)
    assert kind is not None, shell
    return kind(command, {}, name, _variable(name)).source()


def _variable(name: str) -> str:
    """By which the script asks the program what may come next."""
    return f"_{name.upper()}_COMPLETE"


def print_json(value: object) -> None:
    """Print one JSON value on standard output."""
    click.echo(json_text(value, indent=2))


def print_as_is(text: str) -> None:
    """Print on standard output what a program reads, and what was cleaned where it was made."""
    click.echo(text, nl=False)


def echo(*lines: object) -> None:
    """Print lines for people on standard output; whatever is in one of them, it is one line."""
    for line in lines:
        click.echo(clean(line))


def warn(line: object) -> None:
    """Print one line on standard error, above the progress bar where there is one."""
    from tqdm import tqdm  # which looks up its own version as it loads, for 25 ms

    tqdm.write(clean(line), file=sys.stderr)


class _OneLine(logging.Formatter):
    """A message on one line; a traceback below it, further in, so that it forges none."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return clean(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(f"    {clean(line)}" for line in super().formatException(ei).split("\n"))
