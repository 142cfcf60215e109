# SPDX-FileCopyrightText: 2026 The baremetal.netboot authors
# SPDX-License-Identifier: BSD-2-Clause
"""All manifests of a directory as they are served: what changed is read again, what can't be read stays as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from ...hardware.model import Machine
from ...hardware.problem import Problem, printable
from ..base import StoreProblem
from .cache import ManifestCache
from .directory import Listing, Stamp, list_manifests, read_stamped
from .file import FileLoader, LoadedFile

SETTLE = 0.1  # seconds; a file changed since, by somebody who was not seen to close it, may still be being written
OPEN_SETTLE = 2.0  # seconds, where it was seen that its writer has it open yet
CLOCK_STEP = 0.02  # seconds by which a file's time may be behind the clock: file systems use that of the last tick
GRACE = 0.2  # seconds for which files must stay away: editors delete and write again
MAX_GRACE = 2.0  # seconds, while more and more files go: a directory that is being removed, perhaps
ABSENT_POLL = 0.2  # seconds between two looks for a directory that is away


@dataclass(frozen=True, slots=True)
class WriterActivity:
    """What inotify told until the time ``at``: the paths that writers have closed, and those they still have open."""

    at: float
    finished: frozenset[str] = frozenset()
    writing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The result of a look at the directory: whether what is served changed, seconds to the next look, 0: when told."""

    changed: bool
    again_in: float = 0.0


@dataclass(slots=True)
class _Disappearing:
    """Files that are away, since when the first of them is, and since when no other has gone."""

    paths: frozenset[str] = frozenset()
    began: float = 0.0
    since: float = 0.0


