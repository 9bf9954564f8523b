/** The peers' root: a Debian tree of its own with the clients that people use (test/peers/setup). */

/** Where the root is on this host. */
export const PEERS_ROOT = Deno.env.get("PEERS_ROOT") ?? "/opt/peers";

/** True if test/peers/setup has finished there. */
export function peersReady(): boolean {
  try {
    return Deno.statSync(`${PEERS_ROOT}/.peers-ready`).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A file of this folder as a path of the host. */
export function peersFile(name: string): string {
  return decodeURIComponent(new URL(name, import.meta.url).pathname);
}

/** A new folder that both sides see: `host` is its path here, `inside` in the root. */
export async function sharedFolder(): Promise<{ host: string; inside: string }> {
  const host = await Deno.makeTempDir({ dir: `${PEERS_ROOT}/tmp`, prefix: "sluice-" });
  return { host, inside: host.slice(PEERS_ROOT.length) };
}

/** Copies a folder of the host, links followed, into `to`, which is made. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    if (entry.isDirectory) await copyFolder(`${from}/${entry.name}`, `${to}/${entry.name}`);
    else await Deno.copyFile(`${from}/${entry.name}`, `${to}/${entry.name}`);
  }
}

/** Runs a command in the root: what it wrote, and whether it succeeded. */
export async function runInRoot(
  command: string[],
  environment: Record<string, string> = {},
): Promise<{ success: boolean; output: string; errors: string }> {
  const result = await new Deno.Command(peersFile("run"), {
    args: command,
    env: { PYTHONDONTWRITEBYTECODE: "1", ...environment },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return {
    success: result.success,
    output: text.decode(result.stdout),
    errors: text.decode(result.stderr),
  };
}
