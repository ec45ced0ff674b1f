"""Which operations the local cloud has, by its own word: every operation of the service models is asked for once, and one that is not offered
must be refused by name."""
import botocore.exceptions

SERVICES = ["lambda", "apigateway", "logs", "cloudwatch", "ecr", "iam", "sts"]


def smallest(shape, depth=0):
    """An input with nothing but what is required."""
    if shape is None:
        return {}
    kind = shape.type_name
    if kind == "structure":
        return {name: smallest(shape.members[name], depth + 1) for name in shape.required_members} if depth < 6 else {}
    if kind in ("list", "map"):
        return [] if kind == "list" else {}
    if kind == "string":
        least = int(shape.metadata.get("min", 1))
        return shape.enum[0] if shape.enum else "x" * max(1, least)
    return {"blob": b"x", "boolean": False, "timestamp": 0}.get(kind, int(shape.metadata.get("min", 1) or 1))


def operations(clients):
    """Pairs of service and operation that are offered; and sentences of what was refused without its name."""
    offered, wrong = set(), []
    for service in SERVICES:
        client = clients(service)
        names = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
        for operation, method in sorted(names.items()):
            shape = client.meta.service_model.operation_model(operation).input_shape
            try:
                answer = getattr(client, method)(**smallest(shape))
                for value in answer.values():
                    if hasattr(value, "close"):
                        value.close()
                offered.add((service, operation))
            except botocore.exceptions.ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                said = error.response["Error"].get("Message", "")
                # One that is offered, but not with a parameter that the model requires, has its name in another sentence.
                if status != 501 or f"in the operation {operation} of" in said:
                    offered.add((service, operation))
                elif f"the operation {operation} of" not in said:
                    wrong.append(f"{service} {operation}: {said}")
    return offered, wrong
