"""IPRS (SOAP 1.1, after several independent clients) and a civil-registration notifications register (assumed interface)."""

import asyncio
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.state import State

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
TEMPURI = "http://tempuri.org/"
TYPES = "http://schemas.datacontract.org/2004/07/IPRSManager"
#: Data contract members, in the alphabetical order that strict readers depend on.
MEMBERS = (
    "Citizenship", "Clan", "Date_of_Birth", "Date_of_Death", "Date_of_Expiry", "Date_of_Issue", "ErrorCode", "ErrorMessage",
    "ErrorOcurred", "Ethnic_Group", "Family", "Fingerprint", "First_Name", "Gender", "ID_Number", "Occupation", "Other_Name",
    "Photo", "Pin", "Place_of_Birth", "Place_of_Death", "Place_of_Live", "RegOffice", "Serial_Number", "Signature", "Surname",
)  # fmt: skip

WSDL = """<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions name="ServerInterface" targetNamespace="{t}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
  xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="{t}" xmlns:d="{d}" xmlns:xs="http://www.w3.org/2001/XMLSchema">
 <wsdl:types>
  <xs:schema elementFormDefault="qualified" targetNamespace="{d}">
   <xs:complexType name="HumanInfoFromIDCard"><xs:sequence>{members}</xs:sequence></xs:complexType>
  </xs:schema>
  <xs:schema elementFormDefault="qualified" targetNamespace="{t}"><xs:import namespace="{d}"/>
   <xs:element name="Login"><xs:complexType><xs:sequence><xs:element minOccurs="0" name="log" nillable="true" type="xs:string"/>
    <xs:element minOccurs="0" name="pass" nillable="true" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
   <xs:element name="LoginResponse"><xs:complexType><xs:sequence>
    <xs:element minOccurs="0" name="LoginResult" type="xs:boolean"/></xs:sequence></xs:complexType></xs:element>
   <xs:element name="GetDataByIdCard"><xs:complexType><xs:sequence><xs:element minOccurs="0" name="log" nillable="true" type="xs:string"/>
    <xs:element minOccurs="0" name="pass" nillable="true" type="xs:string"/>
    <xs:element minOccurs="0" name="id_number" nillable="true" type="xs:string"/>
    <xs:element minOccurs="0" name="serial_number" nillable="true" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
   <xs:element name="GetDataByIdCardResponse"><xs:complexType><xs:sequence>
    <xs:element minOccurs="0" name="GetDataByIdCardResult" nillable="true" type="d:HumanInfoFromIDCard"/></xs:sequence></xs:complexType></xs:element>
  </xs:schema>
 </wsdl:types>
 {messages}
 <wsdl:portType name="IServiceIPRS">{operations}</wsdl:portType>
 <wsdl:binding name="BasicHttpBindingIServiceIPRS" type="tns:IServiceIPRS">
  <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>{bindings}</wsdl:binding>
 <wsdl:service name="ServerInterface"><wsdl:port name="BasicHttpBindingIServiceIPRS" binding="tns:BasicHttpBindingIServiceIPRS">
  <soap:address location="{address}"/></wsdl:port></wsdl:service>
</wsdl:definitions>"""
OPERATIONS = ("Login", "GetDataByIdCard")


def wsdl(address: str) -> str:
    """Return the service description for an address."""
    member = '<xs:element minOccurs="0" name="{}" nillable="true" type="xs:{}"/>'
    return WSDL.format(
        t=TEMPURI,
        d=TYPES,
        address=escape(address),
        members="".join(member.format(m, "boolean" if m == "ErrorOcurred" else "string") for m in MEMBERS),
        messages="".join(
            f'<wsdl:message name="IServiceIPRS_{o}_In"><wsdl:part name="parameters" element="tns:{o}"/></wsdl:message>'
            f'<wsdl:message name="IServiceIPRS_{o}_Out"><wsdl:part name="parameters" element="tns:{o}Response"/></wsdl:message>'
            for o in OPERATIONS
        ),
        operations="".join(
            f'<wsdl:operation name="{o}"><wsdl:input message="tns:IServiceIPRS_{o}_In"/>'
            f'<wsdl:output message="tns:IServiceIPRS_{o}_Out"/></wsdl:operation>'
            for o in OPERATIONS
        ),
        bindings="".join(
            f'<wsdl:operation name="{o}"><soap:operation soapAction="{TEMPURI}IServiceIPRS/{o}" style="document"/>'
            '<wsdl:input><soap:body use="literal"/></wsdl:input><wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation>'
            for o in OPERATIONS
        ),
    )


