"""The recorded functions were zip packages; those of the local cloud are images. What AWS answers differs in these members and in no others."""

ZIP_ONLY = ("Runtime", "Handler", "RuntimeVersionConfig")


def as_image(recorded):
    """A recorded answer about a zip function, as it is for one that is an image."""
    if isinstance(recorded, list):
        return [as_image(item) for item in recorded]
    if not isinstance(recorded, dict):
        return recorded
    adapted = {key: as_image(value) for key, value in recorded.items() if not (key in ZIP_ONLY and "CodeSha256" in recorded)}
    if adapted.get("PackageType") == "Zip":
        adapted["PackageType"] = "Image"
    if set(adapted) == {"Location", "RepositoryType"}:
        adapted = {"ImageUri": "<image-uri>", "RepositoryType": "ECR", "ResolvedImageUri": "<image-uri>"}
    return adapted


def fixture(answer):
    """CreateFunction's answer as the recorder's fixture gave it."""
    return {"CreateEventSourceMappingResponse": None, "CreateFunctionResponse": answer}


# What that fixture set.
FIXTURE = {"Timeout": 30, "Environment": {"Variables": {}}}
