#!/usr/bin/env python3
"""
Random Zarr arrays as kerchunk references and as stores, and what real clients read of them.

    random_arrays.py write FOLDER HOST SEED COUNT        sets of arrays below FOLDER, and FOLDER/sets.json
    random_arrays.py compare FOLDER HOST GATEWAY KINDS   prints JSON: what differs, and what was compared

HOST is the path that FOLDER has for the gateway; KINDS are the index formats that it knows.

Written by zarr-python and numcodecs. The oracle of a Zarr v2 set is zarr-python and xarray on the very
same references through fsspec's ReferenceFileSystem, that of a Zarr v3 set zarr-python on the store.
Each set draws from its own seed, so it is the same whatever the others are.
"""

import base64
import collections
import gzip
import itertools
import json
import math
import os
import random
import re
import shutil
import sys
import warnings

import numcodecs
import numpy as np
import zarr

warnings.simplefilter("ignore")
np.seterr(all="ignore")
zarr.config.set({"array.write_empty_chunks": True})

ARRAYS_A_SET = 25
NUMBERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
NAMES = ["c", "0", "17", "c.1", "1.5", "a.b", "with space", "gr\u00f6\u00dfe", "\u6e29\u5ea6", "tilde~v2", "at@1", "plus+",
         "zarr", "-", "(x)", "colon:y", "x,y", "q'uote", "e=mc2", "_under", "refs.json", "100%"]
WORDS = ["", "a", "snow", "gr\u00f6\u00dfe", "\u6e29\u5ea6", "NaN", "0", "a\tb", "x" * 40, "\U0001f30a", " lead", "trail "]


# --- drawing ------------------------------------------------------------------------------------


def pick(rng, *options):
    """One of the options; a pair (weight, option) weighs more."""
    weights = [o[0] if isinstance(o, Weighted) else 1 for o in options]
    chosen = rng.choices(options, weights)[0]
    return chosen[1] if isinstance(chosen, Weighted) else chosen


class Weighted(tuple):
    """(weight, option)"""


def w(weight, option):
    """An option of that weight."""
    return Weighted((weight, option))


def draw_dtype(rng):
    """A NumPy type string of Zarr v2, or `vlen-utf8` or `vlen-bytes`."""
    kind = pick(rng, w(30, "number"), w(2, "b1"), w(2, "complex"), w(3, "time"), w(2, "S"), w(2, "U"), w(1, "V"),
                w(2, "vlen-utf8"), w(1, "vlen-bytes"), w(1, "struct"))
    order = pick(rng, w(2, "<"), ">")
    if kind == "number":
        name = rng.choice(NUMBERS)
        return ("|" if name[1] == "1" else order) + name
    if kind == "b1":
        return "|b1"
    if kind == "complex":
        return order + rng.choice(["c8", "c16"])
    if kind == "time":
        return "%s%s8[%s]" % (order, rng.choice("Mm"), rng.choice(["ns", "s", "D", "h", "m", "ms", "us", "60s", "25s", "M", "W"]))
    if kind == "S":
        return "|S%d" % rng.choice([1, 3, 8, 300])
    if kind == "U":
        return "%sU%d" % (order, rng.choice([1, 4, 70]))
    if kind == "V":
        return "|V%d" % rng.choice([1, 4, 7, 300])
    if kind == "struct":
        return [["a", order + "i4"], ["b", order + "f8"], ["c", "|u1"]]
    return kind


