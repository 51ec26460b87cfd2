"""What a run observes of a tenant: snapshots, walks, membership, probe values and evidence."""
