"""Machine code on the disk, so that a program is compiled once for a machine and not once for a process.

A file holds a mark, a checksum of key and code, and the code; it is named by its key and written whole or not at all.
One that is damaged, a link, or somebody else's to write is as good as none. Nothing here ever stops a run: what
cannot be read is compiled, and what cannot be written is compiled again the next time.

The environment's ``AUTOGRAD_CORE_CACHE`` is the folder, or "off"; without it the folder is the system's for caches.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys

from ...support.files import remove_stale, write_atomically

LIMIT = 256 * 2**20
_MARK = b"autograd-core code 1\n"
_NAME = re.compile(r"[0-9a-f]{64}\.code")


def key_of(*parts: str | bytes) -> str:
    """A key for all of these together: the program, the processor, the versions.

    parts : in order; their bounds count, too

    >>> key_of("ab", "c") == key_of("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def folder() -> str | None:
    """Where the files lie; None where there are to be none."""
    chosen = os.environ.get("AUTOGRAD_CORE_CACHE", "")
    if chosen == "off":
        return None
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        home = os.path.expanduser("~/Library/Caches")
    else:
        home = os.environ.get("XDG_CACHE_HOME", "")
        home = home if os.path.isabs(home) else os.path.expanduser("~/.cache")
    return os.path.join(home, "autograd-core") if os.path.isabs(home) else None


def load(key: str) -> bytes | None:
    """The code that was stored under a key; None where there is none, or none to be trusted.

    key : of `key_of`
    """
    path = _path(key)
    if path is None:
        return None
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_BINARY"))
        with open(descriptor, "rb") as file:
            if not _is_ours(os.fstat(descriptor)):
                return None
            content = file.read(LIMIT + 1)
        head = len(_MARK) + hashlib.sha256().digest_size
        code = content[head:]
        if content[:head] == _MARK + _checksum(key, code):
            with contextlib.suppress(OSError):
                os.utime(path)  # used last goes last
            return code
    return None


def store(key: str, code: bytes) -> None:
    """Keep code for other processes, and let go of what was not used for longest where there is more than ``LIMIT``.

    key : of `key_of`
    code : what `load` gives back
    """
    path = _path(key)
    if path is None or len(code) > LIMIT // 2:
        return
    with contextlib.suppress(OSError):
        where = os.path.dirname(path)
        os.makedirs(where, mode=0o700, exist_ok=True)
        write_atomically(path, _MARK + _checksum(key, code) + code, "cache: cannot write machine code", private=True)
        _evict(where)


def _path(key: str) -> str | None:
    if not _NAME.fullmatch(f"{key}.code"):
        raise ValueError(f"cache: {key!r} is not a key of key_of.")
    where = folder()
    return None if where is None else os.path.join(where, f"{key}.code")


def _checksum(key: str, code: bytes) -> bytes:
    return hashlib.sha256(key.encode() + code).digest()


def _flag(name: str) -> int:
    return int(getattr(os, name, 0))


def _is_ours(about: os.stat_result) -> bool:
    """A plain file that nobody else can have written."""
    if not stat.S_ISREG(about.st_mode):
        return False
    if sys.platform == "win32":
        return True
    return about.st_uid == os.geteuid() and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _evict(where: str) -> None:
    """Delete the files that were not used for longest until the rest is within the limit."""
    remove_stale(where, _NAME)
    found = []
    with os.scandir(where) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    about = entry.stat(follow_symlinks=False)
                    found.append((about.st_mtime_ns, about.st_size, entry.path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= LIMIT:
            break
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size
