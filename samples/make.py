#!/usr/bin/env python3
"""Writes the bundled samples: two NetCDF4 files that make one 4-D ocean reanalysis, their indexes, and a COG.

    deno task samples

Everything follows from SEED, so a second run with the same libraries writes the same bytes. The sea
is invented (a smooth climate with eddies around roughly drawn coasts); the encoding is what archives
hold: packed int16 with scale, offset and fill, shuffle and deflate, an unlimited time dimension.
"""

import json
import os
import shutil
import sys

import netCDF4
import numpy as np
import rasterio
from fsspec.implementations.reference import LazyReferenceMapper
from kerchunk.combine import MultiZarrToZarr
from kerchunk.hdf import SingleHdf5ToZarr
from rasterio.transform import from_origin

SEED = 20240105
HERE = os.path.dirname(os.path.abspath(__file__))
CHUNK = (1, 2, 36, 64)
RECORD_SIZE = 48  # references a Parquet partition: small, so that there are several
# Left out of the references, as when a file of an archive is lost: last time, deepest level.
MISSING_CHUNK = "thetao/5.2.1.1"

LATITUDE = np.arange(-89.0, 90.0, 2.0, dtype="f4")
LONGITUDE = np.arange(-179.0, 180.0, 2.0, dtype="f4")
DEPTH = np.array([0.5, 25.0, 100.0, 300.0, 1000.0], dtype="f4")
EPOCH = np.datetime64("1950-01-01T00", "h")
MONTHS = {
    "2024-01": ["2024-01-05T12", "2024-01-15T12", "2024-01-25T12"],
    "2024-02": ["2024-02-05T12", "2024-02-15T12", "2024-02-25T12"],
}

