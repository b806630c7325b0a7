#!/usr/bin/env python3
"""Measures digitizing and reconstruction against known truth, through the files that kmeta writes.

    score.py fixtures [--write docs/accuracy.md]
        digitizes the example figures, compares every curve, risk-table cell and reconstructed patient with the
        cohorts they were drawn from, and prints a Markdown table (or puts it into the file)
    score.py corpus DIR [--split NAME] [--tags] [--worst N] [--no-patients] [--times] [--keep OUT] [--only WORD]
        digitizes the figures of DIR/NAME (DIR/dev, or DIR itself) that have a NAME.truth.json in one call of kmeta
        and prints curves, patients, risk-table cells, tick calibration, censor marks, verdicts, coverage of the
        intervals and time; then runs DIR/score.py and DIR/score_ipd.py where they are
    score.py compare --before FILE... --after FILE...
        prints a Markdown table by style tag of two lots of scores that `corpus --out FILE` wrote
    score.py convert SIDECARS OUT [--patients DIR]
        turns NAME.kmfig.json files (and DIR/NAME/ipd.csv) into what score.py and score_ipd.py read

Only `corpus` needs numpy, and pandas for the two scripts of a corpus. The kmeta binary is `target/release/kmeta`, or
the one named by the environment variable KMETA.
"""

import argparse
import csv
import json
import math
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

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


def digitize(figures, out, quiet=False):
    # Exit code 1 means that some figure was refused: its sidecar says so, and the score counts it.
    output = subprocess.DEVNULL if quiet else None
    command = [KMETA, "digitize", *map(str, figures), "--out", str(out)]
    done = subprocess.run(command, check=False, stdout=output, stderr=output)
    if done.returncode not in (0, 1):
        sys.exit(f"kmeta digitize ended with {done.returncode}")


def reconstruct(sidecar, out, extra=(), quiet=False):
    """Patients by arm, or nothing where the figure does not say how many there are."""
    done = subprocess.run(
        [KMETA, "reconstruct", str(sidecar), "--out", str(out), *extra],
        check=False, capture_output=True, text=True,
    )
    if done.returncode != 0 and not quiet:
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


def axis_points(figure, axis, is_x, incidence=False):
    """Two points of an axis as [printed value, column, row]."""
    ticks = axis["ticks"]
    pixels = [ticks[0]["pixel"], ticks[-1]["pixel"]] if len(ticks) > 1 else [0.0, 100.0]
    line = axis["line_px"]
    mapped = lambda pixel: axis["intercept"] + axis["slope"] * pixel
    value = lambda pixel: 1 - mapped(pixel) if incidence and not is_x else mapped(pixel)
    return [[value(pixel), *page_point(figure, (pixel, line) if is_x else (line, pixel))] for pixel in pixels]


def curves_for_score(figure):
    panels = []
    for panel in figure["panels"]:
        arms = [
            {"label": arm["label"], "color": arm["color"], "panel": panel["panel"], **arm["curve"]}
            for arm in panel["arms"]
        ]
        incidence = panel.get("quantity") == "incidence"
        axes = {key: axis_points(figure, panel["axes"][key], key == "x", incidence) for key in ("x", "y")}
        panels.append({"arms": arms, "axes": axes})
    return {"panels": panels, "arms": [arm for panel in panels for arm in panel["arms"]]}


