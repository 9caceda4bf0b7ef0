"""What really happened in a system, read from its tables: `python -m tests.faults.accounting` prints it as JSON."""

import json
import os
import sys

import django


def main() -> None:
    """Per errand: is the item done, how often does history tell it, and where does the process stand."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    django.setup()
    from django.utils import timezone

    from backend.audit.models import Event
    from backend.org.access import SYSTEM
    from workflows import store
    from workflows.models import Instance, Trace, WorkItem

    told: dict[str, int] = {}
    for object_id in Event.objects.filter(action="work_item.completed").values_list("object_id", flat=True):
        told[object_id] = told.get(object_id, 0) + 1
    found = {}
    instances = Instance.objects.select_related("process", "case__family__unit").filter(process__key="errand")
    for instance in instances:
        items = {item.step: item for item in WorkItem.objects.filter(instance=instance)}
        first = items["take_note"]
        run = store.restore(instance, actor=SYSTEM, now=timezone.now())
        found[str(first.pk)] = {
            "state": first.state,
            "told": told.get(str(first.pk), 0),
            "passed": Trace.objects.filter(instance=instance, node="take_note").count(),
            "open": sorted(item.step for item in items.values() if item.state == "open"),
            "waiting": sorted(entry.node.id for entry in run.waiting),
        }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
