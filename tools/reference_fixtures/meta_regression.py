"""Cuts R's meta-regressions down to what the tests compare.

    python3 tools/reference_fixtures/meta_regression.py FOLDER

FOLDER holds c_generic.json, written by R with 17 digits (R 4.2.2, metafor 5.1-0). Its models are
`rma(yi, sei^2, mods = ~x, ~g or ~x+g, method =, test =, control = list(threshold = 1e-14, tol = 1e-14,
maxiter = 1e5))`. Writes fixtures/reference/meta_regression.json, numbers rounded to 13 significant digits.
"""

import json
import sys
from pathlib import Path

SETS = ["pignon2000", "kmdata_lung_os", "hackshaw1998"]
KEYS = ["b", "se", "z", "p", "lo", "hi", "tau2", "se_tau2", "I2_pct", "H2", "QE", "QEp", "tau2_ci", "I2_ci_pct"]
KEYS += ["loglik", "AIC", "BIC", "vb", "QM", "QMp", "QMdf", "R2"]


def rounded(value):
    """The same structure with numbers of 13 significant digits."""
    if isinstance(value, float):
        return float(f"{value:.13g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def model(name, answer):
    estimator, test, terms = name.split("/")
    kept = {key: answer.get(key) for key in KEYS}
    if estimator == "REML":
        kept["weights_pct"] = answer["weights_pct"]
    return {"estimator": estimator, "test": test, "terms": terms, **kept}


def case(name, data):
    regressions = data["metareg_subgroup"]
    return {
        "dataset": name,
        "effects": data["yi"],
        "standard_errors": data["sei"],
        "x": regressions["x"],
        "g": regressions["g"],
        "levels": regressions["g_levels"],
        "models": [model(key, answer) for key, answer in regressions.items() if key.count("/") == 2],
    }


def main():
    source = json.loads((Path(sys.argv[1]) / "c_generic.json").read_text())
    target = Path(__file__).resolve().parents[2] / "fixtures" / "reference" / "meta_regression.json"
    cases = [case(name, source["datasets"][name]) for name in SETS]
    lines = ",\n".join(json.dumps(rounded(one), separators=(",", ":")) for one in cases)
    target.write_text('{"software":%s,"cases":[\n%s\n]}\n' % (json.dumps(source["software"]), lines))


if __name__ == "__main__":
    main()
