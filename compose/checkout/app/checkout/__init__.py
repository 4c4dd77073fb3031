"""A checkout: `api` takes orders, `worker` fulfils them, `payments` stands for the third party that takes the money."""
