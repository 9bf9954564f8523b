/**
 * Writes an Icechunk repository straight into a private S3 with the reference library, in the peers' root:
 *
 *   node private_s3_icechunk.cjs FOLDER '{"endpoint","key","secret"}'
 *
 * What it holds is FOLDER/icechunk.json (private_s3_write.py): virtual chunks in another S3, and native
 * ones. It goes to `indexes/repo`.
 */
const ic = require("/opt/icechunk/node_modules/@earthmover/icechunk");
const fs = require("node:fs");

const [folder, server] = process.argv.slice(2);
const { endpoint, key, secret } = JSON.parse(server);

async function main() {
  const storage = ic.Storage.newS3(
    "indexes",
    "repo",
    { type: "Static", field0: { accessKeyId: key, secretAccessKey: secret } },
    { region: "us-east-1", endpointUrl: endpoint, allowHttp: true, forcePathStyle: true },
  );
  const config = { inlineChunkThresholdBytes: 0 };
  const repo = await ic.Repository.create(storage, config, 2);
  const session = await repo.writableSession("main");
  const { store } = session;
  const json = (value) => Buffer.from(JSON.stringify(value));
  await store.set("zarr.json", json({ zarr_format: 3, node_type: "group", attributes: {} }));
  for (
    const [name, array] of Object.entries(JSON.parse(fs.readFileSync(`${folder}/icechunk.json`)))
  ) {
    await store.set(`${name}/zarr.json`, json(array.document));
    await store.setVirtualRefs(`/${name}`, array.refs, false);
    for (const { index, bytes } of array.native) {
      await store.set(`${name}/c/${index.join("/")}`, Buffer.from(bytes, "hex"));
    }
  }
  await session.commit("first");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
