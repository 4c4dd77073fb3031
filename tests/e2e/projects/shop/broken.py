"""A locustfile with a mistake on its fourth line."""

from locust import FastHttpUser, task
class Reader(FastHttpUser
