"""What a browser with old cookies, or somebody's scanner, sends."""

import pytest
from django.test import Client

from huduma.contexts.contact.models import Matter

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/en/sign-in/", "This page is out of date"),
        ("/sw/sign-in/", "Ukurasa huu umepitwa na wakati"),
        ("/en/desk/sign-in/", "This page is out of date"),
    ],
)
def test_a_form_without_its_cookie_is_refused_with_a_way_out(address, says):
    answer = Client(enforce_csrf_checks=True).post(address, {"identifier": "x"})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert says in page
    assert f'href="{address}"' in page
    assert "DEBUG" not in page


@pytest.mark.parametrize(
    "address",
    ["/en/centres/%00/", "/en/v/%00/%00/", "/en/display/%00/", "/sw/counties/%00/", "/en/desk/audit/?q=%00"],
)
def test_no_address_has_a_nul(client, address):
    assert client.get(address).status_code == 400


def test_a_nul_is_taken_out_of_a_form(client):
    typed = {
        "text": "Nobody\0 answers the telephone here.",
        "name": "Asha\0 Mfano",
        "county": "\0",
        "phone": "0700 000 002",
    }
    assert client.post("/en/help/new/complaint/", typed).status_code == 302
    assert Matter.objects.get().text == "Nobody answers the telephone here."


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/en/help/HM1/?view=all", "/en/help/HM1/?view=all"),
        ("https://elsewhere.example/en/", "/en/help/HM1/add/"),
        ("", "/en/help/HM1/add/"),
    ],
)
def test_the_way_back_from_a_form_out_of_date_is_the_page_it_stood_on(referer, back):
    headers = {"Referer": referer} if referer else {}
    answer = Client(enforce_csrf_checks=True).post("/en/help/HM1/add/", {"text": "x"}, headers=headers)
    assert answer.status_code == 403
    assert f'<a href="{back}">' in answer.content.decode()


def test_an_address_that_only_takes_forms_leads_to_the_page_above_it(client):
    assert client.get("/en/help/HM1/add/").headers["Location"] == "/en/help/HM1/"
    assert client.get("/en/sign-out/").headers["Location"] == "/en/"
    refused = client.put("/en/help/HM1/add/", {})
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    assert b"This cannot be done here" in refused.content
