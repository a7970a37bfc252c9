"""The store: resources, journal, lease, snapshot, migrations."""
