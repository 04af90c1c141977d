# SPDX-License-Identifier: Apache-2.0
"""Figures: what was measured, in numbers that can be compared later, and the table people read."""
import dataclasses
import datetime
import os
import pathlib
import platform
import statistics


def spread(values):
    """{median, min, max, n} of repeated measurements."""
    values = [float(value) for value in values]
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "n": len(values)}


@dataclasses.dataclass
class Figure:
    name: str   # For programs; it never changes its meaning.
    title: str  # For people.
    unit: str   # "/s", "ms", "s", "MB"
    ours: dict  # spread()
    peers: dict = dataclasses.field(default_factory=dict)  # {"http-backend": spread(), ...}
    goal: str = ""
    met: bool | None = None
    note: str = ""
    more: dict = dataclasses.field(default_factory=dict)

    @property
    def ratios(self):
        """How many times better than each peer: by its speed, or by its time if that is what is measured."""
        ours = self.ours["median"]
        return {name: (ours / peer["median"] if self.unit == "/s" else peer["median"] / ours)
                for name, peer in self.peers.items() if ours and peer["median"]}

    def as_json(self):
        return {**dataclasses.asdict(self), "ratios": self.ratios}


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def with_unit(figure, value):
    return number(value) + (figure.unit if figure.unit == "/s" else " " + figure.unit)


def cells(figure):
    ours = figure.ours
    peers = ", ".join(f"{name} {with_unit(figure, peer['median'])}" for name, peer in figure.peers.items())
    ratios = ", ".join(f"{number(ratio)}x {name}" for name, ratio in figure.ratios.items())
    met = {True: "yes", False: "NO", None: ""}[figure.met]
    spread_text = f"{number(ours['min'])}..{number(ours['max'])}, n={ours['n']}"
    return [figure.title, with_unit(figure, ours["median"]), spread_text, peers, ratios, figure.goal, met]


HEADINGS = ["work", "origind", "min..max", "peers", "ratio", "goal", "met"]


def table(figures):
    rows = [HEADINGS, *map(cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    lines += ["", *[f"{figure.title}: {figure.note}" for figure in figures if figure.note]]
    return "\n".join(lines).rstrip()


def _cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine():
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cores": os.cpu_count(), "cpu": _cpu_model(), "memory_gib": round(pages / 2**30, 1),
            "kernel": platform.release(), "load_before": round(os.getloadavg()[0], 2)}


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
