import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPythonProgram } from '../rig/python.ts';
import { OLD_SECRET, startTestService, type TestService } from './test-service.ts';

const found = await findPythonProgram('schemathesis', '4.32.5');
const reason = 'gap' in found ? ` (skipped: ${found.gap})` : '';

/** No 5xx, and every answer as the document says. */
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
/** What the document forbids is refused; of a document that was narrowed for a test, that can't be asked. */
const STRICT = [...CHECKS, 'negative_data_rejection'];
const EXAMPLES = 25;
const MINUTES = 60_000;

describe.skipIf('reason' in found)(`the API, fuzzed from its own document${reason}`, () => {
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
        // A drained service answers 503, as it should.
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

  it('as a stranger may', () => fuzz(`${testService.url}/openapi.json`, STRICT), 5 * MINUTES);

  it(
    'by somebody who knows the secret, tapes and jobs',
    async () => {
      const stalled = testService.stalled('stalled');
      const { jobId: running } = await testService.bake(stalled);
      const { jobId: done } = await testService.bake(testService.body('nowhere', { priority: 1 }));
      // biome-ignore lint/suspicious/noExplicitAny: a document is what it is
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
