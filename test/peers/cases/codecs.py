"""Zarr v2 arrays, chunk by chunk through numcodecs, referenced by hand: the codecs that HDF5 lacks."""

import itertools
import json

import numcodecs
import numpy as np
from numcodecs.compat import ensure_bytes

from .case import Case, inline


class V2:
    """References over one data file, to which encoded chunks are appended."""

    def __init__(self, case):
        self.case = case
        self.refs = {".zgroup": json.dumps({"zarr_format": 2})}
        self.file = open(case.path("data.bin"), "wb")
        self.file.write(b"not a chunk")  # so that an offset of 0 is never right

    def add(self, name, values, chunks, *, filters=None, compressor=None, order="C", fill=None, fill_json=None,
            separator=".", dtype=None, missing=(), attributes=None, inlined=False, dims=None, **expectation):
        """
        Stores `values`, edge chunks padded with the fill; expects what numcodecs decodes again, which
        for lossy codecs is not `values`. `fill_json` is the fill as `.zarray` writes it.
        """
        values = np.asarray(values)
        dtype = np.dtype(dtype or values.dtype)
        pipeline = [numcodecs.get_codec(dict(c)) for c in (filters or []) + ([compressor] if compressor else [])]
        expected = np.empty(values.shape, dtype)
        pad = np.zeros((), dtype) if fill is None else np.array(fill, dtype)
        for coords in itertools.product(*[range(-(-n // c)) for n, c in zip(values.shape, chunks)]):
            index = tuple(slice(k * c, (k + 1) * c) for k, c in zip(coords, chunks))
            part = values[index]
            inner = tuple(slice(0, n) for n in part.shape)
            if coords in missing:
                expected[index] = pad
                continue
            chunk = np.empty(chunks, dtype, order=order)
            chunk[...] = pad
            chunk[inner] = part
            data = chunk
            for codec in pipeline:
                data = codec.encode(data)
            data = data.tobytes(order="A") if isinstance(data, np.ndarray) else ensure_bytes(data)
            again = data
            for codec in reversed(pipeline):
                again = codec.decode(again)
            if dtype != object:
                again = np.frombuffer(ensure_bytes(again), dtype).reshape(chunks, order=order)
            else:
                again = np.asarray(again, object).reshape(chunks, order=order)
            expected[index] = again[inner]
            key = "%s/%s" % (name, separator.join(map(str, coords)) or "0")
            if inlined:
                self.refs[key] = inline(data)
            else:
                self.refs[key] = ["data.bin", self.file.tell(), len(data)]
                self.file.write(data + b"gap")
        if fill_json is None and fill is not None:
            item = np.array(fill, dtype).item()
            fill_json = [number(item.real), number(item.imag)] if isinstance(item, complex) else number(item)
        shown = "|O" if dtype == object else dtype.str
        self.refs[name + "/.zarray"] = json.dumps({
            "zarr_format": 2, "shape": values.shape, "chunks": chunks, "dtype": shown, "fill_value": fill_json,
            "order": order, "filters": filters, "compressor": compressor, "dimension_separator": separator})
        # Dimensions with coordinates only: GDAL looks for the others' on the whole host and beyond.
        if dims is None and values.shape == SHAPE:
            dims = ["y", "x"]
        if dims is not None or attributes:
            self.refs[name + "/.zattrs"] = json.dumps({**({"_ARRAY_DIMENSIONS": dims} if dims else {}), **(attributes or {})})
        self.case.expect(name, expected, missing=missing, fill=None if fill is None else fill, **expectation)

    def close(self, **options):
        """Adds coordinates and writes the indexes."""
        for name, length in zip("yx", SHAPE):
            if name + "/.zarray" not in self.refs:
                self.add(name, np.arange(length) * 0.5, (length,), dims=[name])
        self.file.close()
        self.case.references(self.refs, **options)
        return self.case


def number(item):
    """A fill value as Zarr v2 writes it."""
    finite = not isinstance(item, float) or np.isfinite(item)
    return item if finite else str(item).replace("nan", "NaN").replace("inf", "Infinity")


SHAPE, CHUNKS = (11, 13), (4, 5)
NUMBERS = ("<i2", ">i2", "<f4", ">f4", "<f8", ">u4", "|u1", "<i8")


def field(kind):
    """A smooth field with a few odd cells, so that compressors have both."""
    dtype = np.dtype(kind)
    values = np.add.outer(np.arange(SHAPE[0]) * 7, np.arange(SHAPE[1]) * 3).astype(dtype)
    values[3, 4] = np.iinfo(dtype).max if dtype.kind in "iu" else np.nan
    values[9, 12] = np.iinfo(dtype).min if dtype.kind in "iu" else -0.0
    return values


def label(kind):
    """A data type in a name."""
    return np.dtype(kind).str.replace("<", "l").replace(">", "b").replace("|", "")


def passed(out):
    """Codecs that every client has."""
    v2 = V2(Case(out, "codecs-pass"))
    for kind in NUMBERS:
        values, name = field(kind), label(kind)
        v2.add("none_" + name, values, CHUNKS, tier="pass")
        v2.add("gzip_" + name, values, CHUNKS, compressor={"id": "gzip", "level": 5}, tier="pass")
        v2.add("zstd_" + name, values, CHUNKS, compressor={"id": "zstd", "level": 3}, tier="pass")
        v2.add("zstd_filter_" + name, values, CHUNKS, filters=[{"id": "zstd", "level": 3}], tier="pass")
    for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
        for shuffle in (0, 1, 2, -1):
            for kind in ("<i2", ">f8", "|u1"):
                v2.add(("blosc_%s_%d_%s" % (cname, shuffle, label(kind))).replace("-", "auto"), field(kind), CHUNKS,
                       compressor={"id": "blosc", "cname": cname, "clevel": 5, "shuffle": shuffle, "blocksize": 0},
                       tier="pass")
    return v2.close()


def framed(out):
    """Payloads of a Blosc block, and what only looks like one."""
    v2 = V2(Case(out, "codecs-frame"))
    random = np.random.default_rng(31)
    zlib, lz4, zstd = {"id": "zlib", "level": 4}, {"id": "lz4", "acceleration": 1}, {"id": "zstd", "level": 3}
    fletcher = {"id": "fletcher32"}
    for kind in NUMBERS + ("<c16", "<f2"):
        size = np.dtype(kind).itemsize
        shuffle = {"id": "shuffle", "elementsize": size}
        values, name = field(kind), label(kind)
        noise = random.integers(0, 256, SHAPE + (size,), dtype="u1").view(np.dtype(kind))[..., 0]
        if noise.dtype.kind in "fc":
            noise = random.normal(size=SHAPE).astype(kind)
        skip = ["zarrita"] if kind == "<c16" else []
        frame_or_pass = "frame" if size > 1 else None  # shuffling bytes is nothing
        for word, data in (("", values), ("_noise", noise)):
            for what, filters, compressor, tier in (
                ("zlib", None, zlib, "frame"), ("zlib_filter", [zlib], None, "frame"),
                ("shuffle_zlib", [shuffle], zlib, "frame"), ("shuffle_zlib_filter", [shuffle, zlib], None, "frame"),
                ("zlib_fletcher", [zlib, fletcher], None, "frame"),
                ("shuffle_zlib_fletcher", [shuffle, zlib, fletcher], None, "frame"),
                ("shuffle_zstd", [shuffle], zstd, frame_or_pass),
                ("shuffle_zstd_filter", [shuffle, zstd], None, frame_or_pass),
                ("lz4", None, lz4, "frame"), ("lz4_filter", [lz4], None, "frame"),
                # Alike, but the checksum is within the compressed bytes, or comes first.
                ("fletcher_zlib", [fletcher], zlib, None), ("shuffle_fletcher_zlib", [shuffle, fletcher], zlib, None),
                ("shuffle_lz4", [shuffle], lz4, None), ("zlib_zlib", [zlib], zlib, None),
            ):
                v2.add("%s_%s%s" % (what, name, word), data, CHUNKS, filters=filters, compressor=compressor,
                       tier=tier, skip=skip)
        # Shuffled by another size than the element's.
        for other in {1, 2, 4, 5, 10} - {size}:
            v2.add("shuffle%d_zlib_%s" % (other, name), values, CHUNKS,
                   filters=[{"id": "shuffle", "elementsize": other}], compressor=zlib, skip=skip)
    # An encoded length that equals the decoded one.
    for what, codec in (("zlib", zlib), ("lz4", lz4)):
        v2.add("as_long_" + what, as_long(random, codec)[None], (1, 4096), compressor=codec, tier="frame")
    v2.add("empty_tail", np.zeros((3, 4096), "u1"), (2, 4096), compressor=zlib, tier="frame")
    return v2.close()


def as_long(random, config):
    """4,096 bytes whose payload (without lz4's size header) is 4,096 bytes too."""
    codec = numcodecs.get_codec(config)
    header = 4 if config["id"] == "lz4" else 0
    for zeros in range(0, 600):
        data = np.frombuffer(random.bytes(4096 - zeros) + bytes(zeros), "u1")
        if len(codec.encode(data)) - header == 4096:
            return data
    raise AssertionError("no such bytes for %s" % config)


def transcoded(out):
    """Codecs that the gateway itself decodes."""
    v2 = V2(Case(out, "codecs-transcode"))
    random = np.random.default_rng(32)
    zlib = {"id": "zlib", "level": 1}
    for kind in ("<i2", ">i2", "<i4", ">i4", "<i8", "|u1", ">u2", "<f4", ">f8"):
        values, name = field(kind), label(kind)
        size = np.dtype(kind).itemsize
        # zarr-python takes what a v3 filter decodes for little-endian, whatever the filter says.
        skip = ["native"] if kind[0] == ">" else []
        if np.dtype(kind).kind in "iu":
            v2.add("delta_" + name, values, CHUNKS, filters=[{"id": "delta", "dtype": kind}], tier="transcode",
                   skip=skip)
            v2.add("delta_zlib_" + name, values, CHUNKS, filters=[{"id": "delta", "dtype": kind}],
                   compressor=zlib, tier="transcode", skip=skip)
            v2.add("delta_shuffle_zstd_" + name, values, CHUNKS,
                   filters=[{"id": "delta", "dtype": kind}, {"id": "shuffle", "elementsize": size}],
                   compressor={"id": "zstd", "level": 1}, tier="transcode", skip=skip)
        v2.add("bz2_" + name, values, CHUNKS, compressor={"id": "bz2", "level": 1}, tier="transcode")
        v2.add("shuffle_" + name, values, CHUNKS, filters=[{"id": "shuffle", "elementsize": size}],
               tier="transcode" if size > 1 else None)
        for check in ("adler32", "crc32"):
            v2.add("%s_%s" % (check, name), values, CHUNKS, filters=[{"id": check}], tier="transcode")
            v2.add("zlib_%s_%s" % (check, name), values, CHUNKS, filters=[zlib, {"id": check}], tier="transcode")
        v2.add("crc32c_" + name, values, CHUNKS, filters=[{"id": "crc32c"}])
        v2.add("shuffle_gzip_" + name, values, CHUNKS, filters=[{"id": "shuffle", "elementsize": size}],
               compressor={"id": "gzip", "level": 1})
        # No tier is promised: at worst under its native name, where zarr-python reads it.
        v2.add("lzma_" + name, values, CHUNKS, only=["zarr-python"], tier="native", compressor={
            "id": "lzma", "format": 1, "check": -1, "preset": None, "filters": None})
    deltas = random.integers(-20, 20, SHAPE)
    v2.add("delta_astype", deltas.astype("<i4"), CHUNKS, compressor=zlib, tier="transcode",
           filters=[{"id": "delta", "dtype": "<i4", "astype": "<i2"}])
    v2.add("delta_float", (deltas * 0.25).astype("<f8"), CHUNKS, compressor=zlib, tier="transcode",
           filters=[{"id": "delta", "dtype": "<f8"}])
    real = random.normal(size=SHAPE) * 40
    for kind in ("<f4", "<f8", ">f4"):
        name = label(kind)
        for digits in (0, 1, 3):
            # Decoding is nothing: any tier.
            v2.add("quantize%d_%s" % (digits, name), real.astype(kind), CHUNKS, compressor=zlib,
                   filters=[{"id": "quantize", "digits": digits, "dtype": kind}], skip=["native"] if kind[0] == ">" else [])
        for astype in ("<i2", ">i4", "|i1"):
            v2.add("fixedscaleoffset_%s_%s" % (name, label(astype)), real.astype(kind) / 4, CHUNKS, compressor=zlib,
                   tier="transcode", dtype=kind,
                   filters=[{"id": "fixedscaleoffset", "scale": 2, "offset": 3.5, "dtype": kind, "astype": astype}])
        if kind[0] == "<":
            for bits in (3, 10):
                v2.add("bitround%d_%s" % (bits, name), real.astype(kind), CHUNKS, compressor=zlib,
                       filters=[{"id": "bitround", "keepbits": bits}])
    v2.add("fixedscaleoffset_same", real, CHUNKS, tier="transcode",
           filters=[{"id": "fixedscaleoffset", "scale": 10, "offset": -1000.25, "dtype": "<f8", "astype": "<f8"}])
    v2.add("astype_f4", real, CHUNKS, compressor=zlib, tier="transcode",
           filters=[{"id": "astype", "encode_dtype": "<f4", "decode_dtype": "<f8"}])
    v2.add("astype_i1", deltas.astype("<i8"), CHUNKS, tier="transcode",
           filters=[{"id": "astype", "encode_dtype": "|i1", "decode_dtype": "<i8"}])
    v2.add("astype_big", deltas.astype("<i4"), CHUNKS, tier="transcode",
           filters=[{"id": "astype", "encode_dtype": ">i2", "decode_dtype": "<i4"}])
    for chunks in ((4, 5), (2, 4), (11, 13), (1, 1)):
        v2.add("packbits_%dx%d" % chunks, random.random(SHAPE) < 0.4, chunks, tier="transcode",
               filters=[{"id": "packbits"}])
    v2.add("packbits_zlib", random.random(SHAPE) < 0.4, CHUNKS, compressor=zlib, tier="transcode",
           filters=[{"id": "packbits"}])
    return v2.close()


def write(out):
    """Every case of this module."""
    return [passed(out), framed(out), transcoded(out)]
