import { expect, it } from 'vitest';
import { API_CODES, ERRORS, FAILURE_CODES, OvenError, RETRIES } from '../service/errors.ts';

it('docs/errors.md is the table of error codes (vitest -u writes it)', async () => {
  await expect(renderPage()).toMatchFileSnapshot('../docs/errors.md');
});

it('A bake that failed for its tape or for a bug is not tried again', () => {
  for (const code of FAILURE_CODES) {
    const hopeless = ['tape', 'bug'].includes(ERRORS[code].fault);
    if (hopeless) expect([code, new OvenError(code).retryable]).toEqual([code, false]);
  }
});

it('Every code has a message and an action that are whole sentences', () => {
  for (const { message, action } of Object.values(ERRORS)) {
    for (const text of [message, action]) expect(text).toMatch(/^[\p{L}`].*\.$/u);
  }
});

function renderPage(): string {
  const failures = FAILURE_CODES.map((code) => {
    const { message, fault, retry, action } = ERRORS[code];
    return [`\`${code}\``, message, fault, RETRIES[retry], action];
  });
  const refusals = API_CODES.map((code) => {
    const { status, message, fault, action } = ERRORS[code];
    return [String(status), `\`${code}\``, message, fault, action];
  });
  return `# Error codes

This page is rendered from \`service/errors.ts\` by \`npx vitest run test/errors.test.ts -u\`.

## Why a bake failed

\`GET /status/{jobId}\`, the callback, the metrics, the log and \`oven bake\` name the code. [tape.md](tape.md) tells more about
the codes of tapes.

${table(['code', 'cause', 'whose fault', 'tried again', 'what to do'], failures)}

## Why a request is refused

Every refusal is \`{"error": {"code", "message", "fields"?}}\`.

${table(['status', 'code', 'cause', 'whose fault', 'what to do'], refusals)}
`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
