/** What the queue keeps of a failed attempt for the operator, of bounded size. */
import { hostname } from 'node:os';
import { EncoderOutput } from '../bake/errors.ts';
import type { FailureDetails, Stage } from '../schemas/outcome.ts';

const MAX_CAUSES = 5;
const MAX_TEXT = 600;
const MAX_LINES = 12;
const MAX_LINE = 300;

export type DescribeFailure = (error: unknown, attempt: number, stage: Stage | undefined) => FailureDetails;

/** Makes the function that describes failures. `scrub` removes secrets from a text. */
export function failureDescriber(release: string, scrub: (text: string) => string): DescribeFailure {
  const worker = `${hostname()}:${process.pid}`;
  const clean = (text: string, max: number) => scrub(text.slice(0, 10 * max)).slice(0, max);
  return (error, attempt, stage) => {
    const chain = causesOf(error);
    const output = chain.find((one) => one instanceof EncoderOutput)?.message ?? '';
    const lines = output.split(/[\r\n]+/).filter((line) => line.trim() !== '');
    return {
      at: Date.now(),
      attempt,
      ...(stage !== undefined && { stage }),
      worker,
      release,
      causes: chain.filter((one) => !(one instanceof EncoderOutput)).map((one) => describe(one, clean)),
      encoder: lines.slice(-MAX_LINES).map((line) => clean(line, MAX_LINE)),
    };
  };
}

/** An error and its causes, the outermost first. A getter of another's error may throw: the chain ends there. */
function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  try {
    for (let next = error; next !== undefined && chain.length < MAX_CAUSES; ) {
      chain.push(next);
      next = next instanceof Error ? next.cause : undefined;
    }
  } catch {}
  return chain;
}

function describe(error: unknown, clean: (text: string, max: number) => string) {
  try {
    if (!(error instanceof Error)) return { type: typeof error, message: clean(String(error), MAX_TEXT) };
    const { code } = error as { code?: unknown };
    const type = clean(error.name, MAX_LINE);
    const message = clean(error.message, MAX_TEXT);
    return typeof code === 'string' ? { type, message, code: clean(code, MAX_LINE) } : { type, message };
  } catch {
    return { type: 'unreadable', message: '' };
  }
}
