import { originsFor } from "../../../../src/origin/mod.ts";
import { CONFORMANCE_OBJECTS, originConformance } from "../../../conformance/origin.ts";
import { startOrigin } from "../../../faults/origin_server.ts";

originConformance("http", async () => {
  const server = await startOrigin({
    files: Object.fromEntries(
      Object.entries(CONFORMANCE_OBJECTS).map(([name, bytes]) => [`/store/${name}`, bytes]),
    ),
  });
  const base = new URL("store/", server.url);
  return {
    origin: originsFor({ concurrentPerOrigin: 8, requestTimeoutMs: 30_000 })([base.href]),
    url: (name) => new URL(name.split("/").map(encodeURIComponent).join("/"), base),
    [Symbol.asyncDispose]: () => server.stop(),
  };
});
