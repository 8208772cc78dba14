/** A text as the body of a YAML block scalar (`|`), indented by so many spaces; empty lines stay empty. */
export function block(text: string, spaces: number): string {
  const indent = ' '.repeat(spaces);
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => (line === '' ? '' : indent + line))
    .join('\n');
}

/** A text as a YAML double-quoted scalar: JSON's form is one. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
