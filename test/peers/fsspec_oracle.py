"""Writes random kerchunk reference sets, and what fsspec's own readers say of every key.

    python3 fsspec_oracle.py FOLDER SEED SETS DATA_URL

Each set is FOLDER/N/refs.json[.gz|.zst] and FOLDER/N/refs.parq; FOLDER/N/*.expected.json tells, of each
key that ReferenceFileSystem or LazyReferenceMapper has, its reference and its bytes (base64). The byte
ranges lie in the files below DATA_URL, whose sizes are in FOLDER/data.json.
"""

import base64
import gzip
import itertools
import json
import math
import os
import random
import sys
from compression import zstd

import fsspec
from fsspec.implementations.reference import LazyReferenceMapper, ReferenceFileSystem

folder, seed, sets, data_url = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
with open(f"{folder}/data.json") as file:
    FILES = json.load(file)  # name in a URL -> bytes
NAMES = ["temp", "grp/salt", "grp/deep/er/level", "0", "1/2", "with space", "größe", "c", "grp/c.1"]


def random_arrays(rng):
    arrays = {}
    for name in rng.sample(NAMES, rng.randint(1, 5)):
        rank = rng.choice([0, 1, 1, 2, 2, 3, 4])
        shape = [rng.choice([0, 1, 2, 3, 5, 7, 11]) for _ in range(rank)]
        chunks = [rng.randint(1, max(1, length + 2)) for length in shape]
        arrays[name] = (shape, chunks)
    return arrays


def random_value(rng, urls):
    kind = rng.random()
    if kind < 0.1:
        return "".join(rng.choice("abc 012\t\n\"\\{}[]:,") for _ in range(rng.randint(1, 12)))
    if kind < 0.25:
        raw = rng.randbytes(rng.randint(0, 20))
        return "base64:" + base64.b64encode(raw).decode()
    name = rng.choice(list(urls))
    if kind < 0.32:
        return [urls[name]]
    size = FILES[name]
    offset = rng.randrange(size)
    return [urls[name], offset, rng.randint(1, min(500, size - offset))]


def random_refs(rng, arrays, separator, urls, as_objects):
    def document(value):
        return value if as_objects and rng.random() < 0.5 else json.dumps(value)

    refs = {".zgroup": document({"zarr_format": 2})}
    if rng.random() < 0.5:
        refs[".zattrs"] = document({"title": "größe \"x\"", "n": 1.0, "list": [1, None, True]})
    for path in {p for name in arrays for p in parents(name)}:
        if rng.random() < 0.7:
            refs[f"{path}/.zgroup"] = document({"zarr_format": 2})
    missing = rng.choice([0, 0.1, 0.5, 0.95])
    for name, (shape, chunks) in arrays.items():
        zarray = {
            "zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": rng.choice(["<i4", ">f8", "|u1"]),
            "order": "C", "fill_value": rng.choice([0, None]), "compressor": None, "filters": None,
        }
        if separator:
            zarray["dimension_separator"] = separator
        refs[f"{name}/.zarray"] = document(zarray)
        if rng.random() < 0.7:
            refs[f"{name}/.zattrs"] = document({"_ARRAY_DIMENSIONS": [f"d{i}" for i in range(len(shape))]})
        for key in chunk_keys(shape, chunks, separator or "."):
            if rng.random() >= missing:
                refs[f"{name}/{key}"] = random_value(rng, urls)
    return refs


def parents(name):
    parts = name.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def chunk_keys(shape, chunks, separator):
    if not shape:
        return ["0"]
    grid = [range(math.ceil(s / c)) for s, c in zip(shape, chunks)]
    return [separator.join(map(str, index)) for index in itertools.product(*grid)]


def expected(fs, references, keys):
    """What fsspec has for each key: its reference, and the bytes that it reads."""
    out = {}
    for key in keys:
        try:
            value = references[key]
        except KeyError:
            continue
        # LazyReferenceMapper gives the null paths of a categorical column as NaN, not as a missing key
        if isinstance(value, list) and isinstance(value[0], float):
            continue
        entry = {"bytes": base64.b64encode(fs.cat_file(key)).decode()}
        if isinstance(value, (list, tuple)) or hasattr(value, "tolist"):
            url, *place = list(value)
            entry["ref"] = [str(url), *(int(n) for n in place)]
        out[key] = entry
    return out


