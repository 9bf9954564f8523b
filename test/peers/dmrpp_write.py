"""HDF5 files by h5py, netCDF4 and xarray, and a DMR++ document of each from what h5py says of its chunks.

    python3 dmrpp_write.py FOLDER SEED

Writes NAME and NAME.dmrpp into FOLDER, and the names into FOLDER/files.json.
"""

import base64
import json
import os
import sys
import zlib
from xml.sax.saxutils import escape, quoteattr

import h5py
import netCDF4
import numpy as np

FOLDER, SEED = sys.argv[1], int(sys.argv[2])
os.makedirs(FOLDER, exist_ok=True)
random = np.random.default_rng(SEED)
NAMES = {1: "deflate", 2: "shuffle", 3: "fletcher32"}
TYPES = {"i": "Int", "u": "UInt", "f": "Float"}
PURE = b"This is a netCDF dimension but not"


def type_of(dtype):
    if dtype.kind == "S":
        return "String"
    return TYPES[dtype.kind] + str(8 * dtype.itemsize)


def attributes(item, pad):
    for name in item.attrs:
        if name in ("CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties", "_nc3_strict"):
            continue
        value = item.attrs[name]
        if isinstance(value, (str, bytes, np.bytes_)):
            kind, values = "String", [value.decode() if isinstance(value, bytes) else value]
        else:
            values = np.ravel(value)
            kind = type_of(values.dtype) if values.dtype.kind in "iuf" else "String"
            values = ["NaN" if v != v else repr(v.item()) if kind != "String" else str(v) for v in values]
        yield '%s<Attribute name=%s type="%s">%s</Attribute>' % (pad, quoteattr(name), kind, "".join("<Value>%s</Value>" % escape(v) for v in values))


def dims(dataset, file):
    for axis, length in enumerate(dataset.shape):
        scales = dataset.dims[axis]
        if dataset.is_scale and dataset.ndim == 1:
            yield dataset.name
        elif len(scales):
            yield scales[0].name
        else:
            yield length


def data(dataset, missing, pad):
    created = dataset.id.get_create_plist()
    layout = created.get_layout()
    little = dataset.dtype.newbyteorder("<") == dataset.dtype
    order = "LE" if little else "BE"
    fill = "unsupported-string" if dataset.dtype.kind == "S" else str(dataset.fillvalue)
    head = 'fillValue="%s" byteOrder="%s"' % (fill, order)
    if dataset.dtype.kind == "S":
        text = {h5py.h5t.STR_NULLPAD: "null_pad", h5py.h5t.STR_NULLTERM: "null_term", h5py.h5t.STR_SPACEPAD: "space_pad"}[dataset.id.get_type().get_strpad()]
        yield '%s<dmrpp:FixedLengthStringArray string_length="%d" pad="%s"/>' % (pad, dataset.dtype.itemsize, text)
    values = dataset[()]
    if missing:
        raw = np.asarray(values).astype(dataset.dtype.newbyteorder("<")).tobytes()
        if np.size(values) > 1:
            raw = zlib.compress(raw)
        yield "%s<dmrpp:missingdata>%s</dmrpp:missingdata>" % (pad, base64.b64encode(raw).decode())
        return
    if layout == h5py.h5d.COMPACT:
        yield "%s<dmrpp:chunks %s/>" % (pad, head)
        yield "%s<dmrpp:compact>%s</dmrpp:compact>" % (pad, base64.b64encode(np.asarray(values).tobytes()).decode())
        return
    if layout == h5py.h5d.CONTIGUOUS:
        offset = dataset.id.get_offset()
        if offset is None:
            yield "%s<dmrpp:chunks %s/>" % (pad, head)
            return
        size = dataset.id.get_storage_size()
        if "pieces" in dataset.name:
            cut = size // 3
            parts = [(0, cut), (cut, cut), (2 * cut, size - 2 * cut)]
            yield "%s<dmrpp:chunks %s>%s</dmrpp:chunks>" % (pad, head, "".join('<dmrpp:block offset="%d" nBytes="%d"/>' % (offset + a, n) for a, n in parts))
        else:
            yield '%s<dmrpp:chunks %s><dmrpp:chunk offset="%d" nBytes="%d"/></dmrpp:chunks>' % (pad, head, offset, size)
        return
    filters = " ".join(NAMES[created.get_filter(i)[0]] for i in range(created.get_nfilters()))
    if filters:
        head = 'compressionType="%s" ' % filters + head
    yield "%s<dmrpp:chunks %s>" % (pad, head)
    yield "%s  <dmrpp:chunkDimensionSizes>%s</dmrpp:chunkDimensionSizes>" % (pad, " ".join(map(str, dataset.chunks)))
    for i in range(dataset.id.get_num_chunks()):
        chunk = dataset.id.get_chunk_info(i)
        mask = ' fm="%d"' % chunk.filter_mask if chunk.filter_mask else ""
        place = "[%s]" % ",".join(map(str, chunk.chunk_offset))
        line = '%s  <dmrpp:chunk offset="%d" nBytes="%d" chunkPositionInArray="%s"%s%s/>'
        if "linked" in dataset.name:
            cut = chunk.size // 2
            for n, (a, b) in enumerate([(0, cut), (cut, chunk.size - cut)]):
                yield line % (pad, chunk.byte_offset + a, b, place, mask, ' LinkedBlockIndex="%d"' % n)
        else:
            href = ' href="%s"' % os.path.basename(dataset.file.filename) if i % 3 == 1 else ""
            yield line % (pad, chunk.byte_offset, chunk.size, place, mask, href)
    yield "%s</dmrpp:chunks>" % pad


