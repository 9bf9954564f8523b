import assert from "node:assert/strict";
import { denoFiles } from "../../../../deploy/deno_files.ts";
import type { FileAccess } from "../../../../src/origin/stores/file_access.ts";
import { OriginError } from "../../../../src/errors.ts";
import type { Origin } from "../../../../src/origin/origin.ts";
import { originsFor } from "../../../../src/origin/mod.ts";
import { CONFORMANCE_OBJECTS, originConformance } from "../../../conformance/origin.ts";

async function folder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

function filesIn(...allow: string[]) {
  return originsFor({ concurrentPerOrigin: 8, requestTimeoutMs: 1000, files: denoFiles })(allow);
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeFile(path, bytes);
}

originConformance("file", async () => {
  const dir = await folder();
  for (const [name, bytes] of Object.entries(CONFORMANCE_OBJECTS)) {
    await write(`${dir.path}/${name}`, bytes);
  }
  const base = new URL(`file://${dir.path}/`);
  return {
    origin: filesIn(base.href),
    url: (name) => new URL(name.split("/").map(encodeURIComponent).join("/"), base),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
});

async function refused(run: Promise<unknown>): Promise<void> {
  await assert.rejects(run, (fault: unknown) => {
    assert.ok(fault instanceof OriginError, `${fault}`);
    assert.equal(fault.code, "origin-not-allowed");
    return true;
  });
}

Deno.test("file: a symbolic link is followed inside the allowed folder and refused out of it", async () => {
  await using dir = await folder();
  await write(`${dir.path}/in/a.bin`, new Uint8Array([1, 2]));
  await write(`${dir.path}/out/secret.bin`, new Uint8Array([3, 4]));
  await write(`${dir.path}/in-more/secret.bin`, new Uint8Array([5]));
  await Deno.symlink(`${dir.path}/in/a.bin`, `${dir.path}/in/good`);
  await Deno.symlink(`${dir.path}/out/secret.bin`, `${dir.path}/in/bad`);
  await Deno.symlink(`${dir.path}/out`, `${dir.path}/in/badfolder`);
  await Deno.symlink(`${dir.path}/in-more/secret.bin`, `${dir.path}/in/sibling`);
  const base = `file://${dir.path}/in/`;
  const origin = filesIn(base);
  const good = await origin.read({ url: new URL("good", base) }, undefined);
  assert.deepEqual(await good.bytes(), new Uint8Array([1, 2]));
  for (const name of ["bad", "badfolder/secret.bin", "sibling"]) {
    await refused(origin.read({ url: new URL(name, base) }, undefined));
    await refused(origin.head({ url: new URL(name, base) }));
  }
  await refused(origin.list!({ url: new URL("badfolder/", base) }));
});

Deno.test("file: a folder reached through a symbolic link may be allowed itself", async () => {
  await using dir = await folder();
  await write(`${dir.path}/real/a.bin`, new Uint8Array([7]));
  await Deno.symlink(`${dir.path}/real`, `${dir.path}/link`);
  const base = `file://${dir.path}/link/`;
  const body = await filesIn(base).read({ url: new URL("a.bin", base) }, undefined);
  assert.deepEqual(await body.bytes(), new Uint8Array([7]));
});

Deno.test("file: every spelling of a path out of the folder is refused", async () => {
  await using dir = await folder();
  await write(`${dir.path}/in/a.bin`, new Uint8Array([1]));
  await write(`${dir.path}/secret.bin`, new Uint8Array([2]));
  const origin = filesIn(`file://${dir.path}/in/`);
  for (
    const path of [
      "/in/../secret.bin",
      "/in/%2e%2e/secret.bin",
      "/in/.%2E/secret.bin",
      "/in/..%2fsecret.bin",
      "/in/%2e%2e%2fsecret.bin",
      "/in/%252e%252e%252fsecret.bin",
      "/in/..%5csecret.bin",
      "/in/a.bin%00.nc",
      "/in/a%2ebin",
      "/in",
      "/in-more/a.bin",
      "/secret.bin",
      "/in/%c0%ae%c0%ae/secret.bin",
    ]
  ) {
    await refused(origin.read({ url: new URL(`file://${dir.path}${path}`) }, undefined));
  }
  await refused(origin.read({ url: new URL(`file://otherhost${dir.path}/in/a.bin`) }, undefined));
  await refused(origin.read({ url: new URL(`file://${dir.path}/in/a.bin?x`) }, undefined));
});

Deno.test("file: an entry without a slash at its end allows that one file", async () => {
  await using dir = await folder();
  await write(`${dir.path}/a.json`, new Uint8Array([1]));
  await write(`${dir.path}/a.json.bak`, new Uint8Array([2]));
  const origin = filesIn(`file://${dir.path}/a.json`);
  assert.equal((await origin.head({ url: new URL(`file://${dir.path}/a.json`) })).length, 1);
  await refused(origin.head({ url: new URL(`file://${dir.path}/a.json.bak`) }));
});

Deno.test("file: a folder, and what is no regular file, is absent", async () => {
  await using dir = await folder();
  await write(`${dir.path}/sub/a.bin`, new Uint8Array([1]));
  const fifo = await new Deno.Command("mkfifo", { args: [`${dir.path}/pipe`] }).output();
  assert.ok(fifo.success);
  const origin = filesIn(`file://${dir.path}/`);
  for (const name of ["sub", "pipe", "sub/a.bin/b"]) {
    await assert.rejects(
      origin.read({ url: new URL(`file://${dir.path}/${name}`) }, undefined),
      (fault: OriginError) => fault.absent,
      name,
    );
  }
});

Deno.test("file: a link that is set between the look and the opening gives nothing away", async () => {
  await using dir = await folder();
  const secret = `${dir.path}/out/a.bin`;
  for (const swapped of ["in/a.bin", "in/sub", "in/sub/a.bin"]) {
    for (const back of [false, true]) {
      await Deno.remove(`${dir.path}/in`, { recursive: true }).catch(() => {});
      await write(secret, new Uint8Array([9]));
      await write(`${dir.path}/in/a.bin`, new Uint8Array([1]));
      await write(`${dir.path}/in/sub/a.bin`, new Uint8Array([1]));
      const at = `${dir.path}/${swapped}`;
      const files: FileAccess = {
        ...denoFiles,
        async open(path) {
          await Deno.rename(at, `${at}.kept`);
          await Deno.symlink(swapped.endsWith("sub") ? `${dir.path}/out` : secret, at);
          const file = await denoFiles.open(path);
          if (back) {
            await Deno.remove(at);
            await Deno.rename(`${at}.kept`, at);
          }
          return file;
        },
      };
      const base = `file://${dir.path}/in/`;
      const origins = originsFor({ concurrentPerOrigin: 1, requestTimeoutMs: 1000, files });
      const name = swapped === "in/a.bin" ? "a.bin" : "sub/a.bin";
      const reading = origins([base]).read({ url: new URL(name, base) }, undefined);
      await assert.rejects(reading, OriginError, `${swapped} ${back}`);
    }
  }
});

Deno.test("file: without file access every local path is refused", async () => {
  const origin = originsFor({ concurrentPerOrigin: 1, requestTimeoutMs: 1000 })(["file:///etc/"]);
  await refused(origin.read({ url: new URL("file:///etc/hostname") }, undefined));
});

Deno.test("file: a file that shrinks after it was opened is an error, not a short body", async () => {
  await using dir = await folder();
  const path = `${dir.path}/a.bin`;
  await write(path, new Uint8Array(1000));
  const origin = filesIn(`file://${dir.path}/`);
  for (const take of ["bytes", "stream"] as const) {
    await Deno.writeFile(path, new Uint8Array(1000));
    const body = await origin.read({ url: new URL(`file://${path}`) }, { offset: 0, length: 1000 });
    await Deno.truncate(path, 500);
    await assert.rejects(
      take === "bytes" ? body.bytes() : new Response(body.stream()).arrayBuffer(),
      OriginError,
    );
  }
});

Deno.test("file: what is hidden below an allowed folder is refused, unless its own folder is named", async () => {
  await using dir = await folder();
  const bytes = new Uint8Array([1, 2, 3]);
  for (const name of [".ssh/id", ".netrc", "a/.git/x/y", "a/.zarray", "a/.zgroup", ".zmetadata"]) {
    await write(`${dir.path}/${name}`, bytes);
  }
  await Deno.symlink(".ssh/id", `${dir.path}/link`);
  await Deno.symlink(".git/x/y", `${dir.path}/a/annexed`);
  const read = (origin: Origin, name: string) =>
    origin.read({ url: new URL(`file://${dir.path}/${name}`) }, undefined)
      .then((body) => body.bytes());
  const all = filesIn(`file://${dir.path}/`);
  for (const name of [".ssh/id", ".netrc", "a/.git/x/y", "link", "a/annexed"]) {
    await refused(read(all, name).then(() => assert.fail(name)));
  }
  for (const name of ["a/.zarray", "a/.zgroup", ".zmetadata"]) {
    assert.deepEqual(await read(all, name), bytes, name);
  }
  const named = filesIn(`file://${dir.path}/`, `file://${dir.path}/a/.git/`);
  for (const name of ["a/.git/x/y", "a/annexed"]) {
    assert.deepEqual(await read(named, name), bytes, name);
  }
  await refused(read(named, ".ssh/id"));
});
