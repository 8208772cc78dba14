import { afterEach, describe, expect, it } from 'vitest';
import { openQueue, type Queue } from '../../service/queue/queue.ts';
import { until } from '../rig/until.ts';
import { type ServiceProcess, startProcess } from './process.ts';
import { type Backends, startBackends } from './test-service.ts';

let backends: Backends;
let queue: Queue;
const started: ServiceProcess[] = [];
const start = (env = backends.env) => {
  const service = startProcess(env);
  started.push(service);
  return service;
};
const open = async () => {
  backends = await startBackends();
  queue = openQueue({ redis: { path: backends.redis.socket }, maxQueued: 10 });
};
afterEach(async () => {
  for (const service of started.splice(0)) await service.kill();
  await queue.close();
  await backends.close();
});

const post = (url: string, body: object) => {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${url}/bake`, { method: 'POST', headers, body: JSON.stringify(body) });
};

describe('The end of the service', () => {
  it('After SIGTERM the service still answers and accepts, hands the active bake back, and the next process finishes it', async () => {
    await open();
    const first = start();
    const url = await first.url();
    const { jobId } = (await (await post(url, backends.stalled('held'))).json()) as { jobId: string };
    await until('it is taken up', async () => (await queue.status(jobId))?.status === 'downloading');

    first.child.kill('SIGTERM');
    await until('it is closing', () => first.said('closing'));
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const accepted = await post(url, backends.body('a'));
    expect(accepted.status).toBe(202);
    // Caddy must not keep the connection.
    expect(accepted.headers.get('connection')).toBe('close');
    const { jobId: late } = (await accepted.json()) as { jobId: string };
    first.child.kill('SIGTERM');
    expect((await fetch(`${url}/status/${jobId}`)).status).toBe(200);
    expect(await first.ended()).toBe(0);
    expect(first.said('closed')).toBe(true);
    for (const id of [jobId, late]) expect((await queue.status(id))?.status).toBe('queued');

    backends.isStalling = false;
    await start().url();
    for (const id of [jobId, late]) {
      await until(`${id} is done and told of`, async () => {
        const report = await queue.status(id);
        return report?.status === 'done' && report.callback.delivered;
      });
    }
    const told = backends.calls.map(({ body }) => JSON.parse(body).slug).sort();
    expect(told).toEqual(['a', 'held']);
  });

  it('SIGTERM ends an idle service, even with open streams of the dashboard', async () => {
    await open();
    const service = start();
    const events = await fetch(`${await service.url()}/events`);
    service.child.kill('SIGTERM');
    expect(await service.ended()).toBe(0);
    await events.text().catch(() => {});
  });

  it('SIGTERM ends a service that has lost Redis', async () => {
    await open();
    const service = start();
    await service.url();
    await until('it bakes', () => service.said('baking'));
    await backends.redis.kill();
    service.child.kill('SIGTERM');
    expect(await service.ended()).toBe(0);
    await backends.redis.start();
  });

  it('SIGTERM ends a service that has never reached Redis', async () => {
    await open();
    await backends.redis.kill();
    const service = start();
    const health = await fetch(`${await service.url()}/health`);
    expect(health.status).toBe(503);
    service.child.kill('SIGTERM');
    expect(await service.ended()).toBe(0);
    await backends.redis.start();
  });
});

describe('A service that starts before Redis', () => {
  it('A service that starts before Redis bakes when Redis is there', async () => {
    await open();
    await backends.redis.kill();
    const service = start();
    const url = await service.url();
    expect((await post(url, backends.body('a'))).status).toBe(503);
    await backends.redis.start();
    const accepted = await until('it is accepted', async () => {
      const response = await post(url, backends.body('a'));
      return response.status === 202 && ((await response.json()) as { jobId: string });
    });
    await until('it is done', async () => (await queue.status(accepted.jobId))?.status === 'done');
  });
});
