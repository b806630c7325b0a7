"""Compares sidecars with truth files, figure by figure (numpy only). The truth format is that of the figure corpus and
of fixtures/generate/figures; `score.py corpus` prints what is computed here."""

import itertools
import json
import math
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fixtures" / "generate" / "figures"))
from patients import cox  # noqa: E402  (log hazard ratio of the true and the reconstructed patients)

FOUND = 0.10  # mean |S - S| up to which a traced curve counts as that arm, as in the corpus's own score
WRONG = 0.02  # a figure with a larger error than this is wrong, and should say so
TICK_LIMIT = 0.5  # pixels
MARK_SHARE, MARK_PIXELS = 0.01, 3.0  # a mark is found within this share of the axis or this many pixels

SUFFIX = ".truth.json"


def truths(folder):
    """Truths of a folder that hold curves of a raster or vector figure, with the figure's path."""
    out = []
    for path in sorted(pathlib.Path(folder).glob("*" + SUFFIX)):
        content = json.loads(path.read_text(encoding="utf-8"))
        if any(arm.get("km") for panel in content.get("panels", []) for arm in panel.get("arms", [])):
            out.append((content, path.with_name(content["file"])))
    return out


# --- curves -------------------------------------------------------------------------------------------------------


def steps(curve):
    """Times and levels as arrays, ascending in time, one level per time."""
    t, s = np.asarray(curve["times" if "times" in curve else "time"], float), np.asarray(curve["survival"], float)
    order = np.argsort(t, kind="stable")
    t, s = t[order], s[order]
    last = np.r_[t[1:] > t[:-1], True] if len(t) else np.array([], bool)
    return t[last], s[last]


def level(curve, moments):
    """Survival at moments, right-continuous, 1 before the first step."""
    t, s = curve
    return np.r_[1.0, s][np.searchsorted(t, np.asarray(moments, float), side="right")]


def integrated_error(one, two, end):
    """Mean |difference| over 0 to end, exact for steps."""
    inner = np.r_[one[0], two[0]]
    grid = np.unique(np.r_[0.0, inner[(inner > 0) & (inner < end)], end])
    return float((np.abs(level(one, grid[:-1]) - level(two, grid[:-1])) * np.diff(grid)).sum() / end)


def assignment(cost):
    """Pairs (row, column) of smallest total cost; exact for the few arms that figures have."""
    rows, columns = cost.shape
    if not rows or not columns:
        return []
    if rows > columns:
        return [(row, column) for column, row in assignment(cost.T)]
    keep = sorted(range(columns), key=lambda c: cost[:, c].min())[:8]
    best = min(itertools.permutations(keep, rows), key=lambda order: sum(cost[r, c] for r, c in enumerate(order)))
    return list(enumerate(best))


# --- places -------------------------------------------------------------------------------------------------------


def page_point(figure, point):
    """A point of the sidecar in the pixels of its file: a scan may have been turned upright before it was read."""
    rotation = figure.get("rotation")
    if rotation is None:
        return point
    angle = math.radians(rotation["degrees"])
    across, down = point[0] - rotation["width"] / 2, point[1] - rotation["height"] / 2
    return (
        figure["source"]["width"] / 2 + across * math.cos(angle) - down * math.sin(angle),
        figure["source"]["height"] / 2 + across * math.sin(angle) + down * math.cos(angle),
    )


def tick_errors(truth, figure, true_panel, panel):
    """Distance in pixels, per axis, from where the sidecar puts the printed end ticks to where they are."""
    scale_x, scale_y = figure["source"]["width"] / truth["width"], figure["source"]["height"] / truth["height"]
    matrix = np.array(true_panel["data_to_pixel"]) * np.array([[scale_x], [scale_y]])
    out = {}
    for axis, column in (("x", 0), ("y", 1)):
        ticks, read = true_panel[f"{axis}_ticks"], panel["axes"][axis]
        if len(ticks) < 2 or not read["slope"]:
            continue
        direction = matrix[:, column] / np.hypot(*matrix[:, column])
        # The sidecar's axis shows survival where incidence is printed; the truth's ticks are as printed.
        complement = axis == "y" and panel.get("quantity") == "incidence"
        errors = []
        for tick in (ticks[0], ticks[-1]):
            value = 1 - tick["value"] if complement else tick["value"]
            pixel = (value - read["intercept"]) / read["slope"]
            point = (pixel, read["line_px"]) if axis == "x" else (read["line_px"], pixel)
            found = np.array(page_point(figure, point))
            errors.append(abs(float((found - np.array(tick["px"]) * [scale_x, scale_y]) @ direction)))
        out[axis] = max(errors)
    return out


