"""What the charter says of questions: each document's upload, and why each datum is asked."""

from huduma.contexts.catalogue.providers.package import Package

#: What the charter of a service that runs has to say besides.
ONLINE = {
    "fees": "write what is billed; amount: 0 says that it is free",
    "purposes": "write why each question is asked, and by what right",
    "retention": "write how long answers are kept, and why",
}


def check_online(package: Package) -> None:
    """People can apply only where the charter says what it costs, why each thing is asked and how long it is kept."""
    for key in ONLINE.keys() - package.parts["service"].keys():
        package.fault("service", [], f"people can apply online, and the charter has no {key!r}", ONLINE[key])


def check_charter(package: Package) -> None:
    """What the charter says of questions: each document's upload, and why each datum is asked."""
    service, form = package.parts["service"], package.parts["form"]
    ui = form["ui"]
    for number, document in enumerate(service.get("documents", [])):
        name = document.get("answer")
        if name is not None and ui.get(name, {}).get("widget") != "upload":
            rule = f"the document names no upload question: {name!r}"
            package.fault("service", ["documents", number, "answer"], rule, "name an upload question, or ask for it")
    if "purposes" not in service:
        return
    told = {name for purpose in service["purposes"] for name in purpose["data"]}
    for name in [name for page in form["pages"] for name in page["fields"]]:
        if name in ui and name not in told:
            rule = f"no purpose and lawful basis is given for {name!r}"
            package.fault("service", ["purposes"], rule, "add it to the data of a purpose")
    for number, purpose in enumerate(service["purposes"]):
        for name in purpose["data"]:
            if name not in ui:
                package.fault("service", ["purposes", number], f"there is no question {name!r}", "correct the name")
