import type { Provider } from '@pulumi/pulumi/provider/index.js';
import type { Cloudflare, Result } from './client.ts';

type Properties = Readonly<Record<string, unknown>>;

interface Kind {
  /** Where such things are made. */
  readonly at: (properties: Properties) => string;
  /** What is sent, by the provider's names; the API's are the same with underscores. */
  readonly inputs: readonly string[];
  /** What is only told. */
  readonly outputs: readonly string[];
  /** Inputs whose change makes a new one. */
  readonly replaces: readonly string[];
  /** Fields that the real provider sends with every change. */
  readonly always: Properties;
  /** Inputs that are only in the path. */
  readonly path: readonly string[];
}

const CERTIFICATE = ['csr', 'hostnames', 'requestType', 'requestedValidity'];
const KINDS: Readonly<Record<string, Kind>> = {
  'cloudflare:index/dnsRecord:DnsRecord': {
    at: ({ zoneId }) => `/zones/${zoneId}/dns_records`,
    inputs: ['name', 'type', 'content', 'ttl', 'proxied', 'comment', 'tags'],
    outputs: ['proxiable', 'createdOn', 'modifiedOn'],
    replaces: ['zoneId'],
    path: ['zoneId'],
    always: { settings: {}, tags: [] },
  },
  'cloudflare:index/healthcheck:Healthcheck': {
    at: ({ zoneId }) => `/zones/${zoneId}/healthchecks`,
    inputs: [
      ...['name', 'description', 'address', 'type', 'httpConfig', 'interval', 'timeout', 'retries'],
      ...['consecutiveFails', 'consecutiveSuccesses'],
    ],
    outputs: ['status', 'modifiedOn'],
    replaces: ['zoneId'],
    path: ['zoneId'],
    always: {},
  },
  'cloudflare:index/notificationPolicy:NotificationPolicy': {
    at: ({ accountId }) => `/accounts/${accountId}/alerting/v3/policies`,
    inputs: ['name', 'alertType', 'enabled', 'mechanisms', 'filters'],
    outputs: [],
    replaces: ['accountId'],
    path: ['accountId'],
    always: {},
  },
  'cloudflare:index/originCaCertificate:OriginCaCertificate': {
    at: () => '/certificates',
    inputs: CERTIFICATE,
    outputs: ['certificate', 'expiresOn'],
    replaces: CERTIFICATE,
    path: [],
    always: {},
  },
};

