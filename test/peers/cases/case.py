"""One dataset of the client tests: its folder, its indexes, and what every array must read as."""

import base64
import json
import os

import numpy as np
from fsspec.implementations.reference import LazyReferenceMapper

RECORD_SIZE = 5  # references a Parquet partition; small, so that arrays span several


class Case:
    """
    A folder `<out>/<name>` that holds files and indexes over them. `expected/*.bin` are the arrays
    in C order, little-endian; strings are JSON lists.
    """

    def __init__(self, out, name, views=True):
        """`views=False`: zarr-python cannot read the source's own metadata."""
        self.name = name
        self.views = views
        self.folder = os.path.join(out, name)
        os.makedirs(os.path.join(self.folder, "expected"))
        self.targets = {}
        self.arrays = []
        self.xarray = []
        self.faults = []

    def path(self, *parts):
        """A path in the folder."""
        return os.path.join(self.folder, *parts)

    def expect(self, path, values, *, tier=None, skip=(), only=None, fill=None, missing=(), chunks=None):
        """
        Says that the array at `path` reads as `values`.

        tier     the tier that the gateway must choose, where the contract names it
        skip     clients that have no such data type or codec, so nothing to compare; `native`: what
                 zarr-python cannot read under the source's own codec names; `v2`: has no Zarr v2 form
        only     the same from the other side: the only clients asked
        fill     the value of cells that were never stored
        missing  chunk-grid coordinates without a stored chunk
        chunks   the chunk shape, where a test must know which cells are missing
        """
        values = np.asarray(values)
        entry = {"path": path, "shape": list(values.shape), "tier": tier, "skip": sorted(skip)}
        if only is not None:
            entry["only"] = sorted(only)
        stem = os.path.join("expected", path.replace("/", "__"))
        if values.dtype.kind in "OSUT":
            entry["dtype"] = "string" if values.dtype.kind in "OT" else values.dtype.str
            entry["expected"] = stem + ".json"
            with open(self.path(entry["expected"]), "w") as out:
                json.dump([text(item) for item in values.ravel().tolist()], out)
        else:
            little = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).reshape(values.shape)
            entry["dtype"] = little.dtype.str
            entry["expected"] = stem + ".bin"
            with open(self.path(entry["expected"]), "wb") as out:
                out.write(little.tobytes())
        if fill is not None:
            entry["fill"] = str(fill)
        entry["missing"] = [list(coords) for coords in missing]
        if chunks is not None:
            entry["chunks"] = list(chunks)
        self.arrays.append(entry)

    def decoded(self, original, group="", engine="netcdf4", skip=()):
        """
        Says that xarray decodes the group as it decodes the file `original` (several: joined along
        time), missing chunks masked; None: only as it decodes the references through fsspec.
        """
        self.xarray.append({"group": group, "original": original, "engine": engine, "skip": sorted(skip)})

    def references(self, refs, parquet=True):
        """Writes the references as kerchunk JSON and Parquet."""
        self.targets["json"] = "refs.json"
        with open(self.path("refs.json"), "w") as out:
            json.dump({"version": 1, "refs": refs}, out)
        if parquet:
            self.targets["parquet"] = "refs.parq"
            table = LazyReferenceMapper.create(self.path("refs.parq"), record_size=RECORD_SIZE, engine="pyarrow")
            # Metadata first: where a chunk's row lies follows from its array's shape.
            for key in sorted(refs, key=lambda key: (not is_metadata(key), key)):
                table[key] = parquet_value(key, refs[key])
            table.flush()

    def describe(self):
        """The case as `cases.json` has it."""
        return {"name": self.name, "targets": self.targets, "arrays": self.arrays, "xarray": self.xarray,
                "faults": self.faults, "views": self.views}


def is_metadata(key):
    """True for `.zarray`, `.zattrs`, `.zgroup`."""
    return key.rsplit("/", 1)[-1].startswith(".z")


def parquet_value(key, value):
    """An inline chunk must be text or base64 for kerchunk's Parquet writer too."""
    return json.dumps(value) if is_metadata(key) and isinstance(value, dict) else value


def inline(data):
    """Bytes as a kerchunk value."""
    return "base64:" + base64.b64encode(data).decode()


def text(item):
    """A string cell as text, whatever NumPy held it in."""
    return item.decode("latin-1") if isinstance(item, bytes) else "" if item is None else str(item)
