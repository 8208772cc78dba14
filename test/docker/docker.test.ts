import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../rig/until.ts';
import { makeTape } from '../tapes/make.ts';
import { makeBases } from './bases.ts';
import { type Docker, dockerGap, startDocker } from './daemon.ts';

/** Where images stay between runs: the first run compiles ffmpeg. */
const DATA = process.env.OVEN_DOCKER_DATA ?? join(tmpdir(), 'oven-docker-data');
/** Bytes of the image at most, in the megabytes that Docker shows. */
const MOST = 450e6;
/** What people say for Compose, and what runs here: version 2 where its program is named by a variable. */
const COMPOSES = [
  ['docker-compose 1.29', 'docker-compose'],
  ['Docker Compose 2', process.env.OVEN_COMPOSE_V2],
] as const;
const PROJECT = 'oventest';
const SECRET = 'a-secret-of-the-docker-test';
/** Appends the bodies that it gets to a file. */
const RECEIVER = `
  require('node:http').createServer((request, response) => {
    request.on('data', (text) => require('node:fs').appendFileSync('callbacks', text)).on('end', () => response.end());
  }).listen(8888);`;

/** The commands of README.md that bake a tape in containers. */
async function readmeCommands(compose: string, tape: string): Promise<string> {
  const [, block = ''] = /```sh\n(sed [\s\S]*?)```/.exec(await readFile('README.md', 'utf8')) ?? [];
  expect(block).toContain('docker compose up');
  // Each builder of Compose sends other metadata and would build anew, without a network: the image is built already.
  return block.replace(' --build', '').replaceAll('docker compose', compose).replaceAll('TAPE.zip', tape);
}

