#!/usr/bin/env python3
"""Writes a kerchunk Parquet reference set of an invented archive: one file a day, each of 36 x 71 chunks.

    python3 make_parquet_references.py OUT DAYS

Laid out as fsspec's LazyReferenceMapper and fastparquet do: 100,000 rows a partition, the last one
padded with null paths; dictionary-coded paths, plain 64-bit offsets and sizes, an empty raw column,
zstd. Sizes vary as those of deflated fields do, and files have gaps between their chunks.
"""

import json
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 100_000
GRID = (36, 71)
CHUNK = (1, 500, 508)
SHAPE = (17999, 35999)

out, days = sys.argv[1], int(sys.argv[2])
per_file = GRID[0] * GRID[1] if days > 1 else 1
total = days * per_file
shape = [days, *SHAPE] if days > 1 else list(CHUNK)
os.makedirs(f"{out}/sst", exist_ok=True)

random = np.random.default_rng(20020601)
start = np.datetime64("2002-06-01")
schema = pa.schema([
    ("path", pa.dictionary(pa.int32(), pa.string())),
    ("offset", pa.int64()),
    ("size", pa.int64()),
    ("raw", pa.binary()),
])


def day_of(day):
    stamp = str(start + day).replace("-", "")
    path = f"s3://sst-archive/GHRSST/L4/GLOB/v4.1/{stamp}090000-L4_GHRSST-SSTfnd-GLOB-v02.0-fv04.1.nc"
    sizes = np.minimum(random.lognormal(11.5, 0.9, per_file), 2e6).astype(np.int64) + 64
    gaps = np.where(random.random(per_file) < 0.02, random.integers(512, 8192, per_file), 0)
    offsets = 48_221 + np.cumsum(sizes + gaps) - sizes
    return path, offsets, sizes


def write(partition, paths, codes, offsets, sizes):
    pad = ROWS - len(codes)
    column = pa.DictionaryArray.from_arrays(
        pa.array(np.concatenate([codes, np.zeros(pad, np.int32)]),
                 mask=np.arange(ROWS) >= len(codes)), pa.array(paths))
    zeros = np.zeros(pad, np.int64)
    table = pa.table([
        column,
        pa.array(np.concatenate([offsets, zeros])),
        pa.array(np.concatenate([sizes, zeros])),
        pa.nulls(ROWS, pa.binary()),
    ], schema=schema)
    pq.write_table(table, f"{out}/sst/refs.{partition}.parq", compression="zstd",
                   use_dictionary=["path"], write_statistics=False, store_schema=False)


paths, codes, offsets, sizes, held, partition = [], [], [], [], 0, 0
for day in range(days):
    path, day_offsets, day_sizes = day_of(day)
    at = 0
    while at < per_file:
        take = min(per_file - at, ROWS - held)
        paths.append(path)
        codes.append(np.full(take, len(paths) - 1, np.int32))
        offsets.append(day_offsets[at:at + take])
        sizes.append(day_sizes[at:at + take])
        at, held = at + take, held + take
        if held == ROWS or (day == days - 1 and at == per_file):
            write(partition, paths, *(np.concatenate(c) for c in (codes, offsets, sizes)))
            paths, codes, offsets, sizes, held, partition = [], [], [], [], 0, partition + 1

zarray = {
    "zarr_format": 2, "shape": shape, "chunks": list(CHUNK), "dtype": "<i2", "order": "C",
    "fill_value": -32768, "compressor": {"id": "zlib", "level": 6},
    "filters": [{"id": "shuffle", "elementsize": 2}],
}
metadata = {
    ".zgroup": {"zarr_format": 2},
    "sst/.zarray": zarray,
    "sst/.zattrs": {"_ARRAY_DIMENSIONS": ["time", "lat", "lon"], "scale_factor": 0.001, "add_offset": 298.15},
}
# last: a set without it is not complete
with open(f"{out}/.zmetadata", "w") as file:
    json.dump({"metadata": metadata, "record_size": ROWS}, file)
print(total)
