/** The table of index formats, and the one door to them. */

import { IndexError, OriginError, SluiceError } from "../src/errors.ts";
import type { Manifest, ManifestFormat, OpenOptions } from "../src/manifest.ts";
import type { Origin } from "../src/origin/origin.ts";
import { dmrpp } from "./dmrpp/mod.ts";
import { geotiff } from "./geotiff/mod.ts";
import { guarded, GuardedManifest } from "./guarded_manifest.ts";
import { hdf5 } from "./hdf5/mod.ts";
import { icechunk } from "./icechunk/mod.ts";
import { kerchunkJson } from "./kerchunk/json.ts";
import { kerchunkParquet } from "./kerchunk/parquet.ts";
import { netcdf3 } from "./netcdf3/mod.ts";
import { type OriginProbe, probe } from "./probe.ts";
import { zarr } from "./zarr/mod.ts";
import { zip } from "./zip/mod.ts";

/** Every index format, in the order in which they are asked whether a target is theirs. */
export const FORMATS: readonly ManifestFormat[] = [
  kerchunkJson,
  kerchunkParquet,
  icechunk,
  dmrpp,
  hdf5,
  netcdf3,
  geotiff,
  zip,
  zarr,
];

/**
 * Opens the index at `url`: in the named format, else in the format that its name tells, else in the
 * first that knows it by its first bytes or by what is in its folder.
 *
 * @throws SluiceError `bad-request` for a format that does not exist
 * @throws IndexError if no format knows the target, or it is malformed
 * @throws OriginError if it cannot be read, or the origin refuses to show what there is
 */
export async function openManifest(
  url: URL,
  origin: Origin,
  options: OpenOptions & { readonly format?: string },
): Promise<Manifest> {
  const format = options.format === undefined
    ? FORMATS.find(({ named }) => named?.(url)) ?? await sniffed(url, origin, options)
    : FORMATS.find(({ name }) => name === options.format);
  if (!format) {
    throw new SluiceError(
      "bad-request",
      `There is no format "${options.format}"; there are ${formatNames()}`,
    );
  }
  const manifest = await guarded(format.name, "at its beginning", () => {
    return format.open(url, origin, options);
  });
  return new GuardedManifest(manifest, format.name);
}

/** The format of a target, found out once for all versions that are asked for between two looks at it. */
async function sniffed(
  url: URL,
  origin: Origin,
  { cache, maxIndexBytes, version, look }: OpenOptions,
): Promise<ManifestFormat> {
  const find = () => sniff(probe(url, origin, maxIndexBytes));
  if (version === undefined || look === undefined) return await find();
  const key = `format ${url.href} ${look}`;
  return await cache.load(key, async () => ({ value: await find(), bytes: 0 }));
}

async function sniff(target: OriginProbe): Promise<ManifestFormat> {
  const read = await target.start();
  for (const format of FORMATS) {
    if (await guarded(format.name, "at its first bytes", () => format.sniff(read))) return format;
  }
  const refusal = target.refusal();
  if (refusal) {
    throw new OriginError(
      "reference-unreachable",
      "The origin refuses to show what is at the index: check its credentials, or name the format",
      refusal.context,
      refusal,
    );
  }
  const { where, found, absent } = await target.describe();
  const formats = `The formats are ${formatNames()}; name one with --format`;
  throw new IndexError(`Cannot tell the format of the index${where}. ${formats}`, {
    url: target.url.href,
    found,
    ...(absent ? { originStatus: 404 } : {}),
  });
}

function formatNames(): string {
  return FORMATS.map(({ name }) => name).join(", ");
}
