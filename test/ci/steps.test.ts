import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { networks } from '../../scripts/ci/lib/stack-file.ts';
import { startApi } from './server.ts';

const NETWORK = '20.51.1.2/32';
const OFFICE = '198.51.100.7/32';
const TOKENS = {
  DIGITALOCEAN_TOKEN: 'the-reading-token',
  SPACES_ACCESS_KEY_ID: 'spaces-key',
  SPACES_SECRET_ACCESS_KEY: 'spaces-secret',
  CLOUDFLARE_API_TOKEN: 'cloudflare-token',
};
const FILE = `config:
  oven:sshAllowedCidrs:
    - ${OFFICE}
  digitalocean:token:
    secure: v1:writes
`;

/** Stands in for Pulumi's CLI: says what `plan.json` has for its first words, in turn, and notes what it was asked and saw. */
const PULUMI = `
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
const plan = JSON.parse(readFileSync('plan.json', 'utf8'));
const key = args[0] === 'stack' ? 'export' : args[0];
const [answer, ...rest] = plan[key] ?? [];
if (rest.length > 0) writeFileSync('plan.json', JSON.stringify({ ...plan, [key]: rest }));
appendFileSync('calls.jsonl', JSON.stringify({ args, file: readFileSync('Pulumi.prod.yaml', 'utf8') }) + '\\n');
process.stdout.write(answer?.out ?? '');
process.stderr.write(answer?.err ?? '');
process.exitCode = answer?.status ?? 0;
`;

interface Answer {
  readonly out?: string;
  readonly err?: string;
  readonly status?: number;
}
type Plan = Readonly<Partial<Record<'config' | 'preview' | 'export' | 'up' | 'cancel', readonly Answer[]>>>;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oven-ci-'));
  await writeFile(join(folder, 'Pulumi.prod.yaml'), FILE);
  await writeFile(join(folder, 'pulumi.cjs'), PULUMI);
  await writeFile(
    join(folder, 'pulumi'),
    `#!/bin/sh\nexec '${process.execPath}' '${folder}/pulumi.cjs' "$@"\n`,
  );
  await chmod(join(folder, 'pulumi'), 0o755);
});
afterEach(() => rm(folder, { recursive: true }));

const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => '');
const stackFile = () => read('Pulumi.prod.yaml');

