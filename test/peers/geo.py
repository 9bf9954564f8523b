"""A georeferenced NetCDF4 file by GDAL, its kerchunk references, and what GDAL and rioxarray see of it.

    geo.py write FOLDER        writes grid.nc, grid.json
    geo.py check FOLDER URL    compares the gateway's array with the file's own georeference
"""

import json
import sys

import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()


def write(folder):
    """A UTM raster with a nodata value, as GDAL writes it: crs variable, spatial_ref, GeoTransform."""
    memory = gdal.GetDriverByName("MEM").Create("", 40, 30, 1, gdal.GDT_Float32)
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32631)
    memory.SetProjection(crs.ExportToWkt())
    memory.SetGeoTransform((500000, 10, 0, 4600000, 0, -10))
    values = np.arange(1200, dtype="f4").reshape(30, 40)
    memory.GetRasterBand(1).WriteArray(values)
    path = folder + "/grid.nc"
    gdal.GetDriverByName("netCDF").CreateCopy(path, memory, options=["FORMAT=NC4", "COMPRESS=DEFLATE"])
    from kerchunk.hdf import SingleHdf5ToZarr

    with open(folder + "/grid.json", "w") as file:
        references = SingleHdf5ToZarr(path, path, inline_threshold=0).translate()
        # The same array again with the long form of the grid mapping, which GDAL itself does not read.
        for key, value in list(references["refs"].items()):
            if key.startswith("Band1/"):
                references["refs"][key.replace("Band1", "long")] = value
        attributes = json.loads(references["refs"]["long/.zattrs"])
        attributes["grid_mapping"] += ": x y"
        references["refs"]["long/.zattrs"] = json.dumps(attributes)
        json.dump(references, file)


def check(folder, url):
    """Exits with an assertion where the gateway's georeference is not the file's."""
    original = gdal.Open('NETCDF:"%s/grid.nc":Band1' % folder)
    served = gdal.Open('ZARR:"/vsicurl/%s":/Band1' % url)
    ours, theirs = served.GetSpatialRef(), original.GetSpatialRef()
    assert ours is not None and ours.IsSame(theirs), "GDAL: another CRS"
    assert ours.GetAuthorityCode(None) == "32631", ours.GetAuthorityCode(None)
    long = gdal.Open('ZARR:"/vsicurl/%s":/long' % url).GetSpatialRef()
    assert long is not None and long.IsSame(theirs), "GDAL: no CRS by the long form of the grid mapping"
    # Each has its rows in its own order: at the same place on the earth there is the same value.
    rows = {}
    for name, raster in (("served", served), ("original", original)):
        x0, dx, _, y0, _, dy = raster.GetGeoTransform()
        values = raster.ReadAsArray()
        rows[name] = {round(y0 + dy * (i + 0.5), 3): row for i, row in enumerate(values)}
        assert (x0, dx) == (500000, 10), raster.GetGeoTransform()
    assert sorted(rows["served"]) == sorted(rows["original"])
    for y, row in rows["original"].items():
        assert np.array_equal(rows["served"][y], row), "the row at y=%s" % y

    import rioxarray  # noqa: F401
    import xarray as xr

    data = xr.open_zarr(url, decode_coords="all")
    assert data.Band1.rio.crs.to_epsg() == 32631, data.Band1.rio.crs
    assert data.Band1.attrs["proj:code"] == "EPSG:32631", data.Band1.attrs
    for engine in ("netcdf4", "h5netcdf"):
        path = "%s/again-%s.nc" % (folder, engine)
        xr.open_zarr(url).to_netcdf(path, engine=engine)
        with xr.open_dataset(path, decode_coords="all") as again:
            assert again.Band1.rio.crs.to_epsg() == 32631, again.Band1.rio.crs
            np.testing.assert_array_equal(again.Band1.values, data.Band1.values)
        written = gdal.Open('NETCDF:"%s":Band1' % path)
        assert written.GetSpatialRef().IsSame(theirs), "GDAL: another CRS in the file written by " + engine
    print("GDAL and rioxarray: EPSG:32631, %s" % (served.GetGeoTransform(),))


{"write": write, "check": check}[sys.argv[1]](*sys.argv[2:])