# Rough coasts, longitude and latitude in degrees.
COASTS = [
    # North America
    [(-168, 66), (-156, 71), (-130, 70), (-110, 68), (-95, 69), (-82, 68), (-85, 66), (-93, 61),
     (-94, 58), (-88, 56.5), (-82, 55), (-82, 52), (-79, 51.5), (-79, 55), (-77, 57), (-78, 62),
     (-70, 61), (-65, 59), (-60, 55), (-56, 52), (-65, 49.5), (-61, 46.5), (-66, 44.5), (-70, 43),
     (-70, 41.5), (-74, 40.5), (-76, 36), (-81, 31.5), (-80.3, 26), (-81.5, 25.5), (-82.7, 28.5),
     (-84.5, 30), (-89.5, 29.5), (-94.5, 29.3), (-97.4, 27.5), (-97.6, 22.5), (-95.5, 18.8),
     (-91.5, 18.5), (-90.3, 21), (-87, 21.3), (-88.3, 16.5), (-83.5, 15), (-83.7, 11), (-81.5, 9),
     (-79.5, 9.5), (-77.5, 8.5), (-80.3, 7.4), (-83.5, 8.5), (-87.5, 12.8), (-92, 14.5),
     (-96, 15.8), (-101, 17.3), (-105.5, 20), (-106, 23), (-109.5, 26.5), (-113, 31),
     (-114.7, 31.5), (-112, 27.5), (-109.6, 23), (-112, 25), (-115, 28), (-117, 32.5),
     (-120.6, 34.5), (-124, 40), (-124, 47), (-128, 51), (-133, 56), (-139, 59.5), (-147, 60.8),
     (-152, 59), (-158, 56.3), (-163, 54.8), (-158, 58.5), (-165, 61), (-161, 64.5)],
    [(-88, 72), (-78, 73.5), (-68, 70), (-62, 66.5), (-66, 62.5), (-73, 64.5), (-72, 67), (-80, 70)],
    [(-117, 72), (-105, 73), (-102, 69.5), (-115, 69.5)],
    [(-90, 77), (-80, 76.3), (-75, 79), (-63, 82), (-80, 83), (-92, 81)],
    # Greenland, Iceland
    [(-73, 78.3), (-60, 82), (-33, 83.5), (-18, 81), (-20, 75), (-22, 70.5), (-32, 68), (-40, 65),
     (-43, 60), (-48, 61), (-52, 65.5), (-54, 70), (-57, 74.5), (-66, 76)],
    [(-24, 65.5), (-20, 66.3), (-14, 65.5), (-17, 63.5), (-22, 63.8)],
    # South America
    [(-77.5, 8.5), (-72, 12), (-67, 10.7), (-62, 10.7), (-57, 6), (-51, 4), (-50, 0), (-44, -2.5),
     (-39, -3.5), (-35, -6), (-35, -9.5), (-39, -13), (-39, -18), (-41, -22), (-48.5, -26),
     (-49, -29), (-53.5, -34), (-57, -36), (-57.5, -38), (-62, -39), (-65, -42), (-66, -46.5),
     (-69, -51), (-66, -55), (-71, -54.5), (-75.5, -50), (-74, -42), (-73.5, -37), (-71.5, -30),
     (-70.3, -18.5), (-76, -14), (-81, -6), (-80, -2.5), (-80, 1), (-77.5, 4)],
    # Africa, Madagascar
    [(-6, 35.8), (3, 37), (10, 37.3), (11, 34), (19, 30.3), (20, 32.8), (25, 31.7), (32.5, 31.3),
     (32.5, 30), (35.5, 24), (37.3, 20), (39.5, 15.5), (43, 12), (44, 10.5), (51, 11.8), (48, 5),
     (42, -1.5), (39, -6), (40.5, -11), (40.5, -15), (35, -20), (35.5, -24), (32.8, -26.5),
     (31, -29.8), (26, -33.8), (19, -34.5), (17, -30), (14.5, -23), (12, -17), (13.5, -11),
     (12, -6), (9, -1), (9.5, 4), (5, 4.5), (2, 6.3), (-4, 5.2), (-8, 4.5), (-13, 8.5),
     (-17, 14.5), (-16.5, 20), (-15, 24.5), (-10, 29.5), (-9.5, 32.5)],
    [(49.3, -12.2), (50.3, -15.8), (47.2, -25), (44, -24.5), (44.3, -17)],
    # Eurasia
    [(-9.3, 43.2), (-1.8, 43.4), (-1.5, 46.5), (-4.7, 48.4), (1.5, 50), (4.5, 52.5), (8.5, 54),
     (8.5, 57), (10.6, 57.5), (10.5, 54.5), (14, 54), (19, 54.5), (21.2, 57), (24, 58.5), (30, 60),
     (23, 60), (21.3, 62), (25, 65.3), (22, 65.8), (17.5, 62), (18, 60), (16.5, 57), (13, 55.5),
     (11.2, 59), (7, 58), (5, 61), (11, 64.5), (15, 68.5), (25, 71), (31, 70), (41, 67),
     (33, 66.8), (38, 64.3), (44, 66.5), (44, 68.3), (54, 68.5), (60, 69), (68, 69), (69, 72.5),
     (73, 71), (80, 72.5), (87, 75), (104, 77.7), (113, 74), (127, 73), (140, 72.5), (160, 70),
     (170, 70), (180, 69), (180, 65), (177, 62.5), (170, 60), (164, 60), (163, 56), (157, 51.2),
     (156, 57), (163, 62), (155, 59.5), (143, 59), (135.5, 54.7), (141, 53), (140.5, 48),
     (135, 43.5), (130, 42.5), (127.5, 39.5), (129.3, 36), (126.5, 34.5), (126.7, 37.5),
     (125, 39.8), (121.5, 40.5), (118, 39), (122, 37), (119.3, 35), (122, 31), (121.5, 28),
     (117, 23.5), (110.5, 21), (108, 21.5), (106, 19), (109, 14), (109, 11.5), (105, 8.7),
     (103, 10.7), (100.5, 13.4), (100, 9), (103.4, 4), (103.8, 1.4), (100.5, 4), (98.3, 8.5),
     (98, 14), (94.5, 16), (94, 19), (91, 22.5), (87, 21.3), (82.5, 16.8), (80, 14), (79.7, 10.3),
     (77.5, 8), (74, 15), (72.7, 20.5), (70, 21), (67, 25), (61, 25.2), (57, 26.8), (51, 28),
     (48.5, 30), (50.5, 26), (51.5, 24.5), (56.2, 26), (59.7, 22.5), (55, 17), (45, 12.8),
     (43, 14), (39, 21), (35, 28.2), (34.5, 31.5), (36, 36.5), (30.5, 36.5), (27.3, 37),
     (26.5, 39.7), (29, 41.2), (35, 42), (41.5, 41.5), (37.5, 45), (39, 47.2), (35, 45.3),
     (33.5, 44.6), (31, 46.5), (28.5, 43.8), (28, 41.5), (23.5, 40.3), (23.5, 38), (22.5, 36.6),
     (19.5, 40.5), (19.5, 42), (13.7, 45.3), (12.5, 44), (18.3, 40.2), (16.5, 38.2), (15.5, 40),
     (8.8, 44.4), (3.2, 43.2), (3, 41.8), (-0.3, 39.5), (-2, 36.8), (-6, 36.2), (-9, 37.2)],
    [(-180, 69), (-170, 66), (-173, 64.3), (-180, 65)],
    [(-5.5, 50.2), (1.3, 51.3), (0, 53.5), (-2, 57.5), (-5, 58.6), (-5, 55), (-3, 54), (-5, 52)],
    [(-10, 52), (-6, 52.3), (-6, 55), (-9, 54.5)],
    # Japan to New Guinea
    [(130.5, 31.5), (136, 33.6), (140.8, 35.7), (142, 39.5), (145.3, 43.3), (141.8, 45.4),
     (140, 42), (139.5, 38.5), (136.5, 37), (131, 34.3)],
    [(142, 46), (143.8, 49), (143, 54), (141.8, 53)],
    [(95.3, 5.5), (100, 2), (104, -2), (106, -5.8), (102, -4), (98.5, 1)],
    [(105.5, -6), (114.5, -7), (114.5, -9), (106.5, -8)],
    [(109, 1.5), (113, 3.2), (117, 7), (119, 5), (117.5, 1), (116.2, -3.8), (112, -3.3), (110, -1.5)],
    [(119.2, -5.5), (121, -3), (123, -1), (125, 1.5), (120, 1.4), (118.8, -3)],
    [(120, 16), (121, 18.5), (122.4, 18), (122, 14), (124, 12.5), (120.6, 13.4)],
    [(122, 7), (126, 9.5), (126, 6.2), (124, 6)],
    [(131, -0.8), (135, -3.3), (138, -1.6), (145, -4.3), (150.5, -10.5), (146, -8.5), (143, -9),
     (138, -8.3), (133, -4)],
    # Australia, Tasmania, New Zealand
    [(114, -22), (122, -18), (126, -14), (130, -12), (136.5, -12), (135.7, -15), (139.5, -17.5),
     (142, -11), (146, -19), (150.5, -23), (153.5, -28), (150, -37), (146.5, -39), (140.5, -38),
     (138, -35), (135.5, -34.8), (131, -31.5), (124, -33), (118, -35), (115, -34), (113.5, -26)],
    [(144.6, -40.6), (148.4, -40.9), (147, -43.7), (145.4, -43)],
    [(172.7, -34.5), (178.5, -37.7), (175.3, -41.5), (173.6, -39.3), (174.4, -37)],
    [(172.7, -40.5), (174.4, -41.8), (171, -45.9), (168.5, -46.8), (166.4, -45.8), (170.3, -43)],
    # Antarctica
    [(-180, -78), (-160, -77.5), (-150, -76.5), (-130, -74), (-100, -73), (-75, -72.5), (-68, -68),
     (-57, -63.3), (-62, -68), (-60, -74), (-35, -78), (-20, -73), (0, -70), (30, -69), (55, -66.5),
     (80, -68), (100, -66), (130, -66.3), (150, -68.5), (170, -72), (165, -78), (180, -78),
     (180, -90), (-180, -90)],
]


