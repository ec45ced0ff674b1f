"""Whether an answer is the one that was recorded from AWS. What a recording cannot know (ids, times, digests) stands in it as a
placeholder: it matches any value of its kind, and within one test the same numbered placeholder must match the same value."""
import datetime
import json
import re

# As `<uuid:1>`, `<region>`, `<function-name:2>`, `<timestamp:2022-07-13T13:48:01.000+0000>`.
PLACEHOLDER = re.compile(r"<[A-Za-z][\w|./-]*(?::[^<>]*)?>")
REPEATED = re.compile(r"<(.):len\((\d+)\)>")
NUMBERED = re.compile(r"<[^:>]+:\d+>")
# Written without brackets by the recorder.
BARE = {"date", "datetime", "timestamp", "code-sha256", "log-result"}
KINDS = {"<region>": r"[a-z]{2}-[a-z]+-\d", "<partition>": "aws"}
ACCOUNT = "111111111111"


def kebab(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


class Matcher:
    """Compares the answers of one test, in their order: what a numbered placeholder stood for is kept."""

    def __init__(self, account, extra_members):
        self.account = account
        # Recordings from before 2025 lack members that AWS has added since.
        self.extra_members = extra_members
        self.bound = {}

    def differences(self, expected, actual, path="", key=""):
        """Sentences; none when the answer is the recorded one."""
        if isinstance(expected, dict):
            return self.members(expected, actual, path)
        if isinstance(expected, list):
            return self.items(expected, actual, path, key)
        if isinstance(expected, str):
            return self.text(expected, actual, path, key)
        if expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
            return [f"{path}: recorded {expected!r}, got {actual!r}"]
        return []

    def members(self, expected, actual, path):
        if not isinstance(actual, dict):
            return [f"{path}: recorded an object, got {actual!r}"]
        expected, actual = self.keyed(expected, actual)
        found = [f"{path}.{key}: recorded {expected[key]!r}, got nothing" for key in expected if key not in actual]
        if not self.extra_members:
            found += [f"{path}.{key}: not recorded, got {actual[key]!r}" for key in actual if key not in expected]
        for key in expected:
            if key in actual:
                found += self.differences(expected[key], actual[key], f"{path}.{key}", key)
        return found

    def keyed(self, expected, actual):
        """Keys may be placeholders too: one that was bound, or else the only one that is left."""
        named = {}
        for key, value in expected.items():
            plain = self.known(key)
            if PLACEHOLDER.search(plain):
                left = [name for name in actual if name not in expected and name not in named]
                plain = next((name for name in left if not self.text(key, name, "", "")), plain)
            named[plain] = value
        return named, actual

    def known(self, text):
        text = text.replace(ACCOUNT, self.account)
        return NUMBERED.sub(lambda token: str(self.bound.get(token[0], token[0])), text)

    def items(self, expected, actual, path, key):
        if not isinstance(actual, list):
            return [f"{path}: recorded a list, got {actual!r}"]
        if len(expected) != len(actual):
            return [f"{path}: recorded {len(expected)} items, got {len(actual)}: {actual!r}"]
        found = []
        for index, (one, other) in enumerate(zip(expected, actual)):
            found += self.differences(one, other, f"{path}[{index}]", key)
        return found

    def text(self, expected, actual, path, key):
        expected = REPEATED.sub(lambda repeated: repeated[1] * int(repeated[2]), expected)
        whole = PLACEHOLDER.fullmatch(expected)
        if expected in BARE or expected.strip("<>") == kebab(key) or (whole and expected not in KINDS):
            return self.bind(expected, actual, path)
        if isinstance(actual, (dict, list)) or actual is None:
            return [f"{path}: recorded {expected!r}, got {actual!r}"]
        if isinstance(actual, (datetime.datetime, bool, int, float, bytes)) and expected != actual:
            return [f"{path}: recorded {expected!r}, got {actual!r}"]
        tokens, pattern, end = [], "", 0
        for token in PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[end : token.start()]) + f"({KINDS.get(token[0], '.+?')})"
            tokens.append(token[0])
            end = token.end()
        pattern = (pattern + re.escape(expected[end:])).replace(ACCOUNT, self.account)
        matched = re.fullmatch(pattern, actual, re.DOTALL)
        if not matched:
            return [f"{path}: recorded {expected!r}, got {actual!r}"]
        return [said for token, value in zip(tokens, matched.groups()) for said in self.bind(token, value, path)]

    def bind(self, token, actual, path):
        if actual is None or actual == "":
            return [f"{path}: recorded {token!r}, got {actual!r}"]
        if not NUMBERED.fullmatch(token):
            return []
        before = self.bound.setdefault(token, actual)
        return [] if before == actual else [f"{path}: recorded {token} again ({before!r}), got {actual!r}"]


def as_recorded(answer):
    """An answer of boto3 in the form in which the recorder wrote it: streams read, documents decoded, no headers, no ids of the call."""
    if isinstance(answer, dict):
        made = {}
        for key, value in answer.items():
            if key == "ResponseMetadata":
                made[key] = {"HTTPHeaders": {}, "HTTPStatusCode": value.get("HTTPStatusCode")}
            elif hasattr(value, "read"):
                made[key] = decoded(value.read().decode("utf-8", "replace"))
            elif key in ("Policy", "Statement", "Payload", "policy", "schema", "Body") and isinstance(value, (str, bytes)):
                made[key] = decoded(value if isinstance(value, str) else value.decode("utf-8", "replace"))
            elif isinstance(value, str) and value[:1] in ("{", "["):
                # The recorder decoded every text that is a whole JSON document.
                made[key] = decoded(value)
            else:
                made[key] = as_recorded(value)
        return made
    if isinstance(answer, list):
        return [as_recorded(item) for item in answer]
    return answer


def decoded(text):
    """Objects and lists only: the recorder left a payload `null` the text that it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (dict, list)) else text
