"""Front door: everything that arrives or is looked at over HTTP."""
