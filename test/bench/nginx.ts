/** nginx as the origin of a file, and as the peer that proxies ranges of it. */

import { freePort, listening, type PinnedProcess, startPinned } from "./process.ts";

/** A running nginx. */
export interface Nginx {
  readonly port: number;
  readonly process: PinnedProcess;
}

/** Serves the files of `folder`. */
export function startFileServer(folder: string, cores: readonly number[]): Promise<Nginx> {
  return start(folder, cores, (port) => `server { listen 127.0.0.1:${port}; root ${folder}; }`);
}

/** Answers `/chunk?r=FIRST-LAST` with those bytes of `/data.bin` of the server on `originPort`. */
export function startProxy(
  folder: string,
  originPort: number,
  cores: readonly number[],
): Promise<Nginx> {
  return start(
    folder,
    cores,
    (port) => `
  upstream origin { server 127.0.0.1:${originPort}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location /chunk {
      rewrite ^ /data.bin break;
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Range "bytes=$arg_r";
      proxy_buffering on;
      proxy_buffer_size 64k;
      proxy_buffers 32 64k;
      proxy_busy_buffers_size 128k;
      proxy_max_temp_file_size 0;
    }
  }`,
  );
}

async function start(
  folder: string,
  cores: readonly number[],
  server: (port: number) => string,
): Promise<Nginx> {
  const port = freePort();
  const own = `${folder}/nginx-${port}`;
  await Deno.mkdir(own);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${own}/${kind};`).join(" ");
  // tcp_nopush off: with it on, every tenth answer waits 40 ms for a delayed acknowledgement
  await Deno.writeTextFile(
    `${own}/nginx.conf`,
    `daemon off; worker_processes ${cores.length}; pid ${own}/pid; error_log ${own}/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush off; tcp_nodelay on;
  keepalive_requests 1000000000; keepalive_timeout 300s;
  default_type application/octet-stream; ${temporary}
  ${server(port)}
}
`,
  );
  const args = ["-p", own, "-e", `${own}/error.log`, "-c", `${own}/nginx.conf`];
  const process = startPinned({ command: "nginx", args, cores });
  await listening(port);
  return { port, process };
}