def inside(polygon, x, y):
    """Whether each point is inside the polygon (even-odd rule)."""
    result = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1]):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            result ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return result


def land_fraction():
    """How much of each cell is land, from 0 to 1, shape (latitude, longitude)."""
    lon, lat = np.meshgrid(LONGITUDE.astype("f8"), LATITUDE.astype("f8"))
    offsets = (-0.75, -0.25, 0.25, 0.75)
    share = np.zeros(lon.shape)
    for dy in offsets:
        for dx in offsets:
            share += np.any([inside(coast, lon + dx, lat + dy) for coast in COASTS], axis=0)
    return share / len(offsets) ** 2


def smooth(field, times):
    """Blurs over neighbours, around the globe in longitude."""
    for _ in range(times):
        padded = np.pad(field, ((1, 1), (0, 0)), mode="edge")
        field = (padded[:-2] + 2 * field + padded[2:]) / 4
        field = (np.roll(field, 1, 1) + 2 * field + np.roll(field, -1, 1)) / 4
    return field


def eddies(random, lon, lat, day):
    """Waves of many lengths that drift slowly, about ±1."""
    field = np.zeros(lon.shape)
    for _ in range(60):
        k = random.integers(3, 22)
        l = random.uniform(-18, 18)
        phase, drift = random.uniform(0, 2 * np.pi), random.uniform(0.01, 0.06)
        field += np.sin(np.radians(k * lon + l * lat) + phase + drift * day) / np.hypot(k, l)
    return field * 1.6