def all_keys(refs, arrays, separator):
    keys = set(refs)
    for name, (shape, chunks) in arrays.items():
        keys.update(f"{name}/{key}" for key in chunk_keys(shape, chunks, separator or "."))
    return sorted(keys)


def write_expected(path, arrays, separator, entries):
    with open(path, "w") as file:
        json.dump({"arrays": {n: a[0] for n, a in arrays.items()}, "chunks": {n: a[1] for n, a in arrays.items()},
                   "separator": separator or ".", "keys": entries}, file)


def make_json(rng, path, http):
    arrays = random_arrays(rng)
    separator = rng.choice([None, ".", "/"])
    version = rng.choice([0, 1, 1])
    style = rng.choice(["none", "plain", "jinja"]) if version == 1 else "none"
    templates = {}
    if style == "none":
        urls = {name: data_url + name for name in FILES}
    elif style == "plain":
        templates = {"base": data_url.rstrip("/"), "x1": list(FILES)[0]}
        urls = {name: "{{base}}/" + name for name in FILES}
        urls[list(FILES)[0]] = "{{base}}/{{x1}}"
    else:
        templates = {"u": data_url, "f": "%s{{name}}{{ext}}" % data_url}
        urls = {n: "{{f(name='%s', ext='.bin')}}" % n.removesuffix(".bin") for n in FILES}
        urls[list(FILES)[0]] = "{{ u }}" + list(FILES)[0]
    refs = random_refs(rng, arrays, separator, urls, as_objects=True)
    document = refs
    if version == 1:
        document = {"version": 1}
        if templates:
            document["templates"] = templates
        if style == "jinja":
            first = list(FILES)[0]
            arrays["made"] = ([6, 4], [2, 1])
            refs["made/.zarray"] = json.dumps({
                "zarr_format": 2, "shape": [6, 4], "chunks": [2, 1], "dtype": "<i2", "order": "C",
                "fill_value": 0, "compressor": None, "filters": None,
                "dimension_separator": separator or "."})
            document["gen"] = [{
                "key": "made/{{i}}" + (separator or ".") + "{{j + 1}}", "url": "{{u}}" + first,
                "offset": "{{(i * 3 + j) * 10 // 2 + 7 % 4}}", "length": "{{ 2 * (i + 1) }}",
                "dimensions": {"i": {"stop": 3}, "j": rng.choice([[0, 2], {"start": 0, "stop": 3, "step": 2}])},
            }]
        document["refs"] = refs
    items = list(document.items())
    if rng.random() < 0.3:
        items.reverse()
    text = json.dumps(dict(items), indent=rng.choice([None, 1]), ensure_ascii=rng.random() < 0.5).encode()
    compression = rng.choice(["", "", ".gz", ".zst"])
    text = {"": bytes, ".gz": gzip.compress, ".zst": zstd.compress}[compression](text)
    with open(f"{path}/refs.json{compression}", "wb") as file:
        file.write(text)
    fs = ReferenceFileSystem(fo=document, fs={"http": http}, simple_templates=style != "jinja")
    write_expected(f"{path}/json.expected.json", arrays, separator,
                   expected(fs, fs.references, all_keys(refs, arrays, separator)))


def make_parquet(rng, path, http):
    arrays = random_arrays(rng)
    urls = {name: data_url + name for name in FILES}
    refs = random_refs(rng, arrays, None, urls, as_objects=False)
    local = fsspec.filesystem("file")
    root = f"{path}/refs.parq"
    out = LazyReferenceMapper.create(root, fs=local, record_size=rng.choice([1, 2, 3, 7, 20, 1000]),
                                     engine="pyarrow", categorical_threshold=rng.choice([1, 10]))
    for key in refs:
        out[key] = refs[key]
    out.flush()
    lazy = LazyReferenceMapper(root, fs=local, engine="pyarrow")
    fs = ReferenceFileSystem(fo={}, fs={"http": http})
    fs.references = lazy
    write_expected(f"{path}/parquet.expected.json", arrays, None,
                   expected(fs, lazy, all_keys(refs, arrays, None)))


http = fsspec.filesystem("http")
for number in range(sets):
    rng = random.Random(seed + number)
    os.makedirs(f"{folder}/{number}")
    make_json(rng, f"{folder}/{number}", http)
    make_parquet(rng, f"{folder}/{number}", http)
