"""What the pods of a service write, read through the API server: nothing of it is kept here.

`pods` says which containers are meant, `lines` what is new in what they wrote, `reader` asks.
"""
