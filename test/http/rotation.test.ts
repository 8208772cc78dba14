import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';
import { expect, it, onTestFinished } from 'vitest';
import { readConfig } from '../../service/config/config.ts';
import { type Service, startService } from '../../service/service.ts';
import { type Received, startReceiver } from '../callback/receiver.ts';
import { freePort } from '../rig/port.ts';
import { describeS3, type S3Action, startS3 } from '../rig/s3.ts';
import { until } from '../rig/until.ts';
import { secretVariables } from './secret-variables.ts';
import { startBackends } from './test-service.ts';

const secret = (name: string) => `whsec_${Buffer.from(`the ${name} secret of callbacks`).toString('base64')}`;
const [OLD, NEW] = [secret('old'), secret('new')];
const TAPES = ['a', 'b', 'c', 'd', 'e'];
/** Those that are in the bucket of users' tapes. */
const OF_USERS = ['b', 'd'];
const bucketOf = (slug: string) => (OF_USERS.includes(slug) ? 'user' : 'art');

/** Each secret before, during and after its change. During it, the old one still holds outside the service. */
const ROTATIONS: Readonly<Record<string, readonly [before: string, during: string, after: string]>> = {
  CALLBACK_SECRET: [OLD, `${NEW},${OLD}`, NEW],
  ART_SPACES_KEY: ['art-old', 'art-new', 'art-new'],
  ART_SPACES_SECRET: ['art-secret-old', 'art-secret-new', 'art-secret-new'],
  USER_SPACES_KEY: ['user-old', 'user-new', 'user-new'],
  USER_SPACES_SECRET: ['user-secret-old', 'user-secret-new', 'user-secret-new'],
  AT_BLOBS_SPACES_KEY: ['blobs-old', 'blobs-new', 'blobs-new'],
  AT_BLOBS_SPACES_SECRET: ['blobs-secret-old', 'blobs-secret-new', 'blobs-secret-new'],
  REDIS_URL: ['redis-old', 'redis-new', 'redis-new'],
  ALERT_WEBHOOK_URL: ['hook-old', 'hook-new', 'hook-new'],
};

it('The rotation has every secret that a variable can hold', () => {
  expect(secretVariables()).toEqual(Object.keys(ROTATIONS).sort());
});

const READ: readonly S3Action[] = ['s3:GetObject', 's3:ListBucket'];
const WRITE: readonly S3Action[] = [...READ, 's3:PutObject', 's3:PutObjectAcl', 's3:DeleteObject'];

