"""NIR files -> drafts of bundles."""
