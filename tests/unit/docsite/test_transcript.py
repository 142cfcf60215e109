# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page has its reader write and type is read as it stands, and what it says of the output is held to it."""

from __future__ import annotations

import pytest

from docsite.transcript import Typed, Written, difference, steps

PAGE = """\
# A page

```yaml
# inventory.yml
all: {}
```

```yaml
not: a file
```

```console
$ one --flag \\
    word
first
$ two
```

*Run by a test of its own: with a machine.*

```console
$ three
...
```
"""


def test_steps_are_in_order_and_as_written(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert steps(page) == [
        Written("inventory.yml", "# inventory.yml\nall: {}\n"),
        Typed("one --flag \\\n    word", "first\n"),
        Typed("two", ""),
        Typed("three", "...\n", "with a machine"),
    ]


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("ready\n", "ready\n"),
        ("[3.6s] a: loading (4.7 s after offered)\n", "[13.6s] a: loading (0.1 s after offered)\n"),
        ("first\n...\nlast\n", "first\nsecond\nthird\nlast\n"),
        ("...\nfirst\n...\nlast\n...\n", "first\nlast\n"),
        ("known   -9.6 s\n", "known  10.2 s\n"),
        ("ready, 84.2 s after it\n", "ready, 2 min 35 s after it\n"),
        ("/etc/bootd/a.yaml:3\n", "/tmp/x/hardware/a.yaml:3\n"),
    ],
)
def test_page_that_says_what_was_printed_differs_in_nothing(said, printed):
    assert difference(said, printed, {"/tmp/x/hardware": "/etc/bootd"}) == ""


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("ready\n", "failed\n"),
        ("ready\n", ""),
        ("", "ready\n"),
        ("a\n...\nb\n", "b\na\n"),
        ("3 machines\n", "2 machines\n"),
    ],
)
def test_page_that_says_otherwise_is_told_with_both(said, printed):
    found = difference(said, printed)
    assert said in found and printed in found
