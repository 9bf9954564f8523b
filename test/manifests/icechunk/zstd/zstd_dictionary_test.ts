/** The dictionary decoder against the reference implementation compiled to WebAssembly. */

import {
  compressUsingDict,
  createCCtx,
  createDCtx,
  decompressUsingDict,
  init,
} from "npm:@bokuweb/zstd-wasm@0.0.27";
import assert from "node:assert/strict";
import { Flatbuffer } from "../../../../manifests/icechunk/flatbuffer.ts";
import { unpackMetadataFile } from "../../../../manifests/icechunk/metadata_file.ts";
import { ZstdDictionary } from "../../../../manifests/icechunk/zstd/zstd_dictionary.ts";
import { IndexError } from "../../../../src/errors.ts";
import { fixtureFiles, manyRef } from "../fixture.ts";

await init();
const MAX_BYTES = 1024;

/** A seeded generator of whole numbers below a limit. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
}

/** The dictionary and the compressed locations of the fixture's largest manifest. */
async function trained(): Promise<{ dictionary: Uint8Array; frames: Uint8Array[] }> {
  const [, file] = [...fixtureFiles(2)].filter(([name]) => name.startsWith("manifests/"))
    .reduce((a, b) => a[1].length > b[1].length ? a : b);
  const buffer = new Flatbuffer((await unpackMetadataFile(file, "manifest", 1 << 26)).body);
  const [array] = buffer.tables(buffer.root(), 1);
  const frames = Array.from(
    buffer.tables(array, 1),
    (ref) => buffer.bytesAt(buffer.field(ref, 8)),
  );
  return { dictionary: buffer.optionalBytes(buffer.root(), 2)!, frames };
}

Deno.test("the library's compressed locations decode to the locations that were written", async () => {
  const { dictionary, frames } = await trained();
  assert.equal(frames.length, 1000);
  const decoder = new ZstdDictionary(dictionary, MAX_BYTES);
  for (const [i, frame] of frames.entries()) {
    assert.equal(new TextDecoder().decode(decoder.decode(frame)), manyRef(i).location);
  }
});

Deno.test("frames of every level, of texts like and unlike the dictionary's, decode to what went in", async () => {
  const random = generator(7);
  const { dictionary } = await trained();
  const words = [
    "https://data.example.org/archive/",
    "1950/day_",
    ".nc",
    "ünï ",
    "a".repeat(60),
    "s3://b/",
  ];
  const raw = new TextEncoder().encode(words.join("").repeat(3));
  for (const dict of [dictionary, raw]) {
    const decoder = new ZstdDictionary(dict, MAX_BYTES);
    const context = createCCtx();
    const seen = new Set<number>();
    for (let i = 0; i < 20_000; i++) {
      let text = "";
      for (let k = random(14); k >= 0; k--) {
        text += random(3) === 0
          ? String.fromCharCode(
            ...Array.from({ length: random(120) }, () => 97 + Math.min(random(26), random(26))),
          )
          : random(2)
          ? words[random(words.length)]
          : random(1e9).toString(2 + random(30));
      }
      const bytes = new TextEncoder().encode(text).subarray(0, MAX_BYTES);
      const frame = compressUsingDict(context, bytes, dict, 1 + random(22)).slice();
      seen.add(frame[frame.length > 12 ? 12 : 0] & 6);
      assert.deepEqual(new Uint8Array(decoder.decode(frame)), bytes);
    }
    assert.ok(seen.size > 1);
  }
});

Deno.test("a damaged frame is refused, or decodes to what the reference makes of it", async () => {
  const random = generator(11);
  const { dictionary, frames } = await trained();
  const decoder = new ZstdDictionary(dictionary, MAX_BYTES);
  const context = createDCtx();
  let refused = 0;
  for (let i = 0; i < 20_000; i++) {
    const frame = frames[random(frames.length)].slice(0, random(8) ? undefined : random(40));
    for (let k = random(3); k >= 0; k--) frame[random(frame.length)] ^= 1 << random(8);
    let ours: Uint8Array;
    try {
      ours = decoder.decode(frame).slice();
    } catch (error) {
      assert.ok(error instanceof IndexError, `${error}`);
      refused++;
      continue;
    }
    assert.deepEqual(ours, decompressUsingDict(context, frame, dictionary));
  }
  assert.ok(refused > 1000);
});

Deno.test("what a frame may decode to is capped", async () => {
  const { dictionary } = await trained();
  const context = createCCtx();
  const decoder = new ZstdDictionary(dictionary, MAX_BYTES);
  for (const length of [MAX_BYTES, MAX_BYTES + 1, 1 << 20]) {
    const frame = compressUsingDict(context, new Uint8Array(length), dictionary, 3).slice();
    if (length <= MAX_BYTES) assert.equal(decoder.decode(frame).length, length);
    else assert.throws(() => decoder.decode(frame), IndexError);
    // Without the size in the header the cap counts while decoding.
  }
  const unsized = Uint8Array.fromHex("28b52ffd0058" + "fbff3f" + "00");
  assert.throws(() => decoder.decode(unsized), /over 1024 bytes/);
});

Deno.test("a damaged dictionary is refused, or decodes like any other", async () => {
  const random = generator(13);
  const { dictionary, frames } = await trained();
  for (let i = 0; i < 2000; i++) {
    const damaged = dictionary.slice(0, random(4) ? undefined : random(dictionary.length));
    for (let k = random(3); k >= 0 && damaged.length; k--) {
      damaged[8 + random(200)] ^= 1 << random(8);
    }
    try {
      const decoder = new ZstdDictionary(damaged, MAX_BYTES);
      for (let k = 0; k < 5; k++) decoder.decode(frames[random(frames.length)]);
    } catch (error) {
      assert.ok(error instanceof IndexError, `${error}`);
    }
  }
});
