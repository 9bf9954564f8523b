/**
 * The second wall: an allowed host whose name resolves to the address of a cloud's metadata service. A
 * name server of the test's own says so; the server runs in a mount namespace whose resolv.conf names
 * it, with the permissions that `main.ts permissions` names.
 */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { OriginProcess, ServerProcess } from "./load_processes.ts";

/** A loopback address that nothing else listens on; resolv.conf knows no ports. */
const NAME_SERVER = "127.0.0.77";
const NAMES: Record<string, number[]> = {
  "archive.test": [127, 0, 0, 1],
  "metadata.test": [169, 254, 169, 254],
};

/** A name server for {@link NAMES}: A records, and nothing for what else is asked (RFC 1035 §4). */
async function startNameServer() {
  const asked: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (; query[at] > 0; at += query[at] + 1) {
      labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + query[at])));
    }
    const question = query.subarray(12, at + 5);
    const name = labels.join(".").toLowerCase();
    asked.push(name);
    const address = NAMES[name];
    const found = address !== undefined && query[at + 2] === 1;
    const header = [query[0], query[1], 0x81, address ? 0x80 : 0x83, 0, 1, 0, found ? 1 : 0];
    // the name by a pointer to the question, type A, class IN, no time to live, 4 bytes
    const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address ?? []];
    const answer = [...header, 0, 0, 0, 0, ...question, ...(found ? record : [])];
    socket.send(Uint8Array.from(answer), from.port, from.address);
  });
  socket.bind(53, NAME_SERVER);
  await once(socket, "listening");
  return { asked, close: () => new Promise<void>((resolve) => socket.close(() => resolve())) };
}

Deno.test("an allowed name that resolves to a metadata address is refused, and no connection is tried", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sluice-denied-" });
  const names = await startNameServer();
  const origin = await OriginProcess.start({ root: folder });
  try {
    await Deno.writeTextFile(`${folder}/resolv.conf`, `nameserver ${NAME_SERVER}\n`);
    await Deno.writeTextFile(`${folder}/data.bin`, "0123456789");
    const array = (url: string) => ({
      ".zgroup": '{"zarr_format":2}',
      "a/.zarray": JSON.stringify({
        zarr_format: 2,
        shape: [4],
        chunks: [4],
        dtype: "|u1",
        order: "C",
        fill_value: 0,
        filters: null,
        compressor: null,
      }),
      "a/0": [url, 2, 4],
    });
    const datasets: Record<string, unknown> = {};
    for (const name of Object.keys(NAMES)) {
      const host = `http://${name}:${origin.port}/`;
      const refs = { version: 1, refs: array(`${host}data.bin`) };
      await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify(refs));
      datasets[name] = { url: `${folder}/${name}.json`, origins: [host] };
      // an index there is refused like a chunk
      datasets[`index/${name}`] = { url: `${host}${name}.json`, origins: [host] };
    }
    const mount = `mount --bind ${folder}/resolv.conf /etc/resolv.conf && exec "$@"`;
    await using server = await ServerProcess.start(folder, { datasets }, {
      wrap: ["unshare", "--mount", "sh", "-c", mount, "sh"],
    });
    assert.ok(server.flags[0].includes(`metadata.test:${origin.port}`), "the name is allowed");
    for (const dataset of ["archive.test", "index/archive.test"]) {
      const response = await fetch(`${server.url}/${dataset}/a/c/0`);
      assert.equal(await response.text(), "2345", server.log);
    }
    for (const dataset of ["metadata.test", "index/metadata.test"]) {
      const response = await fetch(`${server.url}/${dataset}/a/c/0`);
      const problem = await response.json();
      assert.deepEqual([response.status, problem.type], [502, "origin-not-allowed"], server.log);
      assert.ok(!JSON.stringify(problem).includes("169.254"), "the address is not told");
    }
    assert.ok(names.asked.includes("metadata.test"), "it was the address that was refused");
    const metadata = server.sockets().filter(({ state, remotePort }) =>
      state === 2 && remotePort === origin.port // SYN_SENT
    );
    assert.deepEqual(metadata, []);
  } finally {
    await origin.kill();
    await names.close();
    await Deno.remove(folder, { recursive: true });
  }
});
