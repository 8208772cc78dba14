import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPds } from '../../netlify/lib/pds/pds.ts';
import { fetchKeepingRequest } from '../../netlify/lib/pds/sessions.ts';
import { until } from '../rig/until.ts';
import { type ServerRig, startServer } from './rig/server.ts';

setFlagsFromString('--expose-gc');
const clearUp = runInNewContext('gc') as () => void;

// Node's garbage collector drops an unreferenced Request with its signal. Constant collections make it visible.
let closed = 0;
let server: ServerRig;
let clearing: NodeJS.Timeout;
let begin = false;
beforeEach(async () => {
  closed = 0;
  server = await startServer((request, response) => {
    request.resume();
    response.on('close', () => {
      closed += 1;
    });
    if (begin) response.writeHead(200, { 'content-length': 100 }).write('{');
  });
  clearing = setInterval(clearUp, 20);
});
afterEach(async () => {
  clearInterval(clearing);
  begin = false;
  await server.stop();
});

test('A call ends in time when the PDS never answers', async () => {
  const pds = openPds(new URL(server.url));
  await expect(pds.blobLimit(AbortSignal.timeout(500))).rejects.toMatchObject({ code: 'PDS_TIMEOUT' });
  await until('the connection is closed', () => closed > 0);
});

test('A call ends in time when the PDS never finishes its response', async () => {
  begin = true;
  const pds = openPds(new URL(server.url));
  await expect(pds.blobLimit(AbortSignal.timeout(500))).rejects.toMatchObject({ code: 'PDS_TIMEOUT' });
});

test('A call ends in time when the PDS never answers the login', async () => {
  const pds = openPds(new URL(server.url));
  const account = { identifier: 'did:plc:x', password: 'x' };
  const upload = pds.upload(account, new Uint8Array(10), AbortSignal.timeout(500));
  await expect(upload).rejects.toMatchObject({ code: 'PDS_TIMEOUT' });
});

test('A call ends with its signal after a garbage collection', async () => {
  const send = (signal: AbortSignal) => fetchKeepingRequest(new Request(server.url, { signal }));
  await expect(send(AbortSignal.timeout(500))).rejects.toMatchObject({ name: 'TimeoutError' });
  await until('the connection is closed', () => closed > 0);
});
