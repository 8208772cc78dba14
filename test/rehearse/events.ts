/** What an operation did to a resource, as far as anyone cares: creations that replace count as replacements. */
export type Kind = 'create' | 'update' | 'replace' | 'delete' | 'import' | 'same' | 'retain' | 'refresh';

/** One resource that an operation dealt with. */
export interface Operation {
  readonly kind: Kind;
  /** Such as `command:remote:Command activate`. */
  readonly what: string;
  /** Properties that differed, where the engine says so. */
  readonly because: readonly string[];
}

/** What the engine's own log says of an operation on a stack. */
export interface Outcome {
  readonly operations: readonly Operation[];
  /** Resources that failed. */
  readonly failed: readonly string[];
  /** What the operator is shown besides progress: warnings and errors, without colours. */
  readonly said: readonly string[];
  /** Seconds, or undefined where the engine did not come to its summary. */
  readonly seconds: number | undefined;
}

interface Metadata {
  readonly op: string;
  readonly urn: string;
  readonly diffs?: readonly string[] | null;
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
}

interface Event {
  readonly resourcePreEvent?: { readonly metadata: Metadata };
  readonly resOutputsEvent?: { readonly metadata: Metadata };
  readonly resOpFailedEvent?: { readonly metadata: Metadata };
  readonly diagnosticEvent?: {
    readonly severity: string;
    readonly message: string;
    readonly ephemeral?: boolean;
  };
  readonly summaryEvent?: { readonly durationSeconds: number };
}

/** What the engine says of every plugin that it takes from the PATH, and of every failure. */
const EMPTY = /^using pulumi-[\w-]+ from \$PATH|^update failed$|^\d+ errors? occurred:$/;

/** The engine has several steps for a replacement; the one that makes the new resource stands for it. */
const KINDS: Readonly<Record<string, Kind>> = {
  create: 'create',
  update: 'update',
  'create-replacement': 'replace',
  delete: 'delete',
  'delete-replaced': 'delete',
  import: 'import',
  same: 'same',
  discard: 'retain',
  'discard-replaced': 'retain',
  refresh: 'refresh',
};

/** Reads a log of the engine's events, a line of JSON each. What is cut off at its end is left out. */
export function readEvents(text: string): Outcome {
  const operations: Operation[] = [];
  const failed: string[] = [];
  const said: string[] = [];
  let seconds: number | undefined;
  for (const event of parse(text)) {
    const done = event.resOutputsEvent?.metadata;
    const kind = done && KINDS[done.op];
    if (done && kind && !isOwn(done.urn)) {
      const because = [...new Set([...(done.diffs ?? []), ...Object.keys(done.detailedDiff ?? {})])];
      operations.push({ kind, what: whatIs(done.urn), because });
    }
    if (event.resOpFailedEvent) failed.push(whatIs(event.resOpFailedEvent.metadata.urn));
    const words = event.diagnosticEvent;
    if (words && !words.ephemeral && /^(warning|error|info#err)$/.test(words.severity)) {
      // What a provider logs, and then fails with, is worth telling once.
      said.push(...plain(words.message).filter((line) => !EMPTY.test(line) && !said.includes(line)));
    }
    if (event.summaryEvent) seconds = event.summaryEvent.durationSeconds;
  }
  return { operations, failed, said, seconds };
}

/** Resources that an operation has begun with so far, such as to strike in the middle of one. */
export function begunIn(text: string): readonly string[] {
  return [...parse(text)].flatMap(({ resourcePreEvent: begun }) =>
    begun === undefined || begun.metadata.op === 'same' ? [] : [whatIs(begun.metadata.urn)],
  );
}

/** Type and name: `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` without what is the same for all. */
export function whatIs(urn: string): string {
  const [, , types = '', name = ''] = urn.split('::');
  const type = types.split('$').at(-1) ?? '';
  // digitalocean:index/droplet:Droplet is the same as digitalocean:Droplet.
  return `${type.replace(/:index\/\w+:/, ':')} ${name}`;
}

/** How many of each kind, the same left out: `2 updated, 1 replaced`; `nothing` where there are none. */
export function tallyOf(operations: readonly Operation[]): string {
  const words = Object.entries(WORDS).flatMap(([kind, word]) => {
    const count = operations.filter((one) => one.kind === kind).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return words.join(', ') || 'nothing';
}

const WORDS = {
  create: 'created',
  import: 'imported',
  update: 'updated',
  replace: 'replaced',
  delete: 'deleted',
  retain: 'retained',
} as const satisfies Partial<Record<Kind, string>>;

/** What was changed, without what stayed as it was or was only looked at. */
export function changesOf({ operations }: Outcome): readonly Operation[] {
  return operations.filter(({ kind }) => kind !== 'same' && kind !== 'refresh');
}

/** The stack, providers and data sources are no paid resources. */
function isOwn(urn: string): boolean {
  return /::(.*\$)?pulumi:(pulumi:Stack|providers:|pulumi:StackReference)/.test(urn);
}

function* parse(text: string): Generator<Event> {
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      yield JSON.parse(line) as Event;
    } catch {
      return;
    }
  }
}

function plain(message: string): string[] {
  return message
    .replace(/<\{%.*?%\}>/g, '')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '');
}
