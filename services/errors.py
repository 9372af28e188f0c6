"""What can be broken that is nobody's decision. Refusals are answers and never raised."""

# ruff: noqa: N818 - each says what is the matter, which the suffix would only repeat


class Unavailable(Exception):
    """Redis did not answer in time, or refused to write.

    It is not known whether the proposal was decided: propose it again with the same id, and
    either it is decided now or the first answer comes back.
    """


class CorruptLog(Exception):
    """The log, or what is stored beside it, is not as we wrote it.

    Stop, leave everything as it is, and let a person look: going on would build on the damage.
    """


class WrongFormat(Exception):
    """The log was created by something else, or is gone.

    The number of partitions or the version of the format is not the one expected. Compare the
    settings with the `format` key; nothing was written.
    """
