"""Which genre the memes of a community usually have."""

from pathlib import Path
from typing import Final

from core.errors import BadInput
from core.genres import genre
from core.settings import Settings
from core.toml import read_toml
from db.labels import Prior

__all__ = ["load_priors"]

_SHIPPED: Final = Path(__file__).with_name("communities.toml")


def load_priors(settings: Settings) -> list[Prior]:
    """The priors that ship with the project, extended or overridden by the user's own file.

    Raises:
        BadInput: a file cannot be read, or a line names no genre; the message names it.
    """
    priors = {prior.community: prior for prior in _read(_SHIPPED)}
    if settings.communities_file is not None:
        priors |= {prior.community: prior for prior in _read(settings.communities_file)}
    return list(priors.values())


def _read(path: Path) -> list[Prior]:
    try:
        table = read_toml(path)
    except OSError as error:
        raise BadInput(f"{path}: {error}") from error
    priors = []
    for community, line in table.items():
        try:
            weight = float(line["weight"])
            priors.append(Prior(community.lower(), genre(line["genre"]).key, weight))
        except BadInput as error:
            raise BadInput(f"{path}: {community}: {error}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f'{path}: {community}: write {{ genre = "...", weight = 0.0 to 1.0 }}'
            ) from error
        if not 0 < weight <= 1:
            raise BadInput(f"{path}: {community}: weight {weight} is not above 0 and up to 1")
    return priors