def panel_pairs(truth, figure):
    """Read panels by true panel: a read panel belongs to the true one whose plot holds the middle of its plot."""
    pairs, spare = {}, []
    scale = figure["source"]["width"] / truth["width"]
    for panel in figure["panels"]:
        area = panel["plot_area"]
        x, y = page_point(figure, ((area["left"] + area["right"]) / 2, (area["top"] + area["bottom"]) / 2))
        inside = [k for k, p in enumerate(truth["panels"]) if p["plot_bbox"][0] <= x / scale <= p["plot_bbox"][2] and p["plot_bbox"][1] <= y / scale <= p["plot_bbox"][3]]
        if inside and inside[0] not in pairs:
            pairs[inside[0]] = panel
        else:
            spare.append(panel)
    return pairs, spare


# --- what a panel holds -------------------------------------------------------------------------------------------


def plain(text):
    return "".join(c for c in str(text or "").lower() if c.isalnum())


def marks_found(true_panel, arm, read, drawn):
    """Found, true and invented censor marks of an arm."""
    wanted = np.array(arm["censor_times"], float) if drawn else np.array([])
    got = np.sort(np.asarray(read["censor_times"], float)) if read else np.array([])
    per_pixel = 1 / np.hypot(*np.array(true_panel["data_to_pixel"])[:, 0])
    span = true_panel["x_range"][1] - max(0.0, true_panel["x_range"][0])
    limit = max(MARK_SHARE * span, MARK_PIXELS * per_pixel)
    found, i = 0, 0
    for t in wanted:  # both ascending: the earliest mark that is near enough serves each
        while i < len(got) and got[i] < t - limit:
            i += 1
        if i < len(got) and got[i] <= t + limit:
            found, i = found + 1, i + 1
    return found, len(wanted), len(got) - found


def row_cells(true_panel, printed, table, row):
    """Right cells of a printed row: the value at its time; a blank is right when nothing is claimed there."""
    times = np.asarray(table["times"], float)
    span = true_panel["x_range"][1] - true_panel["x_range"][0]
    right = 0
    for t, n in zip(printed["times"], printed["n"]):
        near = np.where(np.abs(times - t) <= 0.01 * span)[0]
        value = row["counts"][near[0]] if len(near) and near[0] < len(row["counts"]) else None
        right += value == n
    return right


def risk_cells(true_panel, panel, pairs):
    """Right cells with the arm's row, right cells in the best order of rows, printed cells; 0 0 0 without a table."""
    printed = [arm.get("nar_printed") for arm in true_panel["arms"]]
    total = sum(len(p["n"]) for p in printed if p)
    table = panel["risk_table"] if panel else None
    if not total or not table:
        return 0, 0, total
    grid = np.array([[-row_cells(true_panel, p, table, row) if p else 0 for row in table["rows"]] for p in printed]).reshape(len(printed), len(table["rows"]))
    any_order = -sum(int(grid[r, c]) for r, c in assignment(grid))
    right = 0
    for k, arm in enumerate(true_panel["arms"]):
        names = {plain(arm["label"]), plain(arm["legend_text"])}
        rows = [c for c, row in enumerate(table["rows"]) if (row["arm"] == pairs[k] if row["arm"] is not None and k in pairs else plain(row["label"]) in names)]
        if len(true_panel["arms"]) == 1 and len(table["rows"]) == 1:
            rows = [0]
        right += -int(grid[k, rows[0]]) if rows else 0
    return right, any_order, total


def counts_right(true_panel, arm, read):
    """Whether the sidecar counts the events of an arm as they were: the true events, each given to the nearest drop of the
    sidecar within 0.3 % of the axis, add up to what is counted there. Programs draw drops that lie closer than that as
    one (matplotlib simplifies its paths). None without the patients or for 500 or more, where one patient is less than
    the digits of a file."""
    if not arm.get("ipd") or arm["n"] >= 500:
        return None
    t, e = true_patients(arm, None)
    reach = true_panel["x_range"][1]
    span = reach - max(0.0, true_panel["x_range"][0])
    last = reach - 3e-3 * span  # a drop at the very edge of the plot may be cut off
    drops = [(d["time"], d["events"]) for d in (read.get("counts") or {}).get("drops", [])]
    events = t[(e == 1) & (t <= last)]
    if not len(events) or not drops:
        return not len(events) and not any(time <= last for time, _ in drops)
    times, found = np.array([time for time, _ in drops]), np.zeros(len(drops), int)
    for moment in events:
        nearest = int(np.abs(times - moment).argmin())
        if abs(times[nearest] - moment) > 3e-3 * span:
            return False
        found[nearest] += 1
    return all(count == got for time, count, got in zip(times, [d[1] for d in drops], found) if time <= last - 3e-3 * span)


