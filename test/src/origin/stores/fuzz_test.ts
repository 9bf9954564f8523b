/** Broken answers of object stores: an element, or nothing, and no exception. */

import assert from "node:assert/strict";
import { elements, elementText, parseXml } from "../../../../src/origin/stores/xml.ts";
import { mutated, randomNumbers, ROUNDS, SEED } from "../../../mutations.ts";

const SEEDS = [
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code><Key>a &amp; b</Key></Error>`,
  `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>` +
  `<Contents><Key>a&#x20;b</Key></Contents><CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes></ListBucketResult>`,
  `<!DOCTYPE x [<!ENTITY a "b">]><x><![CDATA[c]]><!-- d --><y/>&a;</x>`,
].map((xml) => new TextEncoder().encode(xml));

Deno.test(`XML: ${ROUNDS} broken answers are read or not, seed ${SEED}`, async () => {
  const random = randomNumbers(SEED);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = mutated(SEEDS[random(SEEDS.length)], random);
    const root = await parseXml(new TextDecoder().decode(bytes));
    if (root === undefined) refused++;
    for (const item of elements(root, "Contents")) elementText(item, "Key");
    assert.ok(root === undefined || typeof root.name === "string");
  }
  assert.ok(refused > ROUNDS / 20, `${refused} refused`);
});
