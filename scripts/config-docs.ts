// `node scripts/config-docs.ts`, a part of `npm run fix`: writes the files that follow from a table of the service: oven.env.example,
// docs/configuration.md, docs/errors.md and docs/limits.md. A test (test/config/docs.test.ts) compares them with the tables.

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { FRAME_SIDE_LIMIT, LIMITS } from '../service/bake/limits.ts';
import { SECTIONS, type SetBy, type Variable } from '../service/config/variables.ts';
import { API_CODES, CONDITION_CODES, ERRORS, FAILURE_CODES, RETRIES } from '../service/errors.ts';
import { renderLimits } from './limits-docs.ts';
import { grouped, renderTable } from './tables.ts';

/** Files that follow from a table, by their path in the repository. */
export const RENDERED = {
  'oven.env.example': renderExample,
  'docs/configuration.md': renderDocs,
  'docs/errors.md': renderErrors,
  'docs/limits.md': renderLimits,
} as const;

const COLUMNS = 120;

/** The environment file that compose.yaml is started with: what is to be filled in, and all else as comments. */
export function renderExample(): string {
  const head = `# Every variable of the service, from service/config/variables.ts. For compose.yaml: copy this file to .env, which is not
# committed, and fill in what is empty. A variable that is a comment may be left out; its default stands here, if it has one.
`;
  const sections = Object.entries(SECTIONS).map(
    ([title, variables]) => `\n# ${title}\n\n${entries(variables).map(renderLine).join('')}`,
  );
  return head + sections.join('');
}

function renderLine([name, { about, default: value = '', example, otherwise }]: [string, Variable]): string {
  const words = otherwise ? `${about} When left out: ${otherwise}.` : about;
  const line = example === undefined ? `# ${name}=${value}` : `${name}=${example}`;
  return `${wrap(words)}${line}\n`;
}

function wrap(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1)!.length + word.length + 3 > COLUMNS) lines.push('');
    lines[lines.length - 1] += ` ${word}`;
  }
  return lines.map((line) => `#${line}\n`).join('');
}

const SET_BY: Readonly<Record<SetBy, string>> = {
  operator: 'you',
  stack: 'the stack',
  release: 'the release',
  candidate: 'the candidate’s unit',
};

/** The reference of all variables and limits. */
export function renderDocs(): string {
  return `# Configuration

The service reads its environment once, when it starts. It lists everything that is missing or wrong by name, and does not start then.
\`oven.env.example\` has every variable for a container. On a host that Pulumi makes, the last column says what sets a variable: *you*, by
\`pulumi config set --path serviceEnvironment.NAME VALUE\`; *the stack*, by a key of its own ([Pulumi.yaml](../Pulumi.yaml)); *the release*, with
the files that it lays onto its host.

This file and \`oven.env.example\` are written by \`npm run fix\` from [service/config/variables.ts](../service/config/variables.ts) and
[service/bake/limits.ts](../service/bake/limits.ts).
${Object.entries(SECTIONS)
  .map(([title, variables]) => `\n## ${title}\n\n${renderTable(HEAD, entries(variables).map(row))}`)
  .join('')}
## Limits of a tape

\`oven bake\` reads the same variables. A tape beyond a limit fails with the code, and nothing is stored.

${renderTable(
  ['what', 'at most', 'variable', 'from – to', 'code'],
  Object.values(LIMITS).map(({ bounds, default: value, unit, variable, min, max, code }) => [
    bounds,
    `${grouped(value)} ${unit}`,
    `\`${variable}\``,
    `${grouped(min)} – ${grouped(max)}`,
    `\`${code}\``,
  ]),
)}
A frame has at most ${grouped(FRAME_SIDE_LIMIT)} pixels on a side, whatever the variables say.
`;
}

/** The reference of all error codes. */
export function renderErrors(): string {
  const failures = FAILURE_CODES.map((code) => {
    const { message, fault, retry, action } = ERRORS[code];
    return [`\`${code}\``, message, fault, RETRIES[retry], action];
  });
  const refusals = API_CODES.map((code) => {
    const { status, message, fault, action } = ERRORS[code];
    return [String(status), `\`${code}\``, message, fault, action];
  });
  const conditions = CONDITION_CODES.map((code) => {
    const { message, fault, action } = ERRORS[code];
    return [`\`${code}\``, message, fault, action];
  });
  return `# Error codes

This file is written by \`npm run fix\` from [service/errors.ts](../service/errors.ts).

## Why a bake failed

\`GET /status/{jobId}\`, the callback, the metrics, the log and \`oven bake\` name the code. [tape.md](tape.md) tells more about
the codes of tapes.

${renderTable(['code', 'cause', 'whose fault', 'tried again', 'what to do'], failures)}
## Why a request is refused

Every refusal is \`{"error": {"code", "message", "fields"?}}\`.

${renderTable(['status', 'code', 'cause', 'whose fault', 'what to do'], refusals)}
## What is wrong with the queue

\`/health\`, \`/health/work\`, the alerts and the log name the code; a candidate that can not use Redis ends with it.

${renderTable(['code', 'cause', 'whose fault', 'what to do'], conditions)}`;
}

const HEAD = ['variable', 'default', 'form', 'what it is for', 'set by'];

function row([name, variable]: [string, Variable]): string[] {
  const { form, about, setBy, required, otherwise, default: value } = variable;
  const absent = required ? '*required*' : (otherwise ?? '');
  return [
    `\`${name}\``,
    value === undefined ? absent : `\`${value}\``,
    form.description ?? '',
    about,
    SET_BY[setBy],
  ];
}

function entries(variables: Readonly<Record<string, Variable>>): [string, Variable][] {
  return Object.entries(variables);
}

if (import.meta.main) {
  for (const [path, render] of Object.entries(RENDERED)) {
    await writeFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), render());
  }
}
