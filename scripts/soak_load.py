"""`soak load`: rounds of load under faults, a guest each, and the ledger that keeps them until they come to the time wanted."""
import json
import os
import sys
import time

import soak_vm

ROUND = 300  # seconds of load per guest
GRACE = 420  # seconds more until the guest is stopped: it starts, and what was under way may end
LEVEL = 1.05  # what the servers' memory may come to, against what it was when they had warmed up
HEAP = 256  # KiB that their anonymous memory may grow by: each heap grows and shrinks by steps of 128


def grown(answer, seconds):
    """What is wrong with the servers' memory in a round; of a short one nothing can be said."""
    if answer["memory_kib"] is None:
        return ["the servers' own memory was not measured"] if seconds == ROUND else []
    (early, late), (heap_early, heap_late) = answer["memory_kib"]
    out = []
    if late > early * LEVEL:
        out.append(f"the servers' own memory went from {early} to {late} KiB in one guest")
    if heap_late > heap_early + HEAP:
        out.append(f"the servers' anonymous memory went from {heap_early} to {heap_late} KiB in one guest")
    return out


def kept(ledger, build, release):
    """The rounds so far. Those of another build or kernel say nothing of this one: they are set aside."""
    if not os.path.exists(ledger):
        return []
    with open(ledger, encoding="utf-8") as file:
        rounds = json.load(file)
    if all((one.get("build"), one["release"]) == (build, release) for one in rounds):
        return rounds
    aside = f"{ledger}.until-{time.strftime('%Y-%m-%dT%H-%M-%S')}"
    os.rename(ledger, aside)
    print(f"soak: {len(rounds)} rounds, {sum(one['seconds'] for one in rounds)} s with "
          f"{sum(len(one['wrong']) for one in rounds)} findings, are of another build or kernel and do not count: {aside}",
          file=sys.stderr, flush=True)
    return []


def keep(ledger, rounds):
    with open(ledger + ".new", "w", encoding="utf-8") as file:
        json.dump(rounds, file)
    os.replace(ledger + ".new", ledger)


def load(build, options):
    """All rounds, and the text of their row: none when the last did not come to its end, which ends the run."""
    ledger = f"{build.soak}/load-{options.kernel.replace('/', '_')}.json"
    wanted = int(options.minutes * 60)
    release = soak_vm.release_of(build, options.kernel)
    while True:
        identity = build.identity()  # anew each time: it may be built anew meanwhile
        rounds = kept(ledger, identity, release)
        left = wanted - sum(one["seconds"] for one in rounds)
        if left <= 0:
            break
        seconds = min(ROUND, left)
        seed = len(rounds) + 1
        answer = soak_vm.in_guest(build, options, ["load", "--seconds", str(seconds), "--seed", str(seed)], 2, seconds + GRACE)
        if answer["ran"]:
            answer["wrong"] += grown(answer, seconds)
        answer["wrong"] = [f"round {seed}: {line}" for line in answer["wrong"]]
        rounds.append({**answer, "seconds": seconds if answer["ran"] else 0, "seed": seed, "build": identity})
        print(f"round {seed}: {json.dumps(rounds[-1])}", file=sys.stderr, flush=True)
        keep(ledger, rounds)
        if not answer["ran"]:
            return rounds, None
    os.rename(ledger, ledger + ".done")
    return rounds, text_of(rounds, options.settle)


def text_of(rounds, settle):
    ended = [one for one in rounds if one["ran"]]
    broken = f", {len(rounds) - len(ended)} guests more did not come to their end" if len(ended) < len(rounds) else ""
    total = {key: sum(one.get(key, 0) for one in rounds)
             for key in ("seconds", "runs", "queries", "right", "disturbed", "faults", "killed", "crashed", "hung", "reset",
                         "unbound")}
    memory = ", ".join("{0[0]} -> {0[1]} ({1[0]} -> {1[1]})".format(*one["memory_kib"]) if one["memory_kib"] else
                       "not measured" for one in ended)
    return (f"{rounds[-1]['release']} | load, {total['seconds']} s in {len(ended)} guests{broken}, two cards: {total['runs']} "
            f"runs (of 40 inferences, every output compared, or of a network that crashes or hangs) and {total['queries']} "
            f"queries, {total['right']} ended as they must, {total['disturbed']} were killed or hit by a fault of their card "
            f"and failed; {total['faults']} faults: {total['killed']} clients killed, {total['crashed']} networks crashed, "
            f"{total['hung']} hung, {total['reset']} SoC resets, {total['unbound']} unbound and bound, online again after "
            f"at most {max(one.get('slowest_recovery_seconds', 0) for one in ended)} s; both servers' own memory in KiB "
            f"(and how much of it is anonymous), {settle:.0f} s after the start and at the end of each guest: {memory}")
