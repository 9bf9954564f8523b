"""fsspec's reader of kerchunk Parquet, as open_references.ts does it with ours: the same chunks, the same lines.

    python3 lazy_reference_mapper.py FOLDER SECONDS
"""

import json
import sys
import time

from fsspec.implementations.reference import LazyReferenceMapper

folder, limit = sys.argv[1], float(sys.argv[2])
GRID = (8660, 36, 71)
state = 20020601


def random_key():
    global state
    state ^= (state << 13) & 0xFFFFFFFF
    state ^= state >> 17
    state ^= (state << 5) & 0xFFFFFFFF
    n = state % (GRID[0] * GRID[1] * GRID[2])
    return f"sst/{n // (GRID[1] * GRID[2])}.{n // GRID[2] % GRID[1]}.{n % GRID[2]}"


def report(asked, seconds, ref):
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * 4096
    place = [str(ref[0]), int(ref[1]), int(ref[2])]
    print(json.dumps({"asked": asked, "seconds": seconds, "resident": resident, "ref": place}), flush=True)


mapper = LazyReferenceMapper(folder, engine="pyarrow")
report(1, 0, mapper[random_key()])
start = time.perf_counter()
for asked in range(2, 100_001):
    ref = mapper[random_key()]
    spent = time.perf_counter() - start
    if asked in (1_000, 100_000) or (spent > limit and asked > 1_000):
        report(asked, spent, ref)
        if spent > limit:
            break