def coverage(curve_truth, arm, end):
    """Points inside their interval, in the middle of their stretch and at their own time, and points in all; None
    where the sidecar states no interval."""
    holder = next((h for h in (arm, arm["curve"]) if h.get("survival_lower") and h.get("survival_upper")), None)
    if holder is None:
        return None
    t = np.asarray(arm["curve"]["times"], float)
    low, high = np.asarray(holder["survival_lower"], float), np.asarray(holder["survival_upper"], float)
    use = t < end
    middle = (t + np.r_[t[1:], end]) / 2
    inside = lambda moments: int(((level(curve_truth, moments) >= low - 1e-9) & (level(curve_truth, moments) <= high + 1e-9))[use].sum())
    return inside(np.minimum(middle, end)), inside(t), int(use.sum())


def score_panel(truth, figure, true_panel, panel):
    arms = [a for a in true_panel["arms"] if a.get("km")]
    read = panel["arms"] if panel else []
    known, got = [steps(a["km"]) for a in arms], [steps(a["curve"]) for a in read]
    cost = np.array([[integrated_error(g, k, a["curve_end"]) if len(g[0]) else 1.0 for g in got] for k, a in zip(known, arms)]).reshape(len(arms), len(got))
    pairs = {r: c for r, c in assignment(cost) if cost[r, c] <= FOUND}
    drawn = (truth.get("style") or {}).get("censor_mark") is not None
    out = dict(arms=len(arms), missed=len(arms) - len(pairs), spurious=len(read) - len(pairs), iae=[float(cost[r, c]) for r, c in pairs.items()], marks=[0, 0, 0], covered=[0, 0, 0],
               labels=[0, 0], counted=[0, 0], ticks=tick_errors(truth, figure, true_panel, panel) if panel else {}, pairs=pairs)
    for k, arm in enumerate(arms):
        one = read[pairs[k]] if k in pairs else None
        out["marks"] = [a + b for a, b in zip(out["marks"], marks_found(true_panel, arm, one, drawn))]
        if one is None:
            continue
        right = counts_right(true_panel, arm, one)
        if right is not None:
            out["counted"] = [out["counted"][0] + right, out["counted"][1] + 1]
        counts = coverage(known[k], one, min(arm["curve_end"], one["curve_end"]))
        if counts:
            out["covered"] = [a + b for a, b in zip(out["covered"], counts)]
        if len(arms) > 1:
            out["labels"] = [out["labels"][0] + (plain(one["label"]) in (plain(arm["label"]), plain(arm["legend_text"]))), out["labels"][1] + 1]
    out["risk"] = risk_cells(true_panel, panel, pairs)
    return out


def score_figure(truth, figure):
    """Everything about one figure; `figure` is None where no sidecar was written."""
    base = dict(name=truth["name"], tags=truth["tags"], verdict="none" if figure is None else figure["verdict"])
    if figure is None:
        figure = dict(panels=[], source=dict(width=truth["width"], height=truth["height"]))
    pairs, spare = panel_pairs(truth, figure)
    panels = [score_panel(truth, figure, p, pairs.get(k)) for k, p in enumerate(truth["panels"]) if any(a.get("km") for a in p["arms"])]
    add = lambda key: [sum(p[key][i] for p in panels) for i in range(len(panels[0][key]))]
    iae = [v for p in panels for v in p["iae"]]
    missed, spurious = sum(p["missed"] for p in panels), sum(p["spurious"] for p in panels) + sum(len(p["arms"]) for p in spare)
    complete = missed == 0 and spurious == 0
    ticks = {axis: max((p["ticks"][axis] for p in panels if axis in p["ticks"]), default=None) for axis in ("x", "y")}
    calibrated = all(len(p["ticks"]) == 2 for p in panels)
    return dict(
        base, arms=sum(p["arms"] for p in panels), missed=missed, spurious=spurious, complete=complete, iae=iae, iae_max=max(iae, default=None), risk=add("risk"), marks=add("marks"),
        covered=add("covered"), labels=add("labels"), counted=add("counted"), ticks=ticks, ticks_right=calibrated and all(v <= TICK_LIMIT for v in ticks.values() if v is not None),
        failed=[c["name"] for c in figure.get("checks", []) if not c["passed"]],
        wrong=not complete or max(iae, default=0.0) > WRONG, pairs={k: p["pairs"] for k, p in enumerate(panels)}, read_panels=pairs,
    )


