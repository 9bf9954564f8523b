"""Plain Zarr stores on disk, v2 and v3, by zarr-python: an index in which each chunk is a file."""

import numcodecs
import numpy as np
import zarr
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

from .case import Case
from .codecs import CHUNKS, SHAPE, field, label

KINDS = ("<i2", ">i2", "<f4", ">f8", "|u1", "<i8")


def fill_of(kind):
    """The fill of these stores: NaN or a number."""
    return np.nan if np.dtype(kind).kind == "f" else 9


def written(array, values, missing=((0, 1),)):
    """Writes all chunks but `missing`; what the array then reads as."""
    values = values.copy()
    for coords in missing:
        index = tuple(slice(k * c, (k + 1) * c) for k, c in zip(coords, array.chunks))
        values[index] = array.fill_value
    array[...] = values  # zarr leaves out chunks that hold only the fill
    return values


def version2(out):
    """Zarr v2, consolidated or not, with nested groups and both separators."""
    case = Case(out, "zarr-v2")
    root = zarr.open_group(case.path("store.zarr"), mode="w", zarr_format=2)
    root.attrs.update({"title": "two"})
    shuffled = lambda kind: [numcodecs.Shuffle(np.dtype(kind).itemsize)]
    for folder, separator in (("", "."), ("inner/deep/", "/")):
        for kind in KINDS:
            for what, options, tier in (
                ("none", {"compressors": None}, "pass"),
                ("zstd", {"compressors": numcodecs.Zstd(3)}, "pass"),
                ("blosc", {"compressors": numcodecs.Blosc("lz4", 5, 1)}, "pass"),
                ("shuffle_zlib", {"compressors": numcodecs.Zlib(3), "filters": shuffled(kind)}, "frame"),
                ("lz4", {"compressors": numcodecs.LZ4()}, "frame"),
                ("bz2", {"compressors": numcodecs.BZ2(1)}, "transcode"),
                ("f_order", {"compressors": numcodecs.Zlib(3), "order": "F"}, "frame"),
            ):
                name = "%s%s_%s" % (folder, what, label(kind))
                array = root.create_array(
                    name, shape=SHAPE, chunks=CHUNKS, dtype=kind, fill_value=fill_of(kind),
                    chunk_key_encoding={"name": "v2", "separator": separator}, **options)
                case.expect(name, written(array, field(kind)), tier=tier, missing=[(0, 1)], fill=fill_of(kind))
    case.targets["zarr"] = "store.zarr"
    consolidated = Case(out, "zarr-v2-consolidated")
    root = zarr.open_group(consolidated.path("store.zarr"), mode="w", zarr_format=2)
    array = root.create_array("packed", shape=SHAPE, chunks=CHUNKS, dtype="<i2", fill_value=-1,
                              compressors=numcodecs.Zlib(1))
    array.attrs.update({"_ARRAY_DIMENSIONS": ["y", "x"], "scale_factor": 0.1})
    for axis, length in zip("yx", SHAPE):
        coordinate = root.create_array(axis, data=np.arange(length) * 0.5)
        coordinate.attrs["_ARRAY_DIMENSIONS"] = [axis]
        consolidated.expect(axis, np.arange(length) * 0.5)
    values = written(array, field("<i2"))
    zarr.consolidate_metadata(consolidated.path("store.zarr"), zarr_format=2)
    consolidated.expect("packed", values, tier="frame", missing=[(0, 1)], fill=-1)
    consolidated.targets["zarr"] = "store.zarr"
    consolidated.decoded("store.zarr", engine="zarr")
    return [case, consolidated]


