"""Who asks a service, and what they may read and write: rules, and a guarded store."""
