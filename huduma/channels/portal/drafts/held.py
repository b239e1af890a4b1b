"""What was typed while the session ended."""

from django.http import HttpRequest, HttpResponse

from huduma.channels.portal.identity import to_sign_in

HELD = "held_answers"


def hold(request: HttpRequest) -> HttpResponse:
    """The session ended while somebody was typing: keep the page's text until they have signed in again."""
    if request.method == "POST":
        if "autosave" in request.POST:
            return HttpResponse(status=401)
        typed = {name: text[:4000] for name, text in request.POST.items() if name != "csrfmiddlewaretoken"}
        request.session[HELD] = {"path": request.path, "typed": typed}
    return to_sign_in(request)
