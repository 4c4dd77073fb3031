"""friday-traffic, unchanged, with `--target staging`: the checkout as a system that runs already, behind TLS and a token."""
