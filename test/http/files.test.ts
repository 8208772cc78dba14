import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyApp } from '../../service/http/app.ts';
import { fileRoutes, isOutput } from '../../service/http/routes/files.ts';
import { openLog } from '../../service/lib/log.ts';

const log = openLog({ level: 'silent', secrets: [] });
const app = emptyApp(log);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-files-'));
  await mkdir(join(folder, 'tapes', 'deep.mp4'), { recursive: true });
  await writeFile(join(folder, 'secret.mp4'), 'secret');
  await writeFile(join(folder, 'tapes', 'a.mp4'), '0123456789');
  await writeFile(join(folder, 'tapes', '.a.mp4.owner'), 'owner');
  await writeFile(join(folder, 'tapes', 'notes.txt'), 'notes');
  await symlink(join(folder, 'secret.mp4'), join(folder, 'tapes', 'link.txt'));
  await writeFile(join(folder, 'tapes', 'hidden.mp4'), 'hidden');
  await writeFile(join(folder, 'tapes', '.hidden.mp4.private'), '');
  app.use(async (c, next) => {
    c.set('isOperator', c.req.header('x-test-operator') === 'yes');
    await next();
  });
  fileRoutes(app, folder);
});
afterAll(() => rm(folder, { recursive: true }));

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  app.request(`http://oven.test${path}`, { method, headers });

describe('GET /files/tapes/:name', () => {
  it('A video is served with the headers that players and caches need', async () => {
    const response = await get('/files/tapes/a.mp4');
    expect([response.status, await response.text()]).toEqual([200, '0123456789']);
    const { headers } = response;
    expect(headers.get('content-type')).toBe('video/mp4');
    expect(headers.get('content-length')).toBe('10');
    expect(headers.get('accept-ranges')).toBe('bytes');
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  });

  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
  ])('A video is served for the range %s', async (range, status, text, contentRange) => {
    const response = await get('/files/tapes/a.mp4', { range });
    expect([response.status, await response.text()]).toEqual([status, text]);
    expect(response.headers.get('content-range')).toBe(contentRange);
  });

  it('HEAD tells the length of a video', async () => {
    const response = await get('/files/tapes/a.mp4', {}, 'HEAD');
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '10']);
  });
});

it('A private file is served to operators only, and no cache keeps it for others', async () => {
  const response = await get('/files/tapes/hidden.mp4', { 'x-test-operator': 'yes' });
  expect([response.status, await response.text()]).toEqual([200, 'hidden']);
  expect(response.headers.get('cache-control')).toBe('private, max-age=300');
  expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
});

describe('Other files in the folder', () => {
  it.each([
    '/files/tapes/hidden.mp4',
    '/files/tapes/.hidden.mp4.private',
    '/files/secret.mp4',
    '/files/tapes/.a.mp4.owner',
    '/files/tapes/notes.txt',
    '/files/tapes/link.txt',
    '/files/tapes/../secret.mp4',
    '/files/tapes/%2e%2e/secret.mp4',
    '/files/tapes/..%2fsecret.mp4',
    '/files/tapes/%252e%252e%252fsecret.mp4',
    '/files/tapes/..%5csecret.mp4',
    '/files//tapes/a.mp4',
    '/files/tapes/deep.mp4',
    '/files/tapes/',
    '/files/tapes/a.mp4/',
    '/files/tapes/a.mp4%00',
    '/files/tapes/b.mp4',
  ])('%s is not served', async (path) => {
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['a.mp4', true],
    ['a-thumb.jpg', true],
    ['2026.11.24.webm', true],
    ['a.gif', true],
    ['a.webp', true],
    ['.mp4', false],
    ['-thumb.jpg', false],
    ['a.mp4.part', false],
    ['a.jpg', false],
    [`${'a'.repeat(65)}.mp4`, false],
  ])('The name %s is that of a finished file: %s', (name, expected) => {
    expect(isOutput(name)).toBe(expected);
  });
});
