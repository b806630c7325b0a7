"""Cuts R's answers about common-effect and random-effects models down to what the tests compare.

    python3 tools/reference_fixtures/models.py FOLDER

FOLDER holds a_proportions.json and c_generic.json, written by R with 17 digits (R 4.2.2, meta 8.3-0, metafor
5.1-0; the calls are in their "notes"). Writes fixtures/reference/proportions.json and effects.json: the inputs and
every answer, with R's own convergence tolerances tightened. What does not depend on the interval method is written
once. Numbers are rounded to 13 significant digits.
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


def part(source, *keys):
    return {key: source[key] for key in keys if key in source}


SUBGROUPS = (
    "levels te_random se_random lo_random hi_random te_common se_common tau2 Q I2 bt_random "
    "Qb_random pQb_random Qb_common pQb_common Qw_common"
).split()


def proportion_result(one):
    meta = one["meta_tight"]
    answer = {
        "tau_squared": one["method_tau"],
        "interval": one["ci"],
        "random": part(meta["random"], "te", "se", "lo", "hi", "df", "bt"),
        "predict": part(meta["predict"], "method", "se", "df", "lo", "hi", "lo_bt", "hi_bt"),
        "tau2": meta["tau2"],
        "tau2_se": meta["tau2_se"],
    }
    # Estimates and limits are those of meta; the interval of tau-squared and I-squared do not depend on the test.
    if one["metafor_tight"]:
        answer["metafor_pi"] = one["metafor_tight"]["pi"]
        if one["ci"] == "classic":
            keys = ("I2_pct", "H2", "tau2_ci", "I2_ci_pct")
            answer["metafor"] = part(one["metafor_tight"], *keys)
    # R meta finds these limits with its default tolerance for Q-profile, so that metafor's are compared instead.
    if meta["tau2_ci_method"] == "J":
        answer["tau2_jackson"] = meta["tau2_ci"]
    if meta.get("subgroup"):
        answer["subgroup"] = part(meta["subgroup"], *SUBGROUPS)
    return answer


def proportion_case(case):
    meta = case["results"][0]["meta_tight"]
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
        "common": part(meta["common"], "te", "se", "lo", "hi", "bt"),
        **part(meta, "Q", "pQ", "I2", "H"),
        "results": [proportion_result(one) for one in case["results"]],
    }


def metafor_fit(name, fit):
    """Weights are the same whatever the test."""
    return {key: fit[key] for key in fit if key != "weights_pct" or name.endswith("/z")}


def metagen_fit(fit):
    answer = part(fit, "random", "tau2")
    answer["predict"] = part(fit["predict"], "method", "se", "df", "lo", "hi")
    return answer


def effect_case(name, data):
    shared = data["meta_metagen"]["DL/classic"]
    answer = {
        "dataset": name,
        "effects": data["yi"],
        "standard_errors": data["sei"],
        "egger": data["bias"]["meta_Egger"],
        **part(shared, "common", "Q", "pQ", "I2", "H"),
        "tau2_jackson": shared["tau2_ci"],
        "metafor": {key: metafor_fit(key, fit) for key, fit in data["metafor_rma"].items()},
        "meta": {key: metagen_fit(fit) for key, fit in data["meta_metagen"].items()},
    }
    for key in ("leave1out", "cumul", "influence", "residuals_reml", "metainf_reml", "metacum_reml"):
        answer[key] = data[key]
    regression = data["metareg_subgroup"]
    if regression:
        answer["groups"] = regression["g"]
        answer["subgroup_separate"] = regression["meta_subgroup_taucommon_FALSE"]
        answer["subgroup_common"] = regression["meta_subgroup_taucommon_TRUE"]
    return answer


def write(path, software, cases):
    lines = ",\n".join(json.dumps(rounded(case), separators=(",", ":")) for case in cases)
    path.write_text('{"software":%s,"cases":[\n%s\n]}\n' % (json.dumps(software), lines))


def main():
    source = Path(sys.argv[1])
    target = Path(__file__).resolve().parents[2] / "fixtures" / "reference"
    target.mkdir(exist_ok=True)
    proportions = json.loads((source / "a_proportions.json").read_text())
    cases = [proportion_case(case) for case in proportions["cases"]]
    write(target / "proportions.json", proportions["software"], cases)
    effects = json.loads((source / "c_generic.json").read_text())
    cases = [effect_case(name, data) for name, data in effects["datasets"].items()]
    write(target / "effects.json", effects["software"], cases)


if __name__ == "__main__":
    main()
