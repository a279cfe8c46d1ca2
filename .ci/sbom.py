#!/usr/bin/env python3
"""Writes what the binary is made of as a bill of materials (CycloneDX 1.6, JSON): every crate that is compiled into
it or runs while it is built, with version, checksum and licence. Fails where one of them is missing. The same
Cargo.lock gives the same file."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLATFORM = "x86_64-unknown-linux-gnu"


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", PLATFORM]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def checksums():
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(it["name"], it["version"]): it.get("checksum") for it in packages}


def needed(graph):
    """What each package needs, from ours on: by id, without what only tests need."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    found, waiting = {}, [graph["root"]]
    while waiting:
        package = waiting.pop()
        if package in found:
            continue
        needs = [dependency["pkg"] for dependency in nodes[package]["deps"]
                 if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])]
        found[package] = sorted(set(needs))
        waiting += needs
    return found


def component(package, kind):
    name, version = package["name"], package["version"]
    # Some crates still write alternatives as cargo once had it.
    licence = " ".join((package["license"] or "").replace("/", " OR ").split())
    if not licence:
        sys.exit(f"sbom: {name} {version} does not say its licence")
    return {
        "type": kind, "bom-ref": f"pkg:cargo/{name}@{version}", "name": name, "version": version,
        "licenses": [{"expression": licence}], "purl": f"pkg:cargo/{name}@{version}",
    }


def bill():
    cargo, hashes = metadata(), checksums()
    packages = {package["id"]: package for package in cargo["packages"]}
    needs, root = needed(cargo["resolve"]), cargo["resolve"]["root"]
    references = {it: f"pkg:cargo/{packages[it]['name']}@{packages[it]['version']}" for it in needs}
    in_order = sorted(needs, key=references.get)
    libraries = []
    for it in in_order:
        if it == root:
            continue
        package = packages[it]
        checksum = hashes.get((package["name"], package["version"]))
        if not checksum:
            sys.exit(f"sbom: Cargo.lock has no checksum of {package['name']} {package['version']}")
        libraries.append(component(package, "library") | {"hashes": [{"alg": "SHA-256", "content": checksum}]})
    dependencies = [{"ref": references[it], "dependsOn": sorted(references[need] for need in needs[it])}
                    for it in in_order]
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": component(packages[root], "application")},
        "components": libraries, "dependencies": dependencies,
    }


def main(path):
    made = bill()
    Path(path).write_text(json.dumps(made, indent=1) + "\n")
    print(f"{path}: {len(made['components'])} crates")


if __name__ == "__main__":
    main(*sys.argv[1:])
