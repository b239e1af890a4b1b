"""What each address of the platform is. A new one is written down here before it is served."""

#: Anybody reads it; what it shows is public.
OPEN = {
    "root": "schema",
    "api": "crm_openapi services.json services.xml requests.json requests.xml matters_csv matters_json <slug:code>.json <slug:code>.xml",
    "outreach_api": "tablet worker manifest",
    "desk": "sign_in",
    "display": "ticket board board_json",
    "portal": "home search life_events life_event bodies body counties county sitemap robots service where centre sign_in track"
    " find_bill pay_reference bill_code verify verify_reference answers answer help find_matter new_matter write outreach_visits"
    " outreach_visit innovations apply",
}
#: Everybody who is signed in, for their own business only.
SIGNED_IN = {
    "portal": "book appointments account prove by_hand contact confirm_email organisations people child ask_mandate"
    " my_applications my_bills replace_feed",
}
#: Every member of staff reads it, and finds there what is theirs or what all of them may know.
STAFF = {
    "desk": "services versions centres matters customers knowledge figures figure redesign innovations special_days",
    "outreach_api": "tablet_visits",
}
#: Those who hold some role in a body, for what is that body's or nobody's in particular. Records of people are the country's.
OFFICERS = {
    "desk": "worklist late lodge customer hearing assist new_number confirm_number bills till gaps processes records"
    " pair pair_join pair_apart joined part_records",
    "outreach": "visits plan conflicts tablets",
}
#: Does one thing to one's own session or place of work, and leads on; of strangers' rows it knows nothing.
STEPS = {
    "desk": "find second_factor sign_out new_number_code stop_assisting close_counter call_next counter_assist find_collectable"
    " notice_duplicate",
    "portal": "sign_in_code sign_out stop_acting leave_list cancel_by_reference",
    "outreach": "tablet",
}
#: Shut to all strangers: a row of one person or body, a secret in the address, a signature, a token, or a role that is none of theirs.
SHUT = {
    "api": "crm_token crm_matters crm_matter crm_notes crm_messages crm_answer <str:reference>.json <str:reference>.xml",
    "hooks": "payment payment_late payment_question africastalking twilio inbox_sms inbox_voice inbox_whatsapp inbox_messenger"
    " inbox_x crm",
    "outreach_api": "devices wiped pack records states files file",
    "outreach": "teams visit report conflict tablet_page",
    "display": "kiosk door",
    "portal": "appointment appointment_calendar visit_link visit_calendar feed collect collect_link how act_for"
    " end_mandate mandate check apply_page remove_file entry application withdraw short upload agree ask_again spread pay receipt"
    " cancel_payment tax_invoices document answer_helped matter matter_file matter_add matter_accept"
    " matter_reject matter_higher matter_withdraw matter_outside matter_by_key matter_file_by_key matter_add_by_key"
    " matter_accept_by_key matter_reject_by_key matter_higher_by_key matter_withdraw_by_key matter_outside_by_key chat",
    "desk": "upload case revoke decide claim release reassign package export_package submit_package discard_package"
    " approve_package return_package publish_package export_version counter open_counter counter_act counter_quick reception"
    " attendance door catch_up blocks block wall centre_settings shelf give_back collectable matters_report matter matter_case matter_claim"
    " matter_release matter_handover matter_note matter_tell matter_route matter_escalate matter_extend matter_answer matter_join"
    " matter_leave matter_access solve_problem crm close_link replay_webhook inbox write_down presence unreadable unreadable_raw"
    " canned attachment conversation conversation_claim conversation_release conversation_handover conversation_share"
    " conversation_note conversation_tag conversation_snooze conversation_reply conversation_link conversation_matter"
    " conversation_callback conversation_end calls call_out hang_up call_outcome recording take_call settle_callback staffing"
    " new_article read_article article article_write article_submit article_discard article_review article_return article_publish"
    " article_withdraw article_confirm bill ask_waiver decide_waiver gateways unexplained payment ask_again cancel_payment"
    " propose_ruling decide_ruling rates decide_rate refunds propose_refund decide_refund resend_refund record_by_hand refund_slip"
    " close_refund check_by_hand plan ask_roster roster cancel_shift retry_step skip_step set_team moves "
    " pair_confirm pair_refuse publish_innovation tell_innovation redesign_simulation redesign_simulate"
    " redesign_service redesign_measure redesign_version redesign_compare redesign_xes redesign_csv collections revenue statements"
    " statement statement_file explain_line propose_batch batch decide_batch remittance_advice bank_accounts audit trace"
    " ledger_account checks jobs clear_special_day given_twice ask_back write_off"
    " statement_line charter",
}
CLASSES = {
    "open": OPEN, "signed in": SIGNED_IN, "staff": STAFF, "officers": OFFICERS, "steps": STEPS, "shut": SHUT,
}  # fmt: skip
#: What is written down, if not of a stranger: a person writes to us or sees to their own, and whoever holds a ticket gives it up.
ACTS = {
    "portal:write": "inbox.",
    "portal:new_matter": "contact.matter.opened",
    "display:ticket": "centres.ticket.ended",
    "portal:replace_feed": "centres.feed.replaced",
    "desk:pair": "identity.person.viewed",
    "desk:joined": "identity.person.viewed",
    "desk:part_records": "identity.person.viewed",
    "desk:pair_join": "identity.person.viewed",
    "desk:pair_apart": "identity.person.viewed",
}
#: Records of people are the country's: whoever joins two of them sees both, and that they looked is written down.
RECORDS = ("desk:records", "desk:pair", "desk:joined", "desk:part_records", "desk:pair_join", "desk:pair_apart")


def class_of(channel: str, name: str) -> str:
    """Return the class of an address, or "" where it has none or more than one."""
    found = [one for one, named in CLASSES.items() if name in named.get(channel, "").split()]
    return found[0] if len(found) == 1 else ""
