"""The rule processor: reads what is asked, decides, and commits, one partition at a time.

Theory of operation. A process holds *leases* on some partitions. For each it runs one FastStream
subscriber that reads batches of proposals, without a consumer group, from the offset in the log's
head. A batch is decided in memory on the entities that it needs, and one commit appends all of
it. The commit names the head that the batch was decided on; if that is not the head any more, it
changes nothing, and the partition forgets what it knows, reads the head again and rewinds its
reader. That comparison is acknowledgement, de-duplication and fence in one; a lease only avoids
wasted work.
"""

from .application import RuleProcessor

__all__ = ["RuleProcessor"]
