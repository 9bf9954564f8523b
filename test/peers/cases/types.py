"""Zarr v2 arrays by hand: data types, fills, orders and shapes that HDF5 does not give."""

import base64

import numpy as np

from .case import Case
from .codecs import CHUNKS, SHAPE, V2, field, label
from .hdf5 import KINDS, extremes

ZLIB = {"id": "zlib", "level": 1}


def orders(out):
    """F order, with every tier; scalars; dimensions of length 0; one cell."""
    v2 = V2(Case(out, "v2-orders"))
    random = np.random.default_rng(41)
    cube = random.integers(-999, 999, (5, 6, 7))
    for kind in ("<i2", ">f8"):
        shuffle = {"id": "shuffle", "elementsize": np.dtype(kind).itemsize}
        for what, options in (
            ("none", {"tier": "pass"}), ("blosc", {"tier": "pass", "compressor": {
                "id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0}}),
            ("shuffle_zlib", {"tier": "frame", "filters": [shuffle], "compressor": ZLIB}),
            ("lz4", {"tier": "frame", "compressor": {"id": "lz4", "acceleration": 1}}),
            ("bz2", {"tier": "transcode", "compressor": {"id": "bz2", "level": 1}}),
        ):
            v2.add("f_%s_%s" % (what, label(kind)), cube.astype(kind), (2, 4, 3), order="F", **options)
    v2.add("f_delta", cube.astype("<i4"), (2, 4, 3), order="F", tier="transcode", compressor=ZLIB,
           filters=[{"id": "delta", "dtype": "<i4"}])
    v2.add("f_missing", cube.astype("<i2"), (2, 4, 3), order="F", fill=-1, compressor=ZLIB,
           missing=[(0, 0, 0), (2, 1, 2)])
    v2.add("f_one_dimension", np.arange(9.0), (4,), order="F")
    v2.add("one_cell", np.full((1, 1), 7, "<i4"), (1, 1), compressor=ZLIB, tier="frame")
    v2.add("chunk_beyond", np.arange(5, dtype="<i8"), (512,), compressor=ZLIB, tier="frame")
    v2.add("nothing_written", np.zeros((4, 5), "<i2"), (2, 2), fill=3, compressor=ZLIB,
           missing=[(i, j) for i in range(2) for j in range(3)])
    v2.add("five_dimensions", random.integers(0, 99, (2, 3, 2, 3, 2)).astype("u1"), (1, 2, 2, 2, 1), compressor=ZLIB)
    for name, shape, chunks in (("zero", (0,), (1,)), ("zero_first", (0, 4), (1, 2)), ("zero_last", (4, 0), (2, 1))):
        v2.add(name, np.zeros(shape, "<f4"), chunks, compressor=ZLIB, skip=["gdal", "zarrita"])
    for kind in ("<i2", ">f8", "|b1", "<i8"):
        v2.add("scalar_" + label(kind), np.array(1, kind), (), compressor=ZLIB, tier="frame")
        v2.add("scalar_plain_" + label(kind), np.array(1, kind), (), inlined=kind == ">f8")
    v2.add("scalar_missing", np.array(1, "<i4"), (), fill=-5, missing=[()])
    return v2.close()


def slashes(out):
    """`/` in chunk keys, which kerchunk's Parquet does not have."""
    v2 = V2(Case(out, "v2-slashes"))
    values = np.random.default_rng(40).integers(-999, 999, (5, 6, 7))
    v2.add("slashes", values.astype("<i2"), (2, 4, 3), separator="/", compressor=ZLIB, missing=[(1, 0, 1)], fill=5)
    v2.add("inner/deep", values.astype(">f4"), (2, 4, 3), separator="/")
    return v2.close(parquet=False)


def kinds(out):
    """Every data type, packed and not, with a fill and missing chunks."""
    v2 = V2(Case(out, "v2-types"))
    random = np.random.default_rng(42)
    lost = [(0, 1), (2, 2)]
    for kind in KINDS:
        for order in "<>":
            dtype = np.dtype(order + kind)
            name = label(dtype) if dtype.itemsize > 1 else dtype.str[1:] + ("" if order == "<" else "_again")
            skip = ["zarrita"] if dtype.kind == "c" else []
            shuffle = {"id": "shuffle", "elementsize": dtype.itemsize}
            v2.add("packed_" + name, extremes(dtype, SHAPE, random), CHUNKS, filters=[shuffle], compressor=ZLIB,
                   missing=lost, fill=1, skip=skip, tier="frame")
            v2.add("plain_" + name, extremes(dtype, SHAPE, random), CHUNKS, missing=lost, fill=1, skip=skip, tier="pass")
    v2.add("bool_true", random.random(SHAPE) < 0.5, CHUNKS, compressor=ZLIB, fill=True, missing=lost)
    v2.add("bool_false", random.random(SHAPE) < 0.5, CHUNKS, fill=False, missing=lost)
    fills = (
        ("<i8", 2**63 - 1, 2**63 - 1), ("<i8", -2**63, -2**63), (">i8", -2**53 - 1, -2**53 - 1),
        ("<u8", 2**64 - 1, 2**64 - 1), (">u8", 2**53 + 1, 2**53 + 1), ("|u1", 255, 255), ("|i1", -128, -128),
        ("<i2", -32767, -32767), ("<f4", np.nan, "NaN"), (">f8", np.nan, "NaN"), ("<f8", np.inf, "Infinity"),
        ("<f4", -np.inf, "-Infinity"), ("<f2", np.nan, "NaN"), ("<f4", 0.1, 0.1), ("<f4", np.float32(0.1), float(np.float32(0.1))),
        ("<f8", 9.969209968386869e36, 9.969209968386869e36), ("<f4", 1e20, 1e20), ("<f8", -9999, -9999),
        (">f4", -0.0, -0.0), ("<f8", 5e-324, 5e-324), ("<i4", None, None), ("<f4", None, None), ("<u8", 0, 0),
    )
    for number, (kind, fill, written) in enumerate(fills):
        # Without a fill value it is open what a missing chunk holds.
        v2.add("fill%02d_%s" % (number, label(kind)), field(kind) if "f2" not in kind else extremes(kind, SHAPE, random),
               CHUNKS, fill=fill, fill_json=written, missing=[] if fill is None else lost, compressor=ZLIB,
               # GDAL knows no fill beyond 2^63; zarrita none beyond 2^53, and no negative zero.
               skip=(["gdal"] if fill == 2**64 - 1 else []) + (["zarrita"] if out_of_reach(fill) else []))
    return v2.close()


def listed(out):
    """Fills as lists of one, which old netCDF-C wrote and zarr-python refuses in Zarr v2."""
    v2 = V2(Case(out, "v2-listed-fills", views=False))
    for kind, fill in (("|i1", -128), ("<i2", -32767), (">f4", 0.5), ("<i8", 2**53 - 1)):
        v2.add("fill_" + label(kind), field(kind), CHUNKS, fill=fill, fill_json=[fill], missing=[(0, 1)], compressor=ZLIB)
    return v2.close()


def out_of_reach(fill):
    """Whether JavaScript's JSON, or its comparison with 0, loses the fill."""
    return isinstance(fill, int) and abs(fill) > 2**53 or fill == 0 and np.signbit(fill)


def strings(out):
    """Times and strings, which not every client has."""
    v2 = V2(Case(out, "v2-strings"))
    random = np.random.default_rng(43)
    only = ["zarr-python"]
    for kind in ("<M8[ns]", ">M8[s]", "<M8[D]", "<m8[ms]", ">m8[h]"):
        values = random.integers(-10**6, 10**6, SHAPE).astype(kind)
        values[1, 1] = "NaT"
        for what, fill, written in (("nat", np.datetime64("NaT"), "NaT"), ("number", 12, 12)):
            fill_value = np.array(fill if what == "number" else "NaT", kind)
            name = "time_%s_%s" % (label(kind).replace("[", "_").replace("]", ""), what)
            v2.add(name, values, CHUNKS, fill=fill_value,
                   fill_json=int(np.iinfo("i8").min) if what == "nat" and kind[0] == ">" else written,
                   compressor=ZLIB, missing=[(0, 0)], only=only + ["gdal", "zarrita"])
    words = np.array(["", "sea", "Øresund", "海洋", "twelve chars"] * 29)[:143].reshape(SHAPE)
    for kind in ("<U12", ">U12"):
        v2.add("text_" + label(kind), words.astype(kind), CHUNKS, fill="", compressor=ZLIB, missing=[(0, 0)], only=only)
    plain = np.array([b"", b"sea", b"1234567"] * 48)[:143].reshape(SHAPE).astype("S7")
    v2.add("bytes_S7", plain, CHUNKS, fill_json=base64.b64encode(bytes(7)).decode(), compressor=ZLIB,
           missing=[(0, 0)], fill=b"", only=only)
    v2.add("bytes_filled", plain, CHUNKS, fill_json=base64.b64encode(b"none\0\0\0").decode(), compressor=ZLIB,
           missing=[(0, 0)], fill=b"none", only=only)
    v2.add("words", words.astype(object), CHUNKS, dtype=object, filters=[{"id": "vlen-utf8"}], fill_json="",
           only=only + ["zarrita"], fill="", missing=[(0, 0)])
    v2.add("words_zstd", words.astype(object), CHUNKS, dtype=object, filters=[{"id": "vlen-utf8"}], fill_json="",
           compressor={"id": "zstd", "level": 1}, fill="", only=only + ["zarrita"])
    return v2.close()


def masked(out):
    """What xarray masks and decodes: fills of every kind together with CF attributes, as fsspec's references read."""
    v2 = V2(Case(out, "v2-masked"))
    random = np.random.default_rng(44)
    lost = [(0, 1)]
    shape, chunks, dims = (6, 8), (4, 5), ["y", "x"]
    def add(name, kind, fill, attributes=None, written=None):
        values = random.integers(0, 9, shape).astype(kind)
        if fill is not None:
            values[random.random(shape) < 0.3] = fill
        v2.add(name, values, chunks, dims=dims, fill=fill, fill_json=written, attributes=attributes,
               compressor=ZLIB, missing=[] if fill is None else lost)
    scaled = {"scale_factor": 0.1, "add_offset": 20.0}
    for kind in ("<i2", ">i2", "|u1", "<i4", "<u4", "<f4", ">f4", "<f8"):
        for what, fill in (("none", None), ("three", 3), ("zero", 0)):
            add("%s_%s" % (label(kind), what), kind, fill)
            add("%s_%s_scaled" % (label(kind), what), kind, fill, scaled)
    for kind in ("<f4", ">f8"):
        add(label(kind) + "_nan", kind, np.nan)
        add(label(kind) + "_1e20", kind, np.dtype(kind).type(1e20), scaled)
    add("i2_missing_value", "<i2", 3, {"missing_value": 3})
    add("f4_missing_value", "<f4", None, {"missing_value": 3.0})
    add("unsigned", "|i1", -1, {"_Unsigned": "true"})
    add("unsigned_scaled", "|i1", -1, {"_Unsigned": "true", **scaled})
    add("from_unsigned", "|u1", 255, {"_Unsigned": "false"})
    add("not_finite", "<f4", None, {"valid_max": float("inf"), "valid_min": float("nan"), "note": "NaN"})
    v2.add("x", np.arange(8) * 0.5, (8,), dims=["x"], attributes={"units": "degrees_east"})
    v2.add("y", np.arange(6), (6,), dims=["y"], attributes={"units": "seconds since 2000-02-28", "calendar": "360_day"})
    v2.add("when", np.array([0, 1, -99, 3, 4, 5], "<i4"), (3,), dims=["y"], fill=-99, missing=[(1,)],
           attributes={"units": "days since 2024-02-27 06:00", "calendar": "proleptic_gregorian"})
    v2.add("wait", np.array([0, 1, -99, 3, 4, 5], "<f8"), (6,), dims=["y"], fill=-99, attributes={"units": "hours"})
    case = v2.close()
    case.decoded(None)
    return case


def write(out):
    """Every case of this module."""
    return [orders(out), slashes(out), kinds(out), listed(out), strings(out), masked(out)]