const gap = dockerGap();
describe.skipIf(gap !== undefined)(`containers${gap ? ` (skipped: ${gap})` : ''}`, () => {
  let docker: Docker;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oven-compose-'));
    await mkdir(DATA, { recursive: true });
    for (const name of [
      '.dockerignore',
      'Dockerfile',
      'bin',
      'compose.yaml',
      'oven.env.example',
      'package.json',
      'package-lock.json',
      'service',
    ]) {
      await cp(resolve(name), join(folder, name), { recursive: true });
    }
    const builder = await startDocker(DATA, 'machine');
    try {
      await makeBases(builder, DATA);
      await builder.docker('build', '--network', 'host', '--tag', 'oven', folder);
    } finally {
      await builder.stop();
    }
    docker = await startDocker(DATA, 'own', PROJECT);
    // What a killed test has left.
    await docker.shell(
      'docker ps --all --quiet | xargs --no-run-if-empty docker rm --force; docker volume prune --force',
      folder,
    );
    // What the two versions of Compose call an image of their own.
    for (const name of [`${PROJECT}_oven`, `${PROJECT}-oven`]) await docker.docker('tag', 'oven', name);
  }, 7_200_000);
  afterAll(async () => {
    await docker?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  test('The image has at most 450 MB', async () => {
    const size = Number(await docker.docker('image', 'inspect', '--format', '{{.Size}}', 'oven'));
    console.log(`image: ${(size / 1e6).toFixed(0)} MB`);
    expect(size).toBeLessThanOrEqual(MOST);
  });

  test('Without a secret a container ends with its name', async () => {
    const run = docker.docker('run', '--rm', '--network', 'none', 'oven');
    await expect(run).rejects.toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('CALLBACK_SECRET is missing'),
    });
  });

  describe.each(COMPOSES)('%s', (_name, compose) => {
    const run = (words: string) => docker.shell(`${compose} ${words}`, folder);
    afterAll(async () => {
      if (compose) await run('down --volumes --timeout 5');
    }, 60_000);

    test.skipIf(!compose)('Without a secret compose ends at once and says so', async () => {
      for (const env of [undefined, await readFile('oven.env.example', 'utf8')]) {
        if (env === undefined) await rm(join(folder, '.env'), { force: true });
        else await writeFile(join(folder, '.env'), env);
        await expect(run('up --detach')).rejects.toMatchObject({
          all: expect.stringMatching(/CALLBACK_SECRET|\.env/),
        });
      }
      expect(
        await docker.docker('ps', '--all', '--quiet', '--filter', 'label=com.docker.compose.project'),
      ).toBe('');
    });

    test.skipIf(!compose)(
      'The commands of README.md end with a baked tape and its callback',
      async () => {
        const tape = join(folder, 'tape.zip');
        await makeTape(tape, { scene: 'sprites', width: 40, height: 30, seconds: 1, sound: true });
        const end = new AbortController();
        onTestFinished(() => end.abort());
        const receiver = `exec ${process.execPath} -e "$RECEIVER"`;
        docker.shell(receiver, folder, { env: { RECEIVER }, cancelSignal: end.signal }).catch(() => {});
        const commands = (await readmeCommands(compose!, tape)).replace(
          'CALLBACK_SECRET=$(openssl rand -hex 32)',
          `CALLBACK_SECRET=${SECRET}`,
        );
        await docker.shell(commands, folder);
        const video = await readFile(join(folder, 'first.mp4'));
        expect(video.subarray(4, 8).toString()).toBe('ftyp');
        const { stdout } = await execa(
          'ffmpeg',
          ['-v', 'error', '-i', join(folder, 'first.mp4'), '-f', 'null', '-'],
          { all: true },
        );
        expect(stdout).toBe('');
        const callbacks = () => readFile(join(folder, 'callbacks'), 'utf8');
        await until(
          'the callback came',
          async () => (await callbacks()).includes('/files/tapes/first.mp4'),
          60,
        );
      },
      300_000,
    );

    test.skipIf(!compose)(
      'npx oven works in the container, and every output kind bakes there',
      async () => {
        const status = await run('exec -T oven npx oven status --json');
        expect(JSON.parse(status.stdout)).toMatchObject({ status: 'healthy' });
        const outputs = await run(
          'exec -T oven npx oven bake /data/art/first.zip --out /tmp/out -f mp4 -f webm -f gif -f webp --json',
        );
        expect(JSON.parse(outputs.stdout).outputs).toHaveLength(5);
      },
      120_000,
    );

    test.skipIf(!compose)(
      'A second container on the volume leaves the tape of the first alone',
      async () => {
        const long = join(folder, 'long.zip');
        await makeTape(long, { scene: 'noise', width: 240, height: 180, seconds: 5, sound: false });
        const [first = ''] = (await docker.docker('ps', '--quiet', '--filter', 'publish=3000')).split('\n');
        await docker.shell(`docker exec -i ${first} sh -c 'cat >/data/art/long.zip' <${long}`, folder);
        const body = JSON.stringify({
          mongoId: 'long',
          slug: 'long',
          zipUrl: 'file:///data/art/long.zip',
          callbackUrl: 'http://host.docker.internal:8888/',
          callbackSecret: SECRET,
        });
        const { stdout } = await docker.shell(
          `curl -sS http://localhost:3000/bake -H 'Content-Type: application/json' -d '${body}'`,
          folder,
        );
        const { jobId } = JSON.parse(stdout) as { jobId: string };
        const folders = () => docker.docker('exec', first, 'ls', '/data/work');
        const isHeld = async () => (await folders()).includes(`tape-long-${jobId}`);
        await until('the tape is being baked', isHeld, 60);
        // It begins as the first did: with the same number of its process, the same boot, the same volume.
        const second = await docker.docker(
          'run',
          '--detach',
          '--volumes-from',
          first,
          '--network',
          `container:${first}`,
          '--env-file',
          join(folder, '.env'),
          '--env',
          'PORT=3001',
          '--env',
          'METRICS_PORT=0',
          '--env',
          'REDIS_URL=redis://redis:6379',
          'oven',
        );
        try {
          await until(
            'the second works',
            async () => (await docker.docker('logs', second)).includes('"baking"'),
            60,
          );
          expect(await isHeld()).toBe(true);
          const ended = await until(
            'the tape has ended',
            async () => {
              const report = JSON.parse(
                await docker.docker('exec', first, 'npx', 'oven', 'status', jobId, '--json'),
              );
              return ['done', 'failed'].includes(report.status) && report;
            },
            300,
          );
          expect(ended).toMatchObject({ status: 'done' });
          expect(await docker.docker('logs', first)).not.toContain('"attempt":2');
        } finally {
          await docker.docker('rm', '--force', second);
        }
      },
      480_000,
    );
  });
});
