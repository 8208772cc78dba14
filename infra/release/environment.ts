/**
 * Renders a systemd EnvironmentFile, sorted by name. Values are in double quotes: there systemd reads a backslash before `"`, `\`, `$` and a backquote
 * as an escape, and every other character, also a line end, as it is. Undefined values are left out. Throws TypeError, with the variable's name and
 * without its value, for text that systemd would drop: other control characters, broken UTF-16, and code points that are no characters.
 */
export function renderEnvironment(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${checked(name, value)}="${value.replace(/["\\$`]/g, '\\$&')}"\n`)
    .join('');
}

function checked(name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new TypeError(`not the name of a variable: ${JSON.stringify(name)}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  const isForbidden = /[\0-\x08\x0b-\x1f\x7f]|\p{Noncharacter_Code_Point}/u.test(value);
  if (isForbidden || !value.isWellFormed()) {
    throw new TypeError(`${name}: has characters that an environment file can't hold`);
  }
  return name;
}
