"""Fills two private S3 servers, in the peers' root:

    python3 private_s3_write.py FOLDER '{"index": {"endpoint", "key", "secret"}, "archive": {…}}'

Chunks go to the bucket `archive` of the second, each an object of its own with bytes behind it that are
not its; a kerchunk Parquet set, as fsspec writes it, to the bucket `indexes` of the first. FOLDER gets
the arrays' values (`NAME.npy`) and `icechunk.json`, what private_s3_icechunk.cjs has to write.
"""

import json
import os
import sys

import boto3
import numcodecs
import numpy as np
from fsspec.implementations.reference import LazyReferenceMapper

folder, servers = sys.argv[1], json.loads(sys.argv[2])
SHAPE, CHUNKS, FILL, ABSENT = (60, 40), (20, 10), -1, (1, 2)

ARRAYS = {
    "plain": [[], None],
    "deflated": [[numcodecs.Shuffle(4)], numcodecs.Zlib(4)],
    "steps": [[numcodecs.Delta("<i4")], numcodecs.Zlib(4)],
}
V3_CODECS = {
    "plain": [{"name": "bytes", "configuration": {"endian": "little"}}],
    "deflated": [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "numcodecs.shuffle", "configuration": {"elementsize": 4}},
        {"name": "numcodecs.zlib", "configuration": {"level": 4}},
    ],
    "steps": [
        {"name": "numcodecs.delta", "configuration": {"dtype": "<i4", "astype": "<i4"}},
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "numcodecs.zlib", "configuration": {"level": 4}},
    ],
}


def bucket(server, name):
    store = boto3.resource(
        "s3", endpoint_url=server["endpoint"], region_name="us-east-1",
        aws_access_key_id=server["key"], aws_secret_access_key=server["secret"])
    return store.create_bucket(Bucket=name)


archive, indexes = bucket(servers["archive"], "archive"), bucket(servers["index"], "indexes")
random = np.random.default_rng(4)
references = {".zgroup": json.dumps({"zarr_format": 2})}
icechunk = {}

for name, (filters, compressor) in ARRAYS.items():
    values = random.integers(-(2**31), 2**31, SHAPE).astype("<i4")
    metadata = {
        "zarr_format": 2, "shape": SHAPE, "chunks": CHUNKS, "dtype": "<i4", "order": "C",
        "fill_value": FILL, "filters": [f.get_config() for f in filters] or None,
        "compressor": compressor and compressor.get_config(),
    }
    references[f"{name}/.zarray"] = json.dumps(metadata)
    references[f"{name}/.zattrs"] = json.dumps({"_ARRAY_DIMENSIONS": ["y", "x"]})
    refs, native = [], []
    for y, x in np.ndindex(3, 4):
        here = np.s_[20 * y:20 * y + 20, 10 * x:10 * x + 10]
        if (y, x) == ABSENT:
            values[here] = FILL
            continue
        chunk = np.ascontiguousarray(values[here])
        for step in [*filters, *([compressor] if compressor else [])]:
            chunk = step.encode(chunk)
        chunk = bytes(chunk)
        key = f"dir/{name} {y}+{x}%.bin"
        archive.put_object(Key=key, Body=chunk + b"not of this chunk")
        references[f"{name}/{y}.{x}"] = [f"s3://archive/{key}", 0, len(chunk)]
        if (y + x) % 3 == 2:
            native.append({"index": [y, x], "bytes": chunk.hex()})
        else:
            location = f"s3://archive/dir/{name}%20{y}+{x}%25.bin"
            refs.append({"index": [y, x], "location": location, "offset": 0, "length": len(chunk)})
    np.save(f"{folder}/{name}.npy", values)
    icechunk[name] = {
        "document": {
            "zarr_format": 3, "node_type": "array", "shape": SHAPE, "data_type": "int32",
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": CHUNKS}},
            "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
            "fill_value": FILL, "codecs": V3_CODECS[name], "attributes": {},
        },
        "refs": refs, "native": native,
    }

with open(f"{folder}/icechunk.json", "w") as file:
    json.dump(icechunk, file)

table = LazyReferenceMapper.create(f"{folder}/set.parq", record_size=5, engine="pyarrow")
for key, value in references.items():
    table[key] = value
table.flush()
for where, _, names in os.walk(f"{folder}/set.parq"):
    for name in names:
        path = os.path.join(where, name)
        indexes.upload_file(path, os.path.relpath(path, folder))
