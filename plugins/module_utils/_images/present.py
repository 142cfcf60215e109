# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has the files of a release be in a directory, each whole and right, or says what would have to be done for that.

PRIVATE to this collection: it can change in any release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ansible_collections.baremetal.netboot.plugins.module_utils._images import directory as places
from ansible_collections.baremetal.netboot.plugins.module_utils._images.fetch import Job, fetch, patiently
from ansible_collections.baremetal.netboot.plugins.module_utils._images.outcome import Outcome
from ansible_collections.baremetal.netboot.plugins.module_utils._images.part import Part
from ansible_collections.baremetal.netboot.plugins.module_utils._images.progress_file import NAME as PROGRESS
from ansible_collections.baremetal.netboot.plugins.module_utils._images.progress_file import Progress
from ansible_collections.baremetal.netboot.plugins.module_utils._images.records import Records
from ansible_collections.baremetal.netboot.plugins.module_utils._images.release_names import parse_checksums
from ansible_collections.baremetal.netboot.plugins.module_utils._images.source import Away, Source, SourceError
from ansible_collections.baremetal.netboot.plugins.module_utils._images.wanted import (
    CHECKSUMS,
    Found,
    Release,
    digests,
    hidden,
    judge,
    kept_checksums,
    space_problem,
)


class Failed(Exception):
    """Files that could not be had, a line for each; ``outcomes`` are those that could."""

    def __init__(self, lines: Iterable[str], outcomes: Iterable[Outcome] = ()) -> None:
        super().__init__("\n".join(lines))
        self.outcomes = list(outcomes)


class AwayAtFirst(Failed):
    """The source is away, and no checksums are here."""


@dataclass(frozen=True)
class Wish:
    """What is wanted: ``release`` in ``directory``, right by its checksums where ``verify``.

    ``again``: read also what was found right before; ``check``: only say what would be done.
    """

    release: Release
    directory: Path
    verify: bool = True
    again: bool = False
    parallel: int = 3
    retries: int = 4
    check: bool = False


def present(wish: Wish, source: Source, warn: Callable[[str], None]) -> list[Outcome]:
    """Have the files there and return what became of each; raises Failed, Busy, OSError."""
    if wish.check:
        return _foreseen(wish, source, warn)
    text = _checksums(wish, source, warn) if wish.verify else ""
    places.make(wish.directory)
    with places.alone_in(wish.directory):
        progress = Progress(wish.directory / PROGRESS)
        try:
            return _Run(wish, source, text, progress).work()
        finally:
            progress.end()


def _foreseen(wish: Wish, source: Source, warn: Callable[[str], None]) -> list[Outcome]:
    """Return what would be done, as far as it can be told where the source is away; raises Failed, OSError."""
    wish, text = replace(wish, retries=0), ""
    try:
        text = _checksums(wish, source, warn) if wish.verify else ""
    except AwayAtFirst as away:
        warn(f"{away}; check mode takes the files that are here for right and can't tell the sizes of the others")
        wish = replace(wish, verify=False)
    return _Run(wish, source, text, Progress(None)).look()


def _checksums(wish: Wish, source: Source, warn: Callable[[str], None]) -> str:
    """Return the text of the release's checksums; the one that is there already where the source is away."""
    try:
        return patiently(source.checksums, wish.retries)
    except Away as error:
        kept = wish.directory / wish.release.checksums
        if not kept.is_file():
            raise AwayAtFirst([str(error)]) from error
        warn(f"{error}; the checksums in {wish.directory} are taken instead")
        return kept.read_text(encoding="utf-8", errors="replace")
    except SourceError as error:
        hint = "give checksums, where they are, or verify=false to go without"
        raise Failed([f"the release's checksums can't be had: {error}; {hint}"]) from error


