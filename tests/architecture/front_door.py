"""The import contract that a context is entered by `public` only."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output

CONTEXTS = "huduma.contexts"
#: Django itself comes in by these: the composition root names apps, and migrations are chained by name.
PRIVATE_TO_DJANGO = ("apps", "migrations", "management", "tests")


class FrontDoorContract(Contract):
    """Fails when a module outside a context imports any of its rooms but `public`."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Return every import that goes round the front door."""
        offences = sorted(
            (importer, imported)
            for context in graph.find_children(CONTEXTS)
            for imported in graph.find_descendants(context)
            if imported != f"{context}.public"
            for importer in graph.find_modules_that_directly_import(imported)
            if not importer.startswith(context + ".") and ".tests." not in importer
        )
        return ContractCheck(kept=not offences, metadata={"offences": offences})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say what was imported and what to do instead."""
        for importer, imported in check.metadata["offences"]:
            context = ".".join(imported.split(".")[:3])
            output.print_error(f"{importer} imports {imported}: use `from {context} import public` instead.")
            output.new_line()
