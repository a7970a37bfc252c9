"""Projects made for benchmarks: assets of about 60 lines and 1.9 kB, as an extract of a CMDB would describe them."""

from __future__ import annotations

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
    hardwareUuid: {n:08x}-0000-4000-8000-{n:012x}
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
PROJECT = (
    "apiVersion: declarative/v1\nkind: Project\nmetadata: {name: bench}\nspec: {platform: EU1, batchSize: 500, pageSize: 300}\n"
)
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


def generate(root: Path, assets: int, per_file: int = 100) -> None:
    """A project of that many assets, all of them right."""
    manifests = root / "manifests"
    manifests.mkdir(parents=True)
    (root / "declarative.yaml").write_text(PROJECT)
    (manifests / "connector.yaml").write_text(CONNECTOR)
    for first in range(0, assets, per_file):
        text = "---\n".join(asset(n) for n in range(first, min(first + per_file, assets)))
        (manifests / f"assets-{first:07}.yaml").write_text(text)


def edit(root: Path, every: int = 100) -> int:
    """Moves every so-manieth asset to another department; how many those are."""
    number = moved = 0
    for path in sorted((root / "manifests").glob("assets-*.yaml")):
        lines = path.read_text().splitlines(keepends=True)
        for index, line in enumerate(lines):
            if line.lstrip().startswith("department:"):
                if number % every == 0:
                    lines[index] = f"      department: Moved {every}\n"
                    moved += 1
                number += 1
        path.write_text("".join(lines))
    return moved
