"""Cuts R's answers on counts down to what the tests compare.

    python3 tools/reference_fixtures/counts.py FOLDER

FOLDER holds a_proportions_glmm.json, a_proportions_glmm_exact.json and b_binary.json, written by R with 17 digits (R
4.2.2, meta 8.3-0, metafor 5.1-0, lme4 1.1-31; the calls are in their "notes"). Writes
fixtures/reference/proportions_glmm.json and two_arm_counts.json, with R's own convergence tolerances tightened where
it has any. Numbers are rounded to 13 significant digits.
"""

import json
import sys
from pathlib import Path


def rounded(value):
    """The same structure with numbers of 13 significant digits."""
    if isinstance(value, float):
        return float(f"{value:.13g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def mean(part):
    return {key: part[key] for key in ("te", "se", "lo", "hi", "bt") if key in part}


def glmm_case(case, exact):
    meta, metafor = case["meta"], case["metafor"]
    return {
        "dataset": case["dataset"],
        "interval": case["ci"],
        "events": case["event"],
        "totals": case["n"],
        "common": mean(meta["common"]),
        "random": mean(meta["random"]),
        "df": meta["random"]["df"],
        "predict": {key: meta["predict"][key] for key in ("method", "se", "df", "lo", "hi", "lo_bt", "hi_bt")},
        **{key: meta[key] for key in ("tau2", "I2", "H", "Q", "df", "pQ") if key != "df"},
        "Q_df": meta["df"],
        **{key: metafor[key] for key in ("QE_Wld", "QEp_Wld", "QE_LRT", "QEp_LRT", "QE_df")},
        "glmer": case["lme4_glmer"],
        "exact": exact[case["dataset"]],
    }


def two_arm_result(result):
    meta = result["meta_tight"]
    return {
        "tau_squared": result["method_tau"],
        "interval": result["ci"],
        "random": {key: meta["random"][key] for key in ("te", "se", "lo", "hi", "stat", "p", "df")},
        "common": {key: meta["common"][key] for key in ("te", "se", "lo", "hi", "stat", "p")},
        **{key: meta[key] for key in ("k", "predict", "tau2", "tau2_ci", "I2", "H", "Q", "df", "pQ")},
        **{key: meta[key] for key in ("w_common", "w_random")},
    }


def two_arm_case(case):
    metafor = case["metafor"]
    return {
        **{key: case[key] for key in ("dataset", "sm", "method", "MH_exact", "Q_Cochrane")},
        **{key: case[key] for key in ("event_e", "n_e", "event_c", "n_c", "study")},
        "results": [two_arm_result(result) for result in case["results"]],
        "metafor": metafor and {key: value for key, value in metafor.items() if key != "call"},
    }


def write(path, software, cases):
    lines = ",\n".join(json.dumps(rounded(case), separators=(",", ":")) for case in cases)
    path.write_text('{"software":%s,"cases":[\n%s\n]}\n' % (json.dumps(software), lines))


def main():
    source = Path(sys.argv[1])
    target = Path(__file__).resolve().parents[2] / "fixtures" / "reference"
    read = lambda name: json.loads((source / name).read_text())
    glmm = read("a_proportions_glmm.json")
    exact = read("a_proportions_glmm_exact.json")["results"]
    cases = [glmm_case(case, exact) for case in glmm["cases"]]
    write(target / "proportions_glmm.json", glmm["software"], cases)
    binary = read("b_binary.json")
    write(target / "two_arm_counts.json", binary["software"], [two_arm_case(case) for case in binary["cases"]])


if __name__ == "__main__":
    main()
