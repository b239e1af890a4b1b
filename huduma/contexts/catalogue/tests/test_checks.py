"""Every fault that a package can have is named with file, line, rule and remedy, and all at once.

Each row damages a sound package in one way and names the one fault that has to be told: without its check, the row fails.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.places import public as places
from huduma.foundation.access import SYSTEM

ROOT = Path(__file__).parents[2]
CLEARANCE, PERMIT, PARKING = "police-clearance", "county-sbp", "county-parking-seasonal"
BIRTH, HOUSEHOLD, EIA, FINE = "birth-cert-current", "household-card", "nema-eia", "jud-fines-bail"
S, F, P, R, C, M = "service.yaml", "form.yaml", "process.bpmn", "rules.dmn", "certificate.typ", "messages.yaml"
NAIROBI = "when: {properties: {county_code: {const: '047'}}, required: [county_code]}"
START = '<bpmn:startEvent id="submitted"'
LOST = (
    '<bpmn:userTask id="lost" name="Look" huduma:name_sw="Angalia"><bpmn:extensionElements>'
    '<huduma:outcome id="ok" name="OK" name_sw="Sawa"/></bpmn:extensionElements></bpmn:userTask>'
    '<bpmn:sequenceFlow id="way" sourceRef="lost" targetRef="{0}"/>' + START
)


@dataclass
class Damage:
    """Replaces texts of a file; `rule` has to be told at the line with `at`."""

    code: str
    file: str
    changes: list[tuple[str, str]]
    rule: str
    at: str


SW_NAME = "  sw: Kibali cha biashara cha kaunti\n"


def one(code, file, old, new, rule, at=""):
    return Damage(code, file, [(old, new)], rule, at or new or old)


DAMAGES = {
    # The charter
    "the Kiswahili of a name": one(PERMIT, S, SW_NAME, "", "name: the Kiswahili is missing", "name:"),
    "the Kiswahili of a requirement": one(
        CLEARANCE,
        S,
        "requirements:\n",
        "requirements:\n- en: More\n",
        "requirements/0: the Kiswahili is missing",
        "- en: More",
    ),
    "a key that is missing": one(CLEARANCE, S, "legal_basis:", "legal_bases:", '"legal_basis" is a required', "code:"),
    "a key that is not known": one(CLEARANCE, S, "output:", "outptu:", "'outptu' was unexpected"),
    "a unit of time that is none": one("helb-clearance", S, "unit: days", "unit: weekdays", '"weekdays" is not one of'),
    "yes and no without quotes": one(
        "caj-complaint",
        F,
        "enum: ['yes', 'no']",
        "enum: [yes, no]",
        "reads [True, False] in the enum",
        "  complained:\n",
    ),
    "words for a question that nobody asks": one(
        "helb-clearance",
        F,
        "ui:\n",
        "ui:\n  stray:\n    label: {en: X, sw: X}\n    widget: text\n",
        "worded and never asked",
        "  stray:",
    ),
    "a value out of the list": one(CLEARANCE, S, "level: national", "level: galactic", '"galactic" is not one of'),
    "a code that is not the folder's": one(CLEARANCE, S, f"code: {CLEARANCE}", "code: other", "not the folder's name"),
    "a body that is unknown": one(CLEARANCE, S, "body: DCI", "body: NOBODY", "not in the register of public bodies"),
    "a channel that is unknown": one(CLEARANCE, S, "- web\n", "- telegraph\n", '"contact_centre", "outreach"'),
    "a fee that leaves cases out": Damage(
        PERMIT,
        S,
        [
            ("  decided_by: application_fee_cents\n", f"  decided_by: application_fee_cents\n  {NAIROBI}\n"),
            ("  decided_by: permit_fee_cents\n", f"  decided_by: permit_fee_cents\n  {NAIROBI}\n"),
        ],
        "no line says what this costs: county_code 001",
        "fees:",
    ),
    "a fee that ends and nothing follows": Damage(
        CLEARANCE,
        S,
        [
            ("  amount: 1000\n", "  amount: 1000\n  to: '2099-12-31'\n"),
            ("  amount: 50\n", "  amount: 50\n  to: '2099-12-31'\n"),
        ],
        "on 01 January 2100 no line says what this costs: every case",
        "fees:",
    ),
    "a fee that ends before it begins": one(
        CLEARANCE,
        S,
        "  amount: 50\n",
        "  amount: 50\n  from: '2030-01-02'\n  to: '2030-01-01'\n",
        "ends before it begins",
        "to: '2030-01-01'",
    ),
    "a day that is none": one(
        CLEARANCE,
        S,
        "  amount: 50\n",
        "  amount: 50\n  from: '2030-02-30'\n",
        "a date that is none",
        "- code: convenience",
    ),
    "a fee that no table decides": one(
        PERMIT, S, "decided_by: permit_fee_cents", "decided_by: permit_cents", "rules.dmn decides no 'permit_cents'"
    ),
    "a fee from no number": one(
        FINE, S, "amount_from: amount", "amount_from: court", "'court' is no question for a number"
    ),
    "a fee on a condition that is not asked": one(
        CLEARANCE,
        S,
        "  amount: 50\n",
        "  amount: 50\n  when: {properties: {colour: {const: red}}, required: [colour]}\n",
        "names 'colour', which the form does not ask",
        "when: {",
    ),
    "a charter that says another price": one(
        CLEARANCE, S, "fee_kes: 1050", "fee_kes: 1000", "the charter says 1000 shillings, and the schedule bills 1050"
    ),
    "a price that no lines on a condition come to": Damage(
        CLEARANCE,
        S,
        [
            ("  amount: 1000\n", "  amount: 1000\n  when: {properties: {sex: {const: F}}, required: [sex]}\n"),
            ("fee_kes: 1050", "fee_kes: 9000"),
        ],
        "the charter says 9000 shillings, and the schedule bills 50, 1050",
        "fee_kes: 9000",
    ),
    "one of several prices that the schedule never bills": one(
        CLEARANCE,
        S,
        "fee_kes: 1050",
        "fee_kes:\n- amount: 1050\n  condition: {en: Usual, sw: Kawaida}\n- amount: 2000\n  condition: {en: Fast, sw: Haraka}",
        "the charter says 2000 shillings, and the schedule bills 1050",
        "- amount: 2000",
    ),
    "a category that no page knows": one(
        CLEARANCE, S, "category: security", "category: securty", '"securty" is not one'
    ),
    "a life event that no page knows": one(CLEARANCE, S, "- travel\n", "- traveling\n", '"traveling" is not one of'),
    "a question without a purpose": one(
        PERMIT,
        S,
        "data: [activity, size, staff]",
        "data: [activity, size]",
        "no purpose and lawful basis is given for 'staff'",
        "purposes:",
    ),
    "a purpose of no question": one(
        PERMIT,
        S,
        "data: [activity, size, staff]",
        "data: [activity, size, staff, colour]",
        "there is no question 'colour'",
    ),
    "a document without its upload": one(
        PERMIT, S, "answer: fire_clearance", "answer: ward", "names no upload question: 'ward'"
    ),
    "a limit of a step that is not there": one(
        BIRTH,
        S,
        "clocks:\n",
        "clocks:\n  steps: {inspect: {within: {value: 3, unit: hours}}}\n",
        "the process has no officer's task 'inspect'",
        "steps: {inspect",
    ),
    # The form
    "a question asked although a register holds it": Damage(
        PERMIT,
        F,
        [
            ("fields: [activity, size, staff]", "fields: [activity, size, staff, business_name]"),
            ("    staff: {type", "    business_name: {type: string}\n    staff: {type"),
            ("ui:\n", "ui:\n  business_name:\n    label: {en: Name, sw: Jina}\n    widget: text\n"),
        ],
        "'business_name' is asked, and government holds it",
        "  business_name:\n    label",
    ),
    "a question that nothing uses": Damage(
        PARKING,
        F,
        [
            ("fields: [plate]", "fields: [plate, colour]"),
            ("    plate: {type", "    colour: {type: string}\n    plate: {type"),
            ("ui:\n", "ui:\n  colour:\n    label: {en: Colour, sw: Rangi}\n    widget: text\n"),
        ],
        "the answer to 'colour' is used by no step, rule or template",
        "  colour:\n    label",
    ),
    "a question without a schema": one(
        PERMIT,
        F,
        "    ward: {type: string, minLength: 2, maxLength: 80}\n",
        "",
        "the question 'ward' has no schema",
        "- id: place",
    ),
    "a question without wording": one(
        PERMIT,
        F,
        "  ward:\n    label: {en: Ward, sw: Wadi}\n    widget: text\n",
        "",
        "the question 'ward' has no wording",
        "- id: place",
    ),
    "a question asked twice": one(
        PERMIT, F, "fields: [activity, size, staff]", "fields: [activity, size, staff, ward]", "'ward' is asked twice"
    ),
    "a question never asked": one(
        PERMIT,
        F,
        "fields: [activity, size, staff]",
        "fields: [activity, size]",
        "'staff' is never asked",
        "    staff: {type",
    ),
    "a required question that is not there": one(
        PERMIT,
        F,
        "required: [county_code, ward",
        "required: [colour, county_code, ward",
        "there is no question 'colour'",
    ),
    "no Kiswahili of a label": one(
        PERMIT, F, "label: {en: Ward, sw: Wadi}", "label: {en: Ward}", "the Kiswahili is missing"
    ),
    "options that the schema does not know": one(
        PERMIT,
        F,
        "enum: [shop, workshop, hotel, services, other]",
        "enum: [shop, workshop, hotel, services]",
        "options and schema differ: ['other']",
        "  activity:\n    label",
    ),
    "a condition on a later question": one(
        PERMIT,
        F,
        "activity: {enum: [workshop, hotel]}\n    required: [activity]",
        "pin_number: {enum: [x]}\n    required: [pin_number]",
        "names 'pin_number', which is not asked before",
        "show_if:\n",
    ),
    "a condition that holds unanswered": one(
        PERMIT,
        F,
        "    required: [activity]\n",
        "",
        "the condition holds while 'activity' is not answered",
        "show_if:\n",
    ),
    "a county that is no question": one(
        PERMIT, F, "county_field: county_code", "county_field: province", "there is no question 'province'"
    ),
    "a look-up on no page": one(BIRTH, F, "page: slip", "page: slipp", "there is no page 'slipp'"),
    "a document that names no question": one(
        BIRTH, F, "of: child_name", "of: childs_name", "the document names no question: 'childs_name'"
    ),
    "a group that shares its page": one(
        HOUSEHOLD,
        F,
        "fields: [children]\n  show_if",
        "fields: [children, helper]\n  show_if",
        "the group 'children' shares its page",
        "  children:\n    label",
    ),
    "a link to a number that may be no mobile": one(
        HOUSEHOLD,
        F,
        "other_phone: {type: string, format: mobile}",
        "other_phone: {type: string}",
        "a link cannot be sent to this number",
        "phone: other_phone",
    ),
    "no JSON Schema": one(
        PERMIT,
        F,
        "    ward: {type: string, minLength",
        "    ward: {type: strings, minLength",
        "not a JSON Schema",
        "schema:\n",
    ),
    "a certificate without its template": one(
        PERMIT, F, "certificate:\n", "certificates:\n", "'certificates' was unexpected"
    ),
    # The process
    "an element that is not run": one(
        PERMIT, P, START, '<bpmn:scriptTask id="script"/>' + START, "<scriptTask> is not supported", "scriptTask"
    ),
    "a gateway without a default": one(
        PERMIT, P, ' default="to-rejected"', "", "the gateway 'decision' has no default flow", 'id="decision"'
    ),
    "a step that is never reached": one(
        PERMIT, P, START, LOST.format("rejected"), "'lost' is never reached", 'id="lost"'
    ),
    "steps that reach only each other": one(
        PERMIT, P, START, LOST.format("lost"), "can be reached only from steps that are never reached", 'id="lost"'
    ),
    "a step that leads nowhere": one(
        PERMIT,
        P,
        '<bpmn:sequenceFlow id="wait-to-issued" sourceRef="wait-credential" targetRef="issued"/>',
        "",
        "'wait-credential' leads nowhere",
        'id="wait-credential"',
    ),
    "a way without an end": one(
        PERMIT,
        P,
        'sourceRef="wait-credential" targetRef="issued"',
        'sourceRef="wait-credential" targetRef="issue"',
        "from 'issue' no way leads to an end",
        'id="issue"',
    ),
    "an action that is unknown": one(
        PERMIT, P, 'huduma:action="raise-bill"', 'huduma:action="raise-bil"', "the action 'raise-bil' is unknown"
    ),
    "a decision that is not there": one(
        PERMIT, P, 'huduma:decision="fee"', 'huduma:decision="fees"', "rules.dmn has no decision 'fees'"
    ),
    "an expression over no fact": one(
        PERMIT,
        P,
        'name="permit_fee_cents" fact="permit_fee_cents"',
        'name="permit_fee_cents" fact="rent"',
        "uses rent, which is no fact",
        'id="bill"',
    ),
    "a step without Kiswahili": one(
        PERMIT, P, ' huduma:name_sw="Kagua ombi"', "", "'Review the application' has no Kiswahili", 'id="review"'
    ),
    "an outcome without Kiswahili": one(
        PERMIT, P, ' name_sw="Idhinisha"', "", "'Approve' has no Kiswahili", 'id="approve"'
    ),
    "a message that nobody sends": one(
        PERMIT,
        P,
        'name="corrected"',
        'name="corected"',
        "nothing ever sends the message 'corected'",
        "wait-correction-message",
    ),
    "a condition on an outcome that no task has": one(
        PERMIT,
        P,
        'outcome == "approve"',
        'outcome == "approved"',
        "asks for the outcome 'approved', which no step before it can have",
        'id="to-issue"',
    ),
    "an approval that ends as a refusal does": one(
        PERMIT,
        P,
        'outcome == "approve"',
        'outcome == "send_back"',
        "the outcomes 'approve' and 'reject' both go the default way 'to-rejected'",
        'id="decision"',
    ),
    "a status without words": one(
        PERMIT, P, 'huduma:status="issued"', 'huduma:status="isued"', "the status 'isued' is unknown"
    ),
    "a document before the payment": one(
        PERMIT,
        P,
        'id="wait-payment-message" messageRef="bill-settled"',
        'id="wait-payment-message" messageRef="corrected"',
        "the bill of 'bill' is not awaited",
        'id="issue"',
    ),
    "no XML": one(PERMIT, P, "</bpmn:process>", "</bpmn:proces>", "not XML"),
    # The tables
    "a table with a gap": one(
        PERMIT, R, '<text>"large"</text>', '<text>"huge"</text>', "no rule covers county_code", '<decision id="fee"'
    ),
    "a table with an overlap": one(EIA, R, "&lt;= 10000000", "&lt;= 20000000", "both cover cost", '<rule id="rule-2"'),
    "a rule that never decides": one(
        PERMIT, R, '<text>"large"</text>', '<text>"kiosk"</text>', "this rule never decides", '<rule id="rule-5"'
    ),
    # The document and the notices
    "a template that reads what is not there": one(
        PERMIT,
        C,
        "The business named",
        "#let data = json(bytes(sys.inputs.data))\n#data.colour\nThe business named",
        'does not contain key "colour"',
        "#data.colour",
    ),
    "a template that is no Typst": one(
        PERMIT, C, "The business named", "#nonsense(1)\nThe business named", "unknown variable: nonsense", "#nonsense"
    ),
    "a template that leaves out the paper": one(
        PERMIT,
        C,
        "#show: certificate.with(",
        "#let unused = certificate.with(",
        "does not show its reference and QR",
        "#import",
    ),
    "a template that imports": one(
        PERMIT,
        C,
        "The business named",
        '#import "@preview/x:1.0.0"\nThe business named',
        "may import nothing but its paper",
        '#import "@preview',
    ),
    "a notice with an unknown field": one(
        CLEARANCE,
        M,
        "for application {reference}. Where",
        "for application {number}. Where",
        "names {number}, which is not known",
        "en: 'Huduma",
    ),
    "a notice for no status": one(
        CLEARANCE, M, "waiting_visit:", "waiting_vist:", "no step of the process has the status 'waiting_vist'"
    ),
    "a notice without Kiswahili": Damage(
        CLEARANCE,
        M,
        [("    sw: 'Huduma: malipo", "    se: 'Huduma: malipo")],
        "the Kiswahili is missing",
        "sms:",
    ),
}


@pytest.fixture
def damaged(tmp_path):
    """Copies a package, changes texts in its files, and returns the folder."""

    def make(code, *changes):
        source = settings.SERVICES_DIR / code
        if not source.exists():
            source = ROOT / "applications" / "tests" / "packages" / code
        folder = shutil.copytree(source, tmp_path / code, dirs_exist_ok=True)
        for file, old, new in changes:
            text = (folder / file).read_text()
            assert old in text, (file, old)
            (folder / file).write_text(text.replace(old, new, 1))
        return folder

    return make


def faults_of(folder):
    [package] = catalogue.check_packages(folder)
    return package.faults


@pytest.mark.parametrize("code", [CLEARANCE, PERMIT, PARKING, BIRTH, HOUSEHOLD, EIA, FINE])
def test_the_packages_that_are_damaged_here_are_sound(damaged, code):
    assert faults_of(damaged(code)) == []


@pytest.mark.parametrize("name", DAMAGES)
def test_a_fault_is_named_with_file_line_rule_and_remedy(damaged, name):
    damage = DAMAGES[name]
    folder = damaged(damage.code, *((damage.file, old, new) for old, new in damage.changes))
    faults = faults_of(folder)
    found = [fault for fault in faults if damage.rule in fault.rule and fault.file == str(folder / damage.file)]
    assert found, [str(fault) for fault in faults]
    text = (folder / damage.file).read_text()
    if damage.at.strip():
        lines = [text[: at.start()].count("\n") + 1 for at in re.finditer(re.escape(damage.at), text)]
        assert found[0].line in lines, (found[0].line, lines)
    assert len(found[0].remedy) > 5


@pytest.mark.parametrize("key", ["fees", "purposes", "retention"])
def test_the_charter_of_an_online_service_says_more(damaged, key):
    folder = damaged(FINE)
    text = re.sub(rf"^{key}:\n(?:[ -].*\n)+", "", (folder / S).read_text(), flags=re.M)
    (folder / S).write_text(text)
    assert f"people can apply online, and the charter has no {key!r}" in [fault.rule for fault in faults_of(folder)]


def test_a_schedule_that_no_step_bills_is_a_fault_of_the_charter(damaged):
    faults = faults_of(damaged(PERMIT, (P, 'huduma:action="raise-bill"', 'huduma:action="wait-for-payment"')))
    [found] = [fault for fault in faults if "no step raises a bill" in fault.rule]
    assert Path(found.file).name == S


def test_all_faults_are_told_at_once(damaged):
    folder = damaged(
        PERMIT,
        (S, SW_NAME, ""),
        (F, "label: {en: Ward, sw: Wadi}", "label: {en: Ward}"),
        (P, ' default="to-rejected"', ""),
        (R, '<text>"large"</text>', '<text>"huge"</text>'),
        (C, "The business named", "#nonsense(1)\nThe business named"),
    )
    faults = faults_of(folder)
    assert {Path(fault.file).name for fault in faults} == {S, F, P, R, C}


def test_what_is_faulty_is_not_loaded_and_nothing_of_it(damaged, db, now, capsys):
    places.load_places(actor=SYSTEM)
    folder = damaged(PERMIT, (F, "label: {en: Ward, sw: Wadi}", "label: {en: Ward}"))
    shutil.copytree(settings.SERVICES_DIR / BIRTH, folder.parent / BIRTH)
    with pytest.raises(catalogue.FaultyPackages):
        catalogue.load_packages(actor=SYSTEM, path=folder.parent, now=now)
    assert catalogue.list_services() == []
    with pytest.raises(SystemExit, match="1 fault;"):
        call_command("service", "check", str(folder.parent))
    assert f"{folder}/form.yaml:" in capsys.readouterr().err


def test_every_package_is_sound_without_a_database():
    packages = catalogue.check_packages(settings.SERVICES_DIR)
    assert [str(fault) for package in packages for fault in package.faults] == []
    assert sum(package.is_runnable for package in packages) >= 20
