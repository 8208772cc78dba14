/** URLs of buckets and of the files in them: how they are written, and which key a URL means. */
import { keyFor } from './keys.ts';
import { isPathStyle } from './s3.ts';
import type { StorageOptions } from './storage.ts';

/** URL of a bucket as Oven publishes it, without a slash at its end: the virtual-hosted form, with the bucket in the host. */
export function bucketUrl(endpoint: URL, bucket: string): string {
  return isPathStyle(endpoint) ? pathStyle(endpoint, bucket) : virtualHost(endpoint, bucket);
}

/**
 * Every way to write the URL of a bucket, for a list of allowed origins: the bucket in the host, and first in the path.
 * For a `file:///` endpoint, the folder itself.
 */
export function bucketOrigins(endpoint: URL, bucket: string): string[] {
  if (endpoint.protocol === 'file:') return [withoutSlash(endpoint.href)];
  if (isPathStyle(endpoint)) return [pathStyle(endpoint, bucket)];
  return [virtualHost(endpoint, bucket), pathStyle(endpoint, bucket)];
}

function virtualHost({ protocol, host, pathname }: URL, bucket: string): string {
  return `${protocol}//${bucket}.${host}${withoutSlash(pathname)}`;
}

function pathStyle({ origin, pathname }: URL, bucket: string): string {
  return `${origin}${withoutSlash(pathname)}/${bucket}`;
}

/**
 * The key that a URL means below `base` (the URL of a bucket or of a folder). Undefined if the URL is not below `base`, or
 * if servers may read the key in two ways (empty and dotted segments, backslashes, control characters).
 */
export function keyBelow(base: string, url: URL): string | undefined {
  const { protocol, host, pathname } = new URL(base);
  const prefix = `${withoutSlash(pathname)}/`;
  if (url.protocol !== protocol || url.host !== host || !url.pathname.startsWith(prefix)) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  const key = decoded(url.pathname.slice(prefix.length));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no key has a control character
  if (key === undefined || /[\\\u0000-\u001f\u007f]/.test(key)) return undefined;
  return key.split('/').some((segment) => /^\.{0,2}$/.test(segment)) ? undefined : key;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a lone percent sign
  }
}

/**
 * The start of the public URL of every stored file, without a slash at its end: the CDN, the bucket, or the service itself
 * for a folder. Throws TypeError for a CDN that is no host or URL, and for a folder without a public URL.
 */
export function publicBase({ cdn, endpoint, bucket, publicUrl }: StorageOptions): string {
  if (cdn !== undefined && cdn !== '') return cdnBase(cdn);
  if (endpoint.protocol !== 'file:') return bucketUrl(endpoint, bucket);
  if (publicUrl === undefined) throw new TypeError('folder storage needs the public URL of the service');
  return `${withoutSlash(publicUrl.href)}/files`;
}

/** Makes the function that knows whether a URL leads to the MP4 of a name, in any form that such a URL ever had. */
export function mp4UrlMatcher(options: StorageOptions): (url: string | undefined, name: string) => boolean {
  const { endpoint, bucket } = options;
  const origins = endpoint.protocol === 'file:' ? [] : bucketOrigins(endpoint, bucket);
  // The host of Spaces' own CDN.
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
