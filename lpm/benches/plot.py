"""Puts the results of `make bench` and `make bench-dpdk` into the page that shows them: curves and tables.

The page says where each table stands (`<!-- plot.py: NAME -->` to `<!-- end -->`). Tables are those that the runs
printed; under the lost cells stands what limits them, which people write into `limits.txt` beside this file. The run has
to be one of all cases; where there is none beside DPDK, that table stays.

usage: plot.py RESULTS PAGE
"""

import csv
import fnmatch
import pathlib
import re
import sys

import matplotlib

matplotlib.use("svg")
# Text stays text, and two runs with the same figures make the same files.
matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "ipgate", "font.family": "sans-serif"}
matplotlib.rcParams |= {"axes.spines.top": False, "axes.spines.right": False}
import matplotlib.pyplot as plt

# Who is shown, in which colour.
WHO = {
    "ours": ("ipgate", "#d1242f"),
    "prefix-trie": ("prefix-trie", "#0969da"),
    "treebitmap": ("treebitmap", "#8250df"),
    "iptrie": ("iptrie", "#1a7f37"),
    "sorted": ("sorted list", "#9a6700"),
    "poptrie": ("poptrie", "#bf3989"),
    "iprange": ("iprange", "#57606a"),
    "linear": ("linear scan", "#afb8c1"),
}
SIZES = {"10": 10, "100": 100, "1k": 1_000, "100k": 100_000}
FULL = {"v4": 901_899, "v6": 160_147}
MIXES = {"uniform": "any address", "drawn": "inside prefixes", "zipf": "10,000 clients, Zipf"}
MODES = {"lat": "latency", "thr": "throughput"}
LIMITS = pathlib.Path(__file__).with_name("limits.txt")
# Tables of more rows are folded.
LONG = 12


class Run:
    """The figures of a run: the median of a case, an address mix and a mode, for whoever took part."""

    def __init__(self, source):
        lines = pathlib.Path(source).read_text().splitlines()
        self.cpu = lines[0].lstrip("# ")
        rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
        self.medians = {(r["case"], r["mix"], r["mode"], r["who"]): float(r["median"]) for r in rows}

    def of(self, case, mix, mode, who):
        return self.medians.get((case, mix, mode, who))


def curves(axis, run, family, mix, mode):
    """One panel: a line for everyone who took part."""
    for who, (label, colour) in WHO.items():
        figures = ((size, run.of(f"{family}-map-{name}", mix, mode, who)) for name, size in sizes(family))
        points = [(size, figure) for size, figure in figures if figure is not None]
        if points:
            width = {"linewidth": 2.8, "zorder": 3} if who == "ours" else {"linewidth": 1.3}
            axis.plot(*zip(*sorted(points)), marker="o", markersize=3.5, label=label, color=colour, **width)
    axis.set(xscale="log", yscale="log")
    axis.minorticks_off()
    axis.set_yticks([1, 10, 100], ["1", "10", "100"])
    axis.set_xticks([10, 1_000, 100_000], ["10", "1,000", "100,000"])
    axis.grid(True, which="major", alpha=0.25)


def sizes(family):
    return {**SIZES, "full": FULL[family]}.items()


def draw(run, file, family, mixes, modes, size):
    """A picture with a row for each mode and a column for each mix, or one row where there is one mix."""
    one = len(mixes) == 1
    shape = (1, len(modes)) if one else (len(modes), len(mixes))
    figure, axes = plt.subplots(*shape, figsize=size, sharex=True, sharey=True, squeeze=False)
    panels = [(mix, mode) for mode in modes for mix in mixes]
    for axis, (mix, mode) in zip(axes.flat, panels):
        curves(axis, run, family, mix, mode)
        axis.set_title(MODES[mode] if one else f"{MODES[mode]}, {MIXES[mix]}", fontsize=10)
    for row in axes:
        row[0].set_ylabel("ns per lookup")
    for axis in axes[-1]:
        axis.set_xlabel(f"IP{family} prefixes")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="lower center", ncols=len(WHO), fontsize=9, frameon=False)
    if not one:
        figure.suptitle(f"ipgate in its default build, peers for the native CPU: {run.cpu}", fontsize=9)
    figure.tight_layout(rect=(0, 0.13 if one else 0.05, 1, 1))
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def parts(text, mark):
    """The parts of a text that begin with a heading of this mark, by their headings."""
    _, *rest = re.split(rf"^{mark} ", text, flags=re.MULTILINE)
    return {heading: body.strip() for heading, body in (part.split("\n", 1) for part in rest)}


def table(text):
    """Head and rows of the first table in a text."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return lines[:2], lines[2:]


def folded(summary, text):
    return ["<details>", f"<summary>{summary}</summary>", "", text, "", "</details>", ""]


def limits(source):
    """What limits which cells: patterns of case, mix, mode and what is asked, and a sentence."""
    lines = (line for line in source.read_text().splitlines() if line and not line.startswith("#"))
    return [(tuple(patterns), sentence) for *patterns, sentence in (line.split(None, 4) for line in lines)]


def lost(text):
    """The lost cells, those with the same limit together, those without a known one first."""
    head, rows = table(text)
    yield from [text.split("\n", 1)[0], ""]
    known = limits(LIMITS)
    by_limit = {None: [], **{sentence: [] for _, sentence in known}}
    for row in rows:
        cell = [field.strip() for field in row.split("|")[1:5]]
        fits = (sentence for patterns, sentence in known if all(map(fnmatch.fnmatchcase, cell, patterns)))
        by_limit[next(fits, None)].append(row)
    for sentence, rows in by_limit.items():
        if not rows:
            sentence and print(f"plot.py: {LIMITS.name} explains what is not lost: {sentence}", file=sys.stderr)
            continue
        yield from [sentence or "Not explained yet:", ""]
        lines = "\n".join([*head, *rows])
        yield from folded(f"{len(rows)} cells", lines) if len(rows) > LONG else [lines, ""]


def every(text):
    """A folded part for each group of cases."""
    for heading, body in parts(text, "###").items():
        yield from folded(heading, body)


def put(page, name, rows):
    """The page with a table of these rows where it stands."""
    place = re.compile(rf"(<!-- plot.py: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    found = place.search(page) or sys.exit(f"plot.py: the page has no place for {name}")
    return page[: found.start()] + found[1] + "\n".join([*rows, ""]) + page[found.start(2) :]


def main(results, page):
    results, page = pathlib.Path(results), pathlib.Path(page)
    text, pictures = page.read_text(), page.parent / "pictures"
    run = Run(results / "crates.tsv")
    for family in FULL:
        draw(run, pictures / f"bench-{family}.svg", family, list(MIXES), list(MODES), (11, 6.4))
    draw(run, pictures / "bench.svg", "v4", ["drawn"], list(MODES), (8.4, 3.6))
    printed = parts((results / "crates.txt").read_text(), "##")
    text = put(text, "lost", lost(printed["Lost cells"]))
    text = put(text, "bars", [printed["Bars"]])
    text = put(text, "cells", [run.cpu, "", *every(printed["Every cell"])])
    beside = results / "dpdk.txt"
    if beside.exists():
        head, rows = table(beside.read_text())
        text = put(text, "dpdk", [*head, *(row for row in rows if "DPDK" in row)])
    page.write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
