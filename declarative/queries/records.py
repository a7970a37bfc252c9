"""The paths of the API's records (facts 3.6 and 4), for `--fields`, completion and did-you-mean.

A list, not a schema: keys may be missing, null or new, so a path that is not here is worth a word, never an error.
List wrappers are left out, as `select` takes them so: `openPort.port` stands for `openPortListData.openPort.port`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from declarative.queries.model import Target

_PLAIN = (
    "assetId assetUUID hostId agentId assetType createdDate lastModifiedDate sensorLastUpdatedDate lastBoot address dnsName "
    "assetName netbiosName timeZone biosDescription biosSerialNumber biosAssetTag hwUUID totalMemory cpuCount lastLoggedOnUser "
    "domainRole isContainerHost riskScore isp asn provider lparId hostingCategory1 softwareComponent domain subdomain "
    "organizationName easmTags missingSoftware whois passiveSensor inventoryListData"
)

_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "operatingSystem": "osName fullName category category1 category2 productName publisher edition marketVersion version "
        "update architecture productUrl productFamily installDate release cpeId cpe cpeType",
        "operatingSystem.lifecycle": "gaDate eolDate eosDate stage lifeCycleConfidence eolSupportStage eosSupportStage "
        "detectionScore",
        "operatingSystem.taxonomy": "id name category1 category2",
        "hardware": "fullName category category1 category2 manufacturer productName model productUrl productFamily",
        "hardware.lifecycle": "introDate gaDate eosDate obsoleteDate stage lifeCycleConfidence",
        "hardware.taxonomy": "id name category1 category2",
        "processor": "description speed numCPUs noOfSocket threadsPerCore coresPerSocket multithreadingStatus",
        "userAccount": "name",
        "openPort": "port description protocol detectedService firstFound lastUpdated authorization detectionScore "
        "discoverySources",
        "volume": "name free size",
        "networkInterface": "hostname addressIpV4 addressIpV6 macAddress interfaceName dnsAddress gatewayAddress manufacturer "
        "macVendorIntroDate netmask addresses",
        "software": "id fullName softwareType category category1 category2 productName component publisher edition marketVersion "
        "version update architecture installDate installPath lastUpdated lastUseDate language formerlyKnownAs isIgnored "
        "ignoredReason isPackage isPackageComponent packageName productUrl supportStageDesc authorization "
        "authorizationDetectionScore discoveredPublisher discoveredName discoveredVersion discoverySources cpeId cpe cpeType",
        "software.lifecycle": "gaDate eolDate eosDate stage lifeCycleConfidence eolSupportStage eosSupportStage",
        "software.license": "category subcategory",
        "service": "name description status",
        "tag": "tagId tagName foregroundColor backgroundColor businessImpact criticalityScore",
        "agent": "version configurationProfile activations connectedFrom lastActivity lastCheckedIn lastInventory "
        "udcManifestAssigned errorStatus",
        "sensor": "activatedForModules pendingActivationForModules lastVMScan lastComplianceScan lastFullScan "
        "lastVmScanDateScanner lastVmScanDateAgent lastPcScanDateScanner lastPcScanDateAgent firstEasmScanDate lastEasmScanDate",
        "container": "product version noOfContainers noOfImages hasSensor",
        "inventory": "source created lastUpdated",
        "activity": "source lastScannedDate",
        "lastLocation": "city state country name continent postal",
        "criticality": "score isDefault default lastUpdated hasAiCriticalityScore aiCriticalityScoreConfidence",
        "businessInformation": "company department ownedBy managedBy supportedBy supportGroup environment operationalStatus",
        "assignedLocation": "name city state country",
        "businessApp": "id name environment businessCriticality managedBy ownedBy supportedBy supportGroup operationalStatus "
        "status usedFor",
        "customAttributes": "key value connectorName",
        "cloudProvider": "aws azure gcp oci ibm alibaba",
    }
)

# Below these there is more than the sheet tells.
_OPEN = ("cloudProvider.", "whois.", "missingSoftware.", "passiveSensor.", "softwareComponent.", "agent.activations.")

_COMPONENT = "assetComponentId name version technology installPath firstFoundAt lastFoundAt"

# A filter says component.firstFoundDate, the answer firstFoundAt (facts 4); people carry names from one to the other.
_FILTER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "component.firstFoundDate": "component.firstFoundAt",
        "component.lastFoundDate": "component.lastFoundAt",
        "asset.name": "assetName",
        "asset.assetID": "assetId",
        "asset.hasAiCriticalityScore": "criticality.hasAiCriticalityScore",
        "asset.aiCriticalityScoreConfidence": "criticality.aiCriticalityScoreConfidence",
        "asset.criticalityScore": "criticality.score",
        "asset.riskScore": "riskScore",
        "asset.biosSerialNumber": "biosSerialNumber",
        "asset.lastUpdated": "lastModifiedDate",
        "tags.name": "tag.tagName",
    }
)


def record_paths(target: Target) -> tuple[str, ...]:
    """Every known path of a record, sorted; groups themselves too."""
    return tuple(sorted(_host_paths() if target is Target.HOSTS else _component_paths()))


def _host_paths() -> Iterator[str]:
    yield from _PLAIN.split()
    for group, names in _GROUPS.items():
        yield group
        yield from (f"{group}.{name}" for name in names.split())


def _component_paths() -> Iterator[str]:
    yield "assetId"
    yield "component"
    yield from (f"component.{name}" for name in _COMPONENT.split())


def unknown_columns(target: Target, columns: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    """The columns no known record has, each with the path most likely meant."""
    known = record_paths(target)
    return tuple((column, _meant(column, known)) for column in columns if not _is_known(column, known))


def _is_known(column: str, known: Sequence[str]) -> bool:
    bare = ".".join(
        part for part in column.split(".") if not part.endswith("ListData") and part not in ("tagList", "serviceList")
    )
    return not bare or bare in known or bare.startswith(_OPEN)


def _meant(column: str, known: Sequence[str]) -> str | None:
    if _FILTER_NAMES.get(column) in known:
        return _FILTER_NAMES[column]
    by_folded = {path.lower(): path for path in known}
    folded = column.lower()
    if folded in by_folded:
        return by_folded[folded]
    tails = [path for path in known if path.lower().rpartition(".")[2] == folded]
    if len(tails) == 1:
        return tails[0]
    found = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.75)
    return by_folded[found[0]] if found else None


def complete_columns(target: Target, typed: str) -> tuple[str, ...]:
    """What a shell may offer for a half-typed `--fields a,b.`: the list so far with each path that fits its end."""
    before, comma, last = typed.rpartition(",")
    return tuple(f"{before}{comma}{path}" for path in record_paths(target) if path.lower().startswith(last.lower()))
