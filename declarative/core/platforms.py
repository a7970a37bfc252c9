"""The Qualys platforms and their API gateways (facts 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

GATEWAYS: Mapping[str, str] = MappingProxyType(
    {
        "US1": "https://gateway.qg1.apps.qualys.com",
        "US2": "https://gateway.qg2.apps.qualys.com",
        "US3": "https://gateway.qg3.apps.qualys.com",
        "US4": "https://gateway.qg4.apps.qualys.com",
        "GOV1": "https://gateway.gov1.qualys.us",
        "EU1": "https://gateway.qg1.apps.qualys.eu",
        "EU2": "https://gateway.qg2.apps.qualys.eu",
        "EU3": "https://gateway.qg3.apps.qualys.it",
        "IN1": "https://gateway.qg1.apps.qualys.in",
        "CA1": "https://gateway.qg1.apps.qualys.ca",
        "AE1": "https://gateway.qg1.apps.qualys.ae",
        "UK1": "https://gateway.qg1.apps.qualys.co.uk",
        "AU1": "https://gateway.qg1.apps.qualys.com.au",
        "KSA1": "https://gateway.qg1.apps.qualysksa.com",
    }
)
"""Platform name -> gateway base URL. Private platforms have hosts of their own: `spec.baseUrl` overrides."""
