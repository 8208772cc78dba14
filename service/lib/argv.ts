/**
 * The arguments of a program, written as in a shell: white space separates them. A value stays one argument, or a part of one, whatever
 * characters it has. An array stands for as many arguments as it has elements.
 *
 * @example
 * argv`-i ${path} -ar ${48_000} ${mono ? ['-ac', '1'] : []} pipe:${3}`
 */
export function argv(
  text: TemplateStringsArray,
  ...values: readonly (string | number | readonly string[])[]
): string[] {
  const all: string[] = [];
  let argument: string | undefined;
  const end = () => {
    if (argument !== undefined) all.push(argument);
    argument = undefined;
  };
  for (const [n, piece] of text.entries()) {
    for (const part of piece.split(/(\s+)/).filter((part) => part !== '')) {
      if (/^\s/.test(part)) end();
      else argument = (argument ?? '') + part;
    }
    const value = values[n];
    if (typeof value === 'string' || typeof value === 'number') argument = `${argument ?? ''}${value}`;
    else {
      end();
      all.push(...(value ?? []));
    }
  }
  end();
  return all;
}
