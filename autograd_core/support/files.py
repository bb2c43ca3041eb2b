"""Writing files whole or not at all, whoever else writes them."""

from __future__ import annotations

import contextlib
import os
import re
import stat

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be deleted
    fcntl = None  # type: ignore[assignment]

_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{16}\.tmp")


def write_atomically(path: str | os.PathLike[str], content: bytes, what: str, private: bool = False) -> None:
    """Write to a new file beside ``path``, make sure that it is on the disk, and only then give it the name.

    what : the operation and the thing, for the message: "render: cannot write the picture"
    private : for the owner alone, and in place of what had the name, be it a link

    Whatever happens, and however many threads and processes write there, ``path`` is either a whole new file or what it
    was before, and keeps its permissions; only a device or a pipe, which can hold no whole file, is written to as it
    is. An OSError keeps its type and names the path.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.txt")
    >>> write_atomically(path, b"all of it", "example: cannot write the text")
    >>> with open(path) as file:
    ...     file.read()
    'all of it'
    """
    try:
        if private:
            _replace(os.path.abspath(path), content, private)
        elif os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
            with open(path, "wb") as stream:
                stream.write(content)
        else:
            _replace(os.path.realpath(path), content)  # a link stays a link
    except OSError as error:
        raise type(error)(error.errno, f"{what} ({error.strerror})", os.fspath(path)) from error


def remove_stale(folder: str | os.PathLike[str], names: re.Pattern[str]) -> None:
    """Delete what writers of files of these names left behind when they were killed, and nothing that is being written.

    A writer holds a lock on its temporary, which the system lets go when the writer dies.
    """
    for name in os.listdir(folder):
        match = _TEMPORARY.fullmatch(name)
        if match is not None and names.fullmatch(match[1]):
            _remove_if_nobody_writes(os.path.join(folder, name))


def _replace(target: str, content: bytes, private: bool = False) -> None:
    folder, name = os.path.split(target)
    done = False
    while not done:
        # The name cannot be foreseen and must be new, so that neither another writer nor a planted link gets between.
        temporary = os.path.join(folder, f".{name[:48]}.{os.urandom(8).hex()}.tmp")
        try:
            with open(temporary, "wb", opener=_new) as file:
                if not _locked(file.fileno(), wait=True):
                    continue  # somebody took it for stale before it was locked
                with contextlib.suppress(FileNotFoundError):
                    os.chmod(temporary, 0o600 if private else stat.S_IMODE(os.stat(target).st_mode))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                if fcntl is None:
                    file.close()  # Windows renames no open file
                os.replace(temporary, target)
                done = True
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    if hasattr(os, "O_DIRECTORY"):  # where a folder can be opened, its new entry is made to last, too
        with contextlib.suppress(PermissionError):  # one may write to a folder that one may not read
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _new(path: str, _: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0), 0o666)


def _locked(descriptor: int, wait: bool) -> bool:
    """Lock an open file; False where that cannot be, or where the file has lost its name in the meantime."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # held by its writer, or a file system without locks: nobody will take a temporary for stale there
        return wait
    return os.fstat(descriptor).st_nlink > 0


def _remove_if_nobody_writes(path: str) -> None:
    with contextlib.suppress(OSError):
        if fcntl is None:
            return os.unlink(path)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            if _locked(descriptor, wait=False):
                os.unlink(path)
        finally:
            os.close(descriptor)
