import { bodyOf, type ServerRig, startServer } from './server.ts';

type Answer = { readonly status: number; readonly body?: object; readonly headers?: Record<string, string> };

/** Stands in for Oven where a test needs it to answer in a certain way. */
export interface OvenRig extends ServerRig {
  readonly orders: Record<string, unknown>[];
  /** What was purged, with the Authorization header. */
  readonly purged: string[];
  answer: () => Answer | 'down';
  /** 0: it never answers. */
  purgeStatus: number;
}

export async function startOvenStandIn(): Promise<OvenRig> {
  const rig = {
    orders: [] as Record<string, unknown>[],
    purged: [] as string[],
    answer: (): Answer | 'down' => ({
      status: 202,
      body: { jobId: 'job-1', status: 'queued', statusUrl: '' },
    }),
    purgeStatus: 200,
  };
  const server = await startServer(async (request, response) => {
    const text = (await bodyOf(request)).toString();
    if (request.method === 'DELETE') {
      rig.purged.push(`${request.url} ${request.headers.authorization}`);
      if (rig.purgeStatus !== 0) response.writeHead(rig.purgeStatus).end('{}');
      return;
    }
    rig.orders.push(JSON.parse(text));
    const answer = rig.answer();
    if (answer === 'down') return void request.socket.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.body ?? { error: { code: 'AS_THE_TEST_SAYS', message: '' } }));
  });
  return Object.assign(rig, server);
}
