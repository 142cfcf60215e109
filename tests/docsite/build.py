# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site into build/site: `python -m docsite.build`, which `make site` runs.

A warning of Sphinx ends it with exit status 1, and so does a link that leads nowhere or a resource from elsewhere.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from docsite import links, source

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Path(__file__).parent
SOURCE, SITE, WORK = ROOT / "build/site-source", ROOT / "build/site", ROOT / "build/site-work"
PICTURES = ROOT / "build/pictures"
# Where the plugins are that have documentation, and what antsibull-docs calls them.
KINDS = {"plugins/modules": "module"} | {f"plugins/{kind}": kind for kind in ("filter", "inventory", "lookup", "test")}
FIRST = "docs/README.html"
# For a server's root, and for who opens the directory.
INDEX = f"""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>baremetal.netboot</title>
<meta http-equiv="refresh" content="0; url={FIRST}"></head>
<body><a href="{FIRST}">Documentation of baremetal.netboot</a></body></html>
"""


def main() -> int:
    """Build it; returns the exit status."""
    source.assemble(ROOT, PICTURES, SOURCE)
    collection = SOURCE / source.COLLECTION
    collection.mkdir(mode=0o755)
    argv = ["antsibull-docs", "collection", "--use-current", "--fail-on-error", "--squash-hierarchy"]
    argv += ["--no-add-antsibull-docs-version", "--dest-dir", str(collection), "baremetal.netboot"]
    subprocess.run(argv, cwd=ROOT, check=True)
    # Made anew: a page that is gone would stay, and what was warned of before would not be said again.
    for directory in (SITE, WORK):
        shutil.rmtree(directory, ignore_errors=True)
    argv = [sys.executable, "-m", "sphinx", "--builder", "html", "--nitpicky", "--fail-on-warning", "--quiet"]
    argv += ["--keep-going", "--conf-dir", str(SETTINGS), "--doctree-dir", str(WORK), str(SOURCE), str(SITE)]
    status = subprocess.run(argv, cwd=ROOT, check=False).returncode
    if status:
        return status
    (SITE / "index.html").write_text(INDEX, encoding="utf-8")
    problems = [*undocumented(ROOT, SITE), *links.problems(SITE)]
    for problem in problems:
        print(problem)
    if not problems:
        print(f"The site is {(SITE / 'index.html').relative_to(ROOT)}: {len(links.pages(SITE))} pages")
    return 1 if problems else 0


def undocumented(root: Path, site: Path) -> list[str]:
    """Return a sentence for each module, plugin and role of the collection that the site has no page of."""
    named = {
        f"{path.stem}_{kind}" for directory, kind in KINDS.items() for path in (root / directory).glob("[a-z]*.py")
    }
    named |= {f"{path.name}_role" for path in (root / "roles").iterdir()}
    have = {path.stem for path in (site / source.COLLECTION).glob("*.html")}
    return [f"there is no page of {name}" for name in sorted(named - have)]


if __name__ == "__main__":
    sys.exit(main())
