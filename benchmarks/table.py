"""The report as text: a heading, a block for each workload as it ends, and the summary as a Markdown table."""

from benchmarks.workloads import PEERS


def heading(report: dict) -> str:
    """Say on what was measured, and how."""
    machine = report["machine"]
    removed = ", ".join(report["removed_from_environment"]) or "nothing"
    return (
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}; "
        f"{report['threads']} thread(s) for every library, {report['rounds']} rounds\n"
        f"load before the first round: {report['load_before']:.2f}; removed from the environment: {removed}\n"
    )


def detail(workload: str, result: dict) -> str:
    """Return one workload's medians, each followed by its ratio to PyTorch eager, and what building, compiling and the
    first figures took."""
    title = f"{workload} ({result['dtype']}, {result['seconds']:.0f} s)" if result["dtype"] else workload
    lines = [title]
    for peer, measured in result["peers"].items():
        cells = []
        for metric, unit in result["metrics"].items():
            value = measured.get("median", {}).get(metric)
            if value is not None:
                ratio = measured.get("ratio", {}).get(metric)
                label = "" if metric == "time" else f"{metric} "
                cells.append(f"{label}{number(value):>6} {unit} {times(ratio):>7}")
        first = f"   first {number(measured['first'])} s" if cells and "first" in measured else ""
        lines.append(f"  {peer:<14}" + ("   ".join(cells) or "–") + first + remark(measured))
    return "\n".join(lines) + "\n"


def remark(measured: dict) -> str:
    """Return what a reader must know of a result that is not simply a number."""
    reasons = [measured[kind] for kind in ("missing", "failed", "disagrees") if kind in measured]
    kind = "failed: " if "failed" in measured else "DISAGREES: " if "disagrees" in measured else ""
    return f"  {kind}{'; '.join(reasons)}" if reasons else ""


def summary(report: dict) -> str:
    """Return the table of ratios to PyTorch eager, the reasons for its gaps, and the libraries at work."""
    peers = [peer for peer in PEERS if any(peer in result["peers"] for result in report["workloads"].values())]
    others = [peer for peer in peers if peer != "torch_eager"]
    lines = ["| workload | " + " | ".join(["torch_eager", *others]) + " |", "|---" * (len(others) + 2) + "|"]
    for workload, result in report["workloads"].items():
        for metric, unit in result["metrics"].items():
            base = result["peers"].get("torch_eager", {}).get("median", {}).get(metric)
            cells = [workload if metric == "time" else f"{workload}, {metric}"]
            cells.append("–" if base is None else f"{number(base)} {unit}")
            cells += [cell(result["peers"].get(peer, {}), metric, unit) for peer in others]
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "– and why:", *gaps(report), "", "libraries:", *libraries(report)]
    return "\n".join(lines)


def cell(measured: dict, metric: str, unit: str) -> str:
    """Return one ratio, or the number itself where there is none; `≠` where the losses disagree."""
    value, ratio = (measured.get(kind, {}).get(metric) for kind in ("median", "ratio"))
    mark = " ≠" if "disagrees" in measured else ""
    if value is None:
        return "–" + mark
    return (f"{number(value)} {unit}" if ratio is None else times(ratio)) + mark


def gaps(report: dict) -> list[str]:
    """Return each reason once, with the peers and workloads it holds for."""
    held: dict[str, dict[str, list[str]]] = {}
    for workload, result in report["workloads"].items():
        for peer, measured in result["peers"].items():
            if text := remark(measured).strip():
                held.setdefault(text, {}).setdefault(peer, []).append(workload)
    lines = []
    for reason, places in held.items():
        told = [f"{peer} in {', '.join(where)}" for peer, where in places.items()]
        lines.append(f"- {'; '.join(told)}: {reason}")
    return lines


def libraries(report: dict) -> list[str]:
    """Return every peer's version and the BLAS and OpenMP libraries it had loaded."""
    found: dict[str, tuple[str | None, dict[str, None]]] = {}
    for result in report["workloads"].values():
        for peer, measured in result["peers"].items():
            if "libraries" in measured:
                known = found.setdefault(peer, (measured["version"], {}))
                known[1].update(dict.fromkeys(measured["libraries"]))
    return [f"- {peer} {version or ''}: {'; '.join(names)}" for peer, (version, names) in found.items()]


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 99.5 else f"{value:.3g}"


def times(ratio: float | None) -> str:
    """Return a ratio with its sign, or nothing."""
    return "" if ratio is None else f"{number(ratio)}×" if ratio >= 9.95 else f"{ratio:.2f}×"