/** What the engine asks of Cloudflare's provider, as far as the program needs it, done by calls of the API. */
export function standIn(cloudflare: () => Cloudflare): Provider {
  return {
    version: '6.22.1',
    check: async (urn, _olds, news) => {
      const { inputs, path } = kindOf(urn);
      const unknown = Object.keys(news).filter(
        (key) => !key.startsWith('__') && ![...inputs, ...path].includes(key),
      );
      return {
        inputs: news,
        failures: unknown.map((property) => ({ property, reason: 'is nothing that the stand-in knows' })),
      };
    },
    diff: async (_id, urn, olds, news) => {
      const { inputs, path, replaces } = kindOf(urn);
      const [before, after] = [plain(olds) as Properties, plain(news) as Properties];
      const changed = [...inputs, ...path].filter((key) => key in after && !same(before[key], after[key]));
      return { changes: changed.length > 0, replaces: changed.filter((key) => replaces.includes(key)) };
    },
    create: async (urn, inputs) => {
      const kind = kindOf(urn);
      const given = plain(inputs) as Properties;
      const made = await cloudflare()('POST', kind.at(given), sent(kind, given));
      if (!made) throw new Error(`${kind.at(given)} does not exist`);
      return { id: String(made.id), outs: shown(kind, made, given) };
    },
    read: async (id, urn, properties) => {
      const kind = kindOf(urn);
      // An id to import is ZONE/RECORD.
      const [zoneId, own = id] = id.includes('/') ? id.split('/') : [undefined, id];
      const given = { ...(plain(properties ?? {}) as Properties), ...(zoneId ? { zoneId } : {}) };
      const found = await cloudflare()('GET', `${kind.at(given)}/${own}`);
      if (!found) return { id: '', props: {} };
      const props = shown(kind, found, given);
      const inputs = Object.fromEntries([...kind.inputs, ...kind.path].map((key) => [key, props[key]]));
      return { id: own, props, ...(zoneId ? { inputs: defined(inputs) } : {}) };
    },
    update: async (id, urn, _olds, news) => {
      const kind = kindOf(urn);
      const given = plain(news) as Properties;
      const body = { ...kind.always, ...sent(kind, given) };
      const changed = await cloudflare()('PUT', `${kind.at(given)}/${id}`, body);
      if (!changed) throw new Error(`${kind.at(given)}/${id} does not exist`);
      return { outs: shown(kind, changed, given) };
    },
    delete: async (id, urn, properties) => {
      await cloudflare()('DELETE', `${kindOf(urn).at(plain(properties) as Properties)}/${id}`);
    },
    invoke: async (token, args) => {
      const { zoneId, settingId } = plain(args) as Properties;
      switch (token) {
        case 'cloudflare:index/getIpRanges:getIpRanges': {
          const found = (await cloudflare()('GET', '/ips')) ?? {};
          const { ipv4_cidrs: ipv4Cidrs, ipv6_cidrs: ipv6Cidrs, etag } = found;
          return { outputs: { ipv4Cidrs, ipv6Cidrs, etag, jdcloudCidrs: [], id: 'ip-ranges' } };
        }
        case 'cloudflare:index/getZoneSetting:getZoneSetting': {
          const found = await cloudflare()('GET', `/zones/${zoneId}/settings/${settingId}`);
          if (!found) throw new Error(`zone ${zoneId} or its setting ${settingId} does not exist`);
          const { id, value, editable, modified_on: modifiedOn } = found;
          const rest = { editable, enabled: true, modifiedOn: modifiedOn ?? '', timeRemaining: 0 };
          return { outputs: { id, zoneId, settingId, value, ...rest } };
        }
        case 'cloudflare:index/getZone:getZone': {
          const found = await cloudflare()('GET', `/zones/${zoneId}`);
          if (!found) throw new Error(`zone ${zoneId} does not exist`);
          return { outputs: { id: zoneId, zoneId, name: found.name, account: found.account } };
        }
        default:
          throw new Error(`the stand-in for Cloudflare's provider has no ${token}`);
      }
    },
  };
}

function kindOf(urn: string): Kind {
  const type = urn.split('::')[2]?.split('$').at(-1) ?? '';
  const kind = KINDS[type];
  if (!kind) throw new Error(`the stand-in for Cloudflare's provider has no ${type}`);
  return kind;
}

function sent({ inputs }: Kind, properties: Properties): Properties {
  return defined(Object.fromEntries(inputs.map((key) => [nameInApi(key), toApi(properties[key])])));
}

function shown({ inputs, outputs, path }: Kind, result: Result, given: Properties): Properties {
  // A policy's change is answered with its id alone.
  const told = [...inputs, ...outputs].map((key) => [key, fromApi(result[nameInApi(key)], given[key])]);
  return defined({
    ...Object.fromEntries(path.map((key) => [key, given[key]])),
    ...Object.fromEntries(told),
  });
}

function defined(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}

/** The provider makes a plural of a list's name. */
const SINGULARS: Readonly<Record<string, string>> = {
  emails: 'email',
  healthCheckIds: 'health_check_id',
  statuses: 'status',
};

/** A value with the API's names in it. */
function toApi(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toApi);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [nameInApi(key), toApi(one)]));
}

/** What the API says of a value, with the names of the one that was given: fields that nobody gave are left out. */
function fromApi(found: unknown, given: unknown): unknown {
  if (found === undefined || found === null) return given;
  if (typeof found !== 'object' || Array.isArray(found) || typeof given !== 'object' || given === null)
    return found;
  const entries = Object.entries(given).map(([key, one]) => {
    return [key, fromApi((found as Properties)[nameInApi(key)], one)];
  });
  return Object.fromEntries(entries);
}

function nameInApi(key: string): string {
  return SINGULARS[key] ?? underscored(key);
}

function underscored(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** How the engine marks what is secret: an object with the value in it. */
const MARK = '4dabf18193072939515e22adb298388d';

/** A value without the marks of what is secret in it. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = value as Properties;
  if (MARK in entries) return plain(entries.value);
  return Object.fromEntries(Object.entries(entries).map(([key, one]) => [key, plain(one)]));
}
