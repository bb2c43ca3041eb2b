"""What goes wrong in a process on purpose: interrupts at any instant, and how often it is tried."""

import functools
import linecache
import random
import signal
import sys

from hypothesis import settings


def count(few, many):
    """``few`` rounds, or ``many`` with ``--hypothesis-profile=search``."""
    return many if settings().max_examples > 100 else few


def interrupted(call, at):
    """Make a call and raise KeyboardInterrupt at its ``at``-th instant. Gives how many instants there were until then,
    and whether the call was broken off.

    Instants are those at which Python handles signals: the beginning of a function, the end of a call into C, and the
    way back to the head of a loop. Python's own threading is left alone, for it does not stand it.
    """
    instants = 0

    def instant(frame):
        nonlocal instants
        if not frame.f_code.co_filename.endswith("threading.py"):
            instants += 1
            if instants == at:
                raise KeyboardInterrupt

    def profile(frame, event, arg):
        if event in ("call", "c_return") and arg not in (sys.setprofile, sys.settrace):
            instant(frame)

    def trace(frame, event, arg):
        last = frame.f_lineno

        def lines(frame, event, arg):
            nonlocal last
            line, last = last, frame.f_lineno
            if event == "line" and last < line and is_loop(frame.f_code.co_filename, last):
                instant(frame)
            return lines

        return lines

    before = sys.gettrace(), sys.getprofile()
    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        call()
    except KeyboardInterrupt:
        return instants, True
    finally:
        sys.setprofile(before[1])
        sys.settrace(before[0])
    return instants, False


def alarmed(call, seconds):
    """Make a call and raise KeyboardInterrupt by a real signal after so many seconds; whether it was broken off."""

    def ring(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
        call()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    finally:
        signal.signal(signal.SIGALRM, before)
    return False


@functools.cache
def is_loop(file, line):
    return linecache.getline(file, line).strip().startswith(("for ", "while "))


def instants(total, few, many, seed=0):
    """Which instants of ``total`` are tried: all, or as many of them as ``count`` says, the last ones among them, where
    things are put back."""
    number = count(few, many)
    if total <= number:
        return range(1, total + 1)
    last = range(total - number // 4, total + 1)
    return sorted({*random.Random(seed).sample(range(1, total), number - len(last)), *last})
