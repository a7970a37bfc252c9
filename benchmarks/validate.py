"""`declarative validate` over 10 000 assets: time and memory, cold, again with a warm cache, and with one file changed.

    python benchmarks/validate.py [--assets N] [--per-file M] [--rules]

Every run is a process of its own, so that imports, memory and caches are honest.
"""

from __future__ import annotations

import argparse
import json
import os
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


def run(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak megabytes of a process and its own processes."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command} failed with {status}")
    return time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(root: Path) -> None:
    """Load and lower the project in this process, as a plan does before it asks the service; prints seconds as JSON."""
    from datetime import UTC, datetime

    from declarative.kinds import lower
    from declarative.manifest import load

    begun = time.process_time()
    loaded = load(root, environ=os.environ)
    read = time.process_time()
    findings = [*loaded.diagnostics, *lower(loaded, now=datetime.now(UTC)).diagnostics]
    if findings:
        sys.exit(f"the generated project is not valid: {findings[0]}")
    print(json.dumps({"read": read - begun, "rules": time.process_time() - read}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--per-file", type=int, default=100)
    parser.add_argument("--rules", action="store_true", help="also what a plan pays: reading, and the rules by themselves")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        generate(root, options.assets, options.per_file)
        os.environ["XDG_CACHE_HOME"] = str(Path(folder) / "cache")
        print(f"{'validate':<26}{'wall s':>8}{'cpu s':>8}{'assets/s':>10}{'peak MB':>9}")
        changed = root / "manifests" / "assets-0000000.yaml"
        for name in ("cold", "warm", "warm", "one file of them changed"):
            if name.startswith("one"):
                changed.write_text(changed.read_text() + "# a word more\n")
            wall, cpu, peak = run([sys.executable, "-m", "declarative", "-q", "-C", str(root), "validate"])
            print(f"{name:<26}{wall:>8.2f}{cpu:>8.2f}{options.assets / wall:>10.0f}{peak:>9.0f}")
        if options.rules:
            command = [sys.executable, __file__, "--measure", str(root)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(f"before a plan, warm: read {found['read']:.2f} s, rules {found['rules']:.2f} s of processor time")


if __name__ == "__main__":
    main()
