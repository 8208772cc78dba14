import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { envToCfg, envToSecrets, PDS } from '@atproto/pds';
import { Database, PlcServer } from '@did-plc/server';
import { freePort } from '../../rig/port.ts';

// node pds-server.ts FOLDER PUBLIC-URL: for each line with a limit of blobs, in bytes, starts a PDS anew in the folder
// and says its URL. Ends with its standard input.
const [folder = '', publicUrl = ''] = process.argv.slice(2);
const hex = (bytes: number) => randomBytes(bytes).toString('hex');
const keys = {
  jwtSecret: hex(16),
  adminPassword: hex(16),
  dpopSecret: hex(32),
  plcRotationKeyK256PrivateKeyHex: hex(32),
};

const plcPort = await freePort();
const plc = PlcServer.create({ db: Database.mock(), port: plcPort });
await plc.start();

let pds: PDS | undefined;
for await (const line of createInterface(process.stdin)) {
  await pds?.destroy();
  const env = {
    devMode: true,
    hostname: 'localhost',
    port: await freePort(),
    blobUploadLimit: Number(line),
    dataDirectory: folder,
    blobstoreDiskLocation: join(folder, 'blobs'),
    blobstoreDiskTmpLocation: join(folder, 'tmp'),
    didPlcUrl: `http://localhost:${plcPort}`,
    inviteRequired: false,
    serviceHandleDomains: ['.test'],
    disableSsrfProtection: true,
    crawlers: [],
    ...keys,
  };
  const config = envToCfg(env as never);
  // Its DID documents name the front of the tests, so that clients stay in front of it.
  Object.assign(config.service, { publicUrl });
  pds = await PDS.create(config, envToSecrets(env as never));
  await pds.start();
  console.log(`http://localhost:${config.service.port}`);
}
await pds?.destroy();
await plc.destroy();
process.exit(0);
