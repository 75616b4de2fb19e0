"""A file or a delivery checked, by sender or receiver: manifest and sums, every bundle, every document inside.

The checks are those that ``convert`` applies before it writes. Everything is streamed and every problem is reported;
nothing is changed. JSON Patches (flow 3) are held against manifest and sums only: what they lead to is at the receiver.
"""

from converter.verify.checking import verify
from converter.verify.result import VerifyResult
from converter.verify.showing import run_verify

__all__ = ["VerifyResult", "run_verify", "verify"]
