"""The daemon's own probes of running services: from here, over the network, bounded in every way.

One event loop in one thread asks all of them, so that thousands that never answer cost no thread each; names are looked
up in a few threads more. What a service sends is a stranger's: every probe has a deadline for all of it, what is read
of an answer is capped, redirects are not followed, and addresses that hand out credentials are never contacted.
"""

from reconciler.probe.prober import Prober

__all__ = ["Prober"]
