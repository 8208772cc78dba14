export type Level = 'info' | 'warn' | 'error';

/** Writes one line of JSON: what happened, and to which tape. */
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** A log that replaces every one of `secrets` wherever it turns up, in a library's error message for example. */
export function openLog(secrets: readonly string[], write: (line: string) => void = console.log): Log {
  const hidden = secrets.filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  return (level, event, fields = {}) => {
    const plain = Object.entries(fields).map(([key, value]) => [key, readable(value)]);
    let line = JSON.stringify({ level, event, ...Object.fromEntries(plain) });
    // Strings are escaped in the line, so that is how a secret is looked for.
    for (const secret of hidden) line = line.replaceAll(JSON.stringify(secret).slice(1, -1), '[secret]');
    write(line);
  };
}

function readable(value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}
