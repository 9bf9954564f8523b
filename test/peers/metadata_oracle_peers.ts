/**
 * xarray on a Zarr v2 store is the oracle for its v3 translation: same dims, dtype, mask, values,
 * times and attributes; and GDAL reads the same values with the fill value as nodata.
 *
 * zarr-python writes the v2 stores (`oracle_metadata.py`), this file translates their metadata and
 * copies their chunks. Needs the peers' root: `deno test -A test/peers/metadata_oracle_peers.ts`.
 */

import assert from "node:assert/strict";
import { consolidatedJson } from "../../src/zarr/consolidated.ts";
import { type JsonObject, parseJson, stringifyJson } from "../../src/json.ts";
import { arrayFromV2, groupFromV2 } from "../../src/zarr/v2/to_v3.ts";
import { arrayToV2, groupToV2 } from "../../src/zarr/v2/from_v3.ts";
import { zeroOf } from "../../src/zarr/fill_value.ts";
import { withCfTimes } from "../../src/zarr/time.ts";
import { parseZarrJson } from "../../src/zarr/v3_document.ts";
import type { ArrayMetadata } from "../../src/zarr/metadata.ts";

const HERE = new URL(".", import.meta.url);

/** Runs the script in the peers' root on `folder`, which is seen there under the same path. */
async function run(folder: string, command: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(new URL("run", HERE).pathname, {
    args: ["-b", `${folder}:${folder}`, "python3", `${folder}/oracle_metadata.py`, command, folder],
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Undoes what `run -b` mounted, so that no mount outlives the folder. */
async function unbind(folder: string): Promise<void> {
  const inside = `${Deno.env.get("PEERS_ROOT") ?? "/opt/peers"}${folder}`;
  await new Deno.Command("umount", { args: [inside], stderr: "null" }).output();
  await Deno.remove(inside);
}

async function documentAt(path: string): Promise<JsonObject> {
  return parseJson(await Deno.readTextFile(path)) as JsonObject;
}

/** The chunks of a v2 array: key → path of the file. */
async function chunkFiles(folder: string, prefix = ""): Promise<Array<[string, string]>> {
  const found: Array<[string, string]> = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await chunkFiles(path, `${prefix}${entry.name}.`));
    else if (!entry.name.startsWith(".")) found.push([`${prefix}${entry.name}`, path]);
  }
  return found;
}

async function write(path: string, content: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, content);
}

/** Writes the v3 store, and the v2 store made of that again where there is one. */
async function translate(source: string, v3: string, back: string): Promise<void> {
  const { metadata } = arrayFromV2(
    await documentAt(`${source}/v/.zarray`),
    await documentAt(`${source}/v/.zattrs`),
    "v",
  );
  const group = groupFromV2(await documentAt(`${source}/.zattrs`));
  const text = stringifyJson(metadata);
  assert.doesNotThrow(() => JSON.parse(text));
  const portable = withCfTimes(metadata);
  await write(`${v3}/zarr.json`, [...consolidatedJson(group, [["v", portable]])].join(""));
  await write(`${v3}/v/zarr.json`, stringifyJson(portable));
  const parsed = parseZarrJson(new TextEncoder().encode(text), "v") as ArrayMetadata;
  assert.equal(stringifyJson(parsed), text, "our own zarr.json read again is the same");

  // The v2 view is made of v3 sources only, and their writers say zero where they have no fill value.
  const { fill_value: fill } = await documentAt(`${source}/v/.zarray`);
  const again = arrayToV2(
    fill === null ? { ...parsed, fill_value: zeroOf(parsed.data_type) } : parsed,
  );
  if (again) {
    const { zgroup, zattrs } = groupToV2(group);
    await write(`${back}/.zgroup`, stringifyJson(zgroup));
    await write(`${back}/.zattrs`, stringifyJson(zattrs));
    await write(`${back}/v/.zarray`, stringifyJson(again.zarray));
    await write(`${back}/v/.zattrs`, stringifyJson(again.zattrs));
  }
  for (const [key, file] of await chunkFiles(`${source}/v`)) {
    const v3Key = metadata.shape.length === 0 ? "c" : `c/${key.replaceAll(".", "/")}`;
    await write(`${v3}/v/${v3Key}`, "");
    await Deno.copyFile(file, `${v3}/v/${v3Key}`);
    if (again) await Deno.copyFile(file, `${back}/v/${key}`);
  }
}

const SCALED_NAN = /^v2 again: (dtype float32 != float64|values .*)$/;

/** xarray has two ways with NumPy's StringDType, by Zarr format, whoever wrote the store. */
const STRING_DTYPE = /^encoding dtype StringDType\(\) != object$/;
const STRING_DTYPE_UNMASKED = /^(encoding dtype .*|dtype object != StringDType\(\)|mask)$/;

const ABSENT = /^(v2 again: |GDAL )?values /;
const ABSENT_MASKED = /^((v2 again: |GDAL )?values |(v2 again: )?mask$)/;

/** Differences that have to be, by case: each line of the report must match. */
const KNOWN: Record<string, RegExp> = {
  // What absent chunks hold is open without a fill value: zarr-python takes 0, and we what NetCDF
  // has where nothing was written, or what the attributes say of it.
  absent_null: ABSENT,
  absent_null_attr: ABSENT_MASKED,
  absent_null_missing: ABSENT_MASKED,
  absent_float_null: ABSENT_MASKED,
  // xarray itself counts the bytes of big-endian text in v2 stores as characters.
  u3_big: /^(v2 again: )?(encoding )?dtype <U12 != <U3$/,
  // .zattrs has no NaN that is a number, and by one xarray chooses the dtype of scaled floats.
  packed_f4_missing_nan: SCALED_NAN,
  packed_f4_fill_attr_nan: SCALED_NAN,
  // xarray has no _FillValue for NumPy's bytes beside v3, and JSON no bytes for missing_value.
  s3_fill: /^(v2 again: )?(dtype object != \|S3|values .*|mask)$/,
  vlen: STRING_DTYPE,
  vlen_attr: STRING_DTYPE,
  vlen_fill: STRING_DTYPE,
  vlen_zero: STRING_DTYPE,
  vlen_null: STRING_DTYPE_UNMASKED,
  vlen_zstd: STRING_DTYPE_UNMASKED,
  // No v2 form: as an attribute the mask would be two real numbers.
  c8_attr: /^xarray cannot read the v2 store made of the v3 store: FileNotFoundError/,
};

Deno.test("xarray decodes a translated v2 array as it decodes the v2 array", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "sluice-metadata-" });
  try {
    const script = await Deno.readTextFile(new URL("oracle_metadata.py", HERE));
    await Deno.writeTextFile(`${folder}/oracle_metadata.py`, script);
    await run(folder, "write");
    const names: string[] = [];
    for await (const entry of Deno.readDir(`${folder}/v2`)) names.push(entry.name);
    names.sort();
    assert.ok(names.length > 100, `only ${names.length} cases were written`);
    for (const name of names) {
      await translate(`${folder}/v2/${name}`, `${folder}/v3/${name}`, `${folder}/back/${name}`);
    }
    const report = JSON.parse(await run(folder, "compare")) as Record<string, string[]>;
    assert.deepEqual(Object.keys(report).sort(), names);
    for (const name of names) {
      await t.step(name, () => {
        const known = KNOWN[name];
        assert.deepEqual(report[name].filter((line) => !known?.test(line)), []);
        if (known) assert.ok(report[name].length > 0, "a known difference is gone");
      });
    }
  } finally {
    await unbind(folder);
    await Deno.remove(folder, { recursive: true });
  }
});
