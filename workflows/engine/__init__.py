"""Runs BPMN processes. SpiffWorkflow is used here and nowhere else; nothing here knows Django or the domain.

definition   diagrams, tables and forms read, checked and compiled
runner       one run of a process: start, complete, send, wake, cancel, dump, restore
decisions    decision tables (DMN)
forms        JSON Schema forms
expressions  the sandbox that conditions, timers and tables are evaluated in
scenarios    plays the scenario files that lie beside the diagrams
"""

import logging

# SpiffWorkflow logs every change of state with the process data in the record: costly, and nobody's business.
for _name in ("spiff", "spiff.task", "spiff.workflow", "spiff.data", "spiff.dmn"):
    logging.getLogger(_name).setLevel(logging.WARNING)
