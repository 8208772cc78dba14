import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPythonProgram } from '../rig/python.ts';
import { OLD_SECRET, startTestService, type TestService } from './test-service.ts';

const found = await findPythonProgram('schemathesis', '4.32.5');
const reason = 'gap' in found ? ` (skipped: ${found.gap})` : '';

/** No 5xx, and only answers that the document has. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
  'allow_header_conformance',
  'ignored_auth',
];
/** Requests that the document forbids are refused. A document that a test has narrowed can't be checked for this. */
const STRICT = [...CHECKS, 'negative_data_rejection'];
const EXAMPLES = 50;
const MINUTES = 60_000;

// Run by `npm run test:api`. The target `api` of test/fuzz checks the same without Python, and is what `npm test` runs.
describe.skipIf('gap' in found)(`The API, fuzzed by its own document${reason}`, () => {
  let testService: TestService;
  beforeAll(async () => {
    testService = await startTestService({ MAX_QUEUED: '5', LOG_LEVEL: 'warn' });
  });
  afterAll(() => testService.close());

  const fuzz = async (document: string, checks: readonly string[]) => {
    const { all, exitCode } = await execa(
      'program' in found ? found.program : '',
      [
        'run',
        document,
        '--url',
        testService.url,
        '--seed',
        '1',
        '--max-examples',
        String(EXAMPLES),
        '--no-color',
        '--phases',
        'examples,coverage,fuzzing',
        '--checks',
        checks.join(','),
        '--header',
        `Authorization: Bearer ${OLD_SECRET}`,
        '--continue-on-failure',
        '--warnings',
        'off',
        // A draining service answers 503.
        '--exclude-operation-id',
        'startDrain',
      ],
      { all: true, reject: false, cwd: testService.root },
    );
    expect(exitCode, all).toBe(0);
    expect(all).toMatch(/[1-9]\d{2,} generated/);
    const bugs = testService.log.filter((line) => /"level":"(error|fatal)"/.test(line));
    expect(bugs).toEqual([]);
  };

  it(
    'Requests without a secret cause no 5xx and no undocumented answer',
    () => fuzz(`${testService.url}/openapi.json`, STRICT),
    5 * MINUTES,
  );

  it(
    'Requests with the secret, with tapes and jobs that exist, cause no 5xx',
    async () => {
      const stalled = testService.stalled('stalled');
      const { jobId: running } = await testService.bake(stalled);
      const { jobId: done } = await testService.bake(testService.body('nowhere', { priority: 1 }));
      // biome-ignore lint/suspicious/noExplicitAny: a document has no type here
      const document = (await (await testService.fetch('/openapi.json')).json()) as any;
      for (const name of ['BakeRequest', 'ThumbnailRequest']) {
        const { properties } = document.components.schemas[name];
        properties.callbackSecret = { type: 'string', enum: [OLD_SECRET] };
        properties.callbackUrl = { type: 'string', enum: [stalled.callbackUrl] };
        properties.zipUrl = { type: 'string', enum: [stalled.zipUrl, testService.body('a').zipUrl] };
        properties.slug = { type: 'string', enum: ['a', 'stalled', 'nowhere'] };
        delete properties.progressUrl;
      }
      for (const methods of Object.values<
        Record<string, { parameters?: { name: string; schema: object }[] }>
      >(document.paths)) {
        for (const { parameters = [] } of Object.values(methods)) {
          for (const parameter of parameters) {
            if (parameter.name !== 'slug') parameter.schema = { type: 'string', enum: [running, done] };
          }
        }
      }
      const file = join(testService.root, 'openapi.json');
      await writeFile(file, JSON.stringify(document));
      await fuzz(file, CHECKS);
    },
    5 * MINUTES,
  );
});
