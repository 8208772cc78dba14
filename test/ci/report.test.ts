import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LIMIT,
  marker,
  outcomeOf,
  type Preview,
  renderReport,
  renderUnfinished,
  renderWithheld,
  truncate,
} from '../../scripts/ci/lib/report.ts';

const EXPECTED = 'error: no changes were expected but changes were proposed';
const TEXT = `Previewing update (prod):
  pulumi:pulumi:Stack: (same)
    ~ digitalocean:index/firewall:Firewall: (update)
        [id=f-1]
      ~ name: "a" => "b"
Resources:
    ~ 1 to update
    +-2 to replace
    3 changes. 40 unchanged

${EXPECTED}
`;
const preview = (more: Partial<Preview> = {}): Preview => ({
  kind: 'preview',
  stack: 'someone/oven/prod',
  commit: '0123456789abcdef0123456789abcdef01234567',
  run: 'https://github.com/o/r/actions/runs/1',
  outcome: 'changed',
  text: TEXT,
  ...more,
});

describe('what a preview came to', () => {
  test.each([
    [0, 'Resources:\n    42 unchanged', 'same'],
    [7, TEXT, 'changed'],
    [1, TEXT, 'changed'],
    [1, 'error: preview failed', 'failed'],
    [255, TEXT, 'failed'],
    [undefined, '', 'failed'],
  ])('The status %s has its outcome', (status, text, outcome) => {
    expect(outcomeOf(status, text)).toBe(outcome);
  });
});

describe('a report', () => {
  test('A report starts with its marker and has counts, commit, run and diff', () => {
    expect(renderReport(preview())).toMatchInlineSnapshot(`
      "<!-- oven preview someone/oven/prod -->

      ### Changes to \`someone/oven/prod\`: 1 to update, 2 to replace, 40 unchanged

      Of 0123456789ab; [the whole run](https://github.com/o/r/actions/runs/1).

      <details><summary>What Pulumi says</summary>

      \`\`\`text
      Previewing update (prod):
        pulumi:pulumi:Stack: (same)
          ~ digitalocean:index/firewall:Firewall: (update)
              [id=f-1]
            ~ name: "a" => "b"
      Resources:
          ~ 1 to update
          +-2 to replace
          3 changes. 40 unchanged
      \`\`\`
      </details>"
    `);
  });

  test.each([
    ['same', 'preview', 'Nothing would change in `someone/oven/prod`'],
    ['failed', 'preview', 'The preview of `someone/oven/prod` failed'],
    ['failed', 'drift', 'The preview of `someone/oven/prod` failed'],
    ['changed', 'drift', '`someone/oven/prod` differs from main: 1 to update, 2 to replace, 40 unchanged'],
  ] as const)('A report of the outcome %s (%s) has its title', (outcome, kind, title) => {
    expect(renderReport(preview({ outcome, kind }))).toContain(`\n### ${title}\n`);
  });

  test('The output can’t close the fence of a report', () => {
    const body = renderReport(preview({ text: 'a\n````\n</details>\n<!-- oven drift x -->\n@all' }));
    expect(body).toContain('`````text\na\n````\n</details>');
    expect(body).toContain('@all\n`````\n</details>');
    expect(body.indexOf(marker('preview', 'someone/oven/prod'))).toBe(0);
  });

  test('A report has no colours and no hidden characters', () => {
    const body = renderReport(preview({ text: '\u001b[31mred\u001b[0m a\u202eb\u0007c\r\nd\u200be' }));
    expect(body).toContain('red abc\nde\n');
  });

  test('A stack’s name can’t end the marker of a report', () => {
    expect(marker('drift', 'a--> <b')).toBe('<!-- oven drift a--b -->');
    expect(renderWithheld('preview', 'prod', 'RUN').startsWith(marker('preview', 'prod'))).toBe(true);
    expect(renderUnfinished('preview', 'prod', 'RUN').startsWith(marker('preview', 'prod'))).toBe(true);
  });
});

describe('what is too long', () => {
  test.each([
    ['lines', `${'~ a line of the diff\n'.repeat(20_000)}Resources:\n    ~ 9 to update`],
    ['one line', `${'x'.repeat(200_000)}\nResources:\n    ~ 9 to update`],
    ['characters of many bytes', `${'💿\n'.repeat(60_000)}Resources:\n    ~ 9 to update`],
    ['backticks', `${'`'.repeat(90_000)}\n${'y\n'.repeat(60_000)}Resources:\n    ~ 9 to update`],
  ])('A text that is too long is cut: %s', (_what, text) => {
    const body = renderReport(preview({ text }));
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(LIMIT);
    expect(Buffer.byteLength(body)).toBeGreaterThan(LIMIT * 0.9);
    expect(body).toContain('### Changes to `someone/oven/prod`: 9 to update\n');
    expect(body).toContain('left out; the run’s log has it');
    expect(body).toContain('Resources:\n    ~ 9 to update\n');
    expect(body.endsWith('\n</details>')).toBe(true);
    expect(body).not.toContain('\ufffd');
  });

  test('A text that fits stays as it is', () => {
    expect(truncate('short', 5)).toBe('short');
  });

  test('A text is cut to any length', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 400 });
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 500 }), (whole, room) => {
        const shown = truncate(whole, room);
        expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(Math.max(room, 0));
        expect(shown.isWellFormed()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
