# SPDX-License-Identifier: Apache-2.0
"""What a lamp on a speaker may rely on, as a state machine over the events of one ear (R31)."""

OUTCOMES = ("done", "partial", "nothing", "failed")


def violations(events):
    """Where a child was told something untrue, as sentences; none when all is well."""
    wrong = []
    ready = muted = lost = False
    light = None
    for number, event in enumerate(events):
        def must(condition, rule, number=number, event=event):
            if not condition:
                wrong.append(f"event {number}, {event['event']}: {rule}")
        name = event["event"]
        after = events[number + 1]["event"] if number + 1 < len(events) else None
        if name == "ready":
            must(not ready, "an ear becomes ready once")
            ready = True
        elif name == "keeping":
            must(event["keeping"] or event.get("reason"), "keeping off says why")
            light = event["keeping"]
        elif name == "muted":
            must(event["muted"] != muted, "mute changes")
            muted = event["muted"]
        elif name == "source-lost":
            must(not lost, "a microphone is lost once")
            lost = True
        elif name == "source-back":
            must(lost, "only what was lost comes back")
            lost = False
        elif name == "speech-start":
            must(ready and not muted and not lost, "nobody is heard without a microphone or muted")
        elif name == "final":
            must(not event["kept"] or light, "nothing is kept while the light is off")
            must(event["kept"] is not False or after in ("forgotten", None),
                 "what is not kept is forgotten at once, and the host is told")
            must(not event["kept"] or after != "forgotten", "what is kept is not called forgotten")
        elif name == "forgotten" and "span" in event:
            must(event["outcome"] in OUTCOMES, "the outcome is a known one")
            must((event["outcome"] == "failed") == ("reason" in event), "failed says why")
    return wrong