/** Runs a script as a step would, with nothing of this process's environment but what finds Node. */
async function step(
  script: string,
  args: readonly string[],
  plan: Plan,
  environment: NodeJS.ProcessEnv = {},
) {
  await writeFile(join(folder, 'plan.json'), JSON.stringify(plan));
  const { exitCode, all } = await execa(
    process.execPath,
    [...nodeArguments(environment), resolve(import.meta.dirname, '../../scripts/ci', script), ...args],
    {
      cwd: folder,
      all: true,
      reject: false,
      extendEnv: false,
      env: {
        PATH: `${folder}${delimiter}/usr/bin${delimiter}/bin`,
        PULUMI_STACK: 'someone/oven/prod',
        GITHUB_OUTPUT: join(folder, 'output'),
        GITHUB_STEP_SUMMARY: join(folder, 'summary'),
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'o/r',
        GITHUB_RUN_ID: '1',
        ...environment,
      },
    },
  );
  const calls = (await read('calls.jsonl'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { exitCode, all, calls: calls as { args: string[]; file: string }[] };
}

/** A preload that answers for the services that tell an address. */
function nodeArguments({ ECHO }: NodeJS.ProcessEnv): string[] {
  if (ECHO === undefined) return [];
  const code = `globalThis.fetch = async () => new Response(${JSON.stringify(ECHO)});`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

describe('preview', () => {
  const config = {
    'oven:callbackSecret': { value: 'hunter22-new,hunter22-old', secret: true },
    a: { secret: false },
  };
  const good = { config: [{ out: JSON.stringify(config) }] };
  const environment = { ...TOKENS, COMMIT: 'c0ffee00c0ffee00' };

  test('The preview uses the given tokens and outputs a report', async () => {
    const out = 'Previewing\nResources:\n    ~ 1 to update\n\nsaw hunter22-old and the-reading-token\n';
    const err = 'error: no changes were expected but changes were proposed\n';
    const plan = { ...good, preview: [{ out, err, status: 7 }] };
    const { exitCode, calls, all } = await step('preview.ts', ['preview'], plan, environment);
    expect([exitCode, calls.length]).toEqual([0, 2]);
    expect(calls[1]?.args.join(' ')).toMatch(
      /^preview --stack someone\/oven\/prod --diff --expect-no-changes --non/,
    );
    expect(calls[1]?.file).not.toContain('digitalocean:token');
    const output = await read('output');
    expect(output).toMatch(
      /^outcome<<(\S+)\nchanged\n\1\nbody<<(\S+)\n<!-- oven preview someone\/oven\/prod -->\n/,
    );
    expect(output).toContain('### Changes to `someone/oven/prod`: 1 to update');
    expect(output).toContain('saw [secret] and [secret]');
    expect(await read('summary')).toContain('### Changes to');
    for (const text of [output, all, await read('summary')])
      expect(text).not.toMatch(/hunter22|reading-token/);
  });

  test('The preview refreshes when it checks drift', async () => {
    const plan = { ...good, preview: [{ out: 'Resources:\n    42 unchanged\n' }] };
    const { exitCode, calls } = await step('preview.ts', ['drift'], plan, environment);
    expect([exitCode, calls[1]?.args.includes('--refresh')]).toEqual([0, true]);
    expect(await read('output')).toMatch(/^outcome<<(\S+)\nsame\n/);
  });

  test('The step fails when the preview fails, and reports it', async () => {
    const plan = { ...good, preview: [{ err: 'error: preview failed: hunter22-new\n', status: 1 }] };
    const { exitCode } = await step('preview.ts', ['preview'], plan, environment);
    expect(exitCode).toBe(1);
    expect(await read('output')).toContain('error: preview failed: [secret]');
  });

  test.each(Object.keys(TOKENS))(
    'The preview does not use the tokens of the stack without %s',
    async (name) => {
      const { exitCode, all, calls } = await step('preview.ts', ['preview'], good, {
        ...environment,
        [name]: '',
      });
      expect([exitCode, calls.length]).toEqual([1, 0]);
      expect(all).toContain(name);
      expect(await stackFile()).toBe(FILE);
      const output = await read('output');
      expect(output).toMatch(
        /^outcome<<(\S+)\nfailed\n\1\nbody<<(\S+)\n<!-- oven preview someone\/oven\/prod -->\n/,
      );
      expect(output).toContain(`these are not set: ${name}`);
    },
  );

  test('The preview shows nothing of a configuration that it could not read whole', async () => {
    const config = [
      { out: '{"oven:callbackSecret": "hunter22-new"', err: 'error: incorrect passphrase', status: 1 },
    ];
    const { exitCode, all } = await step('preview.ts', ['preview'], { config }, environment);
    expect(exitCode).toBe(1);
    expect(all).toContain("can't be read: error: incorrect passphrase");
    const output = await read('output');
    for (const text of [all, output]) expect(text).not.toContain('hunter22');
    expect(output).toMatch(/^outcome<<(\S+)\nfailed\n/);
    expect(output).toContain("The stack's configuration can't be read.");
  });
});

describe('publish', () => {
  const MARKER = '<!-- oven preview someone/oven/prod -->';
  const OLD = [{ id: 7, body: `${MARKER}\nof an older commit`, user: { login: 'github-actions[bot]' } }];
  let api: Awaited<ReturnType<typeof startApi>>;
  beforeEach(async () => {
    api = await startApi(({ method }) => [200, method === 'GET' ? OLD : {}]);
  });
  afterEach(() => api.close());
  const publish = (environment: NodeJS.ProcessEnv) =>
    step(
      'publish.ts',
      ['comment'],
      {},
      { GITHUB_API_URL: api.url, GITHUB_TOKEN: 't', NUMBER: '12', ...environment },
    );

  test.each([
    ['a report', { OUTCOME: 'changed', BODY: `${MARKER} report` }, 'report'],
    ['that a report was held back', { OUTCOME: 'changed', BODY: '' }, 'GitHub held it back'],
    [
      'that a preview ended before it had an outcome',
      { OUTCOME: '', BODY: '' },
      'It ended before it could look.',
    ],
  ])('publish replaces the old comment by %s', async (_what, environment, text) => {
    const { exitCode } = await publish(environment);
    expect(exitCode).toBe(0);
    expect(api.calls.at(-1)).toMatchObject({ method: 'PATCH', path: '/repos/o/r/issues/comments/7' });
    expect(JSON.stringify(api.calls.at(-1)?.body)).toContain(text);
  });

  test.each(['success', 'Changed', 'failed\nchanged'])('publish refuses the outcome %j', async (OUTCOME) => {
    const { exitCode, all } = await publish({ OUTCOME, BODY: MARKER });
    expect([exitCode, api.calls.length]).toEqual([1, 0]);
    expect(all).toContain('not one of same, changed, failed');
  });
});

describe("the check of Pulumi's CLI", () => {
  const expected = async () => {
    const sum = await execa({ shell: true, cwd: folder })`LC_ALL=C sha256sum pulumi* | LC_ALL=C sha256sum`;
    return sum.stdout.slice(0, 64);
  };
  beforeEach(() => rm(join(folder, 'Pulumi.prod.yaml')));

  test('The check of Pulumi’s CLI passes for the programs of the variable', async () => {
    const { exitCode } = await step('check-cli.ts', [], {}, { PULUMI_CLI_SHA256: await expected() });
    expect([exitCode, await read('summary')]).toEqual([0, '']);
  });

  test('The check of Pulumi’s CLI fails for other programs, also for another language host', async () => {
    const PULUMI_CLI_SHA256 = await expected();
    await writeFile(join(folder, 'pulumi-language-nodejs'), 'something else');
    const { exitCode, all } = await step('check-cli.ts', [], {}, { PULUMI_CLI_SHA256 });
    expect(exitCode).toBe(1);
    expect(all).toContain(await expected());
  });

  test('The check of Pulumi’s CLI prints the digest when the variable is not set', async () => {
    const { exitCode } = await step('check-cli.ts', [], {}, {});
    expect(exitCode).toBe(0);
    expect(await read('summary')).toContain(await expected());
  });
});

describe('open', () => {
  const DIGITALOCEAN_TOKEN = 'writes';

  test('open-ssh admits this machine only and keeps the given token', async () => {
    const { exitCode } = await step('open-ssh.ts', [], {}, { ECHO: '20.51.1.2\n', DIGITALOCEAN_TOKEN });
    expect(exitCode).toBe(0);
    expect(networks(await stackFile())).toEqual([OFFICE, NETWORK]);
    expect(await stackFile()).not.toContain('digitalocean:token');
    expect(await read('output')).toMatch(/^network<<(\S+)\n20\.51\.1\.2\/32\n\1\n$/);
  });

  test('open-ssh keeps the credentials of the stack when it gets none', async () => {
    await step('open-ssh.ts', [], {}, { ECHO: '20.51.1.2' });
    expect(await stackFile()).toContain('digitalocean:token');
  });

  test('open-ssh outputs no network when the machine is already admitted', async () => {
    await writeFile(join(folder, 'Pulumi.prod.yaml'), FILE.replace(OFFICE, NETWORK));
    const { exitCode } = await step('open-ssh.ts', [], {}, { ECHO: '20.51.1.2' });
    expect([exitCode, await read('output')]).toEqual([0, '']);
    expect(networks(await stackFile())).toEqual([NETWORK]);
  });

  test.each([
    ['an address that is nobody’s', FILE, '10.1.2.3', "address can't be found out"],
    ['no network to go back to', 'config: {}\n', '20.51.1.2', 'no sshAllowedCidrs'],
  ])('open-ssh refuses %s', async (_what, file, ECHO, why) => {
    await writeFile(join(folder, 'Pulumi.prod.yaml'), file);
    const { exitCode, all } = await step('open-ssh.ts', [], {}, { ECHO });
    expect([exitCode, await read('output')]).toEqual([1, '']);
    expect(all).toContain(why);
    expect(await stackFile()).toBe(file);
  });
});

describe('close', () => {
  const urn = 'urn:pulumi:prod::oven::oven:host:Host$digitalocean:index/firewall:Firewall::firewall';
  const state = (...sourceAddresses: string[]) => {
    const inputs = { inboundRules: [{ sourceAddresses }] };
    const resources = [{ urn, type: 'digitalocean:index/firewall:Firewall', id: 'f-1', inputs }];
    return { out: JSON.stringify({ version: 3, deployment: { resources } }) };
  };
  const [open, closed] = [state(OFFICE, NETWORK), state(OFFICE)];
  const locked = (host: string) => ({
    err: `error: the stack is currently locked by 1 lock(s). …\n  s3://b/x.json: created by runner@${host} (pid 7) at T\n`,
    status: 255,
  });
  const run = async (plan: Plan, environment: NodeJS.ProcessEnv = {}) => {
    await writeFile(join(folder, 'Pulumi.prod.yaml'), FILE.replace(OFFICE, `${OFFICE}\n    - ${NETWORK}`));
    const { calls, ...result } = await step('close-ssh.ts', [], plan, {
      SSH_NETWORK: NETWORK,
      UP_OUTCOME: 'success',
      ...environment,
    });
    return { ...result, calls, did: calls.map(({ args }) => args[0]).join(' ') };
  };

  test('close-ssh updates the firewall only, with the committed networks', async () => {
    const { exitCode, did, calls } = await run({ export: [open, closed], up: [{}] });
    expect([exitCode, did]).toEqual([0, 'stack up stack']);
    const [, up] = calls;
    expect(up?.args.join(' ')).toContain(`up --stack someone/oven/prod --target ${urn} --refresh --yes`);
    expect(up?.args).not.toContain('--target-dependents');
    expect(up?.file).toBe(FILE);
    expect(await read('summary')).toContain('SSH is closed');
  });

  test('close-ssh does nothing when nothing was opened', async () => {
    expect(await run({}, { SSH_NETWORK: '' })).toMatchObject({ exitCode: 0, did: '' });
    expect(await run({ export: [closed] }, { UP_OUTCOME: 'failure' })).toMatchObject({
      exitCode: 0,
      did: 'stack',
    });
  });

  test('close-ssh removes the lock of an interrupted update and continues', async () => {
    const plan = { export: [open, open, closed], up: [locked(hostname()), {}], cancel: [{}] };
    const { exitCode, did } = await run(plan, { UP_OUTCOME: 'cancelled' });
    expect([exitCode, did]).toEqual([0, 'stack up cancel stack up stack']);
  });

  describe('without Pulumi', () => {
    const rule = { protocol: 'tcp', ports: '22', sources: { addresses: [OFFICE, NETWORK] } };
    const firewall = { name: 'oven', inbound_rules: [rule], outbound_rules: [], tags: ['oven'] };

    test.each([
      ["where somebody else's update holds the lock", locked('laptop')],
      ['where the update fails', { err: 'error: Cloudflare could not be asked', status: 255 }],
    ])('close-ssh changes the firewall at DigitalOcean and fails: %s', async (_where, answer) => {
      const api = await startApi(() => [200, { firewall }]);
      const environment = { DIGITALOCEAN_API_URL: api.url, DIGITALOCEAN_TOKEN: 't', UP_OUTCOME: 'cancelled' };
      const { exitCode, did, all } = await run({ export: [open], up: [answer] }, environment);
      await api.close();
      expect([exitCode, did]).toEqual([1, 'stack up stack up stack']);
      expect(all).toContain('Run this workflow again');
      expect(api.calls.at(-1)).toMatchObject({
        method: 'PUT',
        path: '/v2/firewalls/f-1',
        body: { inbound_rules: [{ sources: { addresses: [OFFICE] } }] },
      });
    });

    const PROJECT = 'name: oven\nconfig:\n  dropletName:\n    default: oven\n';
    const others = { ...firewall, id: 'f-0', name: 'of-others' };

    test.each([
      ['where the state can’t be read', { err: 'error: could not open bucket', status: 255 }, 'stack'],
      [
        'where the firewall was only being made',
        { out: open.out.replace('"id":"f-1",', '') },
        'stack up stack up stack',
      ],
    ])('close-ssh finds the firewall by its name: %s', async (_where, answer, does) => {
      await writeFile(join(folder, 'Pulumi.yaml'), PROJECT);
      const api = await startApi(({ path }) =>
        path.startsWith('/v2/firewalls?')
          ? [200, { firewalls: [others, { ...firewall, id: 'f-1' }] }]
          : [200, { firewall }],
      );
      const environment = { DIGITALOCEAN_API_URL: api.url, DIGITALOCEAN_TOKEN: 't' };
      const { exitCode, did } = await run({ export: [answer], up: [{ status: 255 }] }, environment);
      await api.close();
      expect([exitCode, did]).toEqual([1, does]);
      expect(api.calls.map(({ method, path }) => `${method} ${path}`).slice(1)).toEqual([
        'GET /v2/firewalls/f-1',
        'PUT /v2/firewalls/f-1',
      ]);
      expect(api.calls.at(-1)?.body).toMatchObject({ inbound_rules: [{ sources: { addresses: [OFFICE] } }] });
    });

    test('close-ssh fails with a message when the firewall does not exist', async () => {
      await writeFile(join(folder, 'Pulumi.yaml'), PROJECT);
      const api = await startApi(() => [200, { firewalls: [others] }]);
      const environment = { DIGITALOCEAN_API_URL: api.url, DIGITALOCEAN_TOKEN: 't' };
      const { exitCode, all } = await run({ export: [{ status: 255 }] }, environment);
      await api.close();
      expect([exitCode, api.calls.length]).toEqual([1, 1]);
      expect(all).toContain('look whether it is open');
    });
  });
});
