"""Pure: decide, build, guard, codec, fingerprints."""
