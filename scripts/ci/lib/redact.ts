/** Shorter values are ordinary words that appear everywhere. */
const SHORTEST = 6;

/** Forms of secrets: keys in PEM, and tokens of DigitalOcean, Spaces, Pulumi, GitHub. */
const SECRET_PATTERNS = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\bdo[opr]_v1_[0-9a-f]{16,}/g,
  /\bDO(?:00|80)[A-Z0-9]{16}\b/g,
  /\bpul-[0-9a-f]{40}\b/g,
  /\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,}/g,
];

/**
 * The text with every secret replaced. GitHub hides known secrets in logs, but not in comments and issues; Pulumi hides known secrets, but not those in
 * a provider's response. Each entry of a list and each line of a text is a secret of its own.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const values = new Set(secrets.flatMap((secret) => forms(secret)));
  let clean = text;
  for (const look of SECRET_PATTERNS) clean = clean.replace(look, '[secret]');
  for (const value of [...values].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(value, '[secret]');
  return clean;
}

/** The forms in which programs print a value. */
function forms(secret: string): string[] {
  const parts = [secret, ...secret.split(/[\r\n,]+/)].map((part) => part.trim());
  return parts
    .filter((part) => part.length >= SHORTEST)
    .flatMap((part) => [
      part,
      encodeURIComponent(part),
      JSON.stringify(part).slice(1, -1),
      Buffer.from(part).toString('base64').replace(/=+$/, ''),
    ]);
}
