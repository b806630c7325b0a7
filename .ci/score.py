#!/usr/bin/env python3
"""Measures digitizing and reconstruction against known truth, through the files that kmeta writes.

    score.py fixtures [--write docs/accuracy.md]
        digitizes the example figures, compares every curve, risk-table cell and reconstructed patient with the
        cohorts they were drawn from, and prints a Markdown table (or puts it into the file)
    score.py corpus DIR
        digitizes the figures of DIR/dev and runs DIR/score.py and DIR/score_ipd.py on the result
    score.py convert SIDECARS OUT [--patients DIR]
        turns NAME.kmfig.json files (and DIR/NAME/ipd.csv) into what score.py and score_ipd.py read

Only `corpus` needs numpy and pandas, for the two score scripts. The kmeta binary is `target/release/kmeta`, or
the one named by the environment variable KMETA.
"""

import argparse
import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KMETA = os.environ.get("KMETA", str(ROOT / "target" / "release" / "kmeta"))
FIGURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".pdf", ".tif", ".tiff", ".gif", ".webp", ".bmp", ".svg"}
SIDECAR_SUFFIX = ".kmfig.json"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def read_json(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def sidecars(folder):
    """Sidecars of a folder by figure name."""
    paths = sorted(pathlib.Path(folder).glob("*" + SIDECAR_SUFFIX))
    return {path.name.removesuffix(SIDECAR_SUFFIX): path for path in paths}


def digitize(figures, out):
    # Exit code 1 means that some figure was refused: its sidecar says so, and the score counts it.
    done = subprocess.run([KMETA, "digitize", *map(str, figures), "--out", str(out)], check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"kmeta digitize ended with {done.returncode}")


def reconstruct(sidecar, out, extra=()):
    """Patients by arm, or nothing where the figure does not say how many there are."""
    done = subprocess.run(
        [KMETA, "reconstruct", str(sidecar), "--out", str(out), *extra],
        check=False, capture_output=True, text=True,
    )
    if done.returncode != 0:
        print(f"{sidecar.name}: {' '.join(done.stderr.split())[:200]}", file=sys.stderr)
    table = out / "ipd.csv"
    return patients_of(table) if table.exists() else {}


def patients_of(path):
    arms = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            status = int(row["status"])
            arms.setdefault(row["arm"], []).append((float(row["time"]), status))
    return arms


# --- the scores' own input ------------------------------------------------------------------------------------


def page_point(figure, point):
    """A point of the figure in the pixels of its file: a scan may have been turned upright before it was read."""
    rotation = figure.get("rotation")
    if rotation is None:
        return point
    angle = math.radians(rotation["degrees"])
    across, down = point[0] - rotation["width"] / 2, point[1] - rotation["height"] / 2
    return (
        figure["source"]["width"] / 2 + across * math.cos(angle) - down * math.sin(angle),
        figure["source"]["height"] / 2 + across * math.sin(angle) + down * math.cos(angle),
    )


def axis_points(figure, axis, is_x):
    """Two points of an axis as [value, column, row]."""
    ticks = axis["ticks"]
    pixels = [ticks[0]["pixel"], ticks[-1]["pixel"]] if len(ticks) > 1 else [0.0, 100.0]
    line = axis["line_px"]
    value = lambda pixel: axis["intercept"] + axis["slope"] * pixel
    return [[value(pixel), *page_point(figure, (pixel, line) if is_x else (line, pixel))] for pixel in pixels]


def curves_for_score(figure):
    panels = []
    for panel in figure["panels"]:
        arms = [
            {"label": arm["label"], "color": arm["color"], "panel": panel["panel"], **arm["curve"]}
            for arm in panel["arms"]
        ]
        axes = {key: axis_points(figure, panel["axes"][key], key == "x") for key in ("x", "y")}
        panels.append({"arms": arms, "axes": axes})
    return {"panels": panels, "arms": [arm for panel in panels for arm in panel["arms"]]}


def patients_for_score(figure, arms):
    panel_of = {arm["label"]: panel["panel"] for panel in figure["panels"] for arm in panel["arms"]}
    return {
        "arms": [
            {
                "label": label,
                "panel": panel_of.get(label, 0),
                "time": [time for time, _ in patients],
                "status": [status for _, status in patients],
            }
            for label, patients in arms.items()
        ]
    }


def convert(folder, out, patients=None):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name, path in sidecars(folder).items():
        figure = read_json(path)
        (out / f"{name}.json").write_text(json.dumps(curves_for_score(figure)), encoding="utf-8")
        table = pathlib.Path(patients) / name / "ipd.csv" if patients else None
        if table and table.exists():
            content = patients_for_score(figure, patients_of(table))
            (out / f"{name}.ipd.json").write_text(json.dumps(content), encoding="utf-8")


def score_corpus(folder):
    folder = pathlib.Path(folder)
    truth = folder / "dev"
    figures = sorted(path for path in truth.iterdir() if path.suffix.lower() in FIGURE_SUFFIXES)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        digitize(figures, work / "figures")
        for name, path in sidecars(work / "figures").items():
            (work / "patients" / name).mkdir(parents=True)
            reconstruct(path, work / "patients" / name)
        convert(work / "figures", work / "scores", work / "patients")
        for script in ("score.py", "score_ipd.py"):
            command = [sys.executable, str(folder / script), str(truth), str(work / "scores"), "--tags"]
            subprocess.run(command, check=True)


# --- the example figures --------------------------------------------------------------------------------------


def kaplan_meier(patients):
    at_risk, level, times, levels = len(patients), 1.0, [0.0], [1.0]
    for time in sorted({time for time, _ in patients}):
        events = sum(1 for other, status in patients if other == time and status == 1)
        if events:
            level *= 1 - events / at_risk
            times.append(time)
            levels.append(level)
        at_risk -= sum(1 for other, _ in patients if other == time)
    return times, levels


def survival_at(curve, time):
    level = 1.0
    for corner, value in zip(*curve):
        if corner > time:
            break
        level = value
    return level


def integrated_error(one, two, end):
    """Mean |difference| over 0 to end, exact for steps, and the largest difference on a fine grid."""
    grid = sorted({time for curve in (one, two) for time in curve[0] if 0 < time < end} | {0.0, end})
    area = sum(
        abs(survival_at(one, left) - survival_at(two, left)) * (right - left)
        for left, right in zip(grid, grid[1:])
    )
    return area / end


def match_arms(panel, cohorts):
    """Pairs of a traced arm and a cohort with the smallest total error."""
    import itertools

    names = list(cohorts)
    traced = [(arm["curve"]["times"], arm["curve"]["survival"]) for arm in panel["arms"]]
    truth = {name: kaplan_meier(cohorts[name]) for name in names}
    ends = {name: max(time for time, _ in cohorts[name]) for name in names}
    error = lambda index, name: integrated_error(traced[index], truth[name], ends[name])
    count = min(len(traced), len(names))
    best = min(
        itertools.permutations(range(len(traced)), count),
        key=lambda order: sum(error(index, name) for index, name in zip(order, names)),
        default=(),
    )
    return [(index, name, error(index, name)) for index, name in zip(best, names)]


def risk_cells(panel, index, patients):
    """Right and printed cells of an arm's risk row. Every column of the axis is printed in the examples."""
    table = panel["risk_table"]
    if table is None:
        return 0, 0
    row = next((row for row in table["rows"] if row["arm"] == index), None)
    wanted = [sum(1 for time, _ in patients if time >= column) for column in table["times"]]
    found = row["counts"] if row else [None] * len(wanted)
    return sum(one == other for one, other in zip(found, wanted)), len(wanted)


def fixture_rows():
    for study in ("atc-tki", "antiangiogenic-two-arm"):
        folder = ROOT / "fixtures" / study
        figures = sorted((folder / "figures").iterdir())
        with tempfile.TemporaryDirectory() as work:
            work = pathlib.Path(work)
            digitize(figures, work)
            for figure in figures:
                yield from figure_rows(folder, figure, work)


def figure_rows(folder, figure, work):
    with open(folder / "cohorts" / f"{figure.stem}.csv", newline="", encoding="utf-8") as file:
        cohorts = {}
        for row in csv.DictReader(file):
            cohorts.setdefault(row["arm"], []).append((float(row["time"]), int(row["status"])))
    sidecar = work / (figure.stem + SIDECAR_SUFFIX)
    content = read_json(sidecar)
    panel = content["panels"][0] if content["panels"] else {"arms": [], "risk_table": None}
    matches = match_arms(panel, cohorts)
    (work / figure.stem).mkdir()
    patients = reconstruct(sidecar, work / figure.stem)
    spurious = len(panel["arms"]) - len(matches)
    for index, name, error in matches:
        right, cells = risk_cells(panel, index, cohorts[name])
        mine = patients.get(panel["arms"][index]["label"], []) or list(patients.values())[index : index + 1]
        mine = mine[0] if mine and isinstance(mine[0], list) else mine
        truth = cohorts[name]
        end = max(time for time, _ in truth)
        yield {
            "Figure": figure.name,
            "Arm": name,
            "Verdict": content["verdict"],
            "Curve error": f"{error:.4f}",
            "Risk cells": f"{right}/{cells}",
            "Patients": f"{len(mine)}/{len(truth)}",
            "Events": f"{sum(status for _, status in mine)}/{sum(status for _, status in truth)}",
            "Patients' curve error": (
                f"{integrated_error(kaplan_meier(mine), kaplan_meier(truth), end):.4f}" if mine else "-"
            ),
            "Spurious arms": str(spurious),
        }
    for name in sorted(set(cohorts) - {name for _, name, _ in matches}):
        yield {"Figure": figure.name, "Arm": name, "Verdict": content["verdict"], "Curve error": "not found"}


def markdown(rows):
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns)]
    lines += [[row.get(column, "-") for column in columns] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def score_fixtures(path):
    table = markdown(list(fixture_rows()))
    print(table)
    if path is None:
        return
    text = pathlib.Path(path).read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    pathlib.Path(path).write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    fixtures = commands.add_parser("fixtures")
    fixtures.add_argument("--write")
    corpus = commands.add_parser("corpus")
    corpus.add_argument("folder")
    converting = commands.add_parser("convert")
    converting.add_argument("sidecars")
    converting.add_argument("out")
    converting.add_argument("--patients")
    options = parser.parse_args()
    if options.command == "fixtures":
        score_fixtures(options.write)
    elif options.command == "corpus":
        score_corpus(options.folder)
    else:
        convert(options.sidecars, options.out, options.patients)


if __name__ == "__main__":
    main()
