"""GeoTIFF files that GDAL writes, and what rasterio reads of them, compared with what clients read through the gateway.

write FOLDER                  writes the files, their names on standard output
check FOLDER BASE_URL [PART]  compares every file whose name has that part
sums FOLDER                   sums of the files' values, for zarrita
"""

import itertools
import json
import os
import sys
import warnings

import numpy as np
import rasterio
from osgeo import gdal
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.transform import Affine, from_origin

warnings.filterwarnings("ignore")
gdal.UseExceptions()

HEIGHT, WIDTH = 70, 101
UTM = CRS.from_epsg(32631)
PLACE = from_origin(500000, 4600000, 20, 20)
TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
         "float32", "float64", "complex64", "complex128"]


def pixels(dtype, bands, seed):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    layers = []
    for band in range(bands):
        smooth = (np.sin(x / 9 + band) + np.cos(y / 7)) * 40 + 90
        noise = random.normal(0, 3, (HEIGHT, WIDTH))
        layers.append(smooth + noise)
    values = np.stack(layers)
    kind = np.dtype(dtype)
    if kind.kind == "c":
        return (values + 1j * values[:, ::-1]).astype(kind)
    if kind.kind == "f":
        return values.astype(kind)
    info = np.iinfo(kind)
    spread = 1 if kind.itemsize == 1 else int(info.max) // 400
    whole = values.astype("int64")
    if info.min < 0:
        whole = whole - 90
    return (whole % 256 - (128 if info.min < 0 else 0)).astype(kind) if kind.itemsize == 1 \
        else (whole.astype(kind) * kind.type(spread)).astype(kind)


def write(path, dtype="uint8", bands=1, crs=UTM, transform=PLACE, seed=0, data=None, after=None, **options):
    data = pixels(dtype, bands, seed) if data is None else data
    profile = dict(driver="GTiff", dtype=dtype, count=data.shape[0], height=data.shape[1],
                   width=data.shape[2], crs=crs, transform=transform)
    profile.update(options)
    with rasterio.open(path, "w", **profile) as file:
        file.write(data)
        if after:
            after(file)


