"""Small processes for tests, written as flows: no diagram, only what is tested."""

HEAD = """<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:huduma="https://huduma.example/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    id="test" targetNamespace="https://huduma.example/test">
  <bpmn:message id="m-go" name="go"/>
  <bpmn:message id="m-paid" name="paid"/>
  <bpmn:signal id="s-bell" name="bell"/>
  <bpmn:error id="e-broken" name="broken" errorCode="broken"/>
"""


def process(nodes: str, *flows: tuple[str, ...], facts: str = "", lists: str = "", more: str = "") -> str:
    """Return a BPMN file of nodes and flows (source, target[, condition]); `more` are other processes of the file."""
    declared = "".join(f'<huduma:fact name="{name}"/>' for name in facts.split())
    declared += "".join(f'<huduma:fact name="{name}" list="true"/>' for name in lists.split())
    extension = f"<bpmn:extensionElements>{declared}</bpmn:extensionElements>" if declared else ""
    main = f'<bpmn:process id="p" isExecutable="true">{extension}{nodes}{arrows(*flows)}</bpmn:process>'
    return f"{HEAD}{main}{more}</bpmn:definitions>"


def arrows(*flows: tuple[str, ...]) -> str:
    """Return sequence flows (source, target[, condition])."""
    lines = []
    for source, target, *condition in flows:
        inner = f"<bpmn:conditionExpression>{condition[0]}</bpmn:conditionExpression>" if condition else ""
        lines.append(
            f'<bpmn:sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'
        )
    return "\n".join(lines)


def sub(key: str, nodes: str, *flows: tuple[str, ...], inner: str = "", **attributes: str) -> str:
    """Return a sub-process; `inner` comes before its nodes."""
    return node("subProcess", key, inner + nodes + arrows(*flows), **attributes)


def event(tag: str, key: str, kind: str, **attributes: str) -> str:
    """Return an event: `kind` is message, signal, error or terminate."""
    reference = {"message": 'messageRef="m-go"', "signal": 'signalRef="s-bell"', "error": 'errorRef="e-broken"'}
    return node(tag, key, f"<bpmn:{kind}EventDefinition {reference.get(kind, '')}/>", **attributes)


def several(
    count: str = "", *, collection: str = "", item: str = "item", sequential: bool = False, until: str = ""
) -> str:
    """Return what makes an activity be done several times."""
    given = f' huduma:collection="{collection}" huduma:item="{item}"' if collection else ""
    inner = f"<bpmn:loopCardinality>{count}</bpmn:loopCardinality>" if count else ""
    inner += f"<bpmn:completionCondition>{until}</bpmn:completionCondition>" if until else ""
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"{given}>{inner}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


def user(key: str, *outcomes: str, tag: str = "userTask", loop: str = "", **attributes: str) -> str:
    """Return a task; an outcome may say what it needs: `reject:reason`."""
    given = "".join(f' huduma:{name}="{value}"' for name, value in attributes.items())
    inner = ""
    for outcome in outcomes or ("done",):
        name, _, needs = outcome.partition(":")
        inner += f'<huduma:outcome id="{name}" name="{name}" needs="{needs}"/>'
    extension = f"<bpmn:extensionElements>{inner}</bpmn:extensionElements>"
    return f'<bpmn:{tag} id="{key}" name="{key}"{given}>{extension}{loop}</bpmn:{tag}>'


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


def timer(
    key: str, when: str = "P30D", tag: str = "intermediateCatchEvent", kind: str = "timeDuration", time: str = "",
    **attributes: str,
) -> str:  # fmt: skip
    """Return a timer event."""
    given = f' huduma:time="{time}"' if time else ""
    inner = f"<bpmn:timerEventDefinition{given}><bpmn:{kind}>{when}</bpmn:{kind}></bpmn:timerEventDefinition>"
    return node(tag, key, inner, **attributes)


START, END = node("startEvent", "start"), node("endEvent", "end", h_status="ended")