@dataclass(slots=True)
class Tree:
    """The manifests below ``root``. ``directories`` are those of the last look; times are seconds since the epoch."""

    root: str
    cache: ManifestCache | None = None
    directories: list[str] = field(default_factory=list)
    machines: dict[str, Machine] = field(default_factory=dict)
    _files: dict[str, LoadedFile] = field(default_factory=dict)
    _stamps: dict[str, Stamp] = field(default_factory=dict)
    _skipped: dict[str, str] = field(default_factory=dict)
    _unavailable: str = ""
    _disappearing: _Disappearing = field(default_factory=_Disappearing)
    _duplicates: list[StoreProblem] = field(default_factory=list)
    _loader: FileLoader = field(init=False)

    def __post_init__(self) -> None:
        self._loader = FileLoader(self.cache)

    def load(self) -> None:
        """Read everything but what is written to meanwhile; raises OSError where the directory can't be read."""
        listing = list_manifests(self.root)
        self._follow(listing)
        for path, stamp in listing.files.items():
            self._read(path, stamp)
        self._merge()

    def refresh(self, seen: WriterActivity) -> Refreshed:
        """Look at the directory again, and read what has changed and whose writing has ended."""
        try:
            listing = list_manifests(self.root)
        except OSError as error:
            reason = f"{error.strerror or error}; the machines it held are served as they were"
            changed, self._unavailable = reason != self._unavailable, reason
            return Refreshed(changed, ABSENT_POLL)
        changed = bool(self._unavailable) or listing.skipped != self._skipped
        self._unavailable = ""
        self._follow(listing)
        unsettled = False
        for path, stamp in listing.files.items():
            if path not in seen.finished and self._stamps.get(path) == stamp:
                continue
            read = self._read(path, stamp) if _is_whole(path, stamp, seen) else None
            if read is None:
                unsettled = True
            else:
                changed |= read
        gone, leaving = self._forget(listing, seen.at)
        changed |= gone
        if changed:
            self._merge()
        again = [wait for wait, needed in ((SETTLE, unsettled), (GRACE, leaving)) if needed]
        return Refreshed(changed, min(again, default=0.0))

    def digests(self) -> list[bytes]:
        """Return the digests of all documents' texts, in the order in which a start reads them."""
        return [chunk.digest for path in sorted(self._files) for chunk in self._files[path].chunks]

    def problems(self) -> Iterator[StoreProblem]:
        """Yield what is not served as written."""
        if self._unavailable:
            yield StoreProblem(self.root, self._unavailable)
        for path, reason in sorted(self._skipped.items()):
            yield StoreProblem(path, reason)
        for path in sorted(path for path, file in self._files.items() if file.problems):
            yield from (_store_problem(problem) for problem in self._files[path].problems)
        yield from self._duplicates

    def _follow(self, listing: Listing) -> None:
        self.directories = listing.directories
        self._skipped = listing.skipped

    def _read(self, path: str, stamp: Stamp) -> bool | None:
        """Read the file at ``path``; return whether that changed anything, None where it was written to meanwhile."""
        before = self._files.get(path, LoadedFile())
        try:
            data, read = read_stamped(path, stamp.size)
            if read != stamp:
                return None
        except FileNotFoundError:
            return False
        except OSError as error:
            # Without its stamp it is tried again at the next look.
            self._stamps.pop(path, None)
            message = f"can't be read: {error.strerror or error}; the machines it held are served as they were"
            after = before._replace(problems=(Problem(message, path),))
        else:
            after = self._loader.load(data, path, _timestamp(stamp), before)
            self._stamps[path] = stamp
        self._files[path] = after
        return after.machines != before.machines or after.problems != before.problems

    def _forget(self, listing: Listing, now: float) -> tuple[bool, bool]:
        """Drop files that have been away for long enough; return whether some were, and whether some may be yet."""
        unreadable = tuple(f"{path}/" for path in listing.skipped)
        away = frozenset(
            path
            for path in self._files
            if path not in listing.files and path not in listing.skipped and not path.startswith(unreadable)
        )
        leaving = self._disappearing
        if not away:
            leaving.paths = away
            return False, False
        if not leaving.paths:
            leaving.began = now
        if not away <= leaving.paths and now - leaving.began < MAX_GRACE:
            leaving.since = now
        leaving.paths = away
        if now - leaving.since < GRACE:
            return False, True
        for path in away:
            del self._files[path]
            self._stamps.pop(path, None)
        leaving.paths = frozenset()
        return True, False

    def _merge(self) -> None:
        """Put the files' machines together; of two with one name the older is served."""
        found: dict[str, Machine] = {}
        self._duplicates = []
        present = [path for path in sorted(self._files) if path not in self._disappearing.paths]
        for path in present:
            for machine in self._files[path].machines:
                key = machine.key
                other = found.get(key)
                if other is None:
                    found[key] = machine
                    continue
                first, second = sorted((other, machine), key=lambda item: (item.created, item.source))
                found[key] = first
                self._duplicates.append(_duplicate(first, second))
        self._add_disappearing(found)
        self.machines = found

    def _add_disappearing(self, found: dict[str, Machine]) -> None:
        """Add the machines of files that are away, but for those that have only moved to another file or name."""
        if not self._disappearing.paths:
            return
        macs = {interface.mac for machine in found.values() for interface in machine.interfaces}
        for path in sorted(self._disappearing.paths & self._files.keys()):
            for machine in self._files[path].machines:
                if macs.isdisjoint(interface.mac for interface in machine.interfaces):
                    found.setdefault(machine.key, machine)


def _is_whole(path: str, stamp: Stamp, seen: WriterActivity) -> bool:
    """Return whether nobody is half-way through writing this file, as far as one can know."""
    age = seen.at - stamp.modified / 1e9
    if path in seen.writing:
        settle = OPEN_SETTLE
    elif path in seen.finished:
        settle = CLOCK_STEP  # whoever wrote later may have only begun
    else:
        settle = SETTLE
    # A time in the future is that of a clock that is wrong, or of a write since `at`.
    return not -OPEN_SETTLE <= age < settle


def _duplicate(served: Machine, other: Machine) -> StoreProblem:
    message = f"{other.key} is also in {served.source}, which is older and served"
    return StoreProblem(printable(other.source), printable(message))


def _store_problem(problem: Problem) -> StoreProblem:
    where = f"{problem.file}:{problem.line}" if problem.line else problem.file
    return StoreProblem(printable(where), printable(problem.what()))


def _timestamp(stamp: Stamp) -> str:
    """Return when a file was changed, in a form that sorts among Kubernetes' creation timestamps."""
    seconds, nanoseconds = divmod(stamp.modified, 1_000_000_000)
    return f"{_date(seconds)}.{nanoseconds:09d}Z"


@lru_cache(maxsize=64)
def _date(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
