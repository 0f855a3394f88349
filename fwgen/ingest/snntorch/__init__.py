"""snnTorch state dicts -> drafts of bundles."""
