import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
};

/** Serves the files of `folder`, whole or in ranges, as players ask for them, and the page that plays them at `/`. */
export async function serveVideos(folder: string): Promise<{ url: string; close(): void }> {
  const page = join(import.meta.dirname, 'page.html');
  const server = createServer(async (request, response) => {
    const name = basename(request.url ?? '/');
    const path = name === '' ? page : join(folder, name);
    const whole = await readFile(path).catch(() => undefined);
    if (whole === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    const end = to ? Math.min(Number(to) + 1, whole.length) : whole.length;
    const headers = {
      'content-type': TYPES[extname(path)] ?? '',
      'accept-ranges': 'bytes',
      'content-length': end - start,
    };
    const range = from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${whole.length}` };
    response
      .writeHead(from === undefined ? 200 : 206, { ...headers, ...range })
      .end(whole.subarray(start, end));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
