"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os


def write_atomically(path: str | os.PathLike[str], content: bytes, what: str) -> None:
    """Write to a new file beside ``path``, make sure that it is on the disk, and only then give it the name.

    what : the operation and the thing, for the message: "render: cannot write the picture"

    Whatever happens, ``path`` is either the whole new file or what it was before; only a device or a pipe, which can
    hold no whole file, is written to as it is. An OSError keeps its type and names the path.

    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "a.txt")
    >>> write_atomically(path, b"all of it", "example: cannot write the text")
    >>> with open(path) as file:
    ...     file.read()
    'all of it'
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
            with open(path, "wb") as stream:
                stream.write(content)
        else:
            _replace(os.path.realpath(path), content)  # a link stays a link
    except OSError as error:
        raise type(error)(error.errno, f"{what} ({error.strerror})", os.fspath(path)) from error


def _replace(target: str, content: bytes) -> None:
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if hasattr(os, "O_DIRECTORY"):  # where a folder can be opened, its new entry is made to last, too
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
