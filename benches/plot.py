"""Draws the curves of a benchmark run: size on x, nanoseconds on y, a line per table.

usage: plot.py FILE.tsv DIRECTORY
"""

import csv
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

WHO = ["ours", "prefix-trie", "treebitmap", "iptrie", "sorted", "iprange", "linear"]
SIZES = {"10": 10, "1k": 1_000, "100k": 100_000, "1m": 1_000_000}
FULL = {"v4": 901_899, "v6": 160_147}
MIXES = ["uniform", "drawn", "zipf"]


def main(source, directory):
    lines = pathlib.Path(source).read_text().splitlines()
    cpu = lines[0].lstrip("# ")
    rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    least = {(r["case"], r["mix"], r["mode"], r["who"]): float(r["least"]) for r in rows}
    for family in ["v4", "v6"]:
        sizes = {**SIZES, "full": FULL[family]}
        figure, axes = plt.subplots(2, 3, figsize=(12, 6.5), sharex=True, sharey="row")
        for row, mode in zip(axes, ["lat", "thr"]):
            for axis, mix in zip(row, MIXES):
                for who in WHO:
                    name = lambda size: (f"{family}-map-{size}", mix, mode, who)
                    points = sorted((n, least[name(s)]) for s, n in sizes.items() if name(s) in least)
                    if points:
                        style = {"linewidth": 2.5, "zorder": 3} if who == "ours" else {"linewidth": 1.2}
                        label = "ipgate" if who == "ours" else who
                        axis.plot(*zip(*points), marker="o", markersize=3, label=label, **style)
                axis.set(xscale="log", yscale="log", title=f"{mix}, {'latency' if mode == 'lat' else 'throughput'}")
                axis.grid(True, which="major", alpha=0.3)
            row[0].set_ylabel("ns per lookup")
        for axis in axes[1]:
            axis.set_xlabel("entries")
        axes[0][0].legend(fontsize=8)
        title = f"IP{family} map of 100 values; ipgate in its default build, peers for the native CPU\n{cpu}"
        figure.suptitle(title, fontsize=10)
        figure.tight_layout()
        figure.savefig(pathlib.Path(directory) / f"bench-{family}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
