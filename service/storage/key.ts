/**
 * The key that a URL stands for below `base` (a bucket's URL, or a folder's), or undefined where it is not below it, or
 * where servers may read the key in two ways (empty and dotted segments, backslashes, control characters).
 */
export function keyBelow(base: string, url: URL): string | undefined {
  const { protocol, host, pathname } = new URL(base);
  const prefix = `${pathname.replace(/\/+$/, '')}/`;
  if (url.protocol !== protocol || url.host !== host || !url.pathname.startsWith(prefix)) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  const key = decoded(url.pathname.slice(prefix.length));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none is in the key of a tape
  if (key === undefined || /[\\\u0000-\u001f\u007f]/.test(key)) return undefined;
  return key.split('/').some((segment) => /^\.{0,2}$/.test(segment)) ? undefined : key;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a lone percent sign
  }
}
