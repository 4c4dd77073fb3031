from locust import FastHttpUser

class Reader(FastHttpUser)
    pass
