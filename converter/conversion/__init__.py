"""Convert one resident: a function of (mapping, that resident's rows, paths) to files and an outcome.

Residents are independent: the same function serves one process, many processes and a resumed run. It writes nothing
but that resident's own files, each complete or absent.
"""

from converter.conversion.plan import Change, Converted, Failed, Kind, Limits, Plan, Task
from converter.conversion.resident import ResidentConverter

__all__ = ["Change", "Converted", "Failed", "Kind", "Limits", "Plan", "ResidentConverter", "Task"]
