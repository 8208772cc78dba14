import { expect, it } from 'vitest';
import { allowList } from '../../service/source/allow-list.ts';
import { bucketOrigins, bucketUrl } from '../../service/storage/urls.ts';

it.each([
  [
    'https://sfo3.digitaloceanspaces.com',
    ['https://art.sfo3.digitaloceanspaces.com', 'https://sfo3.digitaloceanspaces.com/art'],
  ],
  ['https://s3.example:9000/', ['https://art.s3.example:9000', 'https://s3.example:9000/art']],
  ['https://s3.example/v1/', ['https://art.s3.example/v1', 'https://s3.example/v1/art']],
  ['http://127.0.0.1:9000', ['http://127.0.0.1:9000/art']],
  ['http://[::1]:9000', ['http://[::1]:9000/art']],
  ['http://localhost:9000', ['http://localhost:9000/art']],
])('The URLs of a bucket at %s are known', (endpoint, origins) => {
  expect(bucketOrigins(new URL(endpoint), 'art')).toEqual(origins);
  expect(bucketUrl(new URL(endpoint), 'art')).toBe(origins[0]);
  const allowed = allowList(origins);
  for (const origin of origins) expect(allowed(new URL(`${origin}/a.zip`))).toBeDefined();
});

it('The URL of a folder is its own origin', () => {
  expect(bucketOrigins(new URL('file:///srv/art%20works/'), 'art')).toEqual(['file:///srv/art%20works']);
});
