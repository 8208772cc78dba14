import { type ServerRig, startServer } from './server.ts';

export interface StoredFile {
  readonly bytes: Uint8Array;
  /** Sent without content-length. */
  readonly chunked?: boolean;
  /** In place of the real length. */
  readonly announced?: number;
}

/** Public files, as a bucket gives them; `files` by path. */
export interface StorageRig extends ServerRig {
  readonly files: Map<string, StoredFile>;
  /** When set, every request gets this status. */
  status: number | undefined;
  readonly asked: string[];
}

export async function startStorage(): Promise<StorageRig> {
  const rig = {
    files: new Map<string, StoredFile>(),
    status: undefined as number | undefined,
    asked: [] as string[],
  };
  const server = await startServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    rig.asked.push(`${request.method} ${path}`);
    const file = rig.files.get(path);
    if (rig.status !== undefined || file === undefined)
      return void response.writeHead(rig.status ?? 404).end();
    const length = { 'content-length': file.announced ?? file.bytes.length };
    response.writeHead(200, { 'content-type': 'video/mp4', ...(!file.chunked && length) });
    if (request.method === 'HEAD') return void response.end();
    response.write(file.bytes);
    // A server that announced more than it has ends the connection.
    if ((file.announced ?? 0) > file.bytes.length) response.destroy();
    else response.end();
  });
  return Object.assign(rig, server);
}
