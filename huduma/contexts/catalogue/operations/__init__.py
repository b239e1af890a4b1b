"""All writes of the catalogue: folders that are loaded, and packages that people draft, approve, publish and withdraw."""

from huduma.contexts.catalogue.operations.loading import FaultyPackages, check_packages, load_packages
from huduma.contexts.catalogue.operations.proposals import (
    AnotherBody,
    FaultyProposal,
    NotAPackage,
    NothingNew,
    ProposalReasonNeeded,
    SamePerson,
    WrongDay,
    WrongState,
    approve_proposal,
    discard_proposal,
    draft_proposal,
    publish_proposal,
    return_proposal,
    submit_proposal,
    take_effect,
    withdraw_service,
)

__all__ = [
    "AnotherBody",
    "FaultyPackages",
    "FaultyProposal",
    "NotAPackage",
    "NothingNew",
    "ProposalReasonNeeded",
    "SamePerson",
    "WrongDay",
    "WrongState",
    "approve_proposal",
    "check_packages",
    "discard_proposal",
    "draft_proposal",
    "load_packages",
    "publish_proposal",
    "return_proposal",
    "submit_proposal",
    "take_effect",
    "withdraw_service",
]
