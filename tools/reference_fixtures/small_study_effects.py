"""Cuts R's answers on small-study effects down to what the tests compare.

    python3 tools/reference_fixtures/small_study_effects.py FOLDER

FOLDER holds c_generic.json, c_extra_orwin.json and b_binary.json, written by R with 17 digits (R 4.2.2, meta 8.3-0,
metafor 5.1-0). Writes fixtures/reference/small_study_effects.json, numbers rounded to 13 significant digits:

"effects": `trimfill(rma(yi, sei^2, method =), side =, estimator =)`, `trimfill(metagen(yi, sei), ma.common =, type =)`,
`metabias(metagen(yi, sei), method.bias =)`, `regtest(yi, sei^2, model =, method =, predictor =)`, `ranktest(yi, sei^2)`,
`fsn(yi, sei^2, type =, target =)`.
"counts": `metabias(metabin(event.e, n.e, event.c, n.c, sm =), method.bias =)`.
R's REML fits have its default tolerances here.
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


def effect_case(name, data, orwin):
    return {
        "dataset": name,
        "effects": data["yi"],
        "standard_errors": data["sei"],
        "bias": data["bias"],
        "trim_and_fill": data["trimfill"],
        "fail_safe": data["fsn"],
        "orwin": orwin["results"][name]["orwin"],
    }


def count_case(entry, cases):
    def same(case):
        return (case["dataset"], case["sm"]) == (entry["dataset"], entry["sm"])

    case = next(one for one in cases if same(one) and one["study"]["te"])
    return {
        "dataset": entry["dataset"],
        "measure": entry["sm"],
        **{key: case[key] for key in ("event_e", "n_e", "event_c", "n_c")},
        "effects": case["study"]["te"],
        "standard_errors": case["study"]["se"],
        "tests": entry["tests"],
    }


def main():
    folder = Path(sys.argv[1])
    generic, orwin, binary = (
        json.loads((folder / name).read_text()) for name in ("c_generic.json", "c_extra_orwin.json", "b_binary.json")
    )
    effects = [effect_case(name, data, orwin) for name, data in generic["datasets"].items()]
    counts = [count_case(entry, binary["cases"]) for entry in binary["bias_tests"]]
    lines = [",\n".join(json.dumps(rounded(one), separators=(",", ":")) for one in part) for part in (effects, counts)]
    target = Path(__file__).resolve().parents[2] / "fixtures" / "reference" / "small_study_effects.json"
    software = json.dumps(generic["software"])
    target.write_text('{"software":%s,"effects":[\n%s\n],"counts":[\n%s\n]}\n' % (software, *lines))


if __name__ == "__main__":
    main()
