"""What can be broken that is nobody's decision. Refusals are answers and never raised.

The log has two more of its own: `CorruptLog` and `FormatMismatch`, in `events.log`.
"""


class Unavailable(Exception):
    """Redis did not answer in time, or refused to write.

    It is not known whether the proposal was decided: propose it again with the same id, and
    either it is decided now or the first answer comes back.
    """


class LogVanished(Exception):
    """The log that this process has worked on is gone; Redis came back without it.

    Nothing is written any more. Give Redis its files back, or restart to begin a new log.
    """
