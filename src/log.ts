/** The log: one JSON object a line, secrets redacted. */

import { SluiceError } from "./errors.ts";

/** Writes one event; `error` adds its code, context and causes. */
export type Log = (event: string, fields: Record<string, unknown>, error?: unknown) => void;

/**
 * A log that writes JSON lines through `write`. It never throws: a full disk or a closed pipe is no
 * reason to answer otherwise.
 */
export function jsonLog(write: (line: string) => void): Log {
  return (event, fields, error) => {
    try {
      const entry = { time: new Date().toISOString(), event, ...fields, ...describe(error) };
      write(JSON.stringify(entry, (key, value) => redact(key, value)));
    } catch {
      // there is nowhere to say it
    }
  };
}

/** Shorter texts are words, not secrets: to hide them would hide the log. */
const SHORTEST_SECRET = 6;

/** `log`, told nothing of `secrets`: wherever one of them stands, in a message of the runtime too. */
export function withoutSecrets(log: Log, secrets: readonly string[]): Log {
  const hidden = secrets.filter((text) => text.length >= SHORTEST_SECRET)
    .flatMap((text) => [text, encodeURIComponent(text)])
    .map((text) => JSON.stringify(text).slice(1, -1))
    // a secret may be part of another
    .sort((a, b) => b.length - a.length);
  if (hidden.length === 0) return log;
  return (event, fields, error) => {
    let told: Record<string, unknown>;
    try {
      let text = JSON.stringify({ ...fields, ...describe(error) });
      for (const secret of hidden) text = text.replaceAll(secret, "[redacted]");
      told = JSON.parse(text);
    } catch (fault) {
      // what cannot be told as JSON cannot be searched for secrets either
      told = { untold: fault instanceof Error ? fault.name : "" };
    }
    log(event, told);
  };
}

function describe(error: unknown): Record<string, unknown> {
  if (error === undefined) return {};
  const causes: string[] = [];
  for (
    let cause: unknown = error, depth = 0;
    cause instanceof Error && depth < 5;
    cause = cause.cause, depth++
  ) {
    causes.push(`${cause.name}: ${cause.message}`);
  }
  const internal = error instanceof SluiceError && error.code === "internal";
  return {
    ...(error instanceof SluiceError ? { context: error.context } : {}),
    causes,
    ...(internal && error.cause instanceof Error ? { stack: error.cause.stack } : {}),
  };
}

const SECRET_NAME = /authorization|cookie|token|secret|password|signature|api-?key|credential/i;

/** Hides values under secret names, and the query and userinfo of every URL. */
function redact(key: string, value: unknown): unknown {
  if (SECRET_NAME.test(key) && typeof value === "string") return "[redacted]";
  if (typeof value !== "string") return value;
  return value.replace(
    /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#"']*@)?([^\s?"']*)\?[^\s"']*/gi,
    "$1$3?[redacted]",
  ).replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'@]*@/gi, "$1");
}
