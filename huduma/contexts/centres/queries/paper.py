"""Reading the paper numbers that were printed."""

from uuid import UUID

from huduma.contexts.centres.models import NumberBlock
from huduma.contexts.workforce import public as workforce
from huduma.foundation.access import Actor, NotFound


def list_blocks_for(actor: Actor, centre_code: str) -> list[NumberBlock]:
    """Return the newest blocks of a centre's paper numbers, to its staff. Raises NotPermitted."""
    workforce.require_place(actor, centre_code, "officer", "supervisor")
    return list(NumberBlock.objects.filter(centre_id=centre_code)[:10])


def get_block_for(actor: Actor, block_id: UUID) -> NumberBlock:
    """Return a block to the staff of its centre. Raises NotFound, NotPermitted."""
    block = NumberBlock.objects.select_related("centre").filter(id=block_id).first()
    if block is None:
        raise NotFound
    workforce.require_place(actor, block.centre_id, "officer", "supervisor")
    return block
