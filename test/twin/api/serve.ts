/**
 * Both clouds' APIs by themselves, with hardware that is only remembered, to try the program's resources against: prints what to
 * configure, then each call. Ctrl-C shows what is left and ends it. There are no machines, so commands over SSH reach nobody, and
 * no Spaces.
 *
 *     node test/twin/api/serve.ts
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { openApi } from './api.ts';
import { memoryHardware } from './hardware.ts';
import { renderCall } from './log.ts';
import { writeCloudflarePlugin } from './plugin/write.ts';

const plugin = join(import.meta.dirname, '../../../.cache/cloudflare-plugin');
await writeCloudflarePlugin(plugin);
const zone = { id: 'a23b54e8877a833a1cf8db7765bce3ca', name: 'aesthetic.computer' };
const api = await openApi({
  hardware: memoryHardware(),
  zone,
  regionsInUse: ['sfo3'],
  onCall: (call) => console.log(renderCall(call)),
});
console.log(`export PATH=${plugin}:$PATH PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=1
pulumi config set digitalocean:apiEndpoint ${api.digitalocean}
pulumi config set cloudflare:baseUrl ${api.cloudflare}
pulumi config set --secret digitalocean:token ${api.tokens.digitalocean}
pulumi config set --secret cloudflare:apiToken ${api.tokens.cloudflare}
`);
await once(process, 'SIGINT');
console.log(`\n${api.picture()}`);
await api.close();
