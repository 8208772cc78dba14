import { Redis } from 'ioredis';

/** What Redis did in some time. */
export interface RedisWork {
  readonly commands: number;
  /** Processor milliseconds of the server. */
  readonly cpuMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Bytes that were appended to its file, and by which its memory grew. */
  readonly appended: number;
  readonly memory: number;
  readonly seconds: number;
}

/** Measures what Redis does while `work` runs. */
export async function measureRedis(socket: string, work: () => Promise<unknown>): Promise<RedisWork> {
  const client = new Redis({ path: socket });
  try {
    const before = await read(client);
    await work();
    const after = await read(client);
    const names = Object.keys(before) as (keyof RedisWork)[];
    return Object.fromEntries(
      names.map((name) => [name, after[name] - before[name]]),
    ) as unknown as RedisWork;
  } finally {
    client.disconnect();
  }
}

async function read(client: Redis): Promise<RedisWork> {
  const text = await client.info();
  const value = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1]);
  return {
    commands: value('total_commands_processed'),
    cpuMs: 1000 * (value('used_cpu_user') + value('used_cpu_sys')),
    bytesIn: value('total_net_input_bytes'),
    bytesOut: value('total_net_output_bytes'),
    appended: value('aof_current_size'),
    memory: value('used_memory'),
    seconds: performance.now() / 1000,
  };
}
