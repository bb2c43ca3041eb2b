"""A profile as Chrome's trace events, which chrome://tracing and Perfetto read.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.errors import printable
from ..support.files import write_atomically

if TYPE_CHECKING:
    from ..support.types import Fields
    from .profiling import Event, profile

__all__ = ["trace_events", "write"]

_TRACKS = {"forward": 1, "backward": 2}
_FIRST = {"M": 0, "X": 1, "s": 2, "f": 2, "C": 3}  # of what begins at one moment


def write(profile: profile, path: str | Path) -> Path:
    """``profile.export_chrome_trace``: the whole file or none of it."""
    path = Path(path)
    text = json.dumps({"traceEvents": trace_events(profile), "displayTimeUnit": "ms"})
    write_atomically(path, text.encode(), "export_chrome_trace: cannot write the trace")
    return path


def trace_events(profile: profile) -> list[Fields]:
    """The events, by time; of two that begin together the longer is first, so that each stands inside its module."""
    began, pid = profile.began or 0, os.getpid()

    def at(moment: int) -> float:
        """Microseconds since the beginning."""
        return (moment - began) / 1000

    def slice_(event: Event) -> Fields:
        module = event.kind == "module"
        name = f"{event.module.rpartition('.')[2]}: {event.name}" if module and "." in event.module else event.name
        track = _TRACKS["backward" if event.kind == "backward" else "forward"]
        times = {"ts": at(event.start), "dur": (event.end - event.start) / 1000}
        return {"ph": "X", "name": name, "cat": event.kind, "pid": pid, "tid": track, **times, "args": _details(event)}

    def arrow(i: int, event: Event) -> list[Fields]:
        if event.made is None:
            return []
        both = {"name": "gradient", "cat": "gradient", "id": i, "pid": pid}
        source = profile.events[event.made]
        return [
            {"ph": "s", **both, "tid": _TRACKS["forward"], "ts": at(source.start)},
            {"ph": "f", "bp": "e", **both, "tid": _TRACKS["backward"], "ts": at(event.start)},
        ]

    found = [_named("process_name", "autograd_core", pid, 0)]
    for track, tid in _TRACKS.items():
        found.append(_named("thread_name", track, pid, tid))
        found.append({"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": {"sort_index": tid}})
    for i, event in enumerate(profile.events):
        found += [slice_(event), *arrow(i, event)]
    for moment, count in profile.kept:
        found.append({"ph": "C", "name": "kept for backward", "pid": pid, "ts": at(moment), "args": {"bytes": count}})
    return sorted(found, key=lambda e: (_FIRST[e["ph"]] > 0, e.get("ts", 0), _FIRST[e["ph"]], -e.get("dur", 0)))


def _named(what: str, name: str, pid: int, tid: int) -> Fields:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _details(event: Event) -> Fields:
    """What a click on the event shows."""
    details: dict[str, Any] = {"module": event.module} if event.module else {}
    if event.source is not None:
        details["source"] = printable(f"{event.source[0]}:{event.source[1]}")
    if event.shape is not None:
        details["shape"] = "×".join(map(str, event.shape)) or "scalar"
    operations = event.backward_flops if event.kind == "backward" else event.flops
    if event.kind != "module" and operations is not None:
        details["flops"] = operations
    if event.kept:
        details["bytes kept"] = event.kept
    return details
