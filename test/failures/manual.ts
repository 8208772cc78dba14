/** The section of docs/operate.md that shows the lines of the log for each failure. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Line } from './world.ts';

const PAGE = new URL('../../docs/operate.md', import.meta.url);
const HEADING = '## What each failure looks like in the log\n';
const INTRODUCTION = `
The lines of one tape, as the service printed them in a test that makes each failure. \`…\` stands for the stack of an error, which is left out here, and for
the folder of the test. The lines \`tape asked for\` and \`bake started\` are left out too. \`level\` is \`error\` when a person must act, \`warn\` when Oven goes on by itself after a fault
of its own side, and \`info\` for everything else. \`grep JOB /var/log/oven/oven.log\` finds the lines of one tape.
`;

/** A failure with its lines. */
export interface Story {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** The stories that the page tells. */
export function readStories(): Story[] {
  const [, section = ''] = splitPage();
  return section
    .split('\n### ')
    .slice(1)
    .map((part) => {
      const [title = '', ...rest] = part.split('\n');
      return { title, lines: rest.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)) };
    });
}

/** Writes the stories into the page. `root` is the folder of the test. */
export function writeStories(stories: readonly Story[], root: string): void {
  const [before, , after] = splitPage();
  const parts = stories.map(({ title, lines }) => {
    const printed = lines.map((line) => JSON.stringify(withoutStacks(line)).replaceAll(root, '…'));
    return `\n### ${title}\n\n\`\`\`json\n${printed.join('\n')}\n\`\`\`\n`;
  });
  writeFileSync(PAGE, `${before}${HEADING}${INTRODUCTION}${parts.join('')}\n${after}`);
}

/** The page before the section, the section, and the page from the next heading on. */
function splitPage(): [before: string, section: string, after: string] {
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(HEADING);
  if (begin === -1) throw new Error(`docs/operate.md has no heading "${HEADING.trim()}".`);
  const next = page.indexOf('\n## ', begin + HEADING.length);
  const end = next === -1 ? page.length : next + 1;
  return [page.slice(0, begin), page.slice(begin, end), page.slice(end)];
}

/** What is the same in every run: the fields of a line, and the values that have a fixed set. */
export function shapeOf(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => shapeOf(one));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one, key)]));
  }
  const isFixed = ['level', 'msg', 'code', 'stage', 'reason', 'type', 'slug', 'attempt', 'queue'].includes(
    name,
  );
  return isFixed ? value : typeof value;
}

function withoutStacks(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [key, key === 'stack' ? '…' : withoutStacks(one)]));
}
