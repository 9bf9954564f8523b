/** `sharding_indexed`: chunks inside a chunk, with codecs of their own. */

import type { Codec, CodecSpec } from "./codec.ts";
import type { Json, JsonObject } from "../json.ts";

export const sharding: Codec = {
  name: "sharding_indexed",
  kind: "array→bytes",
  portable({ source, configuration, elements }, nested) {
    const inner = nested(configuration.codecs, elements);
    // The index is an array of uint64 with one more dimension.
    const index = nested(configuration.index_codecs, { itemBytes: 8, rank: elements.rank + 1 });
    if (!inner || !index) return undefined;
    return {
      ...source,
      configuration: { ...configuration, codecs: json(inner), index_codecs: json(index) },
    };
  },
};

function json(codecs: readonly CodecSpec[]): Json {
  return codecs as unknown as JsonObject[];
}