def draw_shape(rng, rank=None):
    """A shape and a chunk shape."""
    rank = pick(rng, 0, w(4, 1), w(6, 2), w(3, 3), 4) if rank is None else rank
    most = {0: 1, 1: 40, 2: 12, 3: 6, 4: 4}[rank]
    shape = [pick(rng, w(1, 0) if rng.random() < 0.15 else w(1, 1), w(12, rng.randint(1, most))) for _ in range(rank)]
    chunks = []
    for n in shape:
        chunks.append(pick(rng, w(6, rng.randint(max(1, n // 3), max(1, n))), w(2, max(1, n)), w(1, n + rng.randint(1, 5))))
    return tuple(shape), tuple(chunks)


def draw_values(rng, dtype, shape, tame):
    """Values of a type; `tame` keeps numbers small, so that scaled and dated ones stay in range."""
    size = int(np.prod(shape))
    seeded = np.random.default_rng(rng.getrandbits(32))
    if dtype == "vlen-utf8":
        return np.array([rng.choice(WORDS) for _ in range(size)], object).reshape(shape)
    if dtype == "vlen-bytes":
        return np.array([rng.randbytes(rng.randint(0, 9)) for _ in range(size)], object).reshape(shape)
    if isinstance(dtype, list):
        values = np.zeros(size, [tuple(field) for field in dtype])
        for name in values.dtype.names:
            values[name] = seeded.integers(0, 100, size)
        return values.reshape(shape)
    dtype = np.dtype(dtype)
    style = pick(rng, w(3, "smooth"), w(2, "noise"), w(1, "constant"))
    if dtype.kind == "b":
        return (seeded.random(shape) < 0.4).astype(dtype)
    if dtype.kind in "SU":
        pool = [word for word in WORDS if dtype.kind == "U" or word.isascii()]
        words = [rng.choice(pool)[: dtype.itemsize] for _ in range(size)]
        return np.array([word.encode() if dtype.kind == "S" else word for word in words] or [], dtype).reshape(shape)
    if dtype.kind == "V":
        return np.frombuffer(seeded.bytes(size * dtype.itemsize), dtype).reshape(shape)
    if tame or style == "smooth":
        values = (np.arange(size) % 90 + rng.randint(0, 9)).reshape(shape)
        if dtype.kind in "f" and not tame:
            values = values * 0.1 - 3
    elif style == "constant":
        values = np.full(shape, rng.randint(0, 99))
    elif dtype.kind in "fc":
        values = seeded.normal(0, 10.0 ** rng.randint(-3, 4), shape)
    else:
        return np.frombuffer(seeded.bytes(size * dtype.itemsize), dtype).reshape(shape).copy()
    values = np.asarray(values).astype(dtype)
    if dtype.kind == "c":
        values = (values + 1j * np.roll(values, 1)).astype(dtype)
    flat = values.reshape(-1)
    odd = [np.nan, np.inf, -np.inf, -0.0, np.finfo(dtype).max, np.finfo(dtype).tiny] if dtype.kind in "fc" else \
        [np.iinfo(dtype).min, np.iinfo(dtype).max] if dtype.kind in "iu" else [np.iinfo("i8").min]
    if not tame or dtype.kind in "f" and rng.random() < 0.3:
        for value in odd[:1] if tame else odd:
            if size and rng.random() < 0.4:
                at = rng.randrange(size)
                if dtype.kind in "Mm":
                    flat[at] = "NaT"
                else:
                    flat[at] = value
    return values


def kind_of(dtype):
    """NumPy's letter of a drawn type: O for elements of variable length, V for a struct."""
    return "O" if dtype in ("vlen-utf8", "vlen-bytes") else "V" if isinstance(dtype, list) else np.dtype(dtype).kind


def draw_codecs(rng, dtype):
    """Filters and a compressor, as numcodecs objects."""
    filters = []
    kind = kind_of(dtype)
    if kind == "O":
        filters.append(numcodecs.VLenUTF8() if dtype == "vlen-utf8" else numcodecs.VLenBytes())
    size = 1 if kind == "O" else 13 if isinstance(dtype, list) else np.dtype(dtype).itemsize
    if rng.random() < 0.3 and kind in "iufb":
        order = rng.choice("<>")
        if kind == "b":
            filters.append(numcodecs.PackBits())
        elif kind in "iu":
            wide = order + kind + str(rng.choice([s for s in (1, 2, 4, 8) if s <= size]))
            filters.append(pick(rng, w(3, numcodecs.Delta(dtype)), numcodecs.Delta(dtype, wide),
                                numcodecs.AsType(wide, dtype)))
            if kind == "i":
                # A negative number as an unsigned one depends on the machine, so only for signed ones.
                filters[-1] = pick(rng, w(2, filters[-1]), numcodecs.FixedScaleOffset(1, 2, dtype, order + "i4"))
        else:
            filters.append(pick(rng, numcodecs.Delta(dtype), numcodecs.Quantize(rng.randint(0, 4), dtype),
                                numcodecs.FixedScaleOffset(rng.choice([0, 3.5, -100]), rng.choice([1, 10, 100]), dtype,
                                                           order + rng.choice(["i4", "i2", "f4", "f8"])),
                                numcodecs.AsType(order + "f4", dtype),
                                numcodecs.BitRound(rng.randint(1, min(10, {2: 10, 4: 23, 8: 52}[size])))))
    for _ in range(pick(rng, w(6, 0), w(4, 1), w(1, 2))):
        filters.append(pick(rng, w(6, numcodecs.Shuffle(pick(rng, w(4, size), 4, 2))), w(2, numcodecs.Zlib(rng.randint(0, 9))),
                            numcodecs.Zstd(rng.randint(-3, 5), checksum=rng.random() < 0.3), numcodecs.LZ4(), numcodecs.BZ2(1),
                            w(2, numcodecs.Fletcher32()), numcodecs.CRC32(), numcodecs.CRC32C(), numcodecs.Adler32(),
                            numcodecs.GZip(1), numcodecs.Blosc("lz4", 5, rng.choice([-1, 0, 1, 2]))))
    compressor = pick(
        rng, w(3, None), w(6, numcodecs.Zlib(rng.randint(0, 9))), w(2, numcodecs.GZip(rng.randint(0, 9))),
        w(2, numcodecs.Zstd(rng.randint(-5, 9), checksum=rng.random() < 0.3)), w(2, numcodecs.LZ4(rng.randint(1, 9))),
        w(4, numcodecs.Blosc(rng.choice(["lz4", "lz4hc", "blosclz", "zlib", "zstd"]), rng.randint(0, 9),
                             rng.choice([-1, 0, 1, 2]), rng.choice([0, 0, 64, 1000]))),
        numcodecs.BZ2(rng.randint(1, 9)), w(0.5, numcodecs.LZMA()))
    return filters, compressor


def draw_fill(rng, dtype, values):
    """A fill value as `.zarray` writes it."""
    kind = kind_of(dtype)
    if rng.random() < 0.3 or isinstance(dtype, list):
        return None
    if dtype == "vlen-utf8":
        return rng.choice(["", "snow"])
    if dtype == "vlen-bytes":
        return rng.choice(["", "AAE="])
    flat = values.reshape(-1)
    some = flat[rng.randrange(flat.size)] if flat.size and rng.random() < 0.6 else None
    if kind == "b":
        return rng.choice([True, False, 0, 1])
    if kind in "iu":
        limits = np.iinfo(dtype)
        value = int(some) if some is not None else rng.choice([0, limits.min, limits.max, 99, limits.max - 1])
        return value if abs(value) > 2**53 or rng.random() < 0.8 else rng.choice([float(value), str(value)])
    if kind == "f":
        return spelled(float(some) if some is not None else rng.choice(
            [0.0, -0.0, math.nan, math.inf, -math.inf, -9999.9, 9.969209968386869e36, 1e20, -999, 0.1, 1.0]))
    if kind == "c":
        return [spelled(float(part)) for part in ((some.real, some.imag) if some is not None else (rng.choice([0, math.nan]), 1.5))]
    if kind in "Mm":
        return rng.choice([0, "NaT", 7, -(2**63)])
    if kind == "S":
        return rng.choice(["", 0, base64.b64encode(bytes(some or b"")).decode()])
    if kind == "U":
        return rng.choice(["", 0, str(some or "")])
    return rng.choice(["", 0, base64.b64encode(bytes(np.dtype(dtype).itemsize)).decode()])


def spelled(value):
    """A float as Zarr v2 spells it."""
    return "NaN" if math.isnan(value) else ("-" if value < 0 else "") + "Infinity" if math.isinf(value) else value


# Text that is no Python value: numbers that a parser may read otherwise than they are written.
RAW = ["1e400", "-1e400", "1E5", "1.0", "-0", "-0.0", "9007199254740993", "18446744073709551615", "-9223372036854775808",
       "123456789012345678901234567890", "1e22", "1e-7", "0.30000000000000004", "5e-324", "1.7976931348623157e308", "NaN",
       "Infinity", "-Infinity", '"\\ud83c\\udf0a"', '"\\u0000\\u001f"', '""', "null", "true", "[]", "{}", '[1, 2.0, "a", null]',
       '{"a": {"b": [NaN, {"c": 1e400}]}}', '"base64:AAAA"', '"NaN"', "[[1, 2], [3, 4]]", '"{{u}}"', '"\\\\ \\" / \\n"']
ODD_KEYS = ["", "__proto__", "constructor", "10", "2", "gr\u00f6\u00dfe", "a b", "_nc3_strict", "_NCProperties", "dtype2",
            "standard_name", "long_name", "valid_range", "valid_min", "history", "toString", "A/B", "missing", "\u6e29"]


def draw_attributes(rng, dtype):
    """Attributes, name → JSON text; and whether they scale or date the values."""
    found, tame = {}, False
    kind = kind_of(dtype)
    for _ in range(pick(rng, w(2, 0), 1, 3)):
        found[rng.choice(ODD_KEYS)] = rng.choice(RAW)
    if kind in "iuf":
        meaning = pick(rng, w(4, "none"), w(3, "scale"), w(3, "time"))
        if meaning == "scale":
            tame = rng.random() < 0.5
            if rng.random() < 0.8:
                found["scale_factor"] = rng.choice(["0.01", "1", "10", "2.5", "1e-3", "[0.5]", "-1.0", "0.1", "1E1"])
            if rng.random() < 0.7:
                found["add_offset"] = rng.choice(["273.15", "0", "-5", "100.0", "[1.0]", "1e3"])
        elif meaning == "time":
            tame = True
            found["units"] = json.dumps(rng.choice(
                ["days since 2000-01-01", "hours since 1900-01-01 00:00:00", "seconds since 1970-01-01T00:00:00Z", "days",
                 "minutes since 1850-01-01", "milliseconds since 2000-01-01", "K", "days since 0001-01-01", "hours"]))
            if rng.random() < 0.5:
                found["calendar"] = json.dumps(rng.choice(["standard", "noleap", "360_day", "proleptic_gregorian", "julian"]))
        if rng.random() < 0.3:
            found["_FillValue"] = rng.choice(["7", "-1", "NaN", "5.0", "[7]", "-9999.9", "0", "1e400", "99", "null", "1e20",
                                                "-5.5", "[7, 8]", "true", '"none"', '"7"', '"AAAAAAAAHEA="'])
        if rng.random() < 0.25:
            found["missing_value"] = rng.choice(["7", "-1", "NaN", "5.0", "[7]", "[7, 8]", "0", "-9999.9", "[NaN, 3]", '"none"', "true", '"7"', "1e39"])
        if rng.random() < 0.1:
            found[rng.choice(["valid_range", "valid_min", "actual_range"])] = rng.choice(["[0, 50]", "3", "[-1.5, NaN]"])
        # xarray itself misses the fill value of big-endian integers that are _Unsigned.
        if rng.random() < 0.08 and kind in "iu" and np.dtype(dtype).str[0] != ">":
            found["_Unsigned"] = json.dumps(rng.choice(["true", "false"]))
    elif rng.random() < 0.2:
        found["_FillValue"] = rng.choice(["0", '"snow"', "false", '"a"'])
    if kind == "i" and rng.random() < 0.03:
        found["dtype"] = '"bool"'
    return found, tame


def object_text(members, rng):
    """A JSON object of members that are JSON text already, spaced in some way."""
    comma, colon = rng.choice([(", ", ": "), (",", ":"), (",\n  ", " : ")])
    return "{" + comma.join(json.dumps(key, ensure_ascii=rng.random() < 0.5) + colon + value
                            for key, value in members.items()) + "}"


def zarr_type(dtype, numpy):
    """A drawn type as zarr-python takes it."""
    if dtype == "vlen-bytes":
        return zarr.dtype.VariableLengthBytes()
    return "string" if dtype == "vlen-utf8" else numpy


# --- writing ------------------------------------------------------------------------------------


def write_v2_array(rng, path, dims):
    """One v2 array as key → bytes, or None where zarr-python itself cannot write and read it."""
    dtype = draw_dtype(rng)
    attributes, tame = draw_attributes(rng, dtype)
    shape, chunks = draw_shape(rng)
    values = draw_values(rng, dtype, shape, tame)
    filters, compressor = draw_codecs(rng, dtype)
    order, separator = pick(rng, w(3, "C"), "F"), pick(rng, w(3, "."), "/")
    store = {}
    memory = zarr.storage.MemoryStore(store)
    array = zarr.create_array(
        memory, name=path, shape=shape, chunks=chunks,
        dtype=zarr_type(dtype, values.dtype),
        filters=filters or None, compressors=compressor, order=order, zarr_format=2,
        chunk_key_encoding={"name": "v2", "separator": separator})
    if values.size:
        array[...] = values
    found = {key: value.to_bytes() for key, value in store.items() if key.startswith(path + "/")}
    zarray = json.loads(found[path + "/.zarray"])
    fill = zarray["fill_value"] = draw_fill(rng, dtype, values)
    stored = [key for key in found if not key.rsplit("/", 1)[-1].startswith(".")]
    for key in stored:
        # Without a fill value it is open what an absent chunk holds.
        if fill is not None and rng.random() < 0.12:
            del found[key]
    if rng.random() < 0.3 and zarray["compressor"] and kind_of(dtype) != "O":
        zarray["filters"], zarray["compressor"] = (zarray["filters"] or []) + [zarray["compressor"]], None
    if separator == "." and rng.random() < 0.5:
        del zarray["dimension_separator"]
    if 0 in shape and rng.random() < 0.5:
        zarray["chunks"] = [0 if n == 0 else c for n, c in zip(shape, zarray["chunks"])]
    found[path + "/.zarray"] = json.dumps(zarray).encode()
    names = json.dumps(["%s_%d" % (dims, axis) for axis in range(len(shape))])
    found[path + "/.zattrs"] = object_text({"_ARRAY_DIMENSIONS": names, **attributes}, rng).encode()
    # What zarr-python itself cannot read is no oracle.
    zarr.open_array(zarr.storage.MemoryStore(as_buffers(found)), path=path, mode="r", zarr_format=2)[...]
    return found


def as_buffers(store):
    """Bytes as zarr-python's memory store holds them."""
    return {key: zarr.core.buffer.default_buffer_prototype().buffer.from_bytes(value) for key, value in store.items()}


def free_name(rng, taken, index):
    """A name of a node, odd at times."""
    name = rng.choice(NAMES) if rng.random() < 0.3 else "v%d" % index
    return name if name not in taken else "v%d" % index


def write_v2_set(seed, number, count, folder):
    """A set of arrays in groups: the store as key → bytes, and what could not be written."""
    rng = random.Random("%d v2 %d" % (seed, number))
    store, skipped = {".zgroup": b'{"zarr_format": 2}'}, []
    groups, taken = [""], collections.defaultdict(set)
    for index in range(count):
        if rng.random() < 0.4:
            parent = rng.choice(groups)
            name = free_name(rng, taken[parent], 1000 + index)
            taken[parent].add(name)
            group = (parent + "/" + name).lstrip("/")
            groups.append(group)
            store[group + "/.zgroup"] = b'{"zarr_format":2}'
            if rng.random() < 0.5:
                store[group + "/.zattrs"] = object_text({rng.choice(ODD_KEYS): rng.choice(RAW)}, rng).encode()
        parent = rng.choice(groups)
        name = free_name(rng, taken[parent], index)
        path = (parent + "/" + name).lstrip("/")
        try:
            store.update(write_v2_array(rng, path, "d%d" % index))
            taken[parent].add(name)
        except Exception as error:
            skipped.append("%s: %s" % (type(error).__name__, str(error)[:80]))
    return store, skipped


def is_metadata(key):
    """True for `.zarray`, `.zattrs`, `.zgroup`."""
    return key.rsplit("/", 1)[-1].startswith(".z")


def write_references(rng, store, folder, seen):
    """The store as kerchunk JSON over files with garbage between the chunks; `seen` is the gateway's path."""
    refs, data, wholes = {}, [bytearray(rng.randbytes(rng.randint(1, 40))) for _ in range(2)], 0
    paths = [os.path.join(folder, name) for name in ("data 1.bin", "data#2.bin")]
    flat = rng.random() < 0.25
    for key in rng.sample(sorted(store), len(store)):
        value = store[key]
        if is_metadata(key):
            text = value.decode()
            refs[key] = "base64:" + base64.b64encode(value).decode() if rng.random() < 0.1 else \
                Raw(text) if rng.random() < 0.3 else text
            continue
        how = pick(rng, w(6, "range"), w(1, "inline"), w(1, "whole"))
        if how == "inline" or not value:
            plain = value.isascii() and value and not value.startswith(b"base64:") and rng.random() < 0.7
            refs[key] = value.decode() if plain else "base64:" + base64.b64encode(value).decode()
        elif how == "whole":
            wholes += 1
            path = os.path.join(folder, "whole%d.bin" % wholes)
            with open(path, "wb") as file:
                file.write(value)
            refs[key] = [path.replace(folder, seen)]
        else:
            which = rng.randrange(2)
            refs[key] = [paths[which].replace(folder, seen), len(data[which]), len(value)]
            data[which] += value + rng.randbytes(rng.choice([0, 1, 17]))
    for path, content in zip(paths, data):
        with open(path, "wb") as file:
            file.write(content)
    written = dict(refs)
    for key, value in written.items():
        if isinstance(value, list):
            url = value[0]
            spelling = pick(rng, "path", "file", "path" if flat else "template")
            if spelling == "file":
                url = "file://" + url
            elif spelling == "template":
                url = url.replace(seen, "{{u}}")
            written[key] = [url] + value[1:]
    body = object_text({key: raw_json(value, rng) for key, value in written.items()}, rng)
    if not flat:
        body = object_text({"version": "1", "templates": json.dumps({"u": seen}), "refs": body}, rng)
    name = pick(rng, w(4, "refs.json"), "refs.json.gz")
    with (gzip.open if name.endswith("gz") else open)(os.path.join(folder, name), "wb") as file:
        file.write(body.encode())
    return name, refs


class Raw(str):
    """JSON text that stands in the references as an object, not as text."""


def raw_json(value, rng):
    """A reference's value as JSON text."""
    return str(value) if isinstance(value, Raw) else json.dumps(value, ensure_ascii=rng.random() < 0.5)


def write_parquet(rng, refs, folder):
    """The same references as kerchunk Parquet, by fsspec's LazyReferenceMapper."""
    from fsspec.implementations.reference import LazyReferenceMapper

    table = LazyReferenceMapper.create(os.path.join(folder, "refs.parq"), record_size=rng.choice([2, 3, 7, 100]), engine="pyarrow")
    refs = dotted(refs)
    for key in sorted(refs, key=lambda key: (not is_metadata(key), key)):
        value = refs[key]
        if is_metadata(key) and value.startswith("base64:"):
            value = base64.b64decode(value[7:]).decode()
        table[key] = str(value) if isinstance(value, str) else value
    table.flush()


def dotted(refs):
    """The references with "." between chunk numbers: fsspec's Parquet writer knows no other separator."""
    found, slashed = {}, set()
    for key, value in refs.items():
        if key.endswith("/.zarray"):
            text = base64.b64decode(value[7:]).decode() if value.startswith("base64:") else value
            document = json.loads(text)
            if document.pop("dimension_separator", ".") == "/":
                slashed.add(key[: -len("/.zarray")])
                value = json.dumps(document)
        found[key] = value
    for key in [key for key in found if not is_metadata(key)]:
        array = next((key[:at] for at in range(len(key)) if key[at] == "/" and key[:at] in slashed), None)
        if array is not None:
            found[array + "/" + key[len(array) + 1:].replace("/", ".")] = found.pop(key)
    return found


def write_v3_set(seed, number, count, folder):
    """A Zarr v3 store on disk, by zarr-python."""
    from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
    from zarr.codecs import numcodecs as foreign

    rng = random.Random("%d v3 %d" % (seed, number))
    root = zarr.open_group(os.path.join(folder, "store.zarr"), mode="w", zarr_format=3)
    skipped, taken = [], collections.defaultdict(set)
    for index in range(count):
        dtype = draw_dtype(rng)
        if isinstance(dtype, list):
            continue
        kind = kind_of(dtype)
        shape, chunks = draw_shape(rng)
        values = draw_values(rng, dtype, shape, False)
        size = 1 if kind == "O" else np.dtype(dtype).itemsize
        compressors = []
        for _ in range(pick(rng, w(2, 0), w(5, 1), w(2, 2))):
            compressors.append(pick(
                rng, w(2, GzipCodec(level=rng.randint(0, 9))), w(2, ZstdCodec(level=rng.randint(-3, 9), checksum=rng.random() < 0.5)),
                w(2, BloscCodec(cname=rng.choice(["lz4", "zstd", "zlib", "blosclz", "lz4hc"]), clevel=rng.randint(0, 9),
                                shuffle=rng.choice(["noshuffle", "shuffle", "bitshuffle"]), typesize=max(1, min(255, size)))),
                Crc32cCodec(), foreign.Zlib(level=rng.randint(0, 9)), foreign.Shuffle(elementsize=size), foreign.LZ4(), foreign.BZ2(level=1),
                foreign.Zstd(level=2), foreign.Blosc(cname="zstd", clevel=3, shuffle=1), foreign.Fletcher32(), foreign.CRC32(), foreign.Adler32()))
        filters = []
        if len(shape) > 1 and rng.random() < 0.3:
            filters.append(TransposeCodec(order=tuple(rng.sample(range(len(shape)), len(shape)))))
        # Inside of shards GDAL is on its own with the permutations whose inverse it takes.
        swaps = all(codec.order[axis] == i for codec in filters for i, axis in enumerate(codec.order))
        # zarr-python itself misreads a filter's elements where it is given big-endian ones to write.
        if kind in "iu" and rng.random() < 0.15 and np.dtype(dtype).str[0] != ">":
            filters.append(foreign.Delta(dtype=np.dtype(dtype).newbyteorder("=").str))
        options = {}
        if 0 not in shape and shape and swaps and rng.random() < 0.25:
            options["shards"] = tuple(c * rng.randint(1, 3) for c in chunks)
        if kind != "O" and np.dtype(dtype).str[0] == ">":
            options["serializer"] = BytesCodec(endian="big")
        group = rng.choice(["", "g/", "g/h h/", "0/"])
        name = group + free_name(rng, taken[group], index)
        taken[group].add(name.rsplit("/", 1)[-1])
        flat = values.reshape(-1)
        try:
            if kind not in "OV" and flat.size and rng.random() < 0.7:
                fill = flat[rng.randrange(flat.size)]
                # v2 says null for zero, and so nothing of its sign.
                options["fill_value"] = fill + 0 if kind in "fc" and fill == 0 else fill
            array = root.create_array(
                name, shape=shape, chunks=chunks, filters=filters or None, compressors=compressors or None,
                dtype=zarr_type(dtype, values.dtype.newbyteorder("=")),
                dimension_names=["d%d_%d" % (index, axis) for axis in range(len(shape))],
                chunk_key_encoding=pick(rng, w(3, {"name": "default", "separator": "/"}), {"name": "default", "separator": "."},
                                        {"name": "v2", "separator": "."}, {"name": "v2", "separator": "/"}), **options)
            array.attrs.update({rng.choice(ODD_KEYS): json.loads(rng.choice(RAW[2:6] + RAW[18:]))})
            if values.size:
                array[...] = values
            array[...]
            chunk_files = [os.path.join(parent, file) for parent, _, files in os.walk(os.path.join(folder, "store.zarr", name))
                           for file in files if file != "zarr.json"]
            for path in sorted(chunk_files):
                # GDAL fails on an absent shard over HTTP.
                if "shards" not in options and rng.random() < 0.12:
                    os.remove(path)
        except Exception as error:
            skipped.append("%s: %s" % (type(error).__name__, str(error)[:80]))
            shutil.rmtree(os.path.join(folder, "store.zarr", name), ignore_errors=True)
    if rng.random() < 0.5:
        zarr.consolidate_metadata(root.store)
    return skipped


def write(folder, host, seed, count):
    """All sets, and `sets.json` to say what they are."""
    sets, skipped = [], collections.Counter()
    for number in range(max(1, count // ARRAYS_A_SET)):
        rng = random.Random("%d refs %d" % (seed, number))
        name = "set%d" % number
        here = os.path.join(folder, name)
        os.makedirs(here)
        store, lost = write_v2_set(seed, number, ARRAYS_A_SET, here)
        skipped.update(lost)
        target, refs = write_references(rng, store, here, os.path.join(host, name))
        entry = {"name": name, "references": target, "targets": {"kerchunk-json": target}}
        write_parquet(rng, refs, here)
        entry["targets"]["kerchunk-parquet"] = "refs.parq"
        for key, value in store.items():
            path = os.path.join(here, "store.zarr", key)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(value)
        entry["targets"]["zarr"] = "store.zarr"
        sets.append(entry)
    for number in range(max(1, count // ARRAYS_A_SET // 4)):
        name = "three%d" % number
        os.makedirs(os.path.join(folder, name))
        skipped.update(write_v3_set(seed, number, ARRAYS_A_SET, os.path.join(folder, name)))
        sets.append({"name": name, "references": None, "targets": {"zarr": "store.zarr"}})
    with open(os.path.join(folder, "sets.json"), "w") as file:
        json.dump({"sets": sets, "skipped": skipped}, file, indent=1)


# --- comparing ----------------------------------------------------------------------------------


class Report:
    """What differs, and how much was compared."""

    def __init__(self):
        self.problems = []
        self.counts = collections.Counter()

    def that(self, what, where, problem):
        """One comparison; `problem` is empty where nothing differs."""
        self.counts[what] += 1
        if problem:
            self.problems.append("%s %s: %s" % (where, what, problem))


def attempt(read):
    """The result, or the exception."""
    try:
        return read()
    except Exception as error:
        return Failure(error)


class Failure:
    """What was raised."""

    def __init__(self, error):
        self.text = "%s: %s" % (type(error).__name__, str(error).replace("\n", " ")[:300])

    def __repr__(self):
        return self.text


def canonical(values):
    """Cells as comparable bytes or a list, whatever the byte order and the NaNs' payloads."""
    values = np.asarray(values)
    if values.dtype.kind in "OT":
        return [plain(item) for item in values.ravel().tolist()]
    if values.dtype.kind in "SU":
        return values.ravel().tolist()
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    if values.dtype.kind in "fc":
        parts = values.ravel().view(values.real.dtype).copy()
        parts[np.isnan(parts)] = np.nan
        return parts.tobytes()
    return values.tobytes()


def plain(item):
    """A cell of a list, NaN comparable."""
    return "<nan>" if isinstance(item, float) and item != item else item


def same_dtype(a, b):
    """
    Data types, the byte order aside. Text is compared by its values: it has several types, and xarray
    counts the bytes of big-endian text in v2 stores as characters.
    """
    text = "OTU"
    return a.kind in text and b.kind in text or a.newbyteorder("=") == b.newbyteorder("=")


def difference(want, got):
    """What differs between two arrays; empty if nothing does."""
    want, got = np.asarray(want), np.asarray(got)
    if want.shape != got.shape:
        return "shape %s, not %s" % (got.shape, want.shape)
    if not same_dtype(want.dtype, got.dtype):
        return "dtype %s, not %s" % (got.dtype, want.dtype)
    if canonical(want) == canonical(got):
        return ""
    return "values %s, not %s" % (shown(got), shown(want))


def shown(values):
    """The start of an array as text."""
    return repr(np.asarray(values).ravel()[:24].tolist())[:300]


def compare_values(report, what, where, want, got):
    """Two readings, either of which may have failed."""
    if isinstance(want, Failure):
        return
    report.that(what, where, str(got) if isinstance(got, Failure) else difference(want, got))


def as_counts(values):
    """Times as the portable view has them: int64."""
    return values.view(values.dtype.str[0] + "i8") if not isinstance(values, Failure) and values.dtype.kind in "mM" else values


def left_out(group):
    """The arrays that a group's attribute names as left out, and why."""
    lines = group.attrs.get("sluice:left_out", "").split("\n")
    return dict(line.split(": ", 1) for line in lines if line)


def same_fill(want, got):
    """Whether two fill values are the same; a v2 fill of null is any."""
    if want is None:
        return True
    if isinstance(want, (np.datetime64, np.timedelta64)) and isinstance(got, np.int64):
        return int(want.astype("i8")) == int(got)
    # v2 has null for a zero that does not mask.
    want = np.asarray(want)
    got = np.zeros((), want.dtype) if got is None else np.asarray(got)
    return canonical(want.astype(got.dtype) if got.dtype.kind not in "OT" else want) == canonical(got)


def plain_attribute(value):
    """An attribute as JSON has it: what is not finite by its name."""
    if isinstance(value, dict):
        return {key: plain_attribute(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain_attribute(item) for item in value]
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return spelled(float(value))
    return value.item() if isinstance(value, np.generic) else value


LEFT_OUT = "a unit that CF clients do not know$|numcodecs.lzma needs an LZMA decoder|sharding_indexed is combined with codecs unknown"
MASKING = {"_FillValue", "missing_value"}
ENCODING = ("scale_factor", "add_offset", "units", "calendar", "_Unsigned")


def beyond_nanoseconds(values):
    """True for times that int64 cannot count in nanoseconds; xarray refuses those, or has them as objects."""
    if np.datetime_data(values.dtype)[0] in "YM":
        return False
    per = np.timedelta64(1, np.datetime_data(values.dtype)[0]) * np.datetime_data(values.dtype)[1] // np.timedelta64(1, "ns")
    counts = values[~np.isnat(values)].astype("i8")
    return any(abs(int(count)) * int(per) >= 2**63 for count in counts.ravel())


def decoded_difference(want, got):
    """What differs between two variables that xarray decoded."""
    if want.dims != got.dims:
        return "dimensions %s, not %s" % (got.dims, want.dims)
    a, b = attempt(lambda: want.values), attempt(lambda: got.values)
    if isinstance(a, Failure):
        return ""
    encoded = ENCODING
    if a.dtype.kind in "mM" and "units" not in want.encoding and (isinstance(b, Failure) or "units" in got.encoding):
        # CF has other resolutions, and xarray none that holds all.
        if beyond_nanoseconds(a):
            return ""
        encoded = [key for key in ENCODING if key not in ("units", "calendar")]
        b = b if isinstance(b, Failure) else b.astype(a.dtype)
    if isinstance(b, Failure):
        return str(b)
    problem = difference(a, b)
    if problem:
        return problem
    left, right = ({key: plain_attribute(value) for key, value in x.attrs.items() if key not in MASKING} for x in (want, got))
    if left != right:
        return "attributes %r, not %r" % (right, left)
    for key in encoded:
        left, right = (plain_attribute(x.encoding.get(key)) for x in (want, got))
        if left != right:
            return "encoding %s is %r, not %r" % (key, right, left)
    return ""


def whole(array):
    """All values; a scalar text is an array too."""
    values = array[...]
    return np.array(values, object) if isinstance(values, (str, bytes)) else np.asarray(values)


def described(array):
    """An array's metadata as text, the order of its attributes aside."""
    document = array.metadata.to_dict()
    return repr({**document, "attributes": sorted(document.get("attributes", {}).items(), key=lambda item: item[0])})


def is_bytes(values):
    """True for elements of bytes, whose fill value has no place in v3 attributes."""
    return values is not None and not isinstance(values, Failure) and (
        values.dtype.kind == "S" or values.dtype.kind == "O" and any(isinstance(item, bytes) for item in values.ravel()))


def references_of(folder, host, entry):
    """A set's references as fsspec takes them."""
    path = os.path.join(folder, entry["name"], entry["references"])
    with (gzip.open if path.endswith("gz") else open)(path, "rb") as file:
        return json.loads(file.read().decode().replace(host + "/", folder + "/"))


def is_consolidated(folder, entry):
    """True if a v3 store's root tells of all its nodes."""
    with open(os.path.join(folder, entry["name"], "store.zarr", "zarr.json")) as file:
        return bool(json.load(file).get("consolidated_metadata"))


def arrays_of(root, path=""):
    """Every array below a group, by path: asked of the metadata, not of a listing's order."""
    return {name: node for name, node in root.members(max_depth=None) if isinstance(node, zarr.Array)}


def compare_set(report, gateway, folder, host, entry, kind):
    """All views of one dataset against its oracle."""
    import xarray as xr

    where = "%s/%s" % (entry["name"], kind)
    url = "%s/%s" % (gateway, where)
    if entry["references"]:
        options = {"fo": references_of(folder, host, entry), "remote_protocol": "file"}
        oracle = zarr.open_group("reference://", mode="r", zarr_format=2, storage_options=options)
    else:
        oracle = zarr.open_group(os.path.join(folder, entry["name"], "store.zarr"), mode="r", zarr_format=3, use_consolidated=False)
    wanted = arrays_of(oracle)
    values = {path: attempt(lambda: whole(node)) for path, node in wanted.items()}
    views = [("portable", url, 3), ("native", url + "~native", 3), ("v2", url + "~v2", 2)]
    groups = {}
    for view, address, version in views:
        group = groups[view] = attempt(lambda: zarr.open_group(address, mode="r", zarr_format=version))
        report.that(view + " opens", where, str(group) if isinstance(group, Failure) else "")
        if isinstance(group, Failure):
            continue
        found = attempt(lambda: arrays_of(group))
        # v2 cannot say every v3 array, and the source's own documents may need a listing.
        partial = not entry["references"] and (view == "v2" or view == "native" and not is_consolidated(folder, entry))
        hidden = left_out(group) if view == "portable" else {}
        for path, why in hidden.items():
            report.counts["left out: " + why] += 1
            if not re.search(LEFT_OUT, why):
                report.that("is left out", where + "/" + path, why)
        lost = str(found) if isinstance(found, Failure) else "" if partial else sorted(set(wanted) - set(found) - set(hidden))
        report.that(view + " lists", where, "lost %s" % lost if lost else "")
        for path, want in wanted.items():
            if isinstance(found, Failure) or path not in found:
                continue
            expected = as_counts(values[path]) if view == "portable" else values[path]
            compare_values(report, view + " values", where + "/" + path, expected, attempt(lambda: whole(found[path])))
            fill = attempt(lambda: same_fill(want.fill_value, found[path].fill_value))
            report.that(view + " fill", where + "/" + path, "" if fill is True else "%r, not %r" % (found[path].fill_value, want.fill_value))
            # A node of its own agrees with the consolidated document.
            alone = attempt(lambda: zarr.open_array(address, path=path, mode="r", zarr_format=version))
            report.that(view + " document", where + "/" + path, str(alone) if isinstance(alone, Failure) else
                        "" if described(alone) == described(found[path]) else "%r, not %r" % (alone.metadata, found[path].metadata))
    if entry["references"]:
        for group in sorted({path.rpartition("/")[0] for path in wanted}):
            want = attempt(lambda: xr.open_dataset("reference://", engine="zarr", group=group or None, chunks=None, backend_kwargs={
                "consolidated": False, "zarr_format": 2, "storage_options": options}))
            for view, address, version in views:
                if view == "native":
                    continue
                got = attempt(lambda: xr.open_zarr(address, group=group or None, chunks=None, zarr_format=version))
                if isinstance(want, Failure):
                    report.counts["xarray cannot open the references"] += 1
                    continue
                if isinstance(got, Failure):
                    # xarray decodes no dates beyond what int64 counts in nanoseconds beside NaT: an error, no wrong value.
                    if view == "portable" and "unable to decode time units" in str(got):
                        report.counts["xarray cannot decode dates beyond nanoseconds"] += 1
                    else:
                        report.that("xarray of " + view, where + "/" + group, got)
                    continue
                left, right = (plain_attribute({key: value for key, value in x.attrs.items() if key != "sluice:left_out"})
                               for x in (want, got))
                report.that("xarray group attributes of " + view, where + "/" + group, "" if left == right else "%r, not %r" % (right, left))
                for name in want.variables:
                    if view == "portable" and (group + "/" + name).lstrip("/") in left_out(groups[view]):
                        continue
                    raw = values.get((group + "/" + name).lstrip("/"))
                    if view == "portable" and is_bytes(raw):
                        # Beside v3 xarray has no mask for bytes.
                        report.counts["xarray of bytes, not compared"] += 1
                        continue
                    report.that("xarray of " + view, "%s/%s/%s" % (where, group, name), "is lost" if name not in got.variables
                                else decoded_difference(want[name].variable, got[name].variable))
    if not isinstance(groups["portable"], Failure):
        # What is served in the source's own codecs GDAL cannot read, and does not list.
        readable = {path for path, node in arrays_of(groups["portable"]).items() if "numcodecs" not in repr(node.metadata.codecs)}
        compare_gdal(report, url, where, {path: node for path, node in wanted.items() if path in readable}, values)


def compare_gdal(report, url, where, wanted, values):
    """GDAL's multidimensional reading of the types that it has."""
    from osgeo import gdal

    gdal.UseExceptions()
    gdal.SetConfigOption("GDAL_HTTP_MAX_RETRY", "1")
    gdal.SetConfigOption("GDAL_HTTP_RETRY_DELAY", "0.01")
    root = attempt(lambda: gdal.OpenEx('ZARR:"/vsicurl/%s"' % url, gdal.OF_MULTIDIM_RASTER))
    report.that("GDAL opens", where, str(root) if isinstance(root, Failure) else "")
    if isinstance(root, Failure):
        return
    for path, node in wanted.items():
        want = values[path]
        if isinstance(want, Failure) or want.dtype.kind not in "biufcmM" or 0 in want.shape or not path.isascii():
            continue
        if not all(char.isalnum() or char in "._-/" for char in path):
            continue
        if want.dtype.kind == "u" and want.dtype.itemsize == 8 and node.fill_value is not None and int(node.fill_value) >= 2**63:
            continue  # GDAL holds a fill value in an int64
        array = attempt(lambda: root.GetRootGroup().OpenMDArrayFromFullname("/" + path))
        if isinstance(array, Failure):
            report.that("GDAL values", where + "/" + path, array)
            continue
        got = attempt(lambda: np.asarray(array.ReadAsArray()))
        want = want.astype("u1") if want.dtype.kind == "b" else as_counts(want)
        compare_values(report, "GDAL values", where + "/" + path, want.reshape(np.shape(got)) if np.size(got) == want.size else want, got)


def compare(folder, host, gateway, kinds):
    """All datasets of those kinds that are served."""
    report = Report()
    with open(os.path.join(folder, "sets.json")) as file:
        sets = json.load(file)["sets"]
    for entry in sets:
        for kind in entry["targets"]:
            if kind in kinds:
                compare_set(report, gateway, folder, host, entry, kind)
    print(json.dumps({"problems": report.problems, "counts": report.counts}))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    else:
        compare(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5].split(","))
