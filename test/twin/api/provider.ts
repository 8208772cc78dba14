import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { execa } from 'execa';

const NAME = 'pulumi-resource-digitalocean';

/** DigitalOcean's real provider for Pulumi, on the PATH or installed; undefined where it is not. */
export function findProvider(): string | undefined {
  const plugins = join(process.env.PULUMI_HOME ?? join(homedir(), '.pulumi'), 'plugins');
  const installed = existsSync(plugins)
    ? readdirSync(plugins).filter((name) => /^resource-digitalocean-v.*\d$/.test(name))
    : [];
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...installed.map((name) => join(plugins, name)),
  ];
  return folders.map((folder) => join(folder, NAME)).find(existsSync);
}

type Properties = Readonly<Record<string, unknown>>;

/** The provider as its engine sees it, without one. */
export interface Provider {
  /** What a function gives. Throws with what the provider said. */
  invoke(token: string, args: Properties): Promise<Properties>;
  /** What a resource is like now: no id where it is gone. */
  read(type: string, id: string, state?: Properties): Promise<{ id: string; inputs: Properties }>;
  /** Makes a resource. Throws with what the provider said. */
  create(type: string, inputs: Properties): Promise<{ id: string; outputs: Properties }>;
  delete(type: string, id: string, state: Properties): Promise<void>;
  close(): Promise<void>;
}

// These have no types of their own that TypeScript finds, or no entry for modules.
const require = createRequire(createRequire(import.meta.url).resolve('@pulumi/pulumi/package.json'));
const grpc = require('@grpc/grpc-js') as typeof import('@grpc/grpc-js');
const { Struct } = require('google-protobuf/google/protobuf/struct_pb.js');
const messages = require('./proto/provider_pb.js');
const { ResourceProviderClient } = require('./proto/provider_grpc_pb.js');

/** Starts the provider's program and configures it for the API at `apiEndpoint` only. */
export async function startProvider(
  program: string,
  config: { readonly token: string; readonly apiEndpoint: string },
): Promise<Provider> {
  const child = execa(program, ['127.0.0.1:1'], { stdin: 'ignore', reject: false });
  const [port] = await once(child.stdout, 'data');
  const address = `127.0.0.1:${String(port).trim()}`;
  const client: Client = new ResourceProviderClient(address, grpc.credentials.createInsecure());
  // biome-ignore lint/suspicious/noExplicitAny: generated messages, which have setters only
  const call = (method: string, message: string, fields: Properties): Promise<any> => {
    const request = new messages[message]();
    for (const [name, value] of Object.entries(fields)) {
      const isStruct = typeof value === 'object';
      request[`set${name}`](isStruct ? Struct.fromJavaScript(value) : value);
    }
    return new Promise((resolve, reject) => {
      (client as unknown as Record<string, (...args: unknown[]) => void>)[method]?.(
        request,
        (error: Error | null, answer: unknown) => (error ? reject(error) : resolve(answer)),
      );
    });
  };
  const urn = (type: string) => `urn:pulumi:test::oven::${type}::x`;
  await call('configure', 'ConfigureRequest', { Args: config, Acceptsecrets: false });
  return {
    invoke: async (Tok, Args) =>
      (await call('invoke', 'InvokeRequest', { Tok, Args })).getReturn().toJavaScript(),
    read: async (type, Id, state = {}) => {
      const fields = { Id, Urn: urn(type), Properties: state, Inputs: state };
      const answer = await call('read', 'ReadRequest', fields);
      return { id: answer.getId(), inputs: answer.getInputs()?.toJavaScript() ?? {} };
    },
    create: async (type, inputs) => {
      const Properties = (await call('check', 'CheckRequest', { Urn: urn(type), News: inputs })).getInputs();
      const fields = { Urn: urn(type), Properties: Properties.toJavaScript(), Timeout: 60 };
      const answer = await call('create', 'CreateRequest', fields);
      return { id: answer.getId(), outputs: answer.getProperties().toJavaScript() };
    },
    delete: async (type, Id, state) => {
      await call('delete', 'DeleteRequest', { Id, Urn: urn(type), Properties: state, Timeout: 60 });
    },
    close: async () => {
      client.close();
      child.kill();
      await child;
    },
  };
}
