# Copyright: (c) 2026, The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""bootd, the boot daemon: ``main`` reads the command line and the environment, and nothing else in it does.

Exit codes: 0 all well, 1 ``check`` found problems or the daemon met a fault, 2 the command line can't be used.
"""

from __future__ import annotations

import os
import sys

from .commands import arguments, check, explain, report_url, serve
from .commands.backends import is_cluster
from .process import libraries
from .stores.base import StoreError

_COMMANDS = {"serve": serve.run, "check": check.run, "explain": explain.run, "report-url": report_url.run}


def main(argv: list[str] | None = None) -> int:
    """Run the command that ``argv`` names (by default the process's own) and return its exit code."""
    options = arguments.parse(sys.argv[1:] if argv is None else argv, os.environ)
    try:
        libraries.require(libraries.CLUSTER if is_cluster(getattr(options, "store", "")) else {})
        return _COMMANDS[options.command](options, os.environ)
    except (arguments.UsageError, libraries.MissingLibraries, StoreError) as error:
        sys.stderr.write(f"bootd: {error}\n")
        return 2
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"bootd: {where}{error.strerror or error}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
