#!/usr/bin/env python3
"""Checks that every relative link of README.md and docs/ leads to a file, and each anchor to a heading; and that every
page of docs/ is in the book's SUMMARY.md or linked from a page that is."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: pathlib.Path) -> set[str]:
    """Anchors of a page's headings, as GitHub and mdBook make them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M):
        text = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower()
        found.add(text.replace(" ", "-"))
    return found


def main() -> int:
    faults = []
    linked = set()
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        for link in LINK.findall(text):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists():
                faults.append(f"{page.relative_to(ROOT)}: {link} is not there")
                continue
            linked.add(target)
            if anchor and target.suffix == ".md" and anchor not in anchors(target):
                faults.append(f"{page.relative_to(ROOT)}: {link}: no such heading")
    for page in pages[2:]:
        if page not in linked and page.name != "SUMMARY.md":
            faults.append(f"{page.relative_to(ROOT)}: no page links to it")
    print("\n".join(faults) if faults else f"{len(pages)} pages, every link leads somewhere")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
