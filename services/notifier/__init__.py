"""Notifier: what policies want told of the states of flow runs is sent, once for each state."""

from .application import Notifier
from .claims import MARGIN, Claims
from .courier import Courier
from .sending import Sender

__all__ = ["MARGIN", "Claims", "Courier", "Notifier", "Sender"]
