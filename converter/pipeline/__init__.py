"""One run of `convert` or `update`, in stage order. No rules of its own, and nothing is printed here.

1. load and check the mapping; 2. open the sources and check the mapping against them (:mod:`.start`); 3. read every row
once, grouped by resident; 4. convert resident by resident (:mod:`.stages`); 5. manifest and sums; 6. rejects and record
(:mod:`.ending`). Until step 3 is done nothing is written. A dry run is the same code with a writer that only counts.
"""

from converter.pipeline.outcome import Observer, Run
from converter.pipeline.start import convert

__all__ = ["Observer", "Run", "convert"]
