#!/usr/bin/env python3
"""Checks the licence and the source of every dependency against deny.toml.

The same two checks as `cargo deny check licenses sources`, for machines without cargo-deny. Needs cargo and
Python 3.11."""

import json
import re
import subprocess
import sys
import tomllib

LICENCE = re.compile(r"[A-Za-z0-9.\-]+(?: WITH [A-Za-z0-9.\-]+)?")


def allowed_by(expression: str, allowed: set[str]) -> bool:
    """Evaluates an SPDX expression: AND and OR over licences that are allowed or not."""

    def word(match: re.Match[str]) -> str:
        text = match.group(0)
        return text.lower() if text in ("AND", "OR") else str(text in allowed)

    return bool(eval(LICENCE.sub(word, expression.replace("/", " OR "))))  # only True, False, and, or, ()


def main() -> int:
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    allowed = set(rules["licenses"]["allow"])
    banned = {entry["name"] for entry in rules["bans"]["deny"]}
    registries = {f"registry+{url}" for url in rules["sources"]["allow-registry"]}
    metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--locked", "--format-version", "1"]))
    faults = []
    for package in metadata["packages"]:
        name, licence, source = package["name"], package["license"], package["source"]
        if not licence or not allowed_by(licence, allowed):
            faults.append(f"{name}: licence {licence or 'not stated'} is not allowed by deny.toml")
        if name in banned:
            faults.append(f"{name}: banned by deny.toml")
        if source is not None and source not in registries:
            faults.append(f"{name}: comes from {source}")
    print(f"{len(metadata['packages'])} packages, {len(faults)} not allowed")
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
