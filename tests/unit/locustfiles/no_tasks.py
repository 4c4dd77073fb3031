from locust import FastHttpUser


class Idle(FastHttpUser):
    pass
