"""How each kind of node behaves: SpiffWorkflow's node classes with the behaviour that long-lived cases need.

What differs from the library, and why:

* Nothing is predicted. The library keeps the nodes that may come after each token; here a node's successors are made
  when it completes. A token is one task of the library, so the state of an instance is its tokens and nothing else.
* Process data is one mapping per instance (`Flow.data`), not a copy per token that is merged at joins. Only an instance
  of a multi-instance node has a small scope of its own.
* Joins count arrived tokens instead of searching what was passed before; so the past can be cut away (see `state`).
* A message is delivered to one node that waits for it; a timer fires when the run is woken, by the clock it is given.
* Event sub-processes listen in any scope, interrupting or not, and end with it.
* A spec serves all runs of a process at once: nothing here writes to a spec after it was parsed.
"""
