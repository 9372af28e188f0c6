"""The gateway: what clients of the HTTP and WebSocket API talk to. It proposes and reads."""

from .app import create_app
from .guards import AllowList, Cors, Csrf, Guards, guarded
from .limits import GatewayLimits
from .proposing import Proposing
from .server import GatewayServer, create_server
from .views import Views

__all__ = [
    "AllowList", "Cors", "Csrf", "GatewayLimits", "GatewayServer", "Guards", "Proposing", "Views",
    "create_app", "create_server", "guarded",
]  # fmt: skip
