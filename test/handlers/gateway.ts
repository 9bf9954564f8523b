/** A gateway over a scripted origin, for tests: the real wiring, requests without a socket. */

import { createGateway, type Gateway } from "../../deploy/gateway.ts";
import { parseCatalog } from "../../src/catalog/catalog_file.ts";
import { type OriginServer, startOrigin } from "../faults/origin_server.ts";
import { type ArraySet, arraySet } from "../fixtures/array_set.ts";

/** A gateway whose dataset `set` is kerchunk JSON at `/set.json`, over `/data.bin`. */
export class TestGateway implements AsyncDisposable {
  /** What the gateway logged. */
  readonly log: string[] = [];
  readonly gateway: Gateway;

  constructor(readonly origin: OriginServer, readonly set: ArraySet, catalog: unknown) {
    const config = parseCatalog(JSON.stringify(catalog), () => undefined);
    this.gateway = createGateway(config, new URL(origin.url), {
      log: (event, fields, error) => this.log.push(JSON.stringify({ event, fields, error })),
    });
  }

  /** The answer to a GET, unless `init` says otherwise. */
  async fetch(path: string, init?: RequestInit): Promise<Response> {
    return await this.gateway.fetch(new Request(`http://gateway${path}`, init), {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.origin.stop();
  }
}

/** Starts the origin and the gateway. `dataset`, `others` and `more` are merged into the catalog. */
export async function startGateway(
  { dataset = {}, more = {}, others = {} }: {
    dataset?: Record<string, unknown>;
    others?: Record<string, unknown>;
    more?: Record<string, unknown>;
  } = {},
): Promise<TestGateway> {
  const set = arraySet();
  const origin = await startOrigin({ files: { "/data.bin": set.file } });
  const references = set.references(`${origin.url}data.bin`);
  origin.files.set("/set.json", new TextEncoder().encode(JSON.stringify(references)));
  return new TestGateway(origin, set, {
    datasets: {
      set: { url: `${origin.url}set.json`, origins: [origin.url], ...dataset },
      ...others,
    },
    ...more,
  });
}
