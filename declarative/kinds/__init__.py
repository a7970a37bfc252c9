"""What each kind means: manifests become the desired state. The only room that knows kinds by name."""
