"""Values every room shares: diagnostics, errors, exit codes, canonical bytes, time, secrets."""
