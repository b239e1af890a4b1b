"""Help pages: questions that are answered, with the figures of the charters in force, and whether the answer helped."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from huduma.contexts.catalogue import public as catalogue
from huduma.contexts.knowledge import public as knowledge
from huduma.foundation.access import NotFound
from huduma.foundation.translated import pick
from huduma.foundation.ui.requests import actor_of, address_of


def answers(request: HttpRequest) -> HttpResponse:
    """All public answers, or those that a search found."""
    typed, now = request.GET.get("q", "").strip()[:200], timezone.now()
    found = knowledge.find_for(actor_of(request), typed, now=now) if typed else knowledge.list_public(now=now)
    context = {"q": typed, "found": [one for one in found if one.is_public]}
    return render(request, "portal/knowledge/answers.html", context)


def answer(request: HttpRequest, code: str) -> HttpResponse:
    """One answer in the reader's language, the charters it rests on, and the question whether it helped."""
    found = knowledge.get_article_for(actor_of(request), code, now=timezone.now())
    if not found.is_public:
        raise NotFound  # internal ones are read at the desk
    language = get_language() or "en"
    context = {
        "article": found,
        "text": knowledge.fill(pick(found.text, language), language),
        "services": [catalogue.get_service(one) for one in found.services],
        "thanked": request.GET.get("thanks") == "1",
    }
    return render(request, "portal/knowledge/answer.html", context)


@require_POST
def helped(request: HttpRequest, code: str) -> HttpResponse:
    """Count one answer to "did this help?"."""
    knowledge.say_whether_it_helped(
        actor=actor_of(request), code=code, helped=request.POST.get("helped") == "1", address=address_of(request),
        now=timezone.now(),
    )  # fmt: skip
    return redirect(f"{request.path.removesuffix('helped/')}?thanks=1")


urlpatterns = [
    path("help/answers/", answers, name="answers"),
    path("help/answers/<slug:code>/", answer, name="answer"),
    path("help/answers/<slug:code>/helped/", helped, name="answer_helped"),
]
