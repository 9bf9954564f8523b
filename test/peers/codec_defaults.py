"""Arrays whose codecs leave out what has a default, written and read by zarr-python itself.

    codec_defaults.py write DIR SEED     DIR/v2.zarr, DIR/v3.zarr and DIR/written.json
    codec_defaults.py compare DIR URL    the portable views at URL/v2 and URL/v3 against them, as JSON

The metadata are written by hand, without the members in question; zarr-python fills the chunks through
them. What it refuses to open has no meaning, and is not compared.
"""

import json
import os
import sys
import warnings

import numpy as np
import zarr

warnings.simplefilter("ignore")

DTYPES = ["u1", "<i2", "<u2", "<i4", "<i8", "<u8", "<f4", "<f8", ">i2", ">f8"]
FLOATS = ["<f4", "<f8"]
INTEGERS = ["u1", "<i2", "<i4", "<i8"]
V3 = {"i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32", "u4": "uint32", "i8": "int64",
      "u8": "uint64", "f4": "float32", "f8": "float64", "b1": "bool"}
ABSENT, NULL = {}, {"elementsize": None}


def codecs(code):
    """Title → (filters, compressors) of a data type, members left out."""
    found = {}
    for title, config in [("absent", ABSENT), ("null", NULL), ("one", {"elementsize": 1}), ("two", {"elementsize": 2})]:
        for compressor in ["zlib", "lz4", "bz2", "gzip", "zstd", "blosc"]:
            found["shuffle %s %s" % (title, compressor)] = ([], [("shuffle", config), (compressor, {})])
        found["shuffle %s alone" % title] = ([], [("shuffle", config)])
    for compressor in ["zlib", "gzip", "zstd", "lz4", "bz2", "lzma", "blosc"]:
        found[compressor] = ([], [(compressor, {})])
    for shuffle in [0, 1, 2, -1]:
        found["blosc shuffle %d" % shuffle] = ([], [("blosc", {"shuffle": shuffle})])
    for checksum in ["crc32", "crc32c", "adler32", "fletcher32", "jenkins_lookup3"]:
        found[checksum] = ([], [("zlib", {}), (checksum, {})])
        if checksum not in ("fletcher32", "jenkins_lookup3"):
            for location in ["start", "end", None]:
                found["%s %s" % (checksum, location)] = ([], [("zlib", {}), (checksum, {"location": location})])
    same = "<" + code[-2:] if code[-1] != "1" else code
    if code in INTEGERS or code in FLOATS:
        found["delta"] = ([("delta", {"dtype": same})], [("zlib", {})])
        found["delta null"] = ([("delta", {"dtype": same, "astype": None})], [("shuffle", ABSENT), ("zlib", {})])
        for title, config in [("named", {"dtype": same}), ("absent", {}), ("null", {"dtype": None})]:
            found["fixedscaleoffset %s" % title] = ([("fixedscaleoffset", {"offset": 0, "scale": 1, **config})], [("zlib", {})])
            found["fixedscaleoffset %s as i2" % title] = (
                [("fixedscaleoffset", {"offset": 1, "scale": 2, "astype": "<i2", **config})], [("shuffle", ABSENT), ("zlib", {})])
            found["quantize %s" % title] = ([("quantize", {"digits": 1, **config})], [("zlib", {})])
        found["astype"] = ([("astype", {"encode_dtype": "<i2"})], [("shuffle", ABSENT), ("zlib", {})])
        found["astype named"] = ([("astype", {"encode_dtype": "<i2", "decode_dtype": same})], [("shuffle", ABSENT), ("zlib", {})])
    if code in FLOATS:
        found["bitround"] = ([("bitround", {"keepbits": 4})], [("shuffle", ABSENT), ("zlib", {})])
    if code == "b1":
        found["packbits"] = ([("packbits", {})], [("zlib", {})])
    return found


def values(rng, code):
    """Small numbers, so that every filter takes them."""
    if code == "b1":
        return rng.random((6, 7)) < 0.4
    return rng.integers(0, 60, (6, 7)).astype(code)


