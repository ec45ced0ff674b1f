"""Replays AWS's recorded answers against a running local cloud. See .ci/peers/oracle.sh, which starts one.

    replay.py --endpoint http://127.0.0.1:PORT --oracle ../shared/oracle/given [--only PART_OF_A_TEST] [--table CONFORMANCE.md]

Prints what does not match; fails when that is not declared with a reason, when a declared difference is none, when an answer breaks its service model,
or when fewer than 95 % of the recorded answers of offered operations match."""
import argparse
import collections
import importlib
import os
import pkgutil
import sys

import engine
import offered
import pages
import scenarios
import table
from account import Account
from model import Models

LEAST = 0.95


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--oracle", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--table")
    options = parser.parse_args()
    for module in pkgutil.iter_modules(scenarios.__path__):
        importlib.import_module(f"scenarios.{module.name}")
    models = Models()
    account = Account(options.endpoint, models)
    has, wrong = offered.operations(account.client)
    totals = {service: len(account.client(service).meta.method_to_api_mapping) for service in offered.SERVICES}
    models.answers.clear(), models.errors.clear(), models.broken.clear()

    def is_offered(service, operation):
        return service == "execute-api" or (service, operation.split(" (")[0]) in has

    results = engine.replay(engine.load(options.oracle), account, account.id, is_offered, options.only)
    unpaged = [] if options.only else pages.problems(account, has)
    for result in results:
        if result.verdict in ("mismatch", "stale"):
            entry = result.entry
            print(f"{result.verdict}: {entry['service']} {entry['operation']} {entry['test']} [{entry['label']}]\n    {result.detail}")
    for (service, operation), said in sorted(models.broken.items()):
        for sentence in sorted(said):
            print(f"model: {service} {operation}: {sentence}")
    for sentence in wrong:
        print(f"refused without its name: {sentence}")
    for sentence in unpaged:
        print(f"pages: {sentence}")
    counts = collections.defaultdict(collections.Counter)
    for result in results:
        counts[result.entry["file"]][result.verdict] += 1
    for file, found in sorted(counts.items()):
        print(f"{file}: " + ", ".join(f"{number} {verdict}" for verdict, number in sorted(found.items())))
    judged = [result for result in results if result.verdict != "not offered"]
    matched = sum(result.verdict == "match" for result in judged)
    print(f"{matched} of {len(judged)} recorded answers match; {len(results) - len(judged)} are of what is not offered")
    if options.table:
        table.write(options.table, results, has, wrong, models, totals)
    undeclared = any(result.verdict in ("mismatch", "stale") for result in results)
    sys.exit(undeclared or bool(unpaged) or any(models.broken.values()) or bool(wrong) or matched < LEAST * len(judged))


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
