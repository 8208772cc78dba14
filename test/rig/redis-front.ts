import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisRig } from './redis.ts';

/** A proxy on a unix socket before a Redis, which slows and cuts what passes. */
export interface RedisFront {
  /** For the service's REDIS_URL. */
  readonly url: string;
  /** Milliseconds by which each piece of an answer comes later. */
  slowness: number;
  /** Closes every connection after half of its next answer. */
  cutAnswers(): void;
  stop(): Promise<void>;
}

export async function startRedisFront({ socket }: Pick<RedisRig, 'socket'>): Promise<RedisFront> {
  const path = `${socket}.front`;
  const open = new Set<Socket>();
  const toCut = new Set<Socket>();
  const server = createServer((client) => {
    const redis = connect(socket);
    open.add(client);
    const close = () => {
      open.delete(client);
      toCut.delete(client);
      client.destroy();
      redis.destroy();
    };
    for (const end of [client, redis]) end.on('error', close).on('close', close);
    client.pipe(redis);
    // Each piece waits for the one before it.
    let turn = Promise.resolve();
    redis.on('data', (piece: Buffer) => {
      turn = turn.then(async () => {
        if (front.slowness > 0) await delay(front.slowness);
        if (client.destroyed) return;
        if (!toCut.has(client)) client.write(piece);
        else client.write(piece.subarray(0, piece.length / 2), close);
      });
    });
  });
  await once(server.listen(path), 'listening');
  const front: RedisFront = {
    url: `unix://${path}`,
    slowness: 0,
    cutAnswers: () => {
      for (const client of open) toCut.add(client);
    },
    stop: async () => {
      for (const client of open) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return front;
}