def version3(out):
    """Zarr v3: the portable codecs, numcodecs' own names, shards, both key encodings."""
    case = Case(out, "zarr-v3")
    root = zarr.open_group(case.path("store.zarr"), mode="w", zarr_format=3)
    root.attrs.update({"title": "three"})
    from zarr.codecs import numcodecs as foreign

    for kind in KINDS:
        size = np.dtype(kind).itemsize
        big = {"serializer": BytesCodec(endian="big")} if kind[0] == ">" else {}
        for what, options, tier in (
            ("none", {"compressors": None}, "pass"), ("gzip", {"compressors": GzipCodec(level=3)}, "pass"),
            ("zstd", {"compressors": ZstdCodec(level=3)}, "pass"),
            ("zstd_checksum", {"compressors": ZstdCodec(level=3, checksum=True)}, "pass"),
            ("blosc", {"compressors": BloscCodec(cname="lz4", shuffle="shuffle", typesize=size)}, "pass"),
            ("crc32c", {"compressors": [Crc32cCodec()]}, "pass"),
            ("transpose", {"filters": [TransposeCodec(order=(1, 0))], "compressors": None}, "pass"),
            ("sharded", {"shards": (8, 10), "compressors": ZstdCodec(level=1)}, "pass"),
            ("sharded_plain", {"shards": (12, 15), "compressors": None}, "pass"),
            ("v2_keys", {"compressors": None, "chunk_key_encoding": {"name": "v2", "separator": "."}}, "pass"),
            ("v2_slashes", {"compressors": None, "chunk_key_encoding": {"name": "v2", "separator": "/"}}, "pass"),
            ("dotted", {"compressors": None, "chunk_key_encoding": {"name": "default", "separator": "."}}, "pass"),
            ("zlib", {"compressors": foreign.Zlib(level=1)}, "frame"),
            ("shuffle_zlib", {"compressors": [foreign.Shuffle(elementsize=size), foreign.Zlib(level=1)]}, "frame"),
            ("lz4", {"compressors": foreign.LZ4()}, "frame"), ("bz2", {"compressors": foreign.BZ2(level=1)}, "transcode"),
        ):
            name = "%s_%s" % (what, label(kind))
            options = dict(options)
            array = root.create_array(
                name if what != "zstd" else "inner/deep/" + name, shape=SHAPE, chunks=CHUNKS,
                dtype=np.dtype(kind).newbyteorder("="), fill_value=fill_of(kind), **big, **options)
            case.expect(array.path, written(array, field(kind)), tier=tier,
                        missing=[] if "sharded" in what else [(0, 1)], fill=fill_of(kind),
                        skip=["v2"] if "sharded" in what else [])
    # Filters whose own types say nothing of the byte order that the bytes codec then writes.
    real = np.round(field("<f8") / 4)
    real[np.isnan(real)] = 5
    for endian in ("little", "big"):
        for what, kind, filters in (
            ("delta", "<i4", [foreign.Delta(dtype="<i4")]), ("delta_astype", "<i4", [foreign.Delta(dtype="<i4", astype="<i2")]),
            ("scaled", "<f8", [foreign.FixedScaleOffset(offset=3, scale=2, dtype="<f8", astype="<i2")]),
            ("scaled_big", "<f8", [foreign.FixedScaleOffset(offset=3, scale=2, dtype="<f8", astype=">i2")]),
            ("astype", "<f8", [foreign.AsType(encode_dtype="<f4", decode_dtype="<f8")]),
        ):
            name = "%s_%s" % (what, endian)
            values = real.astype(kind) % 1000
            array = root.create_array(name, shape=SHAPE, chunks=CHUNKS, dtype=kind, fill_value=9, filters=filters,
                                      serializer=BytesCodec(endian=endian), compressors=GzipCodec(level=1))
            array[...] = values
            # What zarr-python itself reads again: it is the writer of this pipeline.
            case.expect(name, array[...], fill=9)
    case.targets["zarr"] = "store.zarr"
    return [case]


def single(out):
    """A store whose root is an array."""
    made = []
    for version in (2, 3):
        case = Case(out, "zarr-v%d-root-array" % version)
        array = zarr.create_array(case.path("store.zarr"), shape=SHAPE, chunks=CHUNKS, dtype="<i4", fill_value=9,
                                  zarr_format=version, compressors=numcodecs.Zlib(1) if version == 2 else GzipCodec())
        case.expect("", written(array, field("<i4")), missing=[(0, 1)], fill=9, tier="frame" if version == 2 else "pass")
        case.targets["zarr"] = "store.zarr"
        made.append(case)
    return made


def write(out):
    """Every case of this module."""
    return version2(out) + version3(out) + single(out)