# --- patients -----------------------------------------------------------------------------------------------------


def true_patients(arm, last):
    """The patients as the figure shows them: followed to the right end of the axis."""
    t = np.asarray(arm["ipd"]["time"], float)
    e = np.array([int(c) for c in arm["ipd"]["status"]]) if isinstance(arm["ipd"]["status"], str) else np.asarray(arm["ipd"]["status"], int)
    if last:
        e, t = np.where(t > last, 0, e), np.minimum(t, last)
    return t, e


def kaplan_meier(t, e):
    at = np.unique(t[e == 1])
    risk, dead = np.array([(t >= x).sum() for x in at]), np.array([((t == x) & (e == 1)).sum() for x in at])
    return at, np.cumprod(1 - dead / risk) if len(at) else np.array([])


def median(curve, end):
    reached = np.where((curve[1] <= 0.5 + 1e-12) & (curve[0] <= end))[0]
    return float(curve[0][reached[0]]) if len(reached) else None


def score_patients(truth, score, patients):
    """|log hazard ratio - true| of each pair of arms, median errors in percent, curve errors, n and event errors.
    `patients` maps the sidecar's arm labels to (time, status) rows."""
    rows = dict(delta_log_hr=[], median_error=[], iae=[], n_error=[], event_error=[], arms=0)
    for k, panel in enumerate(truth["panels"]):
        read, got = score["read_panels"].get(k), {}
        for i, arm in enumerate(panel["arms"]):
            if not arm.get("ipd"):
                continue
            rows["arms"] += 1
            index = score["pairs"].get(k, {}).get(i)
            mine = patients.get(read["arms"][index]["label"]) if read and index is not None else None
            if not mine:
                continue
            tt, et = true_patients(arm, panel.get("x_visible_max"))
            tp, ep = np.array([a for a, _ in mine], float), np.array([b for _, b in mine], int)
            got[i] = (tt, et, tp, ep)
            one, two = kaplan_meier(tt, et), kaplan_meier(tp, ep)
            rows["iae"].append(integrated_error(one, two, arm["curve_end"]))
            rows["n_error"].append(100 * abs(len(tp) - len(tt)) / len(tt))
            rows["event_error"].append(100 * abs(int(ep.sum()) - int(et.sum())) / len(tt))
            a, b = median(one, arm["curve_end"]), median(two, arm["curve_end"])
            if a is not None and b is not None:
                rows["median_error"].append(100 * abs(a - b) / a)
        for i, j in itertools.combinations(sorted(got), 2):
            (ti, ei, pi, qi), (tj, ej, pj, qj) = got[i], got[j]
            fit = lambda t1, e1, t2, e2: cox(np.r_[t1, t2], np.r_[e1, e2], np.r_[np.ones(len(t1)), np.zeros(len(t2))])
            true, mine = fit(ti, ei, tj, ej), fit(pi, qi, pj, qj)
            if true and mine:
                rows["delta_log_hr"].append(abs(true[0] - mine[0]))
    return rows


# --- tables -------------------------------------------------------------------------------------------------------


def percent(part, whole):
    return "-" if not whole else f"{100 * part / whole:.1f} %"


def quantile(values, q, digits=4):
    values = [v for v in values if v is not None]
    return "-" if not values else f"{np.percentile(values, q):.{digits}f}"


def curve_row(title, scores):
    """One line of the table by tag."""
    n = len(scores)
    good = lambda limit: sum(s["complete"] and s["iae_max"] < limit for s in scores)
    iae = [v for s in scores for v in s["iae"]]
    risk, marks = np.sum([s["risk"] for s in scores], axis=0), np.sum([s["marks"] for s in scores], axis=0)
    wrong = [s for s in scores if s["wrong"]]
    return [title, n, percent(sum(s["complete"] for s in scores), n), percent(good(0.01), n), quantile(iae, 50), percent(risk[0], risk[2]), percent(sum(s["ticks_right"] for s in scores), n),
            percent(marks[0], marks[1]), f"{sum(s['verdict'] != 'ok' for s in wrong)}/{len(wrong)}", f"{sum(s['verdict'] != 'ok' for s in scores if not s['wrong'])}/{n - len(wrong)}"]


def print_table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(v).ljust(w) if i == 0 else str(v).rjust(w) for i, (v, w) in enumerate(zip(row, widths))))


VECTOR_TAGS = {"format:pdf", "format:svg", "format:pdf-vector", "format:pdf-page-vector"}
HEAD = ["", "figures", "complete", "IAE<.01", "IAE med", "cells", "ticks<.5px", "marks", "wrong flagged", "right flagged"]


