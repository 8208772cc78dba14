/**
 * A plugin of Pulumi's engine that stands in for Cloudflare's real provider, which takes the better part of an hour to build
 * from source. It knows the resources of this repository's program and refuses all others, and sends requests only to the API
 * at `cloudflare:baseUrl`. So the engine, the other providers and the calls of the API are real; the real provider's own
 * behaviour is not shown by it.
 */
import { main } from '@pulumi/pulumi/provider/index.js';
import { type Cloudflare, connectionOf, openClient } from './client.ts';
import { standIn } from './provider.ts';

let client: Cloudflare | undefined;
const cloudflare = () => {
  client ??= openClient(connectionOf(process.env));
  return client;
};

await main(standIn(cloudflare), process.argv.slice(2));
