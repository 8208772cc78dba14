import { type Agent, type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface FrontOptions {
  /** Makes the connections to the server. */
  readonly agent: Agent;
  readonly port: number;
  /** The name that buckets are below. */
  readonly domain: string;
}

/**
 * Keeps buckets' lifecycle configuration, which versitygw says it does not know (501), and lets everything else through as it
 * is: a signature holds the host that the client wrote.
 */
export function frontFor({ agent, port, domain }: FrontOptions): RequestListener {
  const kept = new Map<string, Buffer>();
  return (incoming, answer) => {
    const url = new URL(incoming.url ?? '/', 'http://any');
    if (url.searchParams.has('lifecycle')) {
      const bucket = bucketOf(incoming.headers.host ?? '', url.pathname, domain);
      keep(kept, bucket, incoming, answer).catch(() => answer.destroy());
      return;
    }
    const { method, headers } = incoming;
    const onward = request(
      { ...{ host: '127.0.0.1', port, agent, method, headers }, path: incoming.url },
      (came) => {
        answer.writeHead(came.statusCode ?? 502, came.headers);
        came.pipe(answer);
      },
    );
    onward.once('error', () => answer.destroy());
    incoming.pipe(onward);
  };
}

/** The bucket that is asked about: in the host, or first in the path. */
export function bucketOf(host: string, path: string, domain: string): string {
  const name = host.replace(/:\d+$/, '');
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : (path.split('/')[1] ?? '');
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
