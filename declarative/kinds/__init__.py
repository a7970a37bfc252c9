"""What each kind means; one registry entry a kind, nothing else knows a kind by name."""
