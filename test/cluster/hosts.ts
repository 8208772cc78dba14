import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { NODE_FLAGS } from '../../service/node-flags.ts';
import { spawnService } from '../rig/service-process.ts';
import { smallDisk } from '../soak/disk.ts';

/** One host: the real service in a process and a network namespace of its own, with a disk and programs of its own. */
export interface Host {
  readonly name: string;
  readonly url: string;
  /** Starts the service; resolves when it listens. */
  start(): Promise<void>;
  /** Kills it with its children. */
  kill(): Promise<void>;
  /** Ends it by SIGTERM, and returns its exit code. */
  end(): Promise<number | null>;
  fillDisk(): Promise<void>;
  emptyDisk(): Promise<void>;
  removeEncoder(): Promise<void>;
  addEncoder(): Promise<void>;
  /** Its log, parsed. */
  readonly lines: readonly Record<string, unknown>[];
  close(): Promise<void>;
}

export interface HostOptions {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** A folder of its own. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

const PORT = 3000;

export async function makeHost({ name, namespace, address, folder, env }: HostOptions): Promise<Host> {
  const disk = smallDisk(join(folder, 'disk'));
  const programs = join(folder, 'bin');
  const encoder = join(programs, 'ffmpeg');
  const { stdout: ffmpeg } = await execa('which', ['ffmpeg']);
  const { stdout: ip } = await execa('which', ['ip']);
  await mkdir(join(folder, 'disk'), { recursive: true });
  await mkdir(programs);
  await symlink(ffmpeg, encoder);
  disk.mount();
  await mkdir(disk.temp);
  const url = `http://${address}:${PORT}`;
  const lines: Record<string, unknown>[] = [];
  let running: ReturnType<typeof spawnService> | undefined;
  const stop = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const ending = running;
    running = undefined;
    return (await ending?.stop(signal)) ?? null;
  };
  return {
    name,
    url,
    lines,
    start: async () => {
      const listening = Promise.withResolvers<void>();
      const own = {
        ...env,
        PATH: programs,
        HOST: address,
        PORT: `${PORT}`,
        NODE_NAME: name,
        TEMP_DIR: disk.temp,
      };
      running = spawnService(
        [ip, 'netns', 'exec', namespace, process.execPath, ...NODE_FLAGS],
        own,
        (line) => {
          try {
            lines.push(JSON.parse(line) as Record<string, unknown>);
          } catch {
            lines.push({ msg: line });
          }
          if (line.includes('"msg":"listening"')) listening.resolve();
        },
      );
      void running.ended.then(() =>
        listening.reject(new Error(`${name} ended: ${JSON.stringify(lines.at(-1))}`)),
      );
      await listening.promise;
    },
    kill: async () => void (await stop('SIGKILL')),
    end: () => stop('SIGTERM'),
    fillDisk: disk.fill,
    emptyDisk: disk.empty,
    removeEncoder: () => rm(encoder),
    addEncoder: () => symlink(ffmpeg, encoder),
    close: async () => {
      await stop('SIGTERM');
      disk.unmount();
    },
  };
}
