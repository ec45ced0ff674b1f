"""Holds every answer on the wire against botocore's service models: no member that the model does not know, each of the model's type,
every required one there, every enumerated value one of the model's."""
import base64
import collections
import json
import re
import xml.etree.ElementTree as xml


class Models:
    """Listens to clients, and keeps what each operation's answers broke."""

    def __init__(self):
        self.answers = collections.Counter()
        self.errors = collections.Counter()
        self.broken = collections.defaultdict(set)

    def listen(self, client):
        service = client.meta.service_model.service_name
        client.meta.events.register(f"before-parse.{service}", lambda **event: self.check(service, **event))

    def check(self, service, operation_model, response_dict, **_):
        operation = operation_model.name
        place, status, body = (service, operation), response_dict["status_code"], response_dict["body"]
        if status == 501:
            return
        if status >= 300:
            self.errors[place] += 1
            return self.error(place, operation_model, response_dict)
        self.answers[place] += 1
        shape = operation_model.output_shape
        protocol = operation_model.service_model.resolved_protocol
        if shape is None or operation_model.has_streaming_output or operation_model.has_event_stream_output:
            return
        if protocol in ("json", "rest-json"):
            self.structure(place, shape, json.loads(body or b"{}"), operation)
        elif protocol == "query":
            root = xml.fromstring(body)
            result = next((child for child in root if tag(child) == f"{operation}Result"), None)
            self.element(place, shape, result, operation)

    def error(self, place, operation_model, response):
        """An error's code is one that the operation can answer with, or one that all services have."""
        named = response["headers"].get("x-amzn-errortype", "").split(":")[0]
        if not named or "json" not in operation_model.service_model.resolved_protocol:
            return
        code = named.rsplit("#")[-1]
        known = {shape.name for shape in operation_model.error_shapes} | COMMON
        if code not in known:
            self.broken[place].add(f"the error {code} is not one of the operation's")

    def structure(self, place, shape, value, path):
        if value is None:
            return
        if not isinstance(value, dict):
            return self.broken[place].add(f"{path}: not an object")
        members = {}
        for name, member in shape.members.items():
            if member.serialization.get("location") not in ("header", "headers", "statusCode"):
                members[member.serialization.get("name", name)] = (name, member)
        if shape.serialization.get("payload"):
            return
        for name in value:
            if name not in members:
                self.broken[place].add(f"{path}.{name}: not a member of {shape.name}")
            else:
                self.json(place, members[name][1], value[name], f"{path}.{name}")
        for wire, (name, _) in members.items():
            if name in shape.required_members and value.get(wire) is None:
                self.broken[place].add(f"{path}.{wire}: required by {shape.name}, and missing")

    def json(self, place, shape, value, path):
        if value is None:
            return
        kind = shape.type_name
        if kind == "structure":
            return self.structure(place, shape, value, path)
        if kind == "list" and isinstance(value, list):
            return [self.json(place, shape.member, item, f"{path}[]") for item in value]
        if kind == "map" and isinstance(value, dict):
            return [self.json(place, shape.value, item, f"{path}{{}}") for item in value.values()]
        wanted = {
            "string": str, "character": str, "blob": str, "boolean": bool, "integer": int, "long": int,
            "float": (int, float), "double": (int, float), "timestamp": (int, float, str), "list": list, "map": dict,
        }[kind]
        if not isinstance(value, wanted) or (kind in ("integer", "long") and isinstance(value, bool)):
            self.broken[place].add(f"{path}: {type(value).__name__}, not {kind}")
        elif kind == "string" and shape.enum and value not in shape.enum and (shape.name, value) not in BESIDES:
            self.broken[place].add(f"{path}: {value!r} is none of {shape.name}")
        elif kind == "blob":
            base64.b64decode(value, validate=True)

    def element(self, place, shape, node, path):
        if node is None:
            if shape.required_members:
                self.broken[place].add(f"{path}: no result")
            return
        members = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        seen = set()
        for child in node:
            name = tag(child)
            if name not in members:
                self.broken[place].add(f"{path}.{name}: not a member of {shape.name}")
                continue
            seen.add(members[name][0])
            self.xml(place, members[name][1], child, f"{path}.{name}")
        for name in shape.required_members:
            if name not in seen:
                self.broken[place].add(f"{path}.{name}: required by {shape.name}, and missing")

    def xml(self, place, shape, node, path):
        kind, text = shape.type_name, node.text or ""
        if kind == "structure":
            return self.element(place, shape, node, path)
        if kind == "list":
            item = shape.member.serialization.get("name", "member")
            for child in node:
                if tag(child) != item:
                    self.broken[place].add(f"{path}.{tag(child)}: a list's item is called {item}")
                else:
                    self.xml(place, shape.member, child, f"{path}[]")
            return
        pattern = {"boolean": "true|false", "integer": r"-?\d+", "long": r"-?\d+", "timestamp": r"\d{4}-\d\d-\d\dT[\d:.]+Z"}.get(kind)
        if pattern and not re.fullmatch(pattern, text):
            self.broken[place].add(f"{path}: {text!r} is no {kind}")
        elif kind == "string" and shape.enum and text not in shape.enum and (shape.name, text) not in RECORDED:
            self.broken[place].add(f"{path}: {text!r} is none of {shape.name}")


def tag(node):
    return node.tag.rsplit("}")[-1]


# What AWS itself answers (as recorded) although its model does not list it.
BESIDES = {("LastUpdateStatusReasonCode", "Creating")}

# What any call may end with, from AWS's "Common errors", and what Lambda's and API Gateway's models leave to prose.
COMMON = {
    "AccessDeniedException", "IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException",
    "UnrecognizedClientException", "ValidationException", "ThrottlingException", "SerializationException", "InternalFailure",
    "ExpiredTokenException", "InvalidParameterException", "RequestEntityTooLargeException", "UnknownOperationException",
}

# What AWS was recorded to answer although its own model does not have it.
RECORDED = {("PolicySourceType", "IAM Policy")}
