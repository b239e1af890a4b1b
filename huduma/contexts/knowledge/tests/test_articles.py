"""The life of an article, what it shows of the charters, and how it is found."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.catalogue.operations.loading import save_service
from huduma.contexts.identity import public as identity
from huduma.contexts.knowledge import public as knowledge
from huduma.contexts.knowledge.models import Article, Version
from huduma.contexts.places import public as places
from huduma.foundation.access import ANONYMOUS, SYSTEM, NotFound, NotPermitted

pytestmark = pytest.mark.django_db
SERVICE = "birth-cert-current"


@pytest.fixture
def charter(settings, now):
    places.load_places(actor=SYSTEM)
    catalogue.load_packages(actor=SYSTEM, path=settings.BASE_DIR / "services" / SERVICE, now=now)
    return catalogue.get_service(SERVICE)


@pytest.fixture
def editors(charter, now):
    """Two people of the contact centre."""
    made = []
    for name in ("Neema", "Otieno"):
        account = identity.open_staff_account(
            actor=SYSTEM, email=f"{name.lower()}@example.org", password="a-long-password-for-tests", first_name=name,
            surname="Mfano", now=now,
        )  # fmt: skip
        identity.grant_role(actor=SYSTEM, account_id=account.id, role="agent", body_code=None, now=now)
        made.append(identity.actor_for(account, channel="desk", purpose="casework", second_factor=True))
    return made


def draft(
    actor, now, code="late-birth", en="It costs {fee:birth-cert-current}.", sw="Ni {fee:birth-cert-current}.", **more
):
    values = {
        "title": {"en": "Registering a birth", "sw": "Kusajili kuzaliwa"}, "text": {"en": en, "sw": sw}, "is_public": True,
        "services": [SERVICE], "is_new": not Article.objects.filter(code=code).exists(),
    }  # fmt: skip
    return knowledge.draft_article(actor=actor, code=code, now=now, **values | more)


def publish(editors, now, **more):
    version = draft(editors[0], now, **more)
    knowledge.submit_version(actor=editors[0], version_id=version.id, now=now)
    knowledge.review_version(actor=editors[1], version_id=version.id, now=now)
    return knowledge.publish_version(actor=editors[0], version_id=version.id, now=now)


def test_a_second_person_reviews_and_only_drafts_change(editors, now):
    author, other = editors
    version = draft(author, now)
    with pytest.raises(NotFound):
        knowledge.get_article_for(ANONYMOUS, "late-birth", now=now)
    knowledge.submit_version(actor=author, version_id=version.id, now=now)
    with pytest.raises(knowledge.SameAuthor):
        knowledge.review_version(actor=author, version_id=version.id, now=now)
    with pytest.raises(knowledge.ChangedMeanwhile):
        knowledge.publish_version(actor=other, version_id=version.id, now=now)
    with pytest.raises(DatabaseError, match="only drafts"), transaction.atomic():
        Version.objects.filter(id=version.id).update(text_en="other")
    knowledge.return_version(actor=other, version_id=version.id, reason="Name the office", now=now)
    knowledge.submit_version(actor=author, version_id=version.id, now=now)
    knowledge.review_version(actor=other, version_id=version.id, now=now)
    knowledge.publish_version(actor=author, version_id=version.id, now=now)
    assert knowledge.get_article_for(ANONYMOUS, "late-birth", now=now).number == 1
    with pytest.raises(NotPermitted):
        knowledge.list_articles_for(ANONYMOUS)


def test_nobody_finds_words_right_that_they_did_not_read(editors, now):
    read, later = draft(editors[0], now), now + timedelta(minutes=1)
    knowledge.submit_version(actor=editors[0], version_id=read.id, now=now)
    knowledge.return_version(actor=editors[0], version_id=read.id, reason="One more thing", now=later)
    changed = draft(editors[0], later, en="Ask somebody else.", seen_at=read.drafted_at)
    knowledge.submit_version(actor=editors[0], version_id=read.id, now=later)
    with pytest.raises(knowledge.ChangedMeanwhile):
        knowledge.review_version(actor=editors[1], version_id=read.id, seen_at=read.drafted_at, now=later)
    found = knowledge.review_version(actor=editors[1], version_id=read.id, seen_at=changed.drafted_at, now=later)
    assert found.state == "reviewed"


def test_the_next_version_counts_from_its_day_and_the_old_one_stays_readable(editors, now):
    publish(editors, now)
    second = draft(editors[1], now, en="Ask at the counter.", sw="Uliza kaunta.")
    knowledge.submit_version(actor=editors[1], version_id=second.id, now=now)
    knowledge.review_version(actor=editors[0], version_id=second.id, now=now)
    tomorrow = now + timedelta(days=1)
    with pytest.raises(knowledge.NotThatDay):
        knowledge.publish_version(
            actor=editors[0], version_id=second.id, valid_from=(now - timedelta(days=2)).date(), now=now
        )
    knowledge.publish_version(actor=editors[0], version_id=second.id, valid_from=tomorrow.date(), now=now)
    assert knowledge.get_article_for(ANONYMOUS, "late-birth", now=now).number == 1
    assert knowledge.find_for(ANONYMOUS, "counter", now=now) == []
    assert knowledge.get_article_for(ANONYMOUS, "late-birth", now=tomorrow).number == 2
    assert [one.number for one in knowledge.find_for(ANONYMOUS, "counter", now=tomorrow)] == [2]
    assert [one.number for one in knowledge.list_versions_for(editors[0], "late-birth")] == [2, 1]
    with pytest.raises(knowledge.ReasonNeeded):
        knowledge.withdraw_article(actor=editors[0], code="late-birth", reason="", now=now)
    knowledge.withdraw_article(actor=editors[0], code="late-birth", reason="No longer so", now=now)
    with pytest.raises(NotFound):
        knowledge.get_article_for(ANONYMOUS, "late-birth", now=tomorrow)
    assert len(knowledge.list_versions_for(editors[0], "late-birth")) == 2


def test_figures_come_from_the_charter_in_force_in_both_languages(editors, charter, now, settings):
    publish(editors, now)
    text = "{service:*}: {fee:*}, {time:*}. {needs:*}{link:*}".replace("*", SERVICE)
    filled = knowledge.fill(text, "en")
    assert ": KSh 200.00, 1 working day." in filled
    assert "1 working day" in filled
    assert "– A photo of the mother's ID card" in filled
    assert f"{settings.PUBLIC_URL}/en/services/{SERVICE}/" in filled
    assert "siku 1 ya kazi" in knowledge.fill(text, "sw").casefold()
    charter.content["fee_kes"] = 350
    type(charter).objects.filter(code=SERVICE).update(content=charter.content)
    assert "KSh 350.00" in knowledge.fill(text, "en")


@pytest.mark.parametrize(
    ("words", "refusal", "figures"),
    [
        ("It costs KES 200.", knowledge.FigureTyped, ["KES 200"]),
        ("It costs KES 300.", knowledge.Contradicts, ["KES 300"]),
        ("It takes 5 days.", knowledge.Contradicts, ["5 days"]),
        ("{fee:no-such-service}", knowledge.NoSuchService, ["no-such-service"]),
        ("{cost:birth-cert-current}", knowledge.NoSuchField, ["{cost:birth-cert-current}"]),
    ],
)
def test_a_typed_figure_is_refused(editors, now, words, refusal, figures):
    with pytest.raises(refusal) as refused:
        draft(editors[0], now, en=words)
    assert refused.value.figures == figures
    assert not Version.objects.exists()


def test_an_article_whose_charter_changed_is_listed_until_somebody_finds_it_right(editors, charter, now, drain_jobs):
    publish(editors, now, en="A charge of KES 50 may come on top of {fee:birth-cert-current}.")
    with transaction.atomic():
        save_service(charter.content | {"fee_kes": 300}, charter, actor=SYSTEM, now=now - timedelta(seconds=1))
    drain_jobs()
    assert knowledge.list_articles_for(editors[0])[0].article.review_since is None  # it was read since then
    charter.refresh_from_db()
    publish(editors, now, code="elsewhere", en="Ask us.", sw="Tuulize.", services=[])
    changed = charter.content | {"fee_kes": 350}
    with transaction.atomic():
        save_service(changed, charter, actor=SYSTEM, now=now)
    drain_jobs()
    listed = knowledge.list_articles_for(editors[0])
    assert [(one.article_id, one.article.review_since is not None) for one in listed] == [
        ("late-birth", True),
        ("elsewhere", False),
    ]
    knowledge.confirm_article(actor=editors[1], code="late-birth", now=now)
    assert knowledge.list_articles_for(editors[0])[0].article.review_since is None
    service = catalogue.get_service(SERVICE)
    with transaction.atomic():
        save_service(changed | {"fee_note": ""}, service, actor=SYSTEM, now=now)
    drain_jobs()
    with pytest.raises(knowledge.Contradicts):  # the charter says KES 50 no more
        knowledge.confirm_article(actor=editors[1], code="late-birth", now=now)


def test_finding_by_words_by_their_beginning_and_in_spite_of_typing_errors(editors, now):
    publish(editors, now)
    publish(editors, now, code="inside", en="Ask for the slip.", sw="Omba karatasi.", is_public=False)
    found = knowledge.find_for(ANONYMOUS, "kusajili", now=now)
    assert [one.article_id for one in found] == ["late-birth"]
    assert {one.article_id for one in knowledge.find_for(editors[0], "regist birth", now=now)} == {
        "inside",
        "late-birth",
    }
    assert [one.article_id for one in knowledge.find_for(ANONYMOUS, "regestering", now=now)] == ["late-birth"]
    assert [one.article_id for one in knowledge.find_for(editors[0], "karatasi", now=now)] == ["inside"]
    assert knowledge.find_for(ANONYMOUS, "karatasi", now=now) == []
    assert knowledge.find_for(ANONYMOUS, "' | & !", now=now) == []
    with pytest.raises(NotFound):
        knowledge.get_article_for(ANONYMOUS, "inside", now=now)
    assert [one.article_id for one in knowledge.list_about(SERVICE, now=now)] == ["late-birth"]


def test_two_who_write_at_once_lose_nothing(editors, now):
    first = draft(editors[0], now)
    with pytest.raises(knowledge.TakenCode):
        draft(editors[1], now, is_new=True)
    later = now + timedelta(minutes=1)
    draft(editors[1], later, seen_at=first.drafted_at)
    with pytest.raises(knowledge.ChangedMeanwhile):
        draft(editors[0], later, seen_at=first.drafted_at)
    assert set(Version.objects.get().authors) == {one.account_id for one in editors}


def test_whether_it_helped_is_counted_some_times_from_one_place(editors, now):
    publish(editors, now)
    for number in range(5):
        knowledge.say_whether_it_helped(
            actor=ANONYMOUS, code="late-birth", helped=number != 1, address="192.0.2.1", now=now
        )
    version = Version.objects.get()
    assert (version.helped, version.helped_not) == (2, 1)
