import { readdirSync, readFileSync } from 'node:fs';

export interface WatchedChildren {
  /** Arguments and environment of every process seen so far. */
  readonly seen: ReadonlyMap<number, { readonly arguments: string; readonly environment: string }>;
  stop(): void;
}

const EVERY_MS = 50;

/** Looks again and again at all processes below `pid`. */
export function watchChildren(pid: number): WatchedChildren {
  const seen = new Map<number, { arguments: string; environment: string }>();
  const own = read(pid)?.arguments;
  const look = () => {
    for (const child of descendantsOf(pid)) {
      const found = read(child);
      // Between fork and exec a child is still a copy of its parent.
      if (found && found.arguments !== '' && found.arguments !== own) seen.set(child, found);
    }
  };
  const timer = setInterval(look, EVERY_MS);
  return { seen, stop: () => clearInterval(timer) };
}

function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readText(`/proc/${name}/stat`) ?? '';
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    parents.set(Number(name), Number(parent));
  }
  const isBelow = (child: number | undefined): boolean =>
    child !== undefined && child > 1 && (parents.get(child) === pid || isBelow(parents.get(child)));
  return [...parents.keys()].filter(isBelow);
}

function read(pid: number): { arguments: string; environment: string } | undefined {
  // The environment after the arguments: it is that of the same program then, or of the next one.
  const [args, environment] = ['cmdline', 'environ'].map((file) => readText(`/proc/${pid}/${file}`));
  if (args === undefined || environment === undefined) return undefined;
  return { arguments: args.replaceAll('\0', ' '), environment };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // it has ended
  }
}
