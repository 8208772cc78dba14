import {
  type Agent,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface FrontOptions {
  /** Makes the connections to the server. */
  readonly agent: Agent;
  readonly port: number;
  /** The name that buckets are below. */
  readonly domain: string;
}

/**
 * Answers what Spaces knows and versitygw does not, without asking who asks: buckets' lifecycle configuration (501 there), and that a
 * bucket shall be private, as all of them are there. Everything else goes through as it is: a signature holds the host that
 * the client wrote.
 */
export function frontFor({ agent, port, domain }: FrontOptions): RequestListener {
  const kept = new Map<string, Buffer>();
  return (incoming, answer) => {
    const url = new URL(incoming.url ?? '/', 'http://any');
    const { method, headers } = incoming;
    const { bucket, key } = targetOf(headers.host ?? '', url.pathname, domain);
    if (url.searchParams.has('lifecycle')) {
      keep(kept, bucket, incoming, answer).catch(() => answer.destroy());
      return;
    }
    if (method === 'PUT' && key === '' && url.searchParams.has('acl') && headers['x-amz-acl'] === 'private') {
      incoming.resume();
      answer.writeHead(200).end();
      return;
    }
    const onward = request(
      { host: '127.0.0.1', port, agent, method, headers, path: incoming.url },
      (came) => {
        answer.writeHead(came.statusCode ?? 502, came.headers);
        came.pipe(answer);
      },
    );
    onward.once('error', () => answer.destroy());
    incoming.pipe(onward);
  };
}

/** What is asked about: the bucket is in the host, or first in the path. */
export function targetOf(host: string, path: string, domain: string): { bucket: string; key: string } {
  const name = host.replace(/:\d+$/, '');
  if (name.endsWith(`.${domain}`)) return { bucket: name.slice(0, -domain.length - 1), key: path.slice(1) };
  const [, bucket = '', ...key] = path.split('/');
  return { bucket, key: key.join('/') };
}

async function keep(
  kept: Map<string, Buffer>,
  bucket: string,
  incoming: IncomingMessage,
  answer: ServerResponse,
): Promise<void> {
  const body = await buffer(incoming);
  const type = { 'content-type': 'application/xml' };
  if (incoming.method === 'PUT') kept.set(bucket, body);
  if (incoming.method === 'DELETE') kept.delete(bucket);
  if (incoming.method !== 'GET') {
    answer.writeHead(incoming.method === 'DELETE' ? 204 : 200, type).end();
    return;
  }
  const found = kept.get(bucket);
  if (found !== undefined) answer.writeHead(200, type).end(found);
  else {
    const text = '<?xml version="1.0"?><Error><Code>NoSuchLifecycleConfiguration</Code></Error>';
    answer.writeHead(404, type).end(text);
  }
}
