"""Reading matters and customers. Nobody sees more than their level, body and purpose allow."""

from huduma.contexts.contact.queries.customers import (
    PURPOSES,
    Customer,
    Happening,
    PurposeNeeded,
    find_customers_for,
    get_customer_for,
    happenings_of,
)
from huduma.contexts.contact.queries.figures import (
    LEAST,
    Oddity,
    PublicCount,
    count_matters_for,
    count_public,
    list_oddities_for,
    quarter_of,
)
from huduma.contexts.contact.queries.matters import (
    Ended,
    MatterPage,
    Mention,
    TooManyTries,
    View,
    find_named,
    find_problems,
    get_case_for,
    get_ended,
    get_matter_for,
    get_named_for,
    get_own_for,
    has_case_access,
    history_of,
    is_customer,
    key_of,
    list_about_for,
    list_matters_for,
    list_mentions_for,
    list_open311,
    list_own_for,
    may_ask_higher,
    may_go_outside,
    may_read,
    may_reject,
    may_work,
    remarks_of,
    track,
)

__all__ = [
    "LEAST", "PURPOSES", "Customer", "Ended", "Happening", "MatterPage", "Mention", "Oddity", "PublicCount",
    "PurposeNeeded", "TooManyTries", "View", "count_matters_for", "count_public", "find_customers_for", "find_named",
    "find_problems", "get_case_for", "get_customer_for", "get_ended", "get_matter_for", "get_named_for", "get_own_for",
    "happenings_of", "has_case_access", "history_of", "is_customer", "key_of", "list_about_for", "list_matters_for",
    "list_mentions_for", "list_oddities_for", "list_open311", "list_own_for", "may_ask_higher", "may_go_outside",
    "may_read", "may_reject", "may_work", "quarter_of", "remarks_of", "track",
]  # fmt: skip