def print_summary(scores, patients, tags=False, worst=0):
    n = len(scores)
    iae = [v for s in scores for v in s["iae"]]
    total = lambda key: [int(v) for v in np.sum([s[key] for s in scores], axis=0)]
    print(f"figures {n}  arms {sum(s['arms'] for s in scores)}  missed {sum(s['missed'] for s in scores)}  spurious {sum(s['spurious'] for s in scores)}")
    good = lambda limit: percent(sum(s["complete"] and s["iae_max"] < limit for s in scores), n)
    print(f"curves: every arm and none spurious {percent(sum(s['complete'] for s in scores), n)}; and every IAE < 0.005 {good(0.005)}  < 0.01 {good(0.01)}  < 0.02 {good(0.02)};  IAE median {quantile(iae, 50)}  p90 {quantile(iae, 90)}")
    vector = [s for s in scores if set(s["tags"]) & VECTOR_TAGS]
    if vector:
        exact = [v <= 1e-4 for s in vector for v in s["iae"]]
        counted, countable = (int(sum(pair)) for pair in zip(*(s["counted"] for s in vector)))
        print(f"vector figures ({len(vector)}): IAE at most 0.0001 in {percent(sum(exact), len(exact))} of arms; events of every drop right in {counted}/{countable} arms of fewer than 500 patients ({percent(counted, countable)})")
    cells, any_order, printed = total("risk")
    print(f"risk-table cells: {cells}/{printed} right in value, time and arm ({percent(cells, printed)}); {any_order} ({percent(any_order, printed)}) with the rows in the best order")
    for axis in ("x", "y"):
        values = [s["ticks"][axis] for s in scores]
        print(f"tick error {axis}: median {quantile(values, 50, 2)} px  p90 {quantile(values, 90, 2)} px  read on {percent(sum(v is not None for v in values), n)}")
    print(f"tick calibration within {TICK_LIMIT} px on both axes of every panel: {percent(sum(s['ticks_right'] for s in scores), n)} of figures")
    found, true, invented = total("marks")
    print(f"censor marks: {found}/{true} found ({percent(found, true)}), {invented} invented ({percent(invented, found + invented)} of those reported)")
    named, arms = total("labels")
    print(f"arm names: {named}/{arms} right ({percent(named, arms)}) in figures of several arms")
    middle, at, points = total("covered")
    if points:
        print(f"intervals per point: true survival inside {percent(middle, points)} in the middle of a stretch, {percent(at, points)} at the drop, of {points} points")
    else:
        print("intervals per point: not in the sidecars")
    print_verdicts(scores)
    if patients:
        print_patients(scores, patients)
    if tags:
        print()
        names = sorted({t for s in scores for t in s["tags"]})
        print_table([HEAD, *(curve_row(t, [s for s in scores if t in s["tags"]]) for t in names), curve_row("all", scores)])
    if worst:
        print()
        key = lambda s: (-(s["missed"] + s["spurious"]), -(s["iae_max"] or 0))
        for s in sorted(scores, key=key)[:worst]:
            print(f"{s['name']}  missed {s['missed']} spurious {s['spurious']} IAE {s['iae_max'] if s['iae_max'] is None else round(s['iae_max'], 4)}  {s['verdict']}  {', '.join(s['failed'])}")


def print_verdicts(scores):
    order = ["ok", "review", "refused", "none"]
    rows = [["verdict", *order, "flagged"]]
    for title, part in (("right figures", [s for s in scores if not s["wrong"]]), ("wrong figures", [s for s in scores if s["wrong"]])):
        counts = [sum(s["verdict"] == v for s in part) for v in order]
        rows.append([title, *counts, percent(sum(counts[1:]), len(part))])
    print_table(rows)


def print_patients(scores, patients):
    names = {s["name"] for s in scores}
    rows = [r for name, r in patients.items() if name in names]
    every = lambda key: [v for r in rows for v in r[key]]
    d = every("delta_log_hr")
    print(f"patients: {len(every('iae'))} of {sum(r['arms'] for r in rows)} arms reconstructed; curve IAE median {quantile(every('iae'), 50)}  p90 {quantile(every('iae'), 90)};  |delta log HR| of {len(d)} pairs median {quantile(d, 50)}  p90 {quantile(d, 90)};  "
          f"median survival error p90 {quantile(every('median_error'), 90, 2)} %;  n error p90 {quantile(every('n_error'), 90, 2)} %  event error p90 {quantile(every('event_error'), 90, 2)} %")