def patients_for_score(figure, arms):
    panel_of = {arm["label"]: panel["panel"] for panel in figure["panels"] for arm in panel["arms"]}
    return {
        "arms": [
            {
                "label": label,
                "panel": panel_of.get(label, 0),
                "time": [moment for moment, _ in patients],
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


def truth_folder(folder, split):
    folder = pathlib.Path(folder)
    if split:
        return folder / split
    return folder / "dev" if (folder / "dev").is_dir() else folder


def patients_of_all(found, out):
    """Reconstructs every sidecar, as many at once as there are cores, into out/NAME/ipd.csv."""
    from concurrent.futures import ThreadPoolExecutor

    def one(item):
        name, path = item
        (out / name).mkdir(parents=True, exist_ok=True)
        return name, reconstruct(path, out / name, quiet=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(pool.map(one, found.items()))


def timed(figures, work):
    """Seconds of each figure alone on one thread, start of the program included."""
    environment = dict(os.environ, RAYON_NUM_THREADS="1")
    seconds = {}
    for figure in figures:
        began = time.monotonic()
        subprocess.run([KMETA, "digitize", str(figure), "--out", str(work)], check=False, capture_output=True, env=environment)
        seconds[figure.stem] = time.monotonic() - began
    return seconds


def score_corpus(options):
    import figure_scores as measure

    folder = truth_folder(options.folder, options.split)
    pairs = measure.truths(folder)
    if options.only:
        pairs = [(truth, path) for truth, path in pairs if options.only == truth["name"] or options.only in truth["tags"]]
    if not pairs:
        sys.exit(f"no truth files with curves in {folder}")
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(options.keep or scratch)
        began, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        digitize([path for _, path in pairs], work / "figures", quiet=True)
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        found = {name: path for name, path in sidecars(work / "figures").items() if name in {t["name"] for t, _ in pairs}}
        scores = [measure.score_figure(truth, read_json(found[truth["name"]]) if truth["name"] in found else None) for truth, _ in pairs]
        patients = {}
        if not options.no_patients:
            rows = patients_of_all(found, work / "patients")
            patients = {t["name"]: measure.score_patients(t, s, rows.get(t["name"], {})) for (t, _), s in zip(pairs, scores)}
        measure.print_summary(scores, patients, options.tags, options.worst)
        used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
        print(f"time: {wall:.1f} s for all, {used / len(pairs):.2f} s of processor per figure; largest memory {after.ru_maxrss / 1024:.0f} MB")
        if options.times:
            seconds = timed([path for _, path in pairs], work / "times")
            slowest = max(seconds, key=seconds.get)
            print(f"time of a figure alone on one thread: median {measure.quantile(list(seconds.values()), 50, 2)} s, worst {seconds[slowest]:.2f} s ({slowest})")
        if options.out:
            kept = [{k: v for k, v in s.items() if k not in ("pairs", "read_panels")} for s in scores]
            pathlib.Path(options.out).write_text(json.dumps(dict(figures=kept, patients=patients), indent=1), encoding="utf-8")
        run_corpus_scripts(folder, work, options)


def run_corpus_scripts(folder, work, options):
    """The score scripts that a corpus brings, on the same result."""
    scripts = [folder.parent / name for name in ("score.py", "score_ipd.py")]
    if not all(script.exists() for script in scripts) or options.only:
        return
    convert(work / "figures", work / "scores", None if options.no_patients else work / "patients")
    for script in scripts[: 1 if options.no_patients else 2]:
        print(f"\n{script.name}:", flush=True)
        subprocess.run([sys.executable, str(script), str(folder), str(work / "scores"), *(["--tags"] if options.tags else [])], check=True)


def compare(before, after):
    """Complete and exact figures by style tag, before and after a change."""
    load = lambda files: {s["name"]: s for file in files for s in read_json(file)["figures"]}
    old, new = load(before), load(after)
    names = [name for name in new if name in old]
    right = lambda s, exact: s["complete"] and (not exact or s["iae_max"] < 0.01)
    share = lambda scores, part, exact: f"{100 * sum(right(scores[n], exact) for n in part) / len(part):.0f} %"
    rows = []
    for tag in sorted({tag for name in names for tag in new[name]["tags"]}):
        part = [name for name in names if tag in new[name]["tags"]]
        shares = [share(scores, part, exact) for exact in (False, True) for scores in (old, new)]
        rows.append(dict(zip(("figures with", "number", "complete, before", "complete", "exact, before", "exact"), (tag, str(len(part)), *shares))))
    print(markdown(rows))


# --- the example figures --------------------------------------------------------------------------------------


def kaplan_meier(patients):
    at_risk, level, times, levels = len(patients), 1.0, [0.0], [1.0]
    for moment in sorted({other for other, _ in patients}):
        events = sum(1 for other, status in patients if other == moment and status == 1)
        if events:
            level *= 1 - events / at_risk
            times.append(moment)
            levels.append(level)
        at_risk -= sum(1 for other, _ in patients if other == moment)
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
    corpus.add_argument("--split", help="subfolder to measure; dev where there is one")
    corpus.add_argument("--tags", action="store_true", help="a table by style tag as well")
    corpus.add_argument("--worst", type=int, default=0, metavar="N", help="name the N worst figures")
    corpus.add_argument("--no-patients", action="store_true", help="leave the reconstruction out")
    corpus.add_argument("--times", action="store_true", help="digitize each figure once more alone, for its time")
    corpus.add_argument("--keep", metavar="OUT", help="keep sidecars, overlays and patients in this folder")
    corpus.add_argument("--only", metavar="WORD", help="only the figure of this name or the figures with this tag")
    corpus.add_argument("--out", metavar="FILE", help="every score as JSON")
    comparing = commands.add_parser("compare")
    comparing.add_argument("--before", nargs="+", required=True)
    comparing.add_argument("--after", nargs="+", required=True)
    converting = commands.add_parser("convert")
    converting.add_argument("sidecars")
    converting.add_argument("out")
    converting.add_argument("--patients")
    options = parser.parse_args()
    if options.command == "fixtures":
        score_fixtures(options.write)
    elif options.command == "corpus":
        score_corpus(options)
    elif options.command == "compare":
        compare(options.before, options.after)
    else:
        convert(options.sidecars, options.out, options.patients)


if __name__ == "__main__":
    main()
