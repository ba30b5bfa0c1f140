"""The daemon's own probes of running services: from here, over the network, bounded in every way."""
