"""One question after something ended: how were you served?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache

from huduma.contexts.hearing import public as hearing


@never_cache
def how(request: HttpRequest, token: str) -> HttpResponse:
    """Five answers, a free word, and whether somebody may get back; then thanks."""
    question, errors, done = hearing.get_question(token), {}, False
    mark = request.POST.get("mark", "")
    if request.method == "POST" and "switch_language" not in request.POST:
        try:
            hearing.answer(
                token=token, mark=int(mark) if mark in "12345" and mark else None, word=request.POST.get("word", ""),
                may_call="may_call" in request.POST, now=timezone.now(),
            )  # fmt: skip
            done = True
        except hearing.MarkNeeded as refusal:
            errors["mark"] = refusal.message
        except (hearing.AnsweredBefore, hearing.Over) as refusal:
            return render(request, "portal/hearing/how.html", {"over": refusal.message})
    context = {
        "marks": hearing.MARKS.items(), "errors": errors, "done": done, "typed": request.POST, "answered": question.mark is not None,
    }  # fmt: skip
    return render(request, "portal/hearing/how.html", context, status=422 if errors else 200)


urlpatterns = [path("how/<str:token>/", how, name="how")]
