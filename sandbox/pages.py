"""The look of the sandbox's pages, and their words. Everything works without JavaScript."""

import html

from starlette.requests import Request
from starlette.responses import HTMLResponse

from sandbox.state import State

WORDS = {
    "en": {
        "title": "Sandbox phone", "lead": "A handset for trying Huduma. No real message is sent and no real money moves.",
        "number": "Phone number", "open": "Open this phone", "messages": "Messages", "none": "No messages yet.",
        "refresh": "Look for new messages", "pay": "Pay", "decline": "Decline", "ignore": "Do nothing",
        "pin": "M-Pesa PIN (1234 in the sandbox)", "ask": "Do you want to pay KSh {amount} to Huduma, account {reference}?",
        "balance": "M-Pesa balance", "mail": "E-mail", "staff": "Staff codes", "other": "Kiswahili", "other_code": "sw",
        "codes": "One-time codes of the demo officers", "seconds": "The codes change every 30 seconds.", "nomail": "No e-mail yet.",
        "portal": "Back to the portal", "payment": "Payment request", "answered": "Answered. The result goes to Huduma now.",
        "to": "To", "nosubject": "No subject", "contacts": "Test citizens", "late": "This request had been answered before.",
        "call_us": "Call Huduma", "calls_you": "{who} calls you.", "lift": "Answer the call", "hang_up": "Hang up", "key": "Key of the phone",
        "press": "Press it", "in_call": "You are in a call. On the line: {who}.", "nobody": "nobody yet",
        "new": "New on this phone", "write": "Write an SMS to Huduma (22222)", "send": "Send",
        "airtel": "Airtel Money request", "airtel_pin": "Airtel Money PIN (1234 in the sandbox)", "paybill": "Pay bill", "bank_page": "Bank",
        "paybill_number": "Business number", "account": "Account number (the bill's reference)", "amount": "Amount in shillings",
        "reference": "Reference of the bill", "statements": "Statements", "paid": "Sent. Receipt {receipt}.", "refused": "Not taken: the account number or the amount is not accepted.",
        "lowbalance": "Not enough money on this phone.", "wrongpin": "Wrong PIN.", "checkout": "eCitizen checkout", "invoice": "Invoice",
        "paybill_hint": "Or on any phone: M-Pesa, Pay bill, business number {paybill}, account number {number}.", "back": "Back without paying",
        "card": "Card number", "card_page": "Card payment", "card_hint": "Sandbox: {good} is accepted, {bad} is declined.", "declined": "The card was declined. Nothing was taken.",
        "bank": "Bank", "branch": "Bank branch", "depositor": "Name of whoever pays", "deposit": "Pay in", "deposited": "Paid in. Receipt {receipt}.",
        "menu_lead": "The menu of a phone: M-Pesa, Lipa na M-Pesa, Pay bill.",
    },
    "sw": {
        "title": "Simu ya majaribio", "lead": "Simu ya kujaribia Huduma. Hakuna ujumbe wala pesa za kweli zinazotumwa.",
        "number": "Nambari ya simu", "open": "Fungua simu hii", "messages": "Ujumbe", "none": "Bado hakuna ujumbe.",
        "refresh": "Tafuta ujumbe mpya", "pay": "Lipa", "decline": "Kataa", "ignore": "Usifanye kitu",
        "pin": "PIN ya M-Pesa (1234 kwenye majaribio)", "ask": "Je, ungependa kulipa KSh {amount} kwa Huduma, akaunti {reference}?",
        "balance": "Salio la M-Pesa", "mail": "Barua pepe", "staff": "Misimbo ya wafanyakazi", "other": "English", "other_code": "en",
        "codes": "Misimbo ya mara moja ya maafisa wa majaribio", "seconds": "Misimbo hubadilika kila sekunde 30.",
        "nomail": "Bado hakuna barua pepe.", "portal": "Rudi kwenye tovuti", "payment": "Ombi la malipo",
        "answered": "Imejibiwa. Matokeo yanatumwa kwa Huduma sasa.", "to": "Kwa", "nosubject": "Bila mada", "contacts": "Raia wa majaribio", "late": "Ombi hili lilikuwa limejibiwa awali.",
        "call_us": "Piga Huduma", "calls_you": "{who} anakupigia simu.", "lift": "Pokea simu", "hang_up": "Kata simu", "key": "Kitufe cha simu",
        "press": "Bonyeza", "in_call": "Uko kwenye simu. Kwenye laini: {who}.", "nobody": "bado hakuna mtu",
        "new": "Jipya kwenye simu hii", "write": "Andika SMS kwa Huduma (22222)", "send": "Tuma",
        "airtel": "Ombi la Airtel Money", "airtel_pin": "PIN ya Airtel Money (1234 kwenye majaribio)", "paybill": "Lipa bili", "bank_page": "Benki",
        "paybill_number": "Nambari ya biashara", "account": "Nambari ya akaunti (nambari ya bili)", "amount": "Kiasi kwa shilingi",
        "reference": "Nambari ya bili", "statements": "Taarifa za akaunti", "paid": "Pesa zimetumwa. Risiti {receipt}.", "refused": "Hazikupokelewa: nambari ya akaunti au kiasi hakikubaliki.",
        "lowbalance": "Hakuna pesa za kutosha kwenye simu hii.", "wrongpin": "PIN si sahihi.", "checkout": "Malipo ya eCitizen", "invoice": "Ankara",
        "paybill_hint": "Au kwenye simu yoyote: M-Pesa, Lipa bili, nambari ya biashara {paybill}, nambari ya akaunti {number}.", "back": "Rudi bila kulipa",
        "card": "Nambari ya kadi", "card_page": "Malipo kwa kadi", "card_hint": "Majaribio: {good} hukubaliwa, {bad} hukataliwa.", "declined": "Kadi imekataliwa. Hakuna pesa zilizochukuliwa.",
        "bank": "Benki", "branch": "Tawi la benki", "depositor": "Jina la anayelipa", "deposit": "Weka pesa", "deposited": "Pesa zimewekwa. Risiti {receipt}.",
        "menu_lead": "Menyu ya simu: M-Pesa, Lipa na M-Pesa, Lipa bili.",
    },
}  # fmt: skip
STYLE = """
:root{color-scheme:light dark;--ink:#14221b;--soft:#4b5a52;--paper:#f3f5f1;--card:#fff;--line:#8a978f;--brand:#00592d;--on:#fff;--bubble:#e4efe7}
@media(prefers-color-scheme:dark){:root{--ink:#eef3ef;--soft:#b9c5bd;--paper:#0d1410;--card:#16201a;--line:#74837a;--brand:#7fd6a2;--on:#06150c;--bubble:#20352a}}
*{box-sizing:border-box}body{margin:0;font:1.0625rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:24rem;margin:1rem auto;padding:1.25rem;background:var(--card);border:.5rem solid var(--ink);border-radius:2rem;min-height:34rem}
nav{max-width:24rem;margin:1rem auto 0;padding:0 1rem;display:flex;flex-wrap:wrap;gap:.25rem 1rem}h1{font-size:1.35rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:1.25rem 0 .5rem}
p{margin:.35rem 0}.soft{color:var(--soft);font-size:.95rem}a{color:var(--brand)}label{display:block;font-weight:600;margin:.75rem 0 .25rem}
input,select{font:inherit;width:100%;padding:.6rem;border:2px solid var(--line);border-radius:.5rem;background:var(--card);color:var(--ink)}
button{font:inherit;font-weight:600;padding:.6rem 1rem;margin:.75rem .5rem 0 0;border:2px solid var(--brand);border-radius:.5rem;background:var(--brand);color:var(--on);min-height:2.75rem}
button.quiet{background:none;color:var(--brand)}:focus-visible{outline:3px solid #f2b705;outline-offset:2px}
.sms{list-style:none;padding:0;margin:0}.sms li{background:var(--bubble);border-radius:1rem 1rem 1rem .25rem;padding:.6rem .8rem;margin:.5rem 0;overflow-wrap:anywhere;white-space:pre-line}
.contacts{list-style:none;padding:0;margin:0}.contacts li{border-top:1px solid var(--line);padding:.5rem 0}.contacts a{font-weight:600}
.prompt{border:3px solid var(--brand);border-radius:1rem;padding:.75rem 1rem;margin:1rem 0}.code{font:700 1.5rem ui-monospace,monospace;letter-spacing:.15em}
"""
SCRIPT = """
const box=document.getElementById('live');if(box)setInterval(async()=>{if(box.contains(document.activeElement))return;
const r=await fetch(location.href,{headers:{'x-live':'1'}}).catch(()=>null);if(!r||!r.ok)return;const t=await r.text();
if(box.dataset.last!==t){const first=!box.dataset.last;box.dataset.last=t;if(!first||box.innerHTML!==t){box.innerHTML=t;
if(!first)document.getElementById('news').textContent=box.dataset.new+': '+(box.querySelector('.prompt p,.sms li')?.textContent||'')}}},1500);
"""


