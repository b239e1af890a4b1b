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
from huduma.contexts.contact.queries.matters import (
    MatterPage,
    Mention,
    Oddity,
    TooManyTries,
    View,
    count_matters_for,
    find_problems,
    get_case_for,
    get_matter_for,
    get_own_for,
    has_case_access,
    history_of,
    is_customer,
    key_of,
    list_about_for,
    list_matters_for,
    list_mentions_for,
    list_oddities_for,
    list_own_for,
    may_ask_higher,
    may_go_outside,
    may_read,
    may_reject,
    may_work,
    quarter_of,
    remarks_of,
)

__all__ = [
    "PURPOSES", "Customer", "Happening", "MatterPage", "Mention", "Oddity", "PurposeNeeded", "TooManyTries", "View",
    "count_matters_for", "find_customers_for", "find_problems", "get_case_for", "get_customer_for", "get_matter_for",
    "get_own_for", "happenings_of", "has_case_access", "history_of", "is_customer", "key_of", "list_about_for",
    "list_matters_for", "list_mentions_for", "list_oddities_for", "list_own_for", "may_ask_higher", "may_go_outside",
    "may_read", "may_reject", "may_work", "quarter_of", "remarks_of",
]  # fmt: skip
