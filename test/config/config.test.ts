import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { renderRedis } from '../../infra/host/redis.ts';
import { renderService } from '../../infra/host/service.ts';
import { DEFAULT_LIMITS, LIMITS } from '../../service/bake/limits.ts';
import { autoConcurrency, MEMORY_MIB, RESERVED_MIB } from '../../service/config/concurrency.ts';
import { ConfigError, readConfig, secretsOf } from '../../service/config/config.ts';
import { readBakeVariables } from '../../service/config/read.ts';
import { BAKE_VARIABLES } from '../../service/config/variables.ts';

const MiB = 1024 * 1024;
const MACHINE = { cores: 2, memoryMiB: 1967 };
/** The vault file of SEED.md. */
const VAULT = {
  ART_SPACES_KEY: 'art-key',
  ART_SPACES_SECRET: 'art-secret',
  ART_SPACES_BUCKET: 'art-aesthetic-computer',
  AT_BLOBS_SPACES_KEY: 'blobs-key',
  AT_BLOBS_SPACES_SECRET: 'blobs-secret',
  AT_BLOBS_SPACES_BUCKET: 'at-blobs-aesthetic-computer',
  ART_SPACES_ENDPOINT: 'https://sfo3.digitaloceanspaces.com',
  AT_BLOBS_SPACES_ENDPOINT: 'https://sfo3.digitaloceanspaces.com',
  CALLBACK_SECRET: 'shared',
  PORT: '3000',
  NODE_ENV: 'production',
  TEMP_DIR: '/tmp',
};
const FOLDERS = {
  ART_SPACES_ENDPOINT: 'file:///a',
  AT_BLOBS_SPACES_ENDPOINT: 'file:///b',
  CALLBACK_SECRET: 's',
};
const problems = (env: NodeJS.ProcessEnv) => {
  try {
    readConfig(env, MACHINE);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('readConfig', () => {
  it('The variables of the vault file are enough, and all others have defaults', () => {
    expect(readConfig(VAULT, MACHINE)).toEqual({
      tapeBuckets: [
        {
          endpoint: new URL('https://sfo3.digitaloceanspaces.com'),
          bucket: 'art-aesthetic-computer',
          key: 'art-key',
          secret: 'art-secret',
        },
      ],
      storage: {
        endpoint: new URL('https://sfo3.digitaloceanspaces.com'),
        bucket: 'at-blobs-aesthetic-computer',
        key: 'blobs-key',
        secret: 'blobs-secret',
      },
      callbackSecrets: ['shared'],
      host: '127.0.0.1',
      port: 3000,
      isProduction: true,
      nodes: 1,
      nodeName: hostname(),
      tempDir: '/tmp',
      redis: { url: 'redis://127.0.0.1:6379' },
      concurrency: 2,
      maxQueued: 200,
      maxHistory: 50_000,
      maxHistoryBytes: 128 * 1024 * 1024,
      minFreeBytes: 1024 * MiB,
      limits: {
        zipBytes: 256 * MiB,
        unzippedBytes: 1024 * MiB,
        seconds: 60,
        frames: 4000,
        framePixels: 2_097_152,
        tapePixels: 12_000_000_000,
      },
      metricsPort: 9464,
      bakeTimeoutSeconds: 300,
      scale: 'auto',
      isDashboardPrivate: false,
      logLevel: 'info',
      outputName: 'slug',
      allowedSources: [
        'https://art-aesthetic-computer.sfo3.digitaloceanspaces.com',
        'https://sfo3.digitaloceanspaces.com/art-aesthetic-computer',
        'https://user-aesthetic-computer.sfo3.digitaloceanspaces.com',
        'https://sfo3.digitaloceanspaces.com/user-aesthetic-computer',
      ],
      allowedCallbacks: ['https://aesthetic.computer'],
    });
  });

  it('Folders need neither keys nor buckets', () => {
    expect(problems(FOLDERS)).toEqual([]);
    expect(readConfig(FOLDERS, MACHINE).allowedSources[0]).toBe('file:///a');
  });

  it('A list of sources replaces the buckets, and the folder of tapes stays allowed', () => {
    const listed = { ALLOWED_SOURCES: 'https://a' };
    expect(readConfig({ ...FOLDERS, ...listed }, MACHINE).allowedSources).toEqual(['file:///a', 'https://a']);
  });

  const USERS = {
    USER_SPACES_ENDPOINT: 'https://fra1.digitaloceanspaces.com',
    USER_SPACES_BUCKET: 'tapes-of-users',
    USER_SPACES_KEY: 'user-key',
    USER_SPACES_SECRET: 'user-secret',
  };

  it('The bucket of users’ tapes is a second tape bucket, and the source of users’ tapes', () => {
    const config = readConfig({ ...VAULT, ...USERS }, MACHINE);
    expect(config.tapeBuckets.map(({ bucket, key }) => [bucket, key])).toEqual([
      ['art-aesthetic-computer', 'art-key'],
      ['tapes-of-users', 'user-key'],
    ]);
    expect(config.allowedSources.filter((origin) => origin.includes('user'))).toEqual([
      'https://tapes-of-users.fra1.digitaloceanspaces.com',
      'https://fra1.digitaloceanspaces.com/tapes-of-users',
    ]);
    expect(secretsOf(config)).toEqual(expect.arrayContaining(['user-key', 'user-secret']));
  });

  it.each(Object.keys(USERS))('The bucket of users’ tapes is refused without %s', (name) => {
    expect(problems({ ...VAULT, ...USERS, [name]: '' })).toEqual([{ name, message: 'is missing' }]);
  });

  it('A folder of users’ tapes needs no keys, and stays allowed beside a list of sources', () => {
    const env = { ...FOLDERS, USER_SPACES_ENDPOINT: 'file:///u', ALLOWED_SOURCES: 'https://a' };
    expect(readConfig(env, MACHINE).allowedSources).toEqual(['file:///a', 'file:///u', 'https://a']);
  });

  it.each<[string, NodeJS.ProcessEnv, object]>([
    ['several secrets', { CALLBACK_SECRET: ' new , old,,' }, { callbackSecrets: ['new', 'old'] }],
    [
      'a Redis on a socket',
      { REDIS_URL: 'unix:///run/redis.sock' },
      { redis: { url: 'unix:///run/redis.sock' } },
    ],
    ['a Redis with TLS', { REDIS_URL: 'rediss://u:p@h:1/2' }, { redis: { url: 'rediss://u:p@h:1/2' } }],
    ['a number of bakes', { CONCURRENCY: '3' }, { concurrency: 3 }],
    ['an automatic number of bakes', { CONCURRENCY: 'auto' }, { concurrency: 2 }],
    [
      'empty values, which count as none',
      { PORT: '', CONCURRENCY: ' ', AT_BLOBS_CDN: '', LOG_LEVEL: '' },
      { port: 3000, concurrency: 2 },
    ],
    ['a scale', { OUTPUT_SCALE: '4' }, { scale: 4 }],
    ['a choice of file names', { OUTPUT_NAME: 'code' }, { outputName: 'code' }],
    ['a CDN', { AT_BLOBS_CDN: 'cdn.test' }, { storage: expect.objectContaining({ cdn: 'cdn.test' }) }],
    ['a public URL', { PUBLIC_URL: 'https://oven.test' }, { publicUrl: new URL('https://oven.test') }],
    [
      'lists of origins',
      { ALLOWED_SOURCES: 'https://a, https://b/c', ALLOWED_CALLBACKS: 'http://127.0.0.1:1' },
      { allowedSources: ['file:///a', 'https://a', 'https://b/c'], allowedCallbacks: ['http://127.0.0.1:1'] },
    ],
    [
      'limits of a tape',
      { MAX_ZIP_MB: '1', MAX_FRAMES: '2', MIN_FREE_MB: '0' },
      { limits: expect.objectContaining({ zipBytes: MiB, frames: 2 }), minFreeBytes: 0 },
    ],
    ['a socket to listen on', { LISTEN_SOCKET: '/run/x' }, { listenSocket: '/run/x' }],
  ])('The environment can have %s', (_what, env, expected) => {
    expect(readConfig({ ...FOLDERS, ...env }, MACHINE)).toMatchObject(expected);
  });

  it('An empty environment is refused with the name of every required variable', () => {
    const found = problems({});
    expect(found.every(({ message }) => message === 'is missing')).toBe(true);
    expect(found.map(({ name }) => name).sort()).toEqual(
      [
        'ART_SPACES_ENDPOINT',
        'ART_SPACES_BUCKET',
        'ART_SPACES_KEY',
        'ART_SPACES_SECRET',
        'AT_BLOBS_SPACES_ENDPOINT',
        'AT_BLOBS_SPACES_BUCKET',
        'AT_BLOBS_SPACES_KEY',
        'AT_BLOBS_SPACES_SECRET',
        'CALLBACK_SECRET',
      ].sort(),
    );
  });

  it('Several hosts need buckets, since no host sees the folders of another', () => {
    const message = expect.stringContaining('must be a bucket');
    expect(problems({ ...FOLDERS, USER_SPACES_ENDPOINT: 'file:///u', NODES: '2' })).toEqual([
      { name: 'ART_SPACES_ENDPOINT', message },
      { name: 'USER_SPACES_ENDPOINT', message },
      { name: 'AT_BLOBS_SPACES_ENDPOINT', message },
    ]);
    const named = { NODES: '3', NODE_NAME: 'oven-2' };
    expect(readConfig({ ...VAULT, ...named }, MACHINE)).toMatchObject({ nodes: 3, nodeName: 'oven-2' });
  });

  const WRONG: Record<string, string[]> = {
    PORT: ['x', '-1', '65536', '1.5', '1e3', '0x10'],
    METRICS_PORT: ['99999'],
    HOST: ['a b', 'http://x'],
    NODE_ENV: ['prod'],
    REDIS_URL: [
      '127.0.0.1:6379',
      'http://h',
      'unix://',
      'redis://',
      'unix://host/path',
      'redis://:100%@h:1',
      'unix:///run/%zz',
    ],
    CONCURRENCY: ['0', '65', 'many', '-1'],
    MAX_QUEUED: ['0', 'x'],
    MAX_ZIP_MB: ['0', '999999'],
    MAX_UNZIPPED_MB: ['x'],
    MAX_TAPE_SECONDS: ['0'],
    MAX_FRAMES: ['1.5'],
    MAX_FRAME_PIXELS: ['x'],
    MIN_FREE_MB: ['-1'],
    BAKE_TIMEOUT_SECONDS: ['0'],
    OUTPUT_SCALE: ['3', 'AUTO'],
    OUTPUT_NAME: ['id', 'Slug'],
    LOG_LEVEL: ['loud'],
    PUBLIC_URL: ['oven.test', 'ftp://a', 'https://a/?q', 'https://u:p@a'],
    ALLOWED_SOURCES: ['a', 'ftp://a', 'https://a,b', 'https://a?x'],
    ALLOWED_CALLBACKS: ['*', 'https://*.a'],
    CALLBACK_SECRET: ['whsec_not base64', ',', ' '],
    ART_SPACES_ENDPOINT: ['sfo3', 's3://a', 'https://k:s@a'],
    AT_BLOBS_SPACES_ENDPOINT: ['http://a?b', 'file://host/x'],
    AT_BLOBS_CDN: ['ftp://a', 'http://u:p@a', 'a b'],
    ART_SPACES_BUCKET: ['A', 'a/b', 'x'],
    LISTEN_SOCKET: ['relative'],
    REDIS_CA: ['relative.pem', '/nowhere/authority.pem', '/dev/null'],
    NODES: ['0', 'many'],
    NODE_NAME: ['-a', 'a b', 'a'.repeat(64)],
  };
  it.each(Object.entries(WRONG).flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    'A wrong %s (%s) is refused by its name, without its value',
    (name, value) => {
      const found = problems({ ...FOLDERS, [name]: value });
      expect([...new Set(found.map((problem) => problem.name))]).toEqual(
        // A wrong endpoint is no folder, so the bucket and its keys are missing as well.
        name.endsWith('_ENDPOINT') && !value.startsWith('file:')
          ? ['ENDPOINT', 'BUCKET', 'KEY', 'SECRET'].map((part) => name.replace('ENDPOINT', part))
          : [name],
      );
      if (value.trim().length > 8) for (const { message } of found) expect(message).not.toContain(value);
    },
  );

  it('secretsOf finds every secret of the environment', () => {
    const all = secretsOf(
      readConfig({ ...VAULT, REDIS_URL: 'rediss://u:p%2Fw@h:1', CALLBACK_SECRET: 'a,b' }, MACHINE),
    );
    expect(all.sort()).toEqual(['a', 'art-key', 'art-secret', 'b', 'blobs-key', 'blobs-secret', 'p/w']);
  });
});

describe('autoConcurrency', () => {
  it.each([
    [{ cores: 1, memoryMiB: 961 }, 1],
    [{ cores: 1, memoryMiB: 480 }, 1],
    [{ cores: 2, memoryMiB: 1967 }, 2],
    [{ cores: 4, memoryMiB: RESERVED_MIB + 2 * MEMORY_MIB.bake - 1 }, 1],
    [{ cores: 4, memoryMiB: RESERVED_MIB + 2 * MEMORY_MIB.bake }, 2],
    [{ cores: 64, memoryMiB: 256_000 }, 3],
  ])('A machine of %j runs %d bakes at once', (machine, expected) => {
    expect(autoConcurrency(machine)).toBe(expected);
  });

  // Droplets of 1, 2, 4 and 8 GB, as Linux sees them.
  it.each([961, 1967, 3923, 7951])(
    'On a host of %i MiB all bakes fit beside Redis and Caddy, and into the limit of the service’s unit',
    (memoryMiB) => {
      const { system, redis, redisData, caddy, service, bake } = MEMORY_MIB;
      const tree = service + autoConcurrency({ cores: 64, memoryMiB }) * bake;
      expect(system + redis + caddy + tree).toBeLessThanOrEqual(memoryMiB);
      const percent = Number(/^MemoryMax=(\d+)%$/m.exec(renderService())![1]);
      expect(tree).toBeLessThanOrEqual((memoryMiB * percent) / 100);
      expect(renderRedis()).toContain(`\nmaxmemory ${redisData}mb\n`);
    },
  );

  it('The service with one bake has 400 MiB', () => {
    expect(MEMORY_MIB.service + MEMORY_MIB.bake).toBe(400);
  });
});

describe('readBakeVariables', () => {
  it('oven bake reads the same limits as the service', () => {
    expect(readBakeVariables({ MAX_FRAMES: '5', OUTPUT_SCALE: '2' })).toMatchObject({
      limits: { frames: 5 },
      scale: 2,
    });
    // The command line uses these where no variable is set.
    expect(readBakeVariables({})).toEqual({ limits: DEFAULT_LIMITS, scale: 'auto' });
    const names = [...Object.values(LIMITS).map(({ variable }) => variable), 'OUTPUT_SCALE'];
    expect(Object.keys(BAKE_VARIABLES)).toEqual(names);
    expect(() => readBakeVariables({ MAX_FRAMES: 'x', OUTPUT_SCALE: '3' })).toThrow(
      /^MAX_FRAMES .*\nOUTPUT_SCALE /,
    );
  });
});