def language(request: Request) -> str:
    return "sw" if request.query_params.get("lang") == "sw" else "en"


def page(request: Request, title: str, inner: str) -> HTMLResponse:
    code = language(request)
    words = WORDS[code]
    other = request.url.include_query_params(lang=words["other_code"])
    portal = request.app.state.huduma_url
    back = f'<a href="{html.escape(portal)}/{code}/">{words["portal"]}</a>' if portal else ""
    base = request.url_for("phone").path
    return HTMLResponse(
        f'<!doctype html><html lang="{code}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body>'
        f'<nav aria-label="Sandbox"><a href="{base}?lang={code}">{words["title"]}</a><a href="{base}mail?lang={code}">{words["mail"]}</a>'
        f'<a href="{base}pay?lang={code}">{words["paybill"]}</a><a href="{request.url_for("bank").path}?lang={code}">{words["bank_page"]}</a>'
        f'<a href="{request.url_for("statements").path}?lang={code}">{words["statements"]}</a>'
        f'<a href="{base}totp?lang={code}">{words["staff"]}</a><a href="{html.escape(str(other))}" lang="{words["other_code"]}">{words["other"]}</a>'
        f"{back}</nav><main><h1>{title}</h1>{inner}</main><script>{SCRIPT}</script></body></html>"
    )


def shillings(cents: int) -> str:
    """`KSh 1,050.00`"""
    return f"KSh {cents / 100:,.2f}"


def choose(state: State, words: dict[str, str], field: str, chosen: str = "") -> str:
    """A choice of the test citizens' handsets."""
    options = "".join(
        f'<option value="{person["phone"]}"{" selected" if person["phone"] == chosen else ""}>{person["phone"]} '
        f"{html.escape(person['first_name'])} {html.escape(person['surname'])}</option>"
        for person in state.people.values()
        if person.get("phone")
    )
    return f'<label for="{field}">{words["number"]}</label><select id="{field}" name="{field}">{options}</select>'
