import { keyBelow } from '../source/tape-bucket.ts';
import { keyFor } from './keys.ts';
import { bucketOrigins, bucketUrl } from './s3.ts';
import type { StorageOptions } from './storage.ts';

/**
 * What public URLs of stored files begin with, without a slash at the end: the CDN, the bucket, or the service itself for a
 * folder. Throws TypeError for a CDN that is no host or URL, and for a folder without a public URL.
 */
export function publicBase({ cdn, endpoint, bucket, publicUrl }: StorageOptions): string {
  if (cdn !== undefined && cdn !== '') return cdnBase(cdn);
  if (endpoint.protocol !== 'file:') return bucketUrl(endpoint, bucket);
  if (publicUrl === undefined) throw new TypeError('folder storage needs the public URL of the service');
  return `${withoutSlash(publicUrl.href)}/files`;
}

/** Whether a URL is that of the MP4 of a name, in any of the ways in which URLs of these files were ever given out. */
export function namedBy(options: StorageOptions): (url: string | undefined, name: string) => boolean {
  const { endpoint, bucket } = options;
  const origins = endpoint.protocol === 'file:' ? [] : bucketOrigins(endpoint, bucket);
  // The host that Spaces' own CDN has.
  const cdns = origins.map((origin) =>
    origin.replace(/\.digitaloceanspaces\.com$/, '.cdn.digitaloceanspaces.com'),
  );
  const bases = [publicBase(options), ...origins, ...cdns];
  return (url, name) => {
    const key = keyFor(name, 'mp4');
    return url !== undefined && bases.some((base) => keyBelow(base, new URL(url)) === key);
  };
}

function cdnBase(cdn: string): string {
  const text = cdn.includes('://') ? cdn : `https://${cdn}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === '';
  if (!isPlain || url.search !== '' || url.hash !== '') {
    throw new TypeError('the CDN is neither a host nor a URL');
  }
  return withoutSlash(url.href);
}

function withoutSlash(text: string): string {
  return text.replace(/\/+$/, '');
}
