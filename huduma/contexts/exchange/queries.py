"""Reading about registers."""

from huduma.contexts.exchange.providers.base import connectors


def list_connectors() -> dict[str, str]:
    """Return each register that is plugged in, with how far its connector is proven."""
    return {name: connector.confidence for name, connector in connectors.items()}