def blob(lon, lat, lon0, lat0, width, height):
    """A bell around a place, 1 in its middle."""
    away = (lon - lon0 + 180) % 360 - 180
    return np.exp(-((away / width) ** 2) - ((lat - lat0) / height) ** 2)


def sea(day):
    """Temperature in °C, shape (depth, latitude, longitude), and eastward current in m/s at the surface."""
    lon, lat = np.meshgrid(LONGITUDE.astype("f8"), LATITUDE.astype("f8"))
    season = -5 - 3 * np.sin(2 * np.pi * day / 365)  # the warmest latitude, in the southern summer
    waves = eddies(np.random.default_rng(SEED), lon, lat, day)
    surface = -2.2 + 31.2 * np.exp(-(np.abs(lat - 0.6 * season) / 43) ** 2.5)
    surface += 1.6 * blob(lon, lat, 150, -2, 45, 14) - 5.5 * blob(lon, lat, -95, -1, 34, 5)
    surface -= 5.0 * blob(lon, lat, -77, -18, 12, 14) + 4.5 * blob(lon, lat, 10, -22, 9, 13)
    surface -= 3.5 * blob(lon, lat, -121, 33, 10, 10) + 3.5 * blob(lon, lat, -18, 23, 8, 11)
    surface += 6.0 * blob(lon, lat, -55, 40, 20, 6) + 4.0 * blob(lon, lat, 155, 36, 20, 5)
    surface += 7.5 * blob(lon, lat, 0, 63, 26, 11) - 3.0 * blob(lon, lat, -52, 52, 9, 9)
    gradient = np.abs(np.gradient(smooth(surface, 4), axis=0))
    surface = surface + waves * (0.4 + 2.4 * gradient / gradient.max())
    surface = np.maximum(smooth(surface, 1), -1.85)
    abyss = 2.2 + 2.2 * blob(lon, lat, -20, 30, 60, 25)
    scale = 110 + 240 * np.exp(-((np.abs(lat) - 32) / 16) ** 2)
    levels = []
    for depth in DEPTH.astype("f8"):
        below = np.exp(-np.maximum(depth - 20, 0) / scale)
        levels.append(np.minimum(surface, abyss) + (surface - np.minimum(surface, abyss)) * below)
    stream = 1.1 * np.exp(-((lat + 50) / 7) ** 2)
    stream += 0.55 * np.exp(-((lat - 38) / 6) ** 2) - 0.75 * np.exp(-(lat / 8) ** 2)
    stream += 0.6 * np.exp(-((lat - 5) / 2.5) ** 2)
    current = stream * (0.55 + 0.35 * np.cos(np.radians(3 * lon + 40))) + 0.35 * np.gradient(waves, axis=0) / 0.5
    return np.array(levels), smooth(current, 1)


