"""Cuts R's answers down to what the tests compare.

    python3 tools/reference_fixtures.py FOLDER

FOLDER holds a_proportions.json and c_generic.json, written by R with 17 digits (R 4.2.2, meta 8.3-0, metafor
5.1-0; the calls are in their "notes"). Writes fixtures/reference/proportions.json and effects.json: the inputs,
and for each of DL, PM, REML, ML with classic and Hartung-Knapp intervals the answers with R's own convergence
tolerances tightened. Numbers are rounded to 13 significant digits.
"""

import json
import sys
from pathlib import Path

ESTIMATORS = ["DL", "PM", "REML", "ML"]
INTERVALS = ["classic", "HK"]
# Data sets whose numbers may be given with a citation; see fixtures/reference/README.md.
EFFECT_SETS = ["pignon2000", "steurer2006", "kmdata_lung_os", "hackshaw1998"]
PREDICTION = "V"  # t with k - 1 degrees of freedom, R meta's default since 8.0


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


def prediction(part):
    at = part["method"].index(PREDICTION)
    return {key: part[key][at] for key in ("lo", "hi", "lo_bt", "hi_bt") if key in part}


def subgroups(part):
    keys = ["levels", "te_random", "se_random", "te_common", "se_common", "tau2", "Q", "I2", "bt_random"]
    keys += ["Qb_random", "pQb_random", "Qb_common", "pQb_common"]
    return {key: part[key] for key in keys}


def result(estimator, interval, meta):
    """What depends on the estimator and the interval."""
    answer = {
        "tau_squared": estimator,
        "interval": interval,
        "random": mean(meta["random"]),
        "prediction": prediction(meta["predict"]),
        "tau2": meta["tau2"],
    }
    if meta.get("subgroup"):
        answer["subgroup"] = subgroups(meta["subgroup"])
    return answer


def shared(meta, tau2_ci):
    """What does not depend on the estimator. metafor's Q-profile limits are the tight ones."""
    common = {"common": mean(meta["common"]), "tau2_ci": tau2_ci}
    return {**common, **{key: meta[key] for key in ("Q", "pQ", "I2", "H")}}


def proportion_case(case):
    wanted = [
        one
        for one in case["results"]
        if one["method_tau"] in ESTIMATORS and one["ci"] in INTERVALS
    ]
    limits = next(one["metafor_tight"]["tau2_ci"] for one in wanted if one["metafor_tight"])
    return {
        "dataset": case["dataset"],
        "measure": case["sm"],
        "events": case["event"],
        "totals": case["n"],
        "subgroups": case.get("subgroup"),
        "effects": case["transformed"]["yi"],
        "standard_errors": case["transformed"]["sei"],
        "exact_lower": case["transformed"]["ci_lo"],
        "exact_upper": case["transformed"]["ci_hi"],
        "size": case["transformed"]["harmonic_n"],
        **shared(wanted[0]["meta_tight"], list(limits.values())),
        "results": [
            result(one["method_tau"], one["ci"], one["meta_tight"]) for one in wanted
        ],
    }


def effect_case(name, data):
    results = []
    for estimator in ESTIMATORS:
        for interval in INTERVALS:
            meta = data["meta_metagen"][f"{estimator}/{interval}"]
            results.append(result(estimator, interval, meta))
    egger = data["bias"]["meta_Egger"]
    return {
        "dataset": name,
        "effects": data["yi"],
        "standard_errors": data["sei"],
        "egger": {
            "t": egger["statistic"],
            "p": egger["p"],
            "intercept": egger["estimate"]["bias"],
            "standard_error": egger["estimate"]["se.bias"],
        },
        **shared(data["meta_metagen"]["DL/classic"], data["metafor_rma"]["DL/z"]["tau2_ci"]),
        "results": results,
    }


def write(path, software, cases):
    lines = ",\n".join(json.dumps(rounded(case), separators=(",", ":")) for case in cases)
    path.write_text('{"software":%s,"cases":[\n%s\n]}\n' % (json.dumps(software), lines))


def main():
    source = Path(sys.argv[1])
    target = Path(__file__).resolve().parent.parent / "fixtures" / "reference"
    target.mkdir(exist_ok=True)
    proportions = json.loads((source / "a_proportions.json").read_text())
    cases = [proportion_case(case) for case in proportions["cases"]]
    write(target / "proportions.json", proportions["software"], cases)
    effects = json.loads((source / "c_generic.json").read_text())
    cases = [effect_case(name, effects["datasets"][name]) for name in EFFECT_SETS]
    write(target / "effects.json", effects["software"], cases)


if __name__ == "__main__":
    main()
