import { isIP } from 'node:net';
import { unbracketed } from '../fetch/guard.ts';

/** Whether the bucket stands first in the path of its URLs: there are no names below an address or localhost. */
export function isPathStyle({ hostname }: URL): boolean {
  return isIP(unbracketed(hostname)) !== 0 || hostname === 'localhost';
}

/** URL of a bucket without a slash at its end, as it is given out: the virtual-hosted form, with the bucket in the host. */
export function bucketUrl(endpoint: URL, bucket: string): string {
  return isPathStyle(endpoint) ? pathStyle(endpoint, bucket) : virtualHost(endpoint, bucket);
}

/**
 * Every way to write the URL of a bucket, for a list of allowed origins: the bucket in the host, and first in the path.
 * Of a `file:///` endpoint, the folder itself.
 */
export function bucketOrigins(endpoint: URL, bucket: string): string[] {
  if (endpoint.protocol === 'file:') return [endpoint.href.replace(/\/+$/, '')];
  if (isPathStyle(endpoint)) return [pathStyle(endpoint, bucket)];
  return [virtualHost(endpoint, bucket), pathStyle(endpoint, bucket)];
}

function virtualHost({ protocol, host, pathname }: URL, bucket: string): string {
  return `${protocol}//${bucket}.${host}${pathname.replace(/\/+$/, '')}`;
}

function pathStyle({ origin, pathname }: URL, bucket: string): string {
  return `${origin}${pathname.replace(/\/+$/, '')}/${bucket}`;
}
