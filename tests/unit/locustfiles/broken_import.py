from locust import FastHttpUser  # noqa: F401

raise RuntimeError("no data file")