def generate(folder):
    made = []

    def add(name, **options):
        made.append(name)
        write(f"{folder}/{name}.tif", seed=len(made), **options)

    for dtype in TYPES:
        for order in ("LITTLE", "BIG"):
            add(f"type-{dtype}-{order}", dtype=dtype, ENDIANNESS=order)
    tiled = dict(TILED="YES", BLOCKXSIZE=32, BLOCKYSIZE=16)
    layouts = {"strips": dict(BLOCKYSIZE=16), "tiles": tiled}
    for compress, (layout, blocks), interleave, order in itertools.product(
        ("NONE", "DEFLATE", "ZSTD", "LZW", "PACKBITS"), layouts.items(), ("PIXEL", "BAND"), ("LITTLE", "BIG"),
    ):
        add(f"{compress}-{layout}-{interleave}-{order}", dtype="int16", bands=3, COMPRESS=compress,
            INTERLEAVE=interleave, ENDIANNESS=order, **blocks)
    for dtype in ("uint8", "int16", "uint32", "int64", "float32", "float64"):
        for compress, order, bands in itertools.product(("DEFLATE", "LZW", "ZSTD"), ("LITTLE", "BIG"), (1, 3)):
            predictors = (2, 3) if dtype.startswith("float") else (2,)
            for predictor in predictors:
                if dtype == "float64" and predictor == 2 and compress == "ZSTD":
                    continue
                add(f"predictor{predictor}-{dtype}-{compress}-{order}-{bands}", dtype=dtype, bands=bands,
                    COMPRESS=compress, PREDICTOR=predictor, ENDIANNESS=order, INTERLEAVE="PIXEL", **tiled)
    for layout, blocks in layouts.items():
        add(f"big-{layout}", dtype="uint16", bands=2, BIGTIFF="YES", COMPRESS="DEFLATE", **blocks)
    for bits in (1, 2, 4, 7, 12, 17):
        dtype = "uint8" if bits <= 8 else "uint16" if bits <= 16 else "uint32"
        for compress, bands in itertools.product(("NONE", "LZW"), (1, 3)):
            data = (pixels("uint8", bands, bits).astype("uint32") * 37 % 2 ** bits).astype(dtype)
            add(f"bits{bits}-{compress}-{bands}", dtype=dtype, data=data, NBITS=bits, COMPRESS=compress)
    for name, nodata, dtype in (("minus", -9999, "int16"), ("nan", float("nan"), "float32"),
                                ("zero", 0, "uint8"), ("float", -3.4028234663852886e38, "float32"),
                                ("tenth", 0.1, "float32")):
        data = pixels(dtype, 1, 5)
        data[:, 10:20, 10:20] = nodata
        add(f"nodata-{name}", dtype=dtype, data=data, nodata=nodata, COMPRESS="DEFLATE", **tiled)

    def scales(file):
        file.scales, file.offsets, file.units = (0.5,), (10.0,), ("K",)
        file.set_band_description(1, "temperature")

    add("scaled", dtype="int16", COMPRESS="DEFLATE", nodata=-32768, after=scales, **tiled)

    def overviews(file):
        file.build_overviews([2, 4], Resampling.average)

    for layout, blocks in layouts.items():
        add(f"overviews-{layout}", dtype="int16", bands=2, COMPRESS="DEFLATE", PREDICTOR=2, after=overviews, **blocks)

    def mask(file):
        rows = np.full((HEIGHT, WIDTH), 255, "uint8")
        rows[5:30, 7:60] = 0
        file.write_mask(rows)

    for compress in ("NONE", "DEFLATE"):
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            add(f"mask-{compress}", dtype="uint8", bands=3, COMPRESS=compress, after=mask, **tiled)

    def one_block(file):
        file.write(np.full((16, 32), 7, file.dtypes[0]), 1, window=((16, 32), (32, 64)))

    for name, nodata in (("nodata", 99), ("none", None)):
        for compress in ("NONE", "DEFLATE"):
            path = f"{folder}/sparse-{name}-{compress}.tif"
            with rasterio.open(path, "w", driver="GTiff", dtype="uint16", count=1, height=HEIGHT, width=WIDTH,
                               crs=UTM, transform=PLACE, nodata=nodata, SPARSE_OK="TRUE", COMPRESS=compress,
                               **tiled) as file:
                one_block(file)
            made.append(f"sparse-{name}-{compress}")
    for compress in ("NONE", "DEFLATE", "ZSTD", "LZW"):
        add(f"cog-{compress}", driver="COG", dtype="int16", bands=2, COMPRESS=compress, BLOCKSIZE=32,
            OVERVIEWS="IGNORE_EXISTING")
    places = {
        "rotated": (UTM, Affine(20, 5, 500000, 3, -20, 4600000)),
        "south": (CRS.from_epsg(32733), from_origin(300000, 8000000, 10, 10)),
        "polar": (CRS.from_epsg(3413), from_origin(-1000000, -500000, 500, 500)),
        "lon360": (CRS.from_epsg(4326), from_origin(180, 60, 0.5, 0.25)),
        "albers": (CRS.from_proj4("+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-96 +datum=NAD83 +units=m"),
                   from_origin(-2000000, 3000000, 30, 30)),
        "lambert": (CRS.from_proj4("+proj=lcc +lat_1=30 +lat_2=60 +lat_0=38.5 +lon_0=-97.5 +R=6370000 +units=m"),
                    from_origin(-2000000, 3000000, 30, 30)),
        "mercator": (CRS.from_proj4("+proj=tmerc +lat_0=10 +lon_0=20 +k=0.99 +x_0=1000 +y_0=50 +ellps=bessel"),
                     from_origin(-2000, 3000, 30, 30)),
        "stereographic": (CRS.from_proj4("+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +datum=WGS84"),
                          from_origin(-2000, 3000, 30, 30)),
        "laea": (CRS.from_proj4("+proj=laea +lat_0=45 +lon_0=10 +x_0=5 +y_0=7 +datum=WGS84"),
                 from_origin(-2000, 3000, 30, 30)),
        "sphere": (CRS.from_proj4("+proj=longlat +R=6371000"), from_origin(0, 60, 0.5, 0.25)),
        "none": (None, Affine.identity()),
    }
    for name, (crs, transform) in places.items():
        add(f"place-{name}", dtype="float32", crs=crs, transform=transform, COMPRESS="DEFLATE")

    def point(file):
        file.update_tags(AREA_OR_POINT="Point")

    add("place-point", dtype="float32", after=point)
    return made


