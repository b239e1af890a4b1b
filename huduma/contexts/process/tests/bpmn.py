"""Small processes for tests, written as flows: no diagram, only what is tested."""

HEAD = """<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:huduma="https://huduma.example/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    id="test" targetNamespace="https://huduma.example/test">
  <bpmn:message id="m-go" name="go"/>
  <bpmn:message id="m-paid" name="paid"/>
  <bpmn:process id="p" isExecutable="true">
"""


def process(nodes: str, *flows: tuple[str, ...], facts: str = "") -> str:
    """Return a BPMN file of nodes and flows (source, target[, condition])."""
    declared = "".join(f'<huduma:fact name="{name}"/>' for name in facts.split())
    extension = f"<bpmn:extensionElements>{declared}</bpmn:extensionElements>" if declared else ""
    lines = []
    for source, target, *condition in flows:
        inner = f"<bpmn:conditionExpression>{condition[0]}</bpmn:conditionExpression>" if condition else ""
        lines.append(
            f'<bpmn:sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'
        )
    return HEAD + extension + nodes + "\n".join(lines) + "</bpmn:process></bpmn:definitions>"


def user(key: str, *outcomes: str, tag: str = "userTask", **attributes: str) -> str:
    """Return a task; an outcome may say what it needs: `reject:reason`."""
    given = "".join(f' huduma:{name}="{value}"' for name, value in attributes.items())
    inner = ""
    for outcome in outcomes or ("done",):
        name, _, needs = outcome.partition(":")
        inner += f'<huduma:outcome id="{name}" name="{name}" needs="{needs}"/>'
    extension = f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>"
    return f'<bpmn:{tag} id="{key}" name="{key}"{given}>{extension}</bpmn:{tag}>'


def node(tag: str, key: str, inner: str = "", **attributes: str) -> str:
    """Return any other element; attributes of ours start with h_."""
    given = "".join(
        f' huduma:{name[2:]}="{value}"' if name.startswith("h_") else f' {name}="{value}"'
        for name, value in attributes.items()
    )
    return f'<bpmn:{tag} id="{key}"{given}>{inner}</bpmn:{tag}>'


def message(key: str, name: str = "m-go") -> str:
    """Return a catching message event."""
    return node("intermediateCatchEvent", key, f'<bpmn:messageEventDefinition messageRef="{name}"/>')


def timer(key: str, duration: str = "P30D", tag: str = "intermediateCatchEvent", **attributes: str) -> str:
    """Return a timer event."""
    inner = f"<bpmn:timerEventDefinition><bpmn:timeDuration>{duration}</bpmn:timeDuration></bpmn:timerEventDefinition>"
    return node(tag, key, inner, **attributes)


START, END = node("startEvent", "start"), node("endEvent", "end", h_status="ended")
