"""Cuts R's answers about Cox models and two-arm survival down to what the tests compare.

    Rscript tools/reference_fixtures/two_arm_survival.R FOLDER ANSWERS.json
    python3 tools/reference_fixtures/two_arm_survival.py FOLDER ANSWERS.json

FOLDER holds d_survival.json, d_surv_veteran.csv, d_surv_ovarian.csv, g_kmdata.json and g_kmdata/, written by R with
17 digits (R 4.2.2, survival 3.5-3, `coxph.control(eps = 1e-14)`). Writes cox.json, kmdata_trials.json and
two_arm_survival.json in fixtures/reference, numbers rounded to 13 significant digits.
"""

import csv
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


def number(text):
    value = float(text)
    return int(value) if value.is_integer() else value


def columns(path, text_columns=()):
    rows = list(csv.DictReader(path.open()))
    return {
        name: [row[name] if name in text_columns else number(row[name]) for row in rows]
        for name in rows[0]
    }


def cox_fit(fit):
    keys = ("coef", "se", "vcov", "loglik", "score", "wald", "lrt", "n", "nevent")
    values = {key: list(fit[key].values()) if isinstance(fit[key], dict) else fit[key] for key in keys}
    return {"names": list(fit["coef"]), **values}


def zph(tests):
    return {
        transform: [[test["chisq"], test["df"], test["p"]] for test in terms.values()]
        for transform, terms in tests.items()
    }


def cox_case(name, answers, data):
    fits = {}
    for ties in ("efron", "breslow"):
        fit = answers["cox"][ties]
        fits[ties] = {kind: cox_fit(fit[kind]) for kind in ("univariate", "multivariable", "stratified")}
        fits[ties]["zph_univariate"] = zph(fit["zph_univariate"])
        fits[ties]["zph_multivariable"] = zph(fit["zph_multivariable"])
    return {
        "name": name,
        "data": data,
        "group": answers["group"],
        "covariates": answers["covariates"],
        "strata": answers["strata"],
        "cox": fits,
        "logrank_stratified": answers["logrank_stratified"],
        "rmst": answers["rmst"],
    }


def write(path, head, name, items):
    lines = ",\n".join(json.dumps(rounded(item), separators=(",", ":")) for item in items)
    path.write_text('{"software":%s,"%s":[\n%s\n]}\n' % (json.dumps(head), name, lines))


def trial(name, answers, folder):
    rows = columns(folder / answers["csv"], ("arm",))
    derived = answers["derived"]
    return {
        "trial": name,
        "source": answers["attr"]["source"],
        "unit": answers["key"]["Units"],
        "control": derived["arm_levels"][0],
        "treated": derived["arm_levels"][1],
        "printed_hazard_ratio": answers["reported_hr"],
        "derived": derived,
        "time": rows["time"],
        "event": rows["event"],
        "is_treated": [int(arm == derived["arm_levels"][1]) for arm in rows["arm"]],
    }


def main():
    folder, answers = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    target = Path(__file__).resolve().parent.parent.parent / "fixtures" / "reference"
    survival = json.loads((folder / "d_survival.json").read_text())
    cases = [
        cox_case(name, survival["datasets"][name], columns(folder / f"d_surv_{name}.csv", ("celltype",)))
        for name in ("veteran", "ovarian")
    ]
    write(target / "cox.json", survival["software"], "cases", cases)
    kmdata = json.loads((folder / "g_kmdata.json").read_text())
    trials = [trial(name, one, folder) for name, one in kmdata["datasets"].items()]
    write(target / "kmdata_trials.json", kmdata["software"], "trials", trials)
    text = json.dumps(rounded(answers), separators=(",", ":"))
    (target / "two_arm_survival.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
