/** A call, as it is kept. Nothing in it is secret: neither bodies nor headers nor queries. */
export interface Call {
  readonly at: Date;
  readonly method: string;
  readonly path: string;
  /** What was answered; 0 where the connection was cut. */
  readonly status: number;
  /** What it did, in words, or why it was refused. */
  readonly did: string;
}

/** A line for each call: time, method, status, path, what it did. Pure. */
export function renderLog(calls: readonly Call[]): string {
  return calls.map((call) => `${renderCall(call)}\n`).join('');
}

/** One call in one line. Pure. */
export function renderCall({ at, method, path, status, did }: Call): string {
  const time = at.toISOString().slice(11, 23);
  return `${time} ${method.padEnd(6)} ${String(status || 'cut').padStart(3)} ${path}  ${oneLine(did)}`.trimEnd();
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
