import { execaSync } from 'execa';
import { findVersitygw } from '../rig/versitygw.ts';
import { canBootHosts } from '../twin/host/can-boot.ts';
import { findTools, type Tools } from './tools.ts';

/** What a rehearsal needs of this machine. */
export interface Prerequisites {
  readonly tools: Tools;
  /** The S3 server. */
  readonly versitygw: string;
}

/** Finds all that a rehearsal needs, or says in one line what is missing; what is looked for last takes longest. */
export async function findPrerequisites(): Promise<Prerequisites | string> {
  const tools = findTools();
  if (typeof tools === 'string') return tools;
  const unable = canBootHosts();
  if (unable !== undefined) return unable;
  if (execaSync('sh', ['-c', 'command -v dnsmasq'], { reject: false }).failed)
    return 'the rehearsal needs dnsmasq';
  const found = await findVersitygw();
  return 'gap' in found ? found.gap : { tools, versitygw: found.program };
}