def group(item, file, pad="  "):
    for name, child in item.items():
        if isinstance(child, h5py.Dataset) and child.is_scale:
            yield '%s<Dimension name=%s size="%d"/>' % (pad, quoteattr(name), child.shape[0])
    for name, child in item.items():
        if isinstance(child, h5py.Group):
            yield "%s<Group name=%s>" % (pad, quoteattr(name))
            yield from group(child, file, pad + "  ")
            yield "%s</Group>" % pad
            continue
        if bytes(child.attrs.get("NAME", b"")).startswith(PURE):
            continue
        kind = type_of(child.dtype)
        yield "%s<%s name=%s>" % (pad, kind, quoteattr(name))
        for dim in dims(child, file):
            yield pad + ("  <Dim name=%s/>" % quoteattr(dim) if isinstance(dim, str) else '  <Dim size="%d"/>' % dim)
        yield from attributes(child, pad + "  ")
        yield from data(child, name.startswith("missing"), pad + "  ")
        yield "%s</%s>" % (pad, kind)
    yield from attributes(item, pad)


def describe(name, href):
    with h5py.File(os.path.join(FOLDER, name)) as file:
        lines = list(group(file, file))
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<Dataset xmlns="http://xml.opendap.org/ns/DAP/4.0#" xmlns:dmrpp="http://xml.opendap.org/dap/dmrpp/1.0.0#" dapVersion="4.0" dmrVersion="1.0" name=%s%s>' % (quoteattr(name), href)
    with open(os.path.join(FOLDER, name + ".dmrpp"), "w", encoding="utf-8") as out:
        out.write("\n".join([head, *lines, "</Dataset>\n"]))


def noise(shape, kind):
    return random.integers(0, 100, shape).astype(kind)


with h5py.File(os.path.join(FOLDER, "layouts.h5"), "w") as file:
    file.attrs["title"] = "20 °C"
    for kind in ["i1", "u1", "<i2", ">i2", "<u4", ">i4", "<i8", ">u8", "<f4", ">f4", "<f8", ">f8"]:
        inner = file.create_group(kind.replace("<", "le_").replace(">", "be_"))
        inner["contiguous"] = noise((5, 7), kind)
        inner["missing"] = noise((5, 7), kind)
        inner["missing_one"] = noise((), kind)
        inner["pieces"] = noise((30, 7), kind)
        inner["scalar"] = noise((), kind)
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3, 4))
        h5py.h5d.create(inner.id, b"compact", h5py.h5t.py_create(np.dtype(kind)), space, plist).write(h5py.h5s.ALL, h5py.h5s.ALL, noise((3, 4), kind))
        for name, options in {
            "plain": {},
            "deflate": {"compression": "gzip"},
            "shuffled": {"shuffle": True},
            "both": {"compression": "gzip", "shuffle": True},
            "all": {"compression": "gzip", "shuffle": True, "fletcher32": True},
            "linked": {"compression": "gzip", "shuffle": True},
        }.items():
            inner.create_dataset(name, data=noise((11, 13), kind), chunks=(4, 5), **options)
        sparse = inner.create_dataset("sparse", (20, 20), kind, chunks=(4, 5), fillvalue=7, compression="gzip", shuffle=True)
        sparse.attrs["_FillValue"] = np.array([9], kind)
        sparse[3:9, 2:8] = noise((6, 6), kind)
        inner.create_dataset("never", (6, 6), kind, chunks=(4, 5), fillvalue=3)
        masked = inner.create_dataset("masked", (8, 5), kind, chunks=(4, 5), compression="gzip", shuffle=True)
        block = noise((4, 5), kind)
        masked[:4] = noise((4, 5), kind)
        masked.id.write_direct_chunk((4, 0), zlib.compress(block.tobytes()), 1)
        none = inner.create_dataset("unfiltered", (8, 5), kind, chunks=(4, 5), compression="gzip", shuffle=True)
        none.id.write_direct_chunk((0, 0), block.tobytes(), 3)
    inner = file.create_group("text")
    words = np.array([b"a", b"bcd", b"", b"ef "], "S3")
    inner["plain"] = words
    inner.create_dataset("chunked", data=words, chunks=(3,), compression="gzip", shuffle=True)
    file["long"] = np.arange(2903 * 1500, dtype="<f4").reshape(2903, 1500)

with netCDF4.Dataset(os.path.join(FOLDER, "weather.nc"), "w") as file:
    file.createDimension("time", None)
    file.createDimension("y", 8)
    for inner in [file, file.createGroup("inner")]:
        inner.createDimension("x", 12)
        inner.createVariable("x", "f8", ("x",))[:] = np.arange(12)
        time = inner.createVariable("time" if inner is file else "when", "i4", ("time",))
        time[:] = [0, 6, 12]
        time.units = "hours since 2000-01-01"
        packed = inner.createVariable("packed", "i2", ("time", "y", "x"), zlib=True, shuffle=True, fill_value=-999, chunksizes=(1, 4, 6))
        packed.set_auto_maskandscale(False)
        packed.scale_factor = 0.5
        packed.add_offset = 2.0
        packed[:] = np.where(noise((3, 8, 12), "i2") < 20, -999, noise((3, 8, 12), "i2"))
        heat = inner.createVariable("heat", "f4", ("y", "x"), fletcher32=True, zlib=True)
        heat[:4] = noise((4, 12), "f4")
        heat.units = "°C"

describe("layouts.h5", "")
describe("weather.nc", ' dmrpp:href="OPeNDAP_DMRpp_DATA_ACCESS_URL" dmrpp:version="3.21.1"')
with open(os.path.join(FOLDER, "files.json"), "w") as out:
    json.dump(["layouts.h5", "weather.nc"], out)
