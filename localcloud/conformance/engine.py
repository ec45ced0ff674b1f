"""Plays the tests that AWS's answers were recorded in against the local cloud, each as a scenario that makes the same calls.

A scenario is a function that is named for a recorded test:

    @scenario("tests/aws/services/lambda_/test_lambda_api.py::TestLambdaTag::test_tag_lifecycle")
    def tags(case):
        name = case.name("fn")
        case.play("tag", case.aws.lambda_.tag_resource, Resource=…, Tags={"A": "1"})

`case.play(label, …)` compares with the entry that has this label; a label that comes again is the next entry of that name. What does not match is
declared with a reason (`differs=`), and a declared difference that is none is an error too, so that the list stays true."""
import collections
import json
import os
import traceback
import uuid

import botocore.exceptions

from matching import Matcher, as_recorded

SCENARIOS = {}
# test -> label or None for all of it -> why it is not replayed although its operation is offered.
LEFT_OUT = {}

Result = collections.namedtuple("Result", "entry verdict detail")


def scenario(*tests):
    def register(play):
        for test in tests:
            if test in SCENARIOS:
                raise ValueError(f"two scenarios for {test}")
            SCENARIOS[test] = play
        return play

    return register


def cannot(reason, *tests, label=None):
    """These recorded tests use what the local cloud refuses by name (a managed runtime, a service that it does not have): the reason stands in
    the table, and they count as not offered."""
    for test in tests:
        LEFT_OUT.setdefault(test, {})[label] = reason


class Case:
    """One recorded test, played once."""

    def __init__(self, test, entries, aws, account):
        self.test, self.aws, self.account = test, aws, account
        self.waiting = collections.defaultdict(list)
        for entry in entries:
            self.waiting[entry["label"]].append(entry)
        recent = all(entry["validated_on"] >= "2025" for entry in entries)
        self.matcher = Matcher(account, extra_members=not recent)
        self.results = []

    def name(self, stem="thing"):
        """A name that no other test has."""
        return f"{stem}-{uuid.uuid4().hex[:8]}"

    def play(self, label, call, *, adapt=None, differs=None, **arguments):
        """Makes a call and compares its answer, or the error that it ends with. `adapt` changes the recorded answer first (for a function
        that is an image here and was a zip there); `differs` is the reason why the answer cannot be the recorded one."""
        answer = self.ask(call, **arguments)
        self.compare(label, answer, adapt=adapt, differs=differs)
        return answer

    def ask(self, call, **arguments):
        """The answer of a call, or the error's parsed answer as boto3 gives it."""
        try:
            answer = call(**arguments)
        except botocore.exceptions.ClientError as error:
            answer = error.response
        # Streams are read once.
        return as_recorded(answer)

    def compare(self, label, value, *, adapt=None, differs=None):
        """Compares a value that was made of answers with the recorded one of this label."""
        if not self.waiting[label]:
            raise AssertionError(f"no recorded answer (any more) with the label {label!r}")
        entry = self.waiting[label].pop(0)
        recorded = json.loads(json.dumps(entry["recorded"]))
        found = self.matcher.differences(adapt(recorded) if adapt else recorded, as_recorded(value))
        if not found:
            verdict, detail = ("stale", f"declared to differ, and does not: {differs}") if differs else ("match", "")
        else:
            verdict, detail = ("declared", differs) if differs else ("mismatch", "; ".join(found[:6]))
        self.results.append(Result(entry, verdict, detail))

    def rest(self, reason):
        """Ends the case: what has not been compared so far is a declared difference."""
        for entries in self.waiting.values():
            self.results += [Result(entry, "declared", reason) for entry in entries]
            entries.clear()

    def end(self, problem=None):
        detail = problem or "the scenario does not compare it"
        for entries in self.waiting.values():
            self.results += [Result(entry, "mismatch", detail) for entry in entries]


def load(folder):
    tests = collections.defaultdict(list)
    for file in sorted(os.listdir(folder)):
        with open(os.path.join(folder, file)) as given:
            for entry in json.load(given):
                entry["file"] = file.removesuffix(".json")
                tests[entry["test"]].append(entry)
    for entries in tests.values():
        entries.sort(key=lambda entry: entry["seq"])
    return tests


def replay(tests, aws, account, offered, only=""):
    """All results. `offered` says of a service and an operation whether the local cloud has it."""
    results = []
    for test, entries in tests.items():
        if only not in test:
            continue
        left_out = LEFT_OUT.get(test, {})
        wanted = []
        for entry in entries:
            reason = left_out.get(None) or left_out.get(entry["label"])
            if reason:
                results.append(Result(entry, "not offered", reason))
            elif not offered(entry["service"], entry["operation"]):
                results.append(Result(entry, "not offered", f"{entry['service']} {entry['operation']}"))
            else:
                wanted.append(entry)
        if not wanted:
            continue
        case = Case(test, wanted, aws, account)
        play = SCENARIOS.get(test)
        if play is None:
            case.end("no scenario")
        else:
            try:
                play(case)
                case.end()
            except Exception:  # whatever a scenario dies of is its entries' result
                case.end(traceback.format_exc(limit=-2).strip().replace("\n", " | "))
        results += case.results
    return results
