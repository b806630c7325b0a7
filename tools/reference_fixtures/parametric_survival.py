"""Rounds R's answers on parametric survival to 13 significant digits.

    Rscript tools/reference_fixtures/parametric_survival.R > FOLDER/parametric_survival_r.json
    python3 tools/reference_fixtures/parametric_survival.py FOLDER

Writes fixtures/reference/parametric_survival.json.
"""

import json
import sys
from pathlib import Path


def rounded(value):
    """The same structure with numbers of 13 significant digits; vectors of one number become that number."""
    if isinstance(value, float):
        return float(f"{value:.13g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


def main():
    text = (Path(sys.argv[1]) / "parametric_survival_r.json").read_text()
    answers = json.loads(text.replace(" NA", "null").replace("NA", "null"))
    target = Path(__file__).parents[2] / "fixtures/reference/parametric_survival.json"
    target.write_text(json.dumps(rounded(answers), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
