"""Validate 10 000 assets: documents a second and peak memory, cold and again with a warm cache.

    python benchmarks/validate.py [--assets N] [--per-file M] [--rules]

Every run is a process of its own, so that imports, memory and caches are honest.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ASSET = """\
apiVersion: declarative/v1
kind: Asset
metadata:
  name: web-{n:06}
  labels: {{team: web, tier: front}}
spec:
  connector: servicenow
  identityAttributes:
    hostName: web-{n:06}
    fqdn: web-{n:06}.corp.example.com
    netBiosName: WEB{n:06}
    serialNumber: SN-{n:06}
    hardwareUuid: 0000{n:04x}-0000-4000-8000-0000{n:08x}
    sourceNativeKey: NK-{n:06}
    ipAddress:
      - 10.{a}.{b}.{c}
  coreAttributes:
    hostName: web-{n:06}
    operatingSystem: Ubuntu Linux 22.04
    domain: corp.example.com
    lastLoggedOnUser: user{n}
    isContainer: false
    biosInfo:
      biosDescription: Phoenix Technologies
      manufacturer: Example Inc.
      totalMemory: 16384
      timeZone: +5:30
      model: Model {b}
      serialNumber: SN-{n:06}
    processor:
      description: Example CPU 2.40GHz
      speed: "2400"
      numberOfCpu: 8
    softwares:
      - name: nginx
        version: 1.24.0
      - name: openssl
        version: 3.0.2
    ports:
      - port: "443"
        protocol: tcp
        detectedService: https
        description: web
    networkInterfaces:
      - interfaceName: eth0
        macAddress: 10:20:30:{a:02}:{b:02}:{c:02}
        address: 10.{a}.{b}.{c}
        type: PRIVATE
    businessMetaData:
      status: In use
      environment: Production
      company: Example
      department: Department {b}
      ownedBy: Owner {c}
      supportGroup: Web operations
    assignedLocation:
      name: Building {c}
      city: Berlin
      state: Berlin
      zip: 0{b:04}
      country: "NO"
    customConnectorAttributes:
      rack: R{b}
      unit: 0{c}
    sourceCreatedDate: 2026-01-15T10:32:55Z
    sourceLastUpdatedDate: 2026-02-15T10:32:55Z
"""
PROJECT = "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: bench}\nspec: {platform: EU1}\n"
CONNECTOR = """\
apiVersion: declarative/v1
kind: Connector
metadata: {name: servicenow}
spec:
  connectorUuid: 5de2a9b0-1111-4222-8333-444455556666
  source: SNOW
"""


def asset(n: int) -> str:
    return ASSET.format(n=n, a=n // 10_000 % 100, b=n // 100 % 100, c=n % 100)  # addresses of its own for each


def generate(root: Path, assets: int, per_file: int) -> None:
    """A project of that many assets, all of them right."""
    manifests = root / "manifests"
    manifests.mkdir(parents=True)
    (root / "declarative.yaml").write_text(PROJECT)
    (manifests / "connector.yaml").write_text(CONNECTOR)
    for first in range(0, assets, per_file):
        text = "---\n".join(asset(n) for n in range(first, min(first + per_file, assets)))
        (manifests / f"assets-{first:07}.yaml").write_text(text)


def measure(root: Path, *, rules: bool) -> dict[str, float]:
    """Load the project in this process."""
    from datetime import UTC, datetime

    begun = time.perf_counter()
    from declarative.manifest import load

    imported = time.perf_counter()
    loaded = load(root, environ=os.environ)
    ended = time.perf_counter()
    findings = list(loaded.diagnostics)
    if rules:
        from declarative.kinds import lower

        findings += lower(loaded, now=datetime.now(UTC)).diagnostics
    checked = time.perf_counter()
    if findings:
        sys.exit(f"the generated project is not valid: {findings[0]}")
    usage, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "manifests": len(loaded.manifests),
        "import": imported - begun,
        "load": ended - imported,
        "rules": checked - ended,
        "cpu": usage.ru_utime + usage.ru_stime + children.ru_utime + children.ru_stime,
        "peak_mb": max(usage.ru_maxrss, children.ru_maxrss) / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--per-file", type=int, default=100)
    parser.add_argument("--rules", action="store_true", help="with the semantic rules")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, rules=options.rules)))
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        generate(root, options.assets, options.per_file)
        print(f"{'run':<8}{'load s':>8}{'rules s':>9}{'docs/s':>9}{'cpu s':>8}{'peak MB':>9}")
        for run in ("cold", "warm", "warm"):
            command = [sys.executable, __file__, "--measure", str(root), *(["--rules"] if options.rules else [])]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rate = found["manifests"] / found["load"]
            print(f"{run:<8}{found['load']:>8.2f}{found['rules']:>9.2f}{rate:>9.0f}{found['cpu']:>8.2f}{found['peak_mb']:>9.0f}")


if __name__ == "__main__":
    main()
