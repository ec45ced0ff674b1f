"""Writes CONFORMANCE.md out of what a run found."""
import collections

HEAD = """# How far the local cloud answers as AWS does

Written by `.ci/peers/oracle.sh`; do not edit. It replays, with boto3, the answers that were recorded from AWS itself (LocalStack's validated snapshots)
against `callboard local`, holds every answer on the wire against botocore's service models, and asks for every operation of the models once.

Where the set-up cannot be AWS's, the recording is adapted before it is compared, by a function that says why (`adapt=` in `localcloud/conformance`): a recorded zip
function is an image here, a new API has a tag `callboard:url` that tells where it answers, an EDGE API has no CloudFront before it, a stage has no documentation
version, and the function that echoes its event is another program. Ids, times and digests are compared by kind, and the same one again must be the same.
"""


def write(path, results, offered, wrong, models, totals):
    """`totals` is the number of operations in the models by service."""
    judged = [result for result in results if result.verdict != "not offered"]
    matched = [result for result in judged if result.verdict == "match"]
    share = 100 * len(matched) / max(1, len(judged))
    lines = [HEAD]
    lines.append(f"- **{len(matched)} of {len(judged)}** recorded answers of offered operations match ({share:.1f} %); {len(results) - len(judged)} are of what is not offered.")
    kept = sum(1 for place in models.answers if not models.broken[place])
    lines.append(f"- **{kept} of {len(models.answers)}** operations that answered keep to botocore's models in every answer of the run.")
    lines.append(f"- **{len(offered)}** operations are offered; the other {sum(totals.values()) - len(offered)} of the same services are refused by name.\n")
    lines.append("## Operations\n")
    lines.append("Matching of recorded answers: *shape* counts the successes, *errors* the refusals, *state* the recorded tests of more than one step in which every step of the")
    lines.append("operation matched. *Model*: whether its answers in this run keep to the service model (– when the run saw none that succeeded). Without a recording the source is FACTS.md and the model.\n")
    lines.append("| service | operation | shape | errors | state | model | source |\n|---|---|---|---|---|---|---|")
    by_operation = collections.defaultdict(list)
    for result in judged:
        operation = result.entry["operation"].split(" (")[0]
        by_operation[result.entry["service"], operation].append(result)
    steps = collections.Counter(result.entry["test"] for result in results)
    for place in sorted(set(by_operation) | offered):
        found = by_operation[place]
        failed = lambda result: "Error" in (result.entry["recorded"] if isinstance(result.entry["recorded"], dict) else {})
        shape = share_of([result for result in found if not failed(result)])
        errors = share_of([result for result in found if failed(result)])
        tests = collections.defaultdict(list)
        for result in found:
            if steps[result.entry["test"]] > 1:
                tests[result.entry["test"]].append(result.verdict == "match")
        state = f"{sum(map(all, tests.values()))}/{len(tests)}" if tests else "–"
        model = "–" if place not in models.answers else "no" if models.broken[place] else "yes"
        source = "recorded" if found else "model"
        lines.append(f"| {place[0]} | {place[1]} | {shape} | {errors} | {state} | {model} | {source} |")
    lines.append("\n## Recorded answers that do not match\n")
    reasons = collections.Counter()
    for result in judged:
        if result.verdict != "match":
            entry = result.entry
            reasons[f"{entry['service']} {entry['operation']}", short(entry), result.detail] += 1
    lines += [f"- {operation}, {where}: {detail}{times(count)}" for (operation, where, detail), count in sorted(reasons.items())] or ["None."]
    lines.append("\n## Recorded answers of what is not offered\n")
    left = collections.Counter(result.detail for result in results if result.verdict == "not offered")
    lines += [f"- {reason}: {count}" for reason, count in sorted(left.items())]
    broken = [f"- {service} {operation}: {sentence}" for (service, operation), said in sorted(models.broken.items()) for sentence in sorted(said)]
    if broken:
        lines += ["\n## Answers that break the service model\n", *broken]
    if wrong:
        lines += ["\n## Refused without its name\n", *(f"- {sentence}" for sentence in wrong)]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def short(entry):
    return f"`{entry['test'].rsplit('::', 1)[-1]}` {entry['label']}"


def times(count):
    return f" ({count} times)" if count > 1 else ""


def share_of(results):
    return f"{sum(result.verdict == 'match' for result in results)}/{len(results)}" if results else "–"
