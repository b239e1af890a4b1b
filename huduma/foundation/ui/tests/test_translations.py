"""What people read is found where it is written."""

import ast
from pathlib import Path

from huduma.foundation.ui.management.commands.translations import refusals

SOURCE = '''
class Refusal(Exception):
    """Not now."""
class TooMany(Refusal):
    """Too
    many."""
class FarTooMany(operations.TooMany):
    """Far too many."""
class Silent(TooMany): ...
class Broken(ValueError):
    """Nobody reads this."""
'''


def test_a_refusal_made_of_another_is_found_too():
    classes = [(Path("x.py"), node) for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.ClassDef)]
    assert [text for _, text in refusals(classes)] == ["Not now.", "Too many.", "Far too many."]
