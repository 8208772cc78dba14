import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Writes a folder with an executable `pulumi-resource-cloudflare`, the stand-in for Cloudflare's provider. With the folder on
 * its PATH, and `PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=1`, the engine finds it there, and says so in a warning.
 */
export async function writeCloudflarePlugin(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const command = [process.execPath, join(import.meta.dirname, 'main.ts')].map(quoted).join(' ');
  await writeFile(join(folder, 'pulumi-resource-cloudflare'), `#!/bin/sh\nexec ${command} "$@"\n`, {
    mode: 0o755,
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