def differences(name, path, url):
    import xarray as xr

    with rasterio.open(path) as file:
        expected = file.read()
        overviews = file.overviews(1)
        nodata = file.nodata
        crs, transform, bounds = file.crs, file.transform, file.bounds
        placed = not transform.is_identity
        masked = file.read_masks(1) if rasterio.enums.MaskFlags.per_dataset in file.mask_flag_enums[0] else None
        scale, offset = file.scales[0], file.offsets[0]
    try:
        raw = xr.open_zarr(url, mask_and_scale=False, consolidated=True)
        got = raw["data"].values
        got = got if got.ndim == 3 else got[np.newaxis]
        if got.shape != expected.shape:
            yield f"xarray: shape {got.shape}, not {expected.shape}"
        elif not np.array_equal(got, expected, equal_nan=expected.dtype.kind in "fc"):
            yield f"xarray: {np.count_nonzero(got != expected)} values of {got.dtype} differ"
        if masked is not None and "mask" in raw and not np.array_equal(raw["mask"].values, masked):
            yield "xarray: the mask differs"
        if masked is not None and "mask" not in raw:
            yield "xarray: no mask"
    except Exception as error:
        yield f"xarray: {error!r}"[:300]
        return
    # rioxarray takes a mask for missing values; here it is an array beside them
    if expected.dtype.kind in "iuf" and masked is None:
        # what a user sees: missing values and scaled ones
        import rioxarray

        ours = xr.open_zarr(url)["data"]
        theirs = rioxarray.open_rasterio(path, mask_and_scale=True)
        a, b = ours.values, theirs.values
        a = a if a.ndim == 3 else a[np.newaxis]
        if not np.allclose(a, b, equal_nan=True, rtol=1e-6):
            yield "xarray: decoded values differ from rioxarray's"
        if placed:
            if crs is not None and ours.rio.crs != crs:
                yield f"rioxarray: crs {ours.rio.crs}, not {crs}"
            if not ours.rio.transform().almost_equals(transform, 1e-9 * abs(transform.c) + 1e-9):
                yield f"rioxarray: transform {ours.rio.transform()!r}, not {transform!r}"
            if transform.b == 0 and not np.allclose(np.sort(ours.rio.bounds()), np.sort(bounds)):
                yield f"rioxarray: bounds {ours.rio.bounds()}, not {bounds}"
        if nodata is not None:
            given = ours.rio.encoded_nodata
            if given is None or not (np.isnan(nodata) and np.isnan(given) or np.float32(given) == np.float32(nodata)):
                yield f"rioxarray: nodata {given}, not {nodata}"
    try:
        multi = gdal.OpenEx(f'ZARR:"/vsicurl/{url}"', gdal.OF_MULTIDIM_RASTER).GetRootGroup()
        array = multi.OpenMDArray("data")
        got = array.ReadAsArray()
        got = got if got.ndim == 3 else got[np.newaxis]
        if not np.array_equal(got, expected, equal_nan=expected.dtype.kind in "fc"):
            yield f"GDAL multidimensional: values of {got.dtype} differ"
        if nodata is not None:
            given = array.GetNoDataValueAsDouble()
            if given is None or not (np.isnan(nodata) and np.isnan(given) or np.float32(given) == np.float32(nodata)):
                yield f"GDAL multidimensional: nodata {given}, not {nodata}"
        rank = len(array.GetDimensions())
        classic = array.AsClassicDataset(rank - 1, rank - 2, multi)
        if placed:
            given = Affine.from_gdal(*classic.GetGeoTransform())
            if not given.almost_equals(transform, 1e-9 * abs(transform.c) + 1e-9):
                yield f"GDAL: transform {given!r}, not {transform!r}"
            given = classic.GetSpatialRef()
            if crs is not None and (given is None or CRS.from_wkt(given.ExportToWkt()) != crs):
                yield f"GDAL: crs {given and given.GetName()}, not {crs}"
        found = [classic.GetRasterBand(1).GetOverview(i).XSize
                 for i in range(classic.GetRasterBand(1).GetOverviewCount())]
        wanted = []
        for level in range(len(overviews)):
            with rasterio.open(path, overview_level=level) as file:
                wanted.append(file.width)
        if found != wanted:
            yield f"GDAL: overviews {found}, not {wanted}"
        if scale != array.GetScale() and not (scale == 1 and array.GetScale() is None):
            yield f"GDAL: scale {array.GetScale()}, not {scale}"
        for level in range(1, len(overviews) + 1):
            with rasterio.open(path, overview_level=level - 1) as file:
                wanted = file.read()
            seen = np.stack([classic.GetRasterBand(i + 1).GetOverview(level - 1).ReadAsArray()
                             for i in range(len(wanted))])
            if not np.array_equal(seen, wanted):
                yield f"GDAL: overview {level} differs"
            got = xr.open_zarr(url, group=str(level), mask_and_scale=False)["data"].values
            if not np.array_equal(got if got.ndim == 3 else got[np.newaxis], wanted):
                yield f"xarray: overview {level} differs"
    except Exception as error:
        yield f"GDAL: {error!r}"[:300]
    try:
        with rasterio.open(f'ZARR:"/vsicurl/{url}":/data') as file:
            got = file.read()
        if not np.array_equal(got, expected, equal_nan=expected.dtype.kind in "fc"):
            yield f"rasterio: values of {got.dtype} differ"
    except Exception as error:
        yield f"rasterio: {error!r}"[:300]


