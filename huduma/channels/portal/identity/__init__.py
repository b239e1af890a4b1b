"""Who a citizen is: signing in, proving it, how notices come, and for which business they act."""

from huduma.channels.portal.identity import account, contact, organisations, proof, sign_in
from huduma.channels.portal.identity.proof import AFTER_PROOF
from huduma.channels.portal.identity.sign_in import to_sign_in

__all__ = ["AFTER_PROOF", "to_sign_in", "urlpatterns"]

urlpatterns = [
    *sign_in.urlpatterns,
    *account.urlpatterns,
    *proof.urlpatterns,
    *contact.urlpatterns,
    *organisations.urlpatterns,
]