def _member(name: str, value: Any) -> str:
    if value is None:
        return f'<b:{name} i:nil="true"/>'
    return f"<b:{name}>{escape(str(value))}</b:{name}>"


def _facts(state: State, number: str, serial: str) -> dict[str, Any]:
    person = state.people.get(number)
    if person is None or (serial and serial != person["serial"]):
        return {"ErrorCode": "ISB-105", "ErrorMessage": "No data found", "ErrorOcurred": "true"}

    def american(day: Any) -> str | None:
        return f"{day.month}/{day.day}/{day.year} 12:00:00 AM" if day else None

    return {
        "Citizenship": "Kenyan", "Clan": "not for the platform", "Date_of_Birth": american(person["birth_date"]),
        "Date_of_Death": american(person.get("died_on")), "ErrorOcurred": "false", "Ethnic_Group": "not for the platform",
        "First_Name": person["first_name"].upper(), "Gender": person["sex"], "ID_Number": number,
        "Other_Name": person["other_names"].upper(), "Serial_Number": person["serial"], "Surname": person["surname"].upper(),
    }  # fmt: skip


def _call(body: bytes) -> etree._Element | None:
    """Return the element of the operation that is called; None for anything that is not one of ours."""
    try:
        root = etree.fromstring(body, parser=etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return None
    known = [f"{{{SOAP}}}Body/{{{TEMPURI}}}{operation}" for operation in OPERATIONS]
    return next((found for path in known if (found := root.find(path)) is not None), None)


def _soap_fault(reason: str) -> Response:
    fault = f"<s:Fault><faultcode>s:Client</faultcode><faultstring>{escape(reason)}</faultstring></s:Fault>"
    return _envelope(fault, 500)


def _envelope(inner: str, status: int = 200) -> Response:
    envelope = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{inner}</s:Body></s:Envelope>'
    return Response(envelope, status, media_type="text/xml; charset=utf-8")


async def iprs(request: Request) -> Response:
    """The WCF endpoint: its WSDL, Login, and GetDataByIdCard."""
    state: State = request.app.state.books
    if state.take_fault("iprs", "down", "error_5xx"):
        return PlainTextResponse("Service Unavailable", 503)
    if request.method == "GET":
        return Response(wsdl(str(request.url.replace(query=""))), media_type="text/xml")
    if (fault := state.take_fault("iprs", "timeout", "delay")) is not None:
        await asyncio.sleep(fault.seconds)
    call = _call(await request.body())
    if call is None:
        return _soap_fault("The message could not be read as a call of this service.")
    operation = etree.QName(call).localname
    field = {etree.QName(child).localname: (child.text or "") for child in call}
    if operation == "Login":
        inner = f"<LoginResult>{str(bool(field.get('log') and field.get('pass'))).lower()}</LoginResult>"
    else:
        facts = _facts(state, field.get("id_number", ""), field.get("serial_number", ""))
        if state.take_fault("iprs", "reject") or not (field.get("log") and field.get("pass")):
            facts = {"ErrorCode": "ISB-114", "ErrorMessage": "Invalid credentials", "ErrorOcurred": "true"}
        members = "".join(_member(name, facts.get(name)) for name in MEMBERS)
        inner = (
            f'<GetDataByIdCardResult xmlns:b="{TYPES}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
            f"{members}</GetDataByIdCardResult>"
        )
    return _envelope(f'<{operation}Response xmlns="{TEMPURI}">{inner}</{operation}Response>')


async def notification(request: Request) -> Response:
    """`GET /crs/notifications/{slip}`: what the hospital told Civil Registration of a birth."""
    state: State = request.app.state.books
    if state.take_fault("crs", "down", "error_5xx"):
        return PlainTextResponse("Service Unavailable", 503)
    if (fault := state.take_fault("crs", "timeout", "delay")) is not None:
        await asyncio.sleep(fault.seconds)
    found = state.notifications.get(request.path_params["slip"].upper())
    if found is None:
        return JSONResponse({"error": "not found"}, 404)

    def name(number: str | None) -> str | None:
        person = state.people.get(number or "")
        return f"{person['first_name']} {person['other_names']} {person['surname']}" if person else None

    return JSONResponse(
        {
            **found,
            "born_on": found["born_on"].isoformat(),
            "mother_name": name(found["mother_id"]),
            "father_name": name(found["father_id"]),
        }
    )


routes = [
    Route("/iprs/IPRSServerwcf", iprs, methods=["GET", "POST"]),
    Route("/crs/notifications/{slip}", notification),
]
