# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""bootd, the boot daemon: ``main`` reads the command line and the environment, and nothing else in it does.

Exit codes: 0 all well, 1 ``check`` found problems, there is no such machine, or the daemon met a fault, 2 the command
line or the store can't be used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module

from .commands import arguments
from .commands.backends import is_cluster
from .commands.settings_file import environment_with
from .process import libraries
from .stores.base import StoreError

# The modules of ``commands`` whose ``run`` they are. Only the one that is wanted is imported: all take half a second.
_COMMANDS = {
    "serve": "serve",
    "machines": "machines",
    "top": "top",
    "check": "check",
    "explain": "explain",
    "report-url": "report_url",
}
NOT_ALLOWED = "only root and the daemon's own user may read it: ask as one of them, as with sudo"


def main(argv: list[str] | None = None) -> int:
    """Run the command that ``argv`` names (by default the process's own) and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    options = arguments.parse(words, os.environ)
    environ: Mapping[str, str] = os.environ
    try:
        if "settings" in options:
            needed = not (options.store or getattr(options, "url", ""))
            environ = environment_with(options.settings, environ, needed=needed)
            options = arguments.parse(words, environ)
        libraries.require(libraries.CLUSTER if is_cluster(getattr(options, "store", None) or "") else {})
        command = import_module(f".commands.{_COMMANDS[options.command]}", __package__)
        return int(command.run(options, environ))
    except (arguments.UsageError, libraries.MissingLibraries, StoreError) as error:
        return _failed(str(error), error.__cause__, 2)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(f"{where}{error.strerror or error}", error, 1)


def _failed(message: str, cause: BaseException | None, status: int) -> int:
    hint = f"; {NOT_ALLOWED}" if isinstance(cause, PermissionError) else ""
    sys.stderr.write(f"bootd: {message}{hint}\n")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