def document(version, code, filters, compressors):
    """Metadata of one array."""
    if version == 2:
        listed = [{"id": id, **config} for id, config in filters + compressors]
        return ".zarray", {"zarr_format": 2, "shape": [6, 7], "chunks": [4, 4], "dtype": code if code[0] in "<>" else "|" + code,
                           "order": "C", "fill_value": 0 if code != "b1" else False, "filters": listed[:-1] or None, "compressor": listed[-1]}
    endian = {} if code[-1] == "1" else {"configuration": {"endian": "big" if code[0] == ">" else "little"}}
    foreign = [[{"name": "numcodecs." + id, "configuration": config} for id, config in some] for some in (filters, compressors)]
    stored = filters[-1][1].get("encode_dtype") or filters[-1][1].get("astype") if filters else None
    if stored or filters and filters[-1][0] == "packbits":
        endian = {"configuration": {"endian": "little"}} if stored and stored[-1] != "1" else {}
    return "zarr.json", {"zarr_format": 3, "node_type": "array", "shape": [6, 7], "data_type": V3[code[-2:]],
                         "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 4]}},
                         "chunk_key_encoding": {"name": "default"}, "fill_value": 0 if code != "b1" else False,
                         "codecs": [*foreign[0], {"name": "bytes", **endian}, *foreign[1]], "attributes": {}}


def write(folder, seed):
    """Both stores."""
    rng = np.random.default_rng(seed)
    refused = {}
    for version in (2, 3):
        root = os.path.join(folder, "v%d.zarr" % version)
        zarr.open_group(root, mode="w", zarr_format=version)
        for code in DTYPES + ["b1"]:
            for title, (filters, compressors) in codecs(code).items():
                name = ("%s %s" % (code.replace("<", "little_").replace(">", "big_"), title)).replace(" ", "_").replace("-", "minus")
                path = os.path.join(root, name)
                os.makedirs(path)
                file, metadata = document(version, code, filters, compressors)
                with open(os.path.join(path, file), "w") as out:
                    json.dump(metadata, out)
                try:
                    array = zarr.open_array(path, mode="r+", zarr_format=version)
                    data = values(rng, code)
                    array[...] = data
                    read = zarr.open_array(path, mode="r", zarr_format=version)[...]
                    assert np.array_equal(read, data), "it reads other values than it wrote"
                except Exception as error:
                    refused["v%d %s" % (version, name)] = "%s: %s" % (type(error).__name__, str(error)[:100])
                    for entry in os.scandir(path):
                        (__import__("shutil").rmtree if entry.is_dir() else os.remove)(entry.path)
                    os.rmdir(path)
    with open(os.path.join(folder, "written.json"), "w") as out:
        json.dump(refused, out, indent=1)


def compare(folder, url):
    """Every array by its own name."""
    problems, counts, left_out = [], {}, {}
    for version in (2, 3):
        root = os.path.join(folder, "v%d.zarr" % version)
        group = zarr.open_group("%s/v%d" % (url, version), mode="r", zarr_format=3)
        for entry in os.scandir(root):
            if not entry.is_dir():
                continue
            want = zarr.open_array(entry.path, mode="r", zarr_format=version)[...]
            where = "v%d %s" % (version, entry.name)
            if entry.name not in group:
                left_out[where] = 1
                continue
            counts["v%d" % version] = counts.get("v%d" % version, 0) + 1
            try:
                got = group[entry.name][...]
                if not np.array_equal(got, want):
                    problems.append("%s: %s, not %s" % (where, got.ravel()[:6].tolist(), want.ravel()[:6].tolist()))
            except Exception as error:
                problems.append("%s: %s %s" % (where, type(error).__name__, str(error)[:150]))
    print(json.dumps({"problems": problems, "counts": counts, "leftOut": sorted(left_out)}))


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]))
    else:
        compare(sys.argv[2], sys.argv[3])
