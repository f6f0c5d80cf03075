"""What the server of `tests.commands` has loaded before it is forked."""

import training.__main__  # first: it quiets TensorFlow
from core.quiet import quiet_native

with quiet_native():
    import training.fit
    import training.predict  # noqa: F401
