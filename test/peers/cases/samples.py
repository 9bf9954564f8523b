"""The bundled samples, expected from their two NetCDF4 files by netCDF4."""

import json
import os
import shutil

import numpy as np

from .case import Case
from .netcdf import stored

FILES = ["ocean_2024-01.nc", "ocean_2024-02.nc"]


def write(out, bundled):
    """The sample as a case; its files are copied."""
    case = Case(out, "ocean")
    for name in FILES + ["ocean.json"]:
        shutil.copy(os.path.join(bundled, name), case.folder)
    shutil.copytree(os.path.join(bundled, "ocean.parq"), case.path("ocean.parq"))
    case.targets = {"json": "ocean.json", "parquet": "ocean.parq"}
    with open(case.path("ocean.json")) as file:
        keys = set(json.load(file)["refs"])
    files = [case.path(name) for name in FILES]
    for name in ("depth", "latitude", "longitude"):
        case.expect(name, stored(files[0], "", name))
    case.expect("time", np.concatenate([stored(path, "", "time") for path in files]))
    for name, chunks, fill in (("thetao", (1, 2, 36, 64), -32767), ("uo", (1, 36, 64), np.float32(1e20))):
        values = np.concatenate([stored(path, "", name) for path in files])
        missing = []
        for coords in np.ndindex(*[-(-n // c) for n, c in zip(values.shape, chunks)]):
            if "%s/%s" % (name, ".".join(map(str, coords))) not in keys:
                values[tuple(slice(k * c, (k + 1) * c) for k, c in zip(coords, chunks))] = fill
                missing.append(coords)
        assert len(missing) == (1 if name == "thetao" else 0), missing
        case.expect(name, values, tier="frame", fill=fill, missing=missing, chunks=chunks)
    case.decoded(FILES)
    return [case]