class _Run:
    """One look at the files, and what follows from it."""

    def __init__(self, wish: Wish, source: Source, text: str, progress: Progress) -> None:
        self._wish, self._source, self._text, self._progress = wish, source, text, progress
        self._release = wish.release
        self._records = Records(wish.directory)
        self._others: dict[str, str] = {}
        self._digests = dict.fromkeys(wish.release.roles, "")
        if wish.verify:
            try:
                self._others = parse_checksums(text)
                self._digests = digests(wish.release, self._others)
            except ValueError as error:
                raise Failed([f"{source.url(CHECKSUMS)}: {error}"]) from error

    def look(self) -> list[Outcome]:
        """Return what is to become of each file; changes nothing."""
        outcomes = self._each(self._release.roles, self._look_at)
        needed = sum(
            max((outcome.size or 0) - places.allocated(self._part(outcome.path)) - places.allocated(outcome.path), 0)
            for outcome in outcomes
            if outcome.changed
        )
        problem = space_problem(needed, places.free_space(self._wish.directory), str(self._wish.directory))
        if problem:
            raise Failed([problem], outcomes)
        return outcomes + self._look_at_checksums()

    def work(self) -> list[Outcome]:
        """Have each file there, and none that is wrong, whatever else fails."""
        gone: list[str] = []
        try:
            try:
                outcomes = self.look()
            except Failed as failed:
                gone = self._set_aside_all(failed.outcomes)
                raise Failed([str(failed)]) from failed
            gone = self._set_aside_all(outcomes)
            by_role = {outcome.role: outcome for outcome in outcomes}
            return self._each(by_role, lambda role: self._bring(by_role[role]))
        except Failed as failed:
            raise Failed([str(failed), *gone], failed.outcomes) from failed
        finally:
            self._records.write()

    def _each(self, roles: Iterable[str], do: Callable[[str], Outcome]) -> list[Outcome]:
        """Do it for all roles, some at once, also where it fails for one; raises Failed."""
        with ThreadPoolExecutor(self._wish.parallel) as pool:
            waiting = [pool.submit(do, role) for role in roles]
        failures = [error for item in waiting if (error := item.exception())]
        strange = next((error for error in failures if not isinstance(error, (SourceError, ValueError, OSError))), None)
        if strange is not None:
            raise strange
        done = [item.result() for item in waiting if item.exception() is None]
        if failures:
            raise Failed([str(error) for error in failures], done)
        return done

    def _look_at(self, role: str) -> Outcome:
        name = self._release.files[role]
        path, digest = self._wish.directory / name, self._digests[role]
        found = self._find(path, digest)
        outcome = Outcome(role, name, path, self._source.url(role), before=found)
        if digest and judge(found, digest, None).action == "unchanged":
            return replace(outcome, size=found.size if found else None, sha512=digest)
        size = self._size_of(role, wrong=bool(digest and found))
        judged = judge(found, digest, size, self._others)
        known = found.size if found and judged.action == "unchanged" else size
        return replace(
            outcome, action=judged.action, reason=judged.reason, size=known, sha512=digest, beginning=judged.resumable
        )

    def _size_of(self, role: str, *, wrong: bool) -> int | None:
        """Return the size at the source; of a file that is ``wrong`` here None, too, where the source does not answer.

        It is then taken away before the source is asked again, and that tells why it can't be had. In check mode nobody
        knows the size where the source is away.
        """
        try:
            return patiently(partial(self._source.size, role), self._wish.retries)
        except SourceError as error:
            if wrong or (self._wish.check and isinstance(error, Away)):
                return None
            raise

    def _find(self, path: Path, digest: str) -> Found | None:
        if digest and path.is_file():
            tell = self._progress.begin(path.name, "reading", path.stat().st_size)
            return self._records.find(path, again=self._wish.again, tell=tell)
        return self._records.size_of(path)

    def _look_at_checksums(self) -> list[Outcome]:
        if not self._wish.verify:
            return []
        name = self._release.checksums
        path, content = self._wish.directory / name, self._content()
        outcome = Outcome(CHECKSUMS, name, path, self._source.url(CHECKSUMS), size=len(content))
        outcome = replace(outcome, sha512=hashlib.sha512(content).hexdigest())
        try:
            before = path.read_bytes()
        except FileNotFoundError:
            return [replace(outcome, action="fetched")]
        outcome = replace(outcome, before=Found(len(before), hashlib.sha512(before).hexdigest()))
        same = before == content
        return [outcome if same else replace(outcome, action="replaced", reason="the source has others")]

    def _content(self) -> bytes:
        return kept_checksums(self._release, self._text, self._others).encode()

    def _set_aside_all(self, outcomes: Iterable[Outcome]) -> list[str]:
        """Take wrong files away and return a line for each."""
        wrong = [outcome for outcome in outcomes if outcome.action == "replaced"]
        for outcome in wrong:
            self._set_aside(outcome)
        return [f"{outcome.path} was wrong and is gone: {outcome.reason}" for outcome in wrong]

    def _set_aside(self, outcome: Outcome) -> None:
        """Take a wrong file out of every server's reach at once; its beginning may spare some of the way."""
        part = self._part(outcome.path)
        self._records.forget(outcome.name)
        if outcome.beginning and places.allocated(part) < places.allocated(outcome.path):
            part.with_name(hidden(outcome.name, "part.json")).unlink(missing_ok=True)
            outcome.path.rename(part)
        else:
            outcome.path.unlink()

    def _bring(self, outcome: Outcome) -> Outcome:
        if not outcome.changed:
            return outcome
        if outcome.role == CHECKSUMS:
            return self._write_checksums(outcome)
        job = Job(outcome.role, outcome.path, self._digests[outcome.role], self._wish.retries)
        done = fetch(job, self._source, self._progress.begin(outcome.name, "fetching", outcome.size))
        self._records.keep(outcome.path, done.sha512)
        self._progress.done(outcome.name)
        return replace(outcome, size=done.size, sha512=done.sha512, resumed_at=done.resumed_at)

    def _write_checksums(self, outcome: Outcome) -> Outcome:
        with Part(outcome.path, outcome.sha512, lambda _count: None) as part:
            part.restart()
            part.write(memoryview(self._content()))
            part.finish()
        return outcome

    @staticmethod
    def _part(path: Path) -> Path:
        return path.with_name(hidden(path.name, "part"))
