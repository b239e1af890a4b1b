"""Two records of one human being: found, joined by people, and parted again without loss."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from huduma.contexts.contact import public as contact
from huduma.contexts.contact.models import Matter
from huduma.contexts.identity import operations, rules
from huduma.contexts.identity import public as identity
from huduma.contexts.identity.models import Account, Duplicate, Person
from huduma.contexts.identity.operations import duplicates
from huduma.contexts.identity.providers.belongings import belongings
from huduma.contexts.places import public as places
from huduma.foundation import ids, jobs
from huduma.foundation.access import ANONYMOUS, SYSTEM, Actor, Grant, NotPermitted
from huduma.foundation.journal import public as journal


def boss():
    return Actor(
        kind="person", channel="desk", account_id=ids.uuid7(), person_id=ids.uuid7(),
        grants=frozenset({Grant("supervisor", "CRS")}),
    )  # fmt: skip


def record(**facts):
    values = {"surname": "Mfano", "first_name": "Asha", "verified_by": "assisted", "registered_at": timezone.now()}
    return Person.objects.create(**{**values, **facts})


def complain(person_id, text="Nobody answers."):
    return contact.open_matter(
        actor=replace(boss(), on_behalf_of=person_id, purpose="assisted"), kind="complaint", text=text, language="sw",
        body_code="CRS", now=timezone.now(),
    )  # fmt: skip


def found(person, **_):
    operations.look_for_duplicates(person_id=person.id, now=timezone.now())
    return {
        other: (row.score, row.reasons)
        for row in Duplicate.objects.filter(state="open")
        for other in ({row.one_id, row.other_id} - {person.id})
        if person.id in (row.one_id, row.other_id)
    }


def join(one, other, by=None):
    by = by or boss()
    pair = identity.notice_duplicate(actor=by, one_id=one.id, other_id=other.id, now=timezone.now())
    return identity.join_records(actor=by, duplicate_id=pair.id, why="Both cards shown.", now=timezone.now())


def everything():
    """Whose every row is, and what every record says."""
    rows = {
        key: set(one.model._default_manager.values_list("pk", one.column)) for key, one in belongings.items()
    }  # fmt: skip
    return rows, set(Person.objects.values_list("id", "id_number", "merged_into_id", "phone", "verified_by"))


@pytest.fixture
def asha(customer):
    return Person.objects.get(id=customer.person_id)


def test_duplicates_are_found_by_what_two_records_share(asha, now):
    Person.objects.filter(id=asha.id).update(birth_date=date(1990, 4, 7))
    asha.refresh_from_db()
    alike = {
        "id_number": record(id_number="90000012", first_name="Aisha"),
        "phone": record(phone="+254700000002", other_names="Wanjiku"),
        "born": record(birth_date=date(1990, 4, 7), first_name="Ashah"),
        "born_swapped": record(birth_date=date(1990, 7, 4)),
    }
    strangers = [
        record(phone="+254700000002", first_name="Juma", surname="Baba", birth_date=date(1960, 1, 1)),
        record(birth_date=date(1990, 4, 7), first_name="Peter", surname="Otieno"),
        record(id_number="90000003", first_name="Omar", surname="Ali"),
        record(id_number="80000099", verified_by="iprs", birth_date=date(1971, 1, 1)),
    ]
    pairs = found(asha)
    assert {reason for reason, one in alike.items() if reason in pairs.get(one.id, (0, []))[1]} == set(alike)
    assert not {one.id for one in strangers} & set(pairs)
    listed = identity.list_duplicates_for(boss())
    assert [one.score for one in listed] == sorted((one.score for one in listed), reverse=True)


def test_one_email_address_in_two_spellings_is_a_hint_and_so_is_a_rare_name_alone(asha):
    Account.objects.filter(person=asha).update(email="asha@example.org")
    account = Account.objects.create(phone="+254700000009", email="Asha@Example.org", created_at=timezone.now())
    other = record(first_name="Aisha")
    Account.objects.filter(id=account.id).update(person=other)
    assert "email" in found(asha)[other.id][1]
    alone = record(first_name="Zuhura", surname="Mfanowetu")
    same = record(first_name="Zuhura", surname="Mfanowetu")
    assert same.id in found(alone)
    for _ in range(6):
        record(first_name="Wambui", surname="Mfanowengi")
    assert found(record(first_name="Wambui", surname="Mfanowengi")) == {}


def test_records_that_nobody_was_told_of_are_found_by_the_sweep_of_all(db, monkeypatch, drain_jobs):
    monkeypatch.setattr(duplicates, "SWEPT_AT_ONCE", 2)
    pairs = [
        {record(phone=phone, first_name=name, surname=surname).id for name in names}
        for phone, names, surname in (
            ("+254700000011", ("Asha", "Aisha"), "Mfano"), ("+254700000012", ("Zuhura", "Zuhra"), "Kielelezo"),
        )
    ]  # fmt: skip
    judged = Duplicate.objects.create(
        **dict(zip(("one_id", "other_id"), sorted(pairs[0]), strict=True)), score=60, reasons=[], alike=80, state="apart",
        why="Two sisters.", found_at=timezone.now(), judged_at=timezone.now(),
    )  # fmt: skip
    jobs.defer("identity.sweep_for_duplicates", once="identity.sweep_for_duplicates")
    assert drain_jobs() == ["identity.sweep_for_duplicates"] * 3
    assert [{row.one_id, row.other_id} for row in Duplicate.objects.filter(state="open")] == [pairs[1]]
    judged.refresh_from_db()
    assert judged.state == "apart"
    said = StringIO()
    call_command("duplicates", stdout=said)
    assert said.getvalue() == "4 records looked at, 0 new pairs for people to judge\n"


def test_every_search_for_duplicates_goes_by_an_index(asha, django_assert_max_num_queries):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plans = []

    def explain(execute, sql, params, many, context):
        if sql.lstrip().startswith("SELECT") and "identity_" in sql:
            with connection.cursor() as cursor:
                cursor.cursor.execute("EXPLAIN " + sql, params)
                plans.append("\n".join(line for (line,) in cursor.cursor.fetchall()))
        return execute(sql, params, many, context)

    Person.objects.filter(id=asha.id).update(birth_date=date(1990, 4, 7))
    with django_assert_max_num_queries(25), connection.execute_wrapper(explain):
        operations.look_for_duplicates(person_id=asha.id, now=timezone.now())
    assert len(plans) > 5
    assert not [plan for plan in plans if "Seq Scan" in plan]


def test_a_person_who_may_joins_two_records_and_the_rows_follow(asha, staff, drain_jobs):
    other = record(phone="+254700000002")
    matter = complain(other.id)
    with pytest.raises(NotPermitted):
        join(asha, other, by=staff("focal", "CRS"))
    pair = identity.notice_duplicate(actor=staff("agent"), one_id=asha.id, other_id=other.id, now=timezone.now())
    with pytest.raises(identity.WhyNeeded):
        identity.join_records(actor=boss(), duplicate_id=pair.id, why=" ", now=timezone.now())
    merge = join(other, asha)
    assert (merge.state, merge.kept_id, merge.merged_id) == ("joined", asha.id, other.id)  # the better verified goes on
    matter.refresh_from_db()
    assert matter.person_id == asha.id
    drain_jobs()
    told = journal.entries_concerning(asha.id, acts=["identity.person.merged", "messages.message.ordered"])
    assert {one.act for one in told} == {"identity.person.merged", "messages.message.ordered"}
    assert [one.id for one in identity.list_people_by_phone("+254700000002")] == [asha.id]
    with pytest.raises(identity.AlreadyJoined):
        join(asha, other)


def test_two_verified_records_need_a_second_person_and_two_ids_of_the_register_are_never_one(asha):
    one, two = boss(), boss()
    slip = record(id_number="90000012")
    asked = join(asha, slip, by=one)
    assert asked.state == "asked"
    assert Person.objects.get(id=slip.id).merged_into is None
    with pytest.raises(identity.ColleagueNeeded):
        identity.confirm_joining(actor=one, merge_id=asked.id, now=timezone.now())
    with pytest.raises(identity.AlreadyJoined):
        join(asha, slip, by=two)
    assert identity.refuse_joining(actor=two, merge_id=asked.id, now=timezone.now()).state == "refused"
    asked = join(asha, slip, by=one)
    assert identity.confirm_joining(actor=two, merge_id=asked.id, now=timezone.now()).state == "joined"
    assert identity.list_people_by_id_number("90000012") == [asha]
    sister = record(id_number="90000004", verified_by="iprs")
    with pytest.raises(identity.CannotBeOne):
        join(asha, sister)
    worker = identity.open_staff_account(
        actor=SYSTEM, email="asha@work.example.org", password="a-long-password-for-tests", first_name="Asha", surname="Mfano",
        now=timezone.now(),
    )  # fmt: skip
    with pytest.raises(identity.RecordOfStaff):
        join(asha, worker.person)


def test_no_account_comes_to_a_verified_record_on_one_persons_word(bodies):
    card = record(id_number="90000012")
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000009", language="sw", now=timezone.now())
    typed = record(verified_by="by-hand")
    Account.objects.filter(id=account.id).update(person=typed)
    one = boss()
    asked = join(typed, card, by=one)
    assert (asked.state, asked.kept_id) == ("asked", card.id)
    with pytest.raises(identity.ColleagueNeeded):
        identity.confirm_joining(actor=one, merge_id=asked.id, now=timezone.now())


def test_a_question_that_waits_keeps_nobody_from_proving_who_they_are(bodies):
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000009", language="sw", now=timezone.now())
    typed, third, card = record(verified_by="by-hand"), record(id_number="90000021"), record(id_number="90000012")
    Account.objects.filter(id=account.id).update(person=typed)
    account.refresh_from_db()
    asked = join(third, card)
    assert (asked.state, asked.merged_id) == ("asked", card.id)
    facts = identity.IdentityFacts(
        id_number="90000012", surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    online = identity.actor_for(account, channel="portal", purpose="self-service")
    assert identity.record_identity_proof(actor=online, facts=facts, by="iprs", now=timezone.now()).id == typed.id
    asked.refresh_from_db()
    card.refresh_from_db()
    assert (asked.state, card.merged_into_id) == ("refused", typed.id)


def test_two_numbers_of_one_human_being_open_the_same_record(asha):
    account = identity.open_account(actor=ANONYMOUS, phone="+254700000009", language="sw", now=timezone.now())
    online = identity.actor_for(account, channel="portal", purpose="self-service")
    facts = identity.IdentityFacts(
        id_number=None, surname="Mfano", first_name="Asha", other_names="", birth_date=None, sex="F"
    )
    second = identity.record_identity_proof(actor=online, facts=facts, by="by-hand", now=timezone.now())
    asked = join(asha, second)
    identity.confirm_joining(actor=boss(), merge_id=asked.id, now=timezone.now())
    account.refresh_from_db()
    assert identity.actor_for(account, channel="portal", purpose="self-service").person_id == asha.id
    identity.part_records(actor=boss(), merge_id=asked.id, why="Two sisters.", now=timezone.now())
    account.refresh_from_db()
    assert account.person_id == second.id


def test_a_wrong_joining_is_undone_after_new_things_were_added(asha):
    other = record(id_number="90000012", phone="+254700000008")
    hers, his = complain(asha.id), complain(other.id)
    asked = join(asha, other)
    identity.confirm_joining(actor=boss(), merge_id=asked.id, now=timezone.now())
    new_hers, new_his = complain(asha.id), complain(asha.id)
    added = {row.pk for _, row in identity.get_merge_for(boss(), asked.id, now=timezone.now())[1]}
    assert added == {new_hers.id, new_his.id}
    stolen = ("contact.Matter.person_id", hers.id)  # what was hers before cannot be asked for
    identity.part_records(
        actor=boss(), merge_id=asked.id, why="A brother, not she.", now=timezone.now(),
        also=[("contact.Matter.person_id", new_his.id), stolen],
    )  # fmt: skip
    assert {one.id for one in Matter.objects.filter(person=asha)} == {hers.id, new_hers.id}
    assert {one.id for one in Matter.objects.filter(person=other)} == {his.id, new_his.id}
    other.refresh_from_db()
    assert (other.merged_into_id, other.id_number) == (None, "90000012")
    page = contact.get_customer_for(
        replace(boss(), grants=frozenset({Grant("agent")})), asha.id, why="check", now=timezone.now()
    )
    shown = {one.entry.subject_id for one in contact.happenings_of(page)[0]}
    assert hers.id in shown
    assert not {his.id, new_his.id} & shown
    with pytest.raises(identity.AlreadyJoined):
        identity.part_records(actor=boss(), merge_id=asked.id, why="Once more.", now=timezone.now())
    assert Duplicate.objects.get().state == "apart"
    assert found(asha) == {}  # what a person judged is not put before anybody again


def test_a_number_that_somebody_else_proved_meanwhile_is_not_given_back(asha):
    other = record(id_number="90000012")
    asked = join(asha, other)
    identity.confirm_joining(actor=boss(), merge_id=asked.id, now=timezone.now())
    record(id_number="90000012", first_name="Omar", verified_by="iprs")
    identity.part_records(actor=boss(), merge_id=asked.id, why="A brother, not she.", now=timezone.now())
    other.refresh_from_db()
    assert (other.merged_into_id, other.id_number) == (None, None)


def test_a_joined_record_is_joined_no_second_time_and_the_later_joining_is_undone_first(asha):
    first, second = record(first_name="Ashah"), record(first_name="Aisha")
    matter = complain(second.id)
    lower = join(second, first)
    kept, merged = lower.kept, lower.merged
    with pytest.raises(identity.AlreadyJoined):
        join(asha, merged)
    upper = join(asha, kept)
    assert identity.records_of(asha.id) == [asha.id, kept.id, merged.id]
    assert identity.going_on([Person.objects.get(id=merged.id)]) == [asha]
    with pytest.raises(identity.JoinedFurther):
        identity.part_records(actor=boss(), merge_id=lower.id, why="Not the same.", now=timezone.now())
    identity.part_records(actor=boss(), merge_id=upper.id, why="Not the same.", now=timezone.now())
    identity.part_records(actor=boss(), merge_id=lower.id, why="Not the same.", now=timezone.now())
    matter.refresh_from_db()
    assert matter.person_id == second.id


def test_what_a_late_act_leaves_with_a_joined_record_follows(asha):
    other = record()
    merge = join(asha, other)
    late = complain(other.id)
    assert operations.gather_late(now=timezone.now()) == 1
    late.refresh_from_db()
    assert late.person_id == asha.id
    identity.part_records(actor=boss(), merge_id=merge.id, why="Not the same.", now=timezone.now())
    late.refresh_from_db()
    assert late.person_id == other.id
    assert operations.gather_late(now=timezone.now() + timedelta(days=3)) == 0


@pytest.mark.django_db(transaction=True)
def test_of_two_joinings_at_once_one_is_refused():
    places.load_places(actor=SYSTEM)
    one, other, third = record(), record(first_name="Ashah"), record(first_name="Aisha")
    pairs = [
        identity.notice_duplicate(actor=boss(), one_id=a.id, other_id=b.id, now=timezone.now()).id
        for a, b in ((one, other), (other, one), (other, third))
    ]  # fmt: skip

    def attempt(pair):
        try:
            identity.join_records(actor=boss(), duplicate_id=pair, why="Both cards shown.", now=timezone.now())
        except identity.AlreadyJoined:
            return "refused"
        finally:
            connection.close()
        return "joined"

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(attempt, pairs))
    assert "refused" in outcomes[:2]
    merged = Person.objects.filter(merged_into__isnull=False)
    assert merged.count() == outcomes.count("joined")
    assert all(
        not one.merged_into.merged_into_id or one.merged_into.merged_into.merged_into_id is None for one in merged
    )


ACTS = st.lists(st.tuples(st.sampled_from(["matter", "organisation", "account"]), st.booleans()), max_size=6)


class AnyTwoRecords(TestCase):
    """Whatever two records have, joining them and parting them again leaves every row where it was."""

    @settings(max_examples=15, deadline=None)
    @given(ACTS, st.booleans())
    def test_parting_gives_back_exactly_what_joining_moved(self, acts: list[tuple[str, bool]], verified: bool) -> None:
        places.load_places(actor=SYSTEM)
        one = record(id_number="90000002" if verified else None, verified_by="iprs" if verified else "by-hand")
        other = record(id_number="90000012", phone="+254700000002")
        firm = identity.Organisation.objects.create(
            name="Mfano Ltd", registration_number="CPR/2020/1", kind="company", registered_at=timezone.now()
        )
        for number, (act, first) in enumerate(acts):
            whose = one if first else other
            if act == "matter":
                complain(whose.id)
            elif act == "account":
                identity.Account.objects.create(
                    phone=f"+2547000001{number:02}", person=whose, created_at=timezone.now()
                )
            else:  # both may act for the same firm: a row that cannot move
                from huduma.contexts.identity.models import Mandate

                Mandate.objects.get_or_create(person=whose, organisation=firm, defaults={"from_on": date(2026, 1, 1)})
        before = everything()
        merge = join(one, other)
        if merge.state == "asked":
            merge = identity.confirm_joining(actor=boss(), merge_id=merge.id, now=timezone.now())
        assert Matter.objects.filter(person=merge.merged).count() == 0
        assert Account.objects.filter(person=merge.merged).count() == 0
        identity.part_records(actor=boss(), merge_id=merge.id, why="Not the same.", now=timezone.now())
        assert everything() == before


def test_no_context_keeps_a_person_that_a_joining_would_forget():
    """Every column that names a person is registered, or stands here with the reason why it stays."""
    stays = {
        "identity.Person.merged_into_id",  # the joining itself
        "identity.Duplicate.one_id", "identity.Duplicate.other_id", "identity.Merge.kept_id", "identity.Merge.merged_id",
        "identity.NumberChange.person_id",  # it lives for an hour
        "centres.CalendarFeed.person_id",  # how often the address of that record was changed; it opens no other
        "journal.EntryRow.actor_person_id",  # what happened, happened under that record
    }  # fmt: skip
    named = {
        f"{model._meta.label}.{column.attname}"
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if column.related_model is Person
        or (isinstance(column, models.UUIDField) and column.attname.endswith("person_id"))
    }
    assert named - stays == {key for key, _ in belongings.items()}


@pytest.mark.parametrize(
    ("one", "other"),
    [(date(1990, 4, 7), date(1990, 7, 4)), (date(1990, 12, 1), date(1990, 1, 12))],
)
def test_a_day_taken_for_a_month_is_seen(one, other):
    assert rules.compare_births(one, other) == "born_swapped"
    assert rules.compare_births(one, date(1990, 4, 30)) == "born_differs"


@given(st.text("0123456789", min_size=6, max_size=9), st.data())
def test_one_wrong_digit_is_always_near_and_two_are_not(number, data):
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from("0123456789").filter(lambda digit: digit != number[place]))
    near = set(rules.near_numbers(number))
    assert number[:place] + wrong + number[place + 1 :] in near
    assert number not in near
    assert all(sum(a != b for a, b in zip(number, other, strict=True)) <= 2 for other in near)


def test_ids_of_a_moment_bound_what_was_made_since():
    before = datetime.now(UTC)
    made = [ids.uuid7() for _ in range(2000)]
    after = datetime.now(UTC) + timedelta(milliseconds=1)
    assert made == sorted(made)
    assert ids.first_of(before) < made[0]
    assert made[-1] < ids.first_of(after)
    assert isinstance(ids.first_of(before), UUID)
