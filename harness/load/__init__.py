"""The load: the user's own locustfile in Locust's own process, with arrivals that do not wait for answers.

`arrivals` says when arrivals are due, `config` what the process is told, `generator` starts it and speaks with it. The
rest runs inside it (`child` is its entry): `gate` hands arrivals to users, `patches` is all that is changed in Locust,
`recorder` fills the ledger's rows. Where several processes share a load it is their `master`, and that rest runs in each
`worker`. Importing locust patches a whole process, so nothing outside of it imports those.
"""
