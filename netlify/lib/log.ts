export type Level = 'info' | 'warn' | 'error';

/** Writes an event as one line of JSON. */
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** A log that hides `secrets` everywhere in its lines, for example in a library's error message. */
export function openLog(secrets: readonly string[], write: (line: string) => void = console.log): Log {
  const hidden = secrets.filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  return (level, event, fields = {}) => {
    const plain = Object.entries(fields).map(([key, value]) => [key, readable(value)]);
    let line = JSON.stringify({ level, event, ...Object.fromEntries(plain) });
    // The line has strings in JSON's escaped form, so it searches that form.
    for (const secret of hidden) line = line.replaceAll(JSON.stringify(secret).slice(1, -1), '[secret]');
    write(line);
  };
}

function readable(value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}
