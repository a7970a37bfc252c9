"""A record as the vendor shows one of which it knows nothing: nulls, and the odd placeholders (facts 3.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .clock import epoch_millis, iso_millis
from .parts import PARTS


def blank_record(asset_id: int, uuid: str, source: str, now: datetime) -> dict[str, Any]:
    """A record as the vendor shows one of which it knows nothing: nulls, and the odd placeholders (facts 3.8)."""
    record: dict[str, Any] = dict.fromkeys(PARTS)
    record.update(
        {
            "assetId": asset_id,
            "assetUUID": uuid,
            "lastModifiedDate": iso_millis(now),
            "createdDate": iso_millis(now),
            "sensorLastUpdatedDate": iso_millis(now),
            "assetType": "HOST",
            "biosSerialNumber": "",
            "totalMemory": 0,
            "isContainerHost": False,
            "userAccountListData": {"userAccount": []},
            "openPortListData": {"openPort": []},
            "volumeListData": {"volume": []},
            "networkInterfaceListData": {"networkInterface": []},
            "softwareListData": {"software": []},
            "serviceList": {"service": []},
            "tagList": {"tag": []},
            "businessAppListData": {"businessApp": []},
            "customAttributes": [],
            "agent": {
                "version": None,
                "configurationProfile": None,
                "activations": None,
                "connectedFrom": None,
                "lastActivity": 0,
                "lastCheckedIn": 0,
                "lastInventory": -1,
                "udcManifestAssigned": None,
                "errorStatus": None,
            },
            "sensor": {
                "activatedForModules": [],
                "pendingActivationForModules": [],
                "lastVMScan": 0,
                "lastComplianceScan": 0,
                "lastFullScan": 0,
            },
            "inventory": {"source": source, "created": epoch_millis(now), "lastUpdated": epoch_millis(now)},
            "activity": {"source": source, "lastScannedDate": 0},
            "criticality": {
                "aiCriticalityScoreConfidence": None,
                "hasAiCriticalityScore": False,
                "default": True,
                "score": 2,
                "isDefault": True,
                "lastUpdated": iso_millis(now),
            },
            "riskScore": 0,
        }
    )
    return record
