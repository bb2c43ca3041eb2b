"""Machine code on the disk comes back whole or not at all, and is never a reason for a run to fail."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_core.programs.llvm import cache

KEY, OTHER = cache.key_of("a program"), cache.key_of("another")
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes of POSIX")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "codes"
    monkeypatch.setenv("AUTOGRAD_CORE_CACHE", str(path))
    return path


def file_of(folder: Path, key: str = KEY) -> Path:
    return folder / f"{key}.code"


@pytest.mark.parametrize("code", [b"", b"\x7fELF", bytes(range(256)) * 300])
def test_what_was_stored_comes_back(code: bytes) -> None:
    assert cache.load(KEY) is None
    cache.store(KEY, code)
    assert cache.load(KEY) == code and cache.load(OTHER) is None
    cache.store(KEY, code + b"new")
    assert cache.load(KEY) == code + b"new"


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_keys_are_equal_only_where_all_parts_are(a: list[str], b: list[str]) -> None:
    assert (cache.key_of(*a) == cache.key_of(*b)) == (a == b)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "0" * 63])
def test_a_key_is_no_path(key: str) -> None:
    for use in (lambda: cache.load(key), lambda: cache.store(key, b"")):
        with pytest.raises(ValueError, match="key_of"):
            use()


def test_a_file_changed_anywhere_is_ignored_and_replaced(folder: Path) -> None:
    cache.store(KEY, b"0123456789")
    whole = file_of(folder).read_bytes()
    damaged = [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(len(whole))]
    damaged += [whole[:i] for i in range(len(whole))] + [whole + b"\0"]
    for content in damaged:
        file_of(folder).write_bytes(content)
        assert cache.load(KEY) is None
    cache.store(KEY, b"again")
    assert cache.load(KEY) == b"again"


def test_a_file_under_another_name_is_ignored(folder: Path) -> None:
    cache.store(KEY, b"code")
    file_of(folder).rename(file_of(folder, OTHER))
    assert cache.load(OTHER) is None


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_ignored_and_replaced(folder: Path, mode: int) -> None:
    cache.store(KEY, b"code")
    file_of(folder).chmod(mode)
    assert cache.load(KEY) is None
    cache.store(KEY, b"code")
    assert cache.load(KEY) == b"code"
    assert file_of(folder).stat().st_mode & 0o777 == 0o600


@posix
def test_a_file_of_somebody_else_is_ignored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store(KEY, b"code")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.load(KEY) is None


@posix
def test_a_link_is_not_followed_neither_to_read_nor_to_write(folder: Path, tmp_path: Path) -> None:
    cache.store(KEY, b"code")
    elsewhere = tmp_path / "elsewhere"
    file_of(folder).rename(elsewhere)
    before = elsewhere.read_bytes()
    file_of(folder).symlink_to(elsewhere)
    assert cache.load(KEY) is None
    cache.store(KEY, b"mine")
    assert elsewhere.read_bytes() == before and not file_of(folder).is_symlink()
    assert cache.load(KEY) == b"mine"


@posix
def test_what_is_no_file_is_ignored_without_waiting_for_it(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(file_of(folder))
    assert cache.load(KEY) is None
    file_of(folder, OTHER).mkdir()
    assert cache.load(OTHER) is None
    cache.store(OTHER, b"code")
    assert cache.load(OTHER) is None


@posix
def test_only_the_owner_reads_and_a_lenient_umask_does_not_shut_the_owner_out(folder: Path) -> None:
    before = os.umask(0o002)
    try:
        cache.store(KEY, b"code")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o077 == 0
    assert cache.load(KEY) == b"code"


def test_off_means_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store(KEY, b"code")
    monkeypatch.setenv("AUTOGRAD_CORE_CACHE", "off")
    assert cache.folder() is None and cache.load(KEY) is None
    cache.store(OTHER, b"code")
    assert [p.name for p in folder.iterdir()] == [file_of(folder).name]


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname != "Linux", reason="the rules of XDG")
def test_the_folder_is_the_systems_for_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AUTOGRAD_CORE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == str(tmp_path / "autograd-core")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.folder() == str(tmp_path / "home/.cache/autograd-core")


@pytest.mark.parametrize("kind", ["a file", "below a file"])
def test_where_nothing_can_be_written_nothing_happens(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    place = tmp_path / "taken" if kind == "a file" else tmp_path / "taken" / "below"
    monkeypatch.setenv("AUTOGRAD_CORE_CACHE", str(place))
    cache.store(KEY, b"code")
    assert cache.load(KEY) is None


def test_what_was_not_used_for_longest_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [cache.key_of(str(k)) for k in range(4)]
    for age, key in enumerate(keys[:3]):
        cache.store(key, bytes(1000))
        os.utime(file_of(folder, key), (age, age))
    (folder / "of somebody else").write_bytes(bytes(5000))
    assert cache.load(keys[0]) is not None  # the oldest, but used now
    monkeypatch.setattr(cache, "LIMIT", 3300)
    cache.store(keys[3], bytes(1000))
    assert [cache.load(key) is not None for key in keys] == [True, False, True, True]
    assert (folder / "of somebody else").exists()
    cache.store(keys[1], bytes(3000))  # alone it would fill the cache
    assert cache.load(keys[1]) is None


def test_two_writers_leave_one_whole_file(folder: Path) -> None:
    codes = [hashlib.sha256(bytes([k])).digest() * 2000 for k in range(4)]
    seen: set[bytes | None] = set()

    def work(code: bytes) -> None:
        for _ in range(5):
            cache.store(KEY, code)
            seen.add(cache.load(KEY))

    threads = [threading.Thread(target=work, args=(code,)) for code in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen <= set(codes)
    assert [p.name for p in folder.iterdir()] == [file_of(folder).name]