def write_month(path, month, times, land):
    """One NetCDF4 file of the reanalysis."""
    shore = smooth((land > 0.5).astype("f8"), 1)
    # Deeper cells near the coast are ground too.
    dry = np.array([land > 0.5, land > 0.5, shore > 0.24, shore > 0.12, smooth(shore, 1) > 0.1])
    with netCDF4.Dataset(path, "w", format="NETCDF4") as file:
        file.setncatts({
            "Conventions": "CF-1.11",
            "title": "A made-up ocean, ten-daily, " + month,
            "institution": "Sluice samples",
            "source": "samples/make.py, seed %d" % SEED,
            "comment": "Synthetic data for demonstrations; not an observation of any ocean.",
        })
        file.createDimension("time", None)
        for name, values in (("depth", DEPTH), ("latitude", LATITUDE), ("longitude", LONGITUDE)):
            file.createDimension(name, len(values))
        time = file.createVariable("time", "i4", ("time",))
        time.setncatts({"standard_name": "time", "axis": "T", "calendar": "standard",
                        "units": "hours since 1950-01-01"})
        hours = [(np.datetime64(text, "h") - EPOCH).astype(int) for text in times]
        time[:] = hours
        for name, values, attributes in (
            ("depth", DEPTH, {"standard_name": "depth", "units": "m", "positive": "down", "axis": "Z"}),
            ("latitude", LATITUDE, {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"}),
            ("longitude", LONGITUDE, {"standard_name": "longitude", "units": "degrees_east", "axis": "X"}),
        ):
            variable = file.createVariable(name, "f4", (name,))
            variable.setncatts(attributes)
            variable[:] = values
        thetao = file.createVariable(
            "thetao", "i2", ("time", "depth", "latitude", "longitude"), chunksizes=CHUNK,
            zlib=True, complevel=9, shuffle=True, fill_value=-32767)
        thetao.setncatts({
            "standard_name": "sea_water_potential_temperature", "long_name": "Temperature",
            "units": "degrees_C", "scale_factor": 0.01, "add_offset": 15.0,
            "valid_min": np.int16(-1800), "valid_max": np.int16(2000)})
        uo = file.createVariable(
            "uo", "f4", ("time", "latitude", "longitude"), chunksizes=(1, 36, 64),
            zlib=True, complevel=9, shuffle=True, fill_value=np.float32(1e20),
            significant_digits=8, quantize_mode="BitRound")
        uo.setncatts({"standard_name": "eastward_sea_water_velocity",
                      "long_name": "Eastward current at the surface", "units": "m s-1"})
        for step, hour in enumerate(hours):
            day = (hour - hours[0]) / 24 + (0 if month.endswith("01") else 31)
            levels, current = sea(day)
            thetao[step] = np.ma.masked_array(levels, dry)
            uo[step] = np.ma.masked_array(current, dry[0]).astype("f4")


def write_relief(path):
    """An invented mountain range as a Cloud Optimized GeoTIFF: heights in metres, a lake without any."""
    random = np.random.default_rng(SEED)
    height, width = 432, 576
    y, x = np.mgrid[0:height, 0:width] / height
    relief = 900 + 700 * np.sin(3 * x + 1) * np.cos(4 * y)
    for octave in range(1, 7):
        angle, phase = random.uniform(0, 2 * np.pi, 2)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 5 * 1.8 ** octave + phase)
        relief += 520 / 1.9 ** octave * (1 - 2 * np.abs(wave))
    heights = np.round(relief).astype("i2")
    heights[(x - 0.9) ** 2 / 2 + (y - 0.3) ** 2 < 0.004] = -32768
    with rasterio.open(path, "w", driver="COG", dtype="int16", count=1, height=height, width=width,
                       crs="EPSG:32632", transform=from_origin(600000, 5200000, 30, 30), nodata=-32768,
                       COMPRESS="DEFLATE", LEVEL=9, PREDICTOR="YES", BLOCKSIZE=128) as file:
        file.write(heights, 1)
        file.units = ("m",)
        file.set_band_description(1, "height above the sea")


def main():
    """Writes everything beside this script."""
    os.chdir(HERE)  # so that the references' URLs are relative to their index
    land = land_fraction()
    files = []
    for month, times in MONTHS.items():
        files.append("ocean_%s.nc" % month)
        write_month(files[-1], month, times, land)
    singles = []
    for path in files:
        with open(path, "rb") as file:
            singles.append(SingleHdf5ToZarr(file, path, inline_threshold=200).translate())
    combined = MultiZarrToZarr(
        singles, concat_dims=["time"], identical_dims=["depth", "latitude", "longitude"]).translate()
    references = combined["refs"]
    attributes = json.loads(references[".zattrs"])
    attributes["title"] = attributes["title"].rsplit(",", 1)[0]
    references[".zattrs"] = json.dumps(attributes)
    del references[MISSING_CHUNK]
    with open("ocean.json", "w") as out:
        lines = ("%s: %s" % (json.dumps(key), json.dumps(references[key])) for key in sorted(references))
        out.write('{"version": 1, "refs": {\n%s\n}}\n' % ",\n".join(lines))
    shutil.rmtree("ocean.parq", ignore_errors=True)
    table = LazyReferenceMapper.create("ocean.parq", record_size=RECORD_SIZE, engine="pyarrow")
    for key in sorted(references):
        table[key] = references[key]
    table.flush()
    write_relief("relief.tif")
    total = 0
    for folder, _, names in os.walk("."):
        for name in names:
            total += os.path.getsize(os.path.join(folder, name))
    print("samples: %d bytes in all" % total, file=sys.stderr)


if __name__ == "__main__":
    main()