describeS3('the rotation of all secrets', () => {
  it('No callback is lost while every secret is changed, and each old secret ends', async () => {
    const s3 = await startS3();
    onTestFinished(() => s3.stop());
    const backends = await startBackends();
    onTestFinished(() => backends.close());
    await s3.make('art', 'private');
    await s3.make('user', 'private');
    await s3.make('blobs', 'public');
    const tape = await readFile(join(backends.root, 'art', 'a.zip'));
    for (const slug of TAPES) {
      await s3.client.send(new PutObjectCommand({ Bucket: bucketOf(slug), Key: `${slug}.zip`, Body: tape }));
    }

    // The server of S3 holds one key for each bucket, as its policy says; Redis any number of passwords.
    const admin = new Redis({ path: backends.redis.socket });
    onTestFinished(() => admin.disconnect());
    const redisPort = await freePort();
    await admin.config('SET', 'bind', '127.0.0.1');
    await admin.config('SET', 'port', String(redisPort));
    const openTo = async (phase: 0 | 1) => {
      const value = (name: string) => ROTATIONS[name]![phase];
      for (const [bucket, prefix, actions] of [
        ['art', 'ART_SPACES', READ],
        ['user', 'USER_SPACES', READ],
        ['blobs', 'AT_BLOBS_SPACES', WRITE],
      ] as const) {
        await s3.addKey(value(`${prefix}_KEY`), value(`${prefix}_SECRET`));
        await s3.allow(bucket, value(`${prefix}_KEY`), actions);
      }
      await admin.call('ACL', 'SETUSER', 'oven', 'on', `>${value('REDIS_URL')}`, '~*', '&*', '+@all');
    };

    let isReceiving = false;
    let receiversSecret = OLD;
    const delivered = new Map<string, number>();
    const forged: string[] = [];
    const receiver = await startReceiver((response, received) => {
      // Held until the service closes, which hands the callback back: a refused one would come again after five seconds, or after five minutes.
      if (!isReceiving) return;
      try {
        verify(receiversSecret, received);
        const { mongoId, mp4Url } = JSON.parse(received.body) as Record<string, string>;
        if (mp4Url === undefined) forged.push(received.body);
        delivered.set(mongoId!, (delivered.get(mongoId!) ?? 0) + 1);
      } catch (error) {
        forged.push(String(error));
      }
      response.end();
    });
    onTestFinished(() => receiver.close());
    const areDelivered = (slugs: readonly string[]) => () =>
      slugs.every((slug) => delivered.has(`id-${slug}`));

    let service: Service | undefined;
    const start = async (phase: 0 | 1 | 2) => {
      await service?.close();
      const values = Object.fromEntries(Object.entries(ROTATIONS).map(([name, row]) => [name, row[phase]]));
      const config = readConfig({
        ...backends.env,
        ...values,
        REDIS_URL: `redis://oven:${values.REDIS_URL}@127.0.0.1:${redisPort}`,
        ALERT_WEBHOOK_URL: `${receiver.url}/${values.ALERT_WEBHOOK_URL}`,
        ALLOWED_SOURCES: '',
        ALLOWED_CALLBACKS: receiver.url,
        LOG_LEVEL: 'silent',
        ART_SPACES_ENDPOINT: s3.endpoint.href,
        ART_SPACES_BUCKET: 'art',
        USER_SPACES_ENDPOINT: s3.endpoint.href,
        USER_SPACES_BUCKET: 'user',
        AT_BLOBS_SPACES_ENDPOINT: s3.endpoint.href,
        AT_BLOBS_SPACES_BUCKET: 'blobs',
      });
      service = await startService(config, { candidate: false });
    };
    onTestFinished(() => service?.close());
    const ask = (path: string, init: RequestInit) => fetch(service!.url + path, { method: 'POST', ...init });
    const bake = async (slug: string, callbackSecret: string) => {
      const zipUrl = `${s3.endpoint.origin}/${bucketOf(slug)}/${slug}.zip`;
      const callbackUrl = `${receiver.url}/hook`;
      const body = JSON.stringify({ mongoId: `id-${slug}`, slug, zipUrl, callbackUrl, callbackSecret });
      return (await ask('/bake', { headers: { 'content-type': 'application/json' }, body })).status;
    };
    const command = async (bearer: string) =>
      (await ask('/jobs/none/retry', { headers: { authorization: `Bearer ${bearer}` } })).status;

    // Before: a callback that is not taken yet, and tapes that wait.
    await openTo(0);
    await start(0);
    expect(await Promise.all(['a', 'b'].map((slug) => bake(slug, OLD)))).toEqual([202, 202]);
    await until('a callback is held', () => receiver.received.some(({ path }) => path === '/hook'));
    expect([await bake('c', NEW), await command(NEW)]).toEqual([401, 401]);

    // During: the new secrets are in use, callers and receiver have the old one still.
    await openTo(1);
    isReceiving = true;
    await start(1);
    await admin.call('ACL', 'SETUSER', 'oven', `<${ROTATIONS.REDIS_URL![0]}`);
    expect([await bake('c', OLD), await bake('d', NEW)]).toEqual([202, 202]);
    expect([await command(OLD), await command(NEW)]).toEqual([404, 404]);
    await until('all tapes are delivered', areDelivered(['a', 'b', 'c', 'd']), 60);
    receiversSecret = NEW;

    // After: the old secret opens nothing.
    await start(2);
    expect([await bake('e', OLD), await command(OLD)]).toEqual([401, 401]);
    expect([await bake('e', NEW), await command(NEW)]).toEqual([202, 404]);
    await until('the last tape is delivered', areDelivered(['e']), 60);
    expect([...delivered]).toEqual(expect.arrayContaining(TAPES.map((slug) => [`id-${slug}`, 1])));
    expect(forged).toEqual([]);
  }, 240_000);
});

/** Throws for a message that this secret did not sign. */
function verify(secret: string, { body, headers }: Received): void {
  new Webhook(secret).verify(body, headers as Record<string, string>);
}
