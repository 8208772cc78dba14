import { GetObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { openTapeBucket } from '../../service/source/tape-bucket.ts';
import { openStorage } from '../../service/storage/open.ts';
import { openClient } from '../../service/storage/s3.ts';
import { keyBelow, publicBase } from '../../service/storage/urls.ts';

const KEYS = { key: 'k', secret: 's' };
const SPACES = new URL('https://sfo3.digitaloceanspaces.com');

describe('publicBase', () => {
  it.each<[string, string | undefined, string]>([
    ['https://sfo3.digitaloceanspaces.com', undefined, 'https://at-blobs.sfo3.digitaloceanspaces.com'],
    ['https://sfo3.digitaloceanspaces.com/', '', 'https://at-blobs.sfo3.digitaloceanspaces.com'],
    ['https://sfo3.digitaloceanspaces.com', 'cdn.example', 'https://cdn.example'],
    ['https://sfo3.digitaloceanspaces.com', 'https://cdn.example/', 'https://cdn.example'],
    ['https://sfo3.digitaloceanspaces.com', 'http://cdn.example:8080/x/', 'http://cdn.example:8080/x'],
    ['http://127.0.0.1:9000', undefined, 'http://127.0.0.1:9000/at-blobs'],
    ['http://localhost:9000', undefined, 'http://localhost:9000/at-blobs'],
    ['file:///srv/blobs', undefined, 'https://oven.example/files'],
    ['file:///srv/blobs', 'cdn.example', 'https://cdn.example'],
  ])('The endpoint %s with the CDN %s has the public URL %s', (endpoint, cdn, base) => {
    const publicUrl = new URL('https://oven.example/');
    const options = { endpoint: new URL(endpoint), bucket: 'at-blobs', ...KEYS, cdn, publicUrl };
    expect(publicBase(options)).toBe(base);
    const blobs = openStorage(options);
    expect(blobs.url('2025.10.01.12.00.00.000', 'mp4')).toBe(`${base}/tapes/2025.10.01.12.00.00.000.mp4`);
    expect(blobs.url('abc', 'thumbnail')).toBe(`${base}/tapes/abc-thumb.jpg`);
    blobs.close();
  });

  it.each([
    'ftp://cdn.example',
    'a b',
    'https://me:secret@cdn.example',
    'cdn.example?x',
    'cdn.example#x',
    '://',
  ])('The CDN "%s" is refused', (cdn) => {
    const open = () => openStorage({ endpoint: SPACES, bucket: 'at-blobs', ...KEYS, cdn });
    expect(open).toThrow(TypeError);
    expect(open).not.toThrow('secret');
  });

  it('A folder without a public URL is refused', () => {
    const open = () => openStorage({ endpoint: new URL('file:///srv/blobs'), bucket: '', ...KEYS });
    expect(open).toThrow(TypeError);
  });
});

describe('keyOf', () => {
  const art = openTapeBucket({ endpoint: SPACES, bucket: 'art', ...KEYS });
  const loopback = openTapeBucket({ endpoint: new URL('http://127.0.0.1:9000'), bucket: 'art', ...KEYS });
  const folder = openTapeBucket({ endpoint: new URL('file:///srv/art%20works'), bucket: '', ...KEYS });

  it.each([
    ['https://art.sfo3.digitaloceanspaces.com/abc.zip', 'abc.zip'],
    ['https://ART.sfo3.digitaloceanspaces.com:443/abc.zip?sig=1#x', 'abc.zip'],
    ['https://sfo3.digitaloceanspaces.com/art/abc.zip', 'abc.zip'],
    ['https://sfo3.digitaloceanspaces.com/art/auth0%7Cabc/a%20b.zip', 'auth0|abc/a b.zip'],
    ['https://art.sfo3.digitaloceanspaces.com/%C3%BC.zip', 'ü.zip'],
    ['https://art.sfo3.digitaloceanspaces.com/a+b.zip', 'a+b.zip'],
    ['https://art.sfo3.digitaloceanspaces.com/%252e%252e/a', '%2e%2e/a'],
    ['https://art.sfo3.digitaloceanspaces.com/x/../abc.zip', 'abc.zip'],
  ])('The URL %s has the key %s', (url, key) => {
    expect(art.keyOf(new URL(url))).toBe(key);
  });

  it.each([
    'https://art.sfo3.digitaloceanspaces.com/',
    'https://sfo3.digitaloceanspaces.com/art/',
    'https://sfo3.digitaloceanspaces.com/art',
    'https://sfo3.digitaloceanspaces.com/artful/abc.zip',
    'https://sfo3.digitaloceanspaces.com/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/../other/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/%2e%2e/other/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/..%2fother/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/a%2f..%2f..%2fother/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/..%5cother/abc.zip',
    'https://sfo3.digitaloceanspaces.com/art//abc.zip',
    'https://sfo3.digitaloceanspaces.com/art/%2fabc.zip',
    'https://sfo3.digitaloceanspaces.com/art/a%00.zip',
    'https://sfo3.digitaloceanspaces.com/art/a%0d%0a.zip',
    'https://sfo3.digitaloceanspaces.com/art/%zz.zip',
    'https://sfo3.digitaloceanspaces.com/art%2fabc.zip',
    'http://art.sfo3.digitaloceanspaces.com/abc.zip',
    'https://art.sfo3.digitaloceanspaces.com:8443/abc.zip',
    'https://art.sfo3.digitaloceanspaces.com./abc.zip',
    'https://art.sfo3.digitaloceanspaces.com.evil.example/abc.zip',
    'https://art.sfo3.cdn.digitaloceanspaces.com/abc.zip',
    'https://other.sfo3.digitaloceanspaces.com/abc.zip',
    'https://me:pass@art.sfo3.digitaloceanspaces.com/abc.zip',
    'file:///art/abc.zip',
  ])('The URL %s has no key', (url) => {
    expect(art.keyOf(new URL(url))).toBeUndefined();
  });

  it('A bucket at an IP address has its key in the path alone', () => {
    expect(loopback.keyOf(new URL('http://127.0.0.1:9000/art/abc.zip'))).toBe('abc.zip');
    expect(loopback.keyOf(new URL('http://127.0.0.1:9000/other/abc.zip'))).toBeUndefined();
    expect(loopback.keyOf(new URL('http://127.0.0.1:9001/art/abc.zip'))).toBeUndefined();
  });

  it.each([
    ['file:///srv/art%20works/abc.zip', 'abc.zip'],
    ['file:///srv/art works/x/abc.zip', 'x/abc.zip'],
    ['file:///srv/art%20works/../secret.zip', undefined],
    ['file:///srv/art%20works/..%2fsecret.zip', undefined],
    ['file:///srv/art%20works2/abc.zip', undefined],
    ['file:///etc/passwd', undefined],
    ['https://srv/art%20works/abc.zip', undefined],
  ])('The URL %s has the key %s in a folder', (url, key) => {
    expect(folder.keyOf(new URL(url))).toBe(key);
  });

  it('A bucket below a path has a key', () => {
    const url = new URL('https://s3.example/v1/art/abc.zip');
    expect(keyBelow('https://s3.example/v1/art', url)).toBe('abc.zip');
  });
});

describe('openClient', () => {
  it.each([
    ['https://sfo3.digitaloceanspaces.com', 'art.sfo3.digitaloceanspaces.com', '/x/abc.zip'],
    ['http://127.0.0.1:9000', '127.0.0.1', '/art/x/abc.zip'],
    ['http://[::1]:9000', '[::1]', '/art/x/abc.zip'],
    ['http://localhost:9000', 'localhost', '/art/x/abc.zip'],
  ])('A request to the endpoint %s goes to the host %s and the path %s', async (endpoint, hostname, path) => {
    const client = openClient({ endpoint: new URL(endpoint), bucket: 'art', ...KEYS }, 1);
    let sent: unknown;
    client.middlewareStack.add(
      () => async (args) => {
        sent = args.request;
        throw new Error('far enough');
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await expect(client.send(new GetObjectCommand({ Bucket: 'art', Key: 'x/abc.zip' }))).rejects.toThrow(
      'far enough',
    );
    expect(sent).toMatchObject({ hostname, path });
    client.destroy();
  });
});
