"""What stands between a connection and the pages: who may come in, how often, with how much, over what."""
