"""Runs every comparison with R and writes the table of docs/agreement.md.

    python3 .ci/agreement.py            prints the table
    python3 .ci/agreement.py --write    also writes it into docs/agreement.md

The tests named r_* of crates/evidence-pool and crates/survival-estimate compare with the answers in
fixtures/reference and print a row per quantity: how many numbers, the tolerance, and the worst relative
difference with its place.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "agreement.md"
BEGIN, END = "<!-- agreement: begin -->", "<!-- agreement: end -->"
HEADER = [
    "| Family | Quantity | Numbers | Tolerance | Worst difference | Where |",
    "|---|---|--:|--:|--:|---|",
]


def rows():
    """The rows that the tests print; fails as the tests fail."""
    command = ["cargo", "test", "--release", "-p", "kmeta-evidence-pool", "-p", "kmeta-survival-estimate",
               "--tests", "--", "--nocapture", "--test-threads=1", "r_"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stdout[-4000:] + run.stderr[-4000:])
    found = [match.group(0).strip() for match in re.finditer(r"^(?:test .* \.\.\. )?(\| .* \|)$", run.stdout, re.M)]
    return sorted({row[row.index("|"):] for row in found}, key=lambda row: (row.split("|")[1], "**all" in row, row))


def main():
    table = rows()
    total = sum(int(row.split("|")[3]) for row in table if "**all" in row)
    text = "\n".join([*HEADER, *table, "", f"{total:,} numbers in all."])
    print(text)
    if "--write" in sys.argv:
        page = PAGE.read_text()
        head, tail = page[: page.index(BEGIN) + len(BEGIN)], page[page.index(END):]
        PAGE.write_text(f"{head}\n{text}\n{tail}")


main()
