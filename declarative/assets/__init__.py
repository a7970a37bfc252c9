"""The asset domain: field table, normalisers, identity, payloads. Pure."""