def check(folder, base, only=""):
    wrong = 0
    names = sorted(name[:-4] for name in os.listdir(folder) if name.endswith(".tif"))
    compared = 0
    for name in names:
        if only not in name:
            continue
        compared += 1
        for difference in differences(name, f"{folder}/{name}.tif", f"{base}/{name}"):
            wrong += 1
            print(f"{name}: {difference}")
    print(f"{compared} files compared, {wrong} differences")
    return wrong


def sums(folder):
    """What geotiff_peers.ts computes of zarrita's values; complex ones it does not read."""
    found = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".tif"):
            continue
        with rasterio.open(f"{folder}/{name}") as file:
            values = file.read().ravel()
        if values.dtype.kind == "c":
            continue
        finite = np.isfinite(values)
        total = 0
        for index in np.flatnonzero(finite):
            number = int(float(values[index]))
            rest = abs(number) % 65521 * (1 if number >= 0 else -1)
            step = total + rest * (int(index) % 8191 + 1)
            total = abs(step) % 1000003 * (1 if step >= 0 else -1)
        found[name[:-4]] = [int(finite.sum()), total]
    return found


if __name__ == "__main__":
    command, folder, *rest = sys.argv[1:]
    if command == "write":
        print(json.dumps(generate(folder)))
    elif command == "sums":
        print(json.dumps(sums(folder)))
    else:
        sys.exit(1 if check(folder, *rest) else 0)
