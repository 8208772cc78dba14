import type { Action } from './actions.ts';
import type { Grant } from './hardware.ts';

export interface Droplet {
  readonly id: number;
  name: string;
  readonly size: string;
  readonly region: string;
  readonly image: string;
  readonly vpc: string;
  readonly tags: Set<string>;
  readonly monitoring: boolean;
  readonly createdAt: Date;
  /** Both unknown until it is switched on. */
  address: string | undefined;
  privateAddress: string | undefined;
  /** `off` is one whose machine could not be switched on. */
  status: 'new' | 'active' | 'off';
  /** What is being done with it; nothing else can be meanwhile. */
  pending: Action | undefined;
  /** Whether it is being destroyed. */
  leaving: boolean;
}

export interface ReservedAddress {
  readonly ip: string;
  readonly region: string;
  droplet: number | undefined;
}

/** Ends of a firewall's rule, as they were sent. */
export interface Peers {
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  readonly droplet_ids: readonly number[];
  readonly load_balancer_uids: readonly string[];
}

export interface Rule {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** `22`, `8000-9000`, or `0` for all of them. */
  readonly ports: string;
  readonly peers: Peers;
}

export interface Firewall {
  readonly id: string;
  name: string;
  inbound: readonly Rule[];
  outbound: readonly Rule[];
  droplets: ReadonlySet<number>;
  tags: ReadonlySet<string>;
  readonly createdAt: Date;
}

/** Where a load balancer takes connections, and where on a droplet it passes them on to. */
export interface ForwardingRule {
  readonly entry_protocol: string;
  readonly entry_port: number;
  readonly target_protocol: string;
  readonly target_port: number;
  readonly certificate_id: string;
  readonly tls_passthrough: boolean;
}

export interface HealthCheckOfBalancer {
  readonly protocol: string;
  readonly port: number;
  readonly path: string;
  readonly check_interval_seconds: number;
  readonly response_timeout_seconds: number;
  readonly healthy_threshold: number;
  readonly unhealthy_threshold: number;
}

export interface LoadBalancer {
  readonly id: string;
  name: string;
  readonly region: string;
  readonly vpc: string;
  size_unit: number;
  rules: readonly ForwardingRule[];
  health: HealthCheckOfBalancer;
  firewall: { readonly allow: readonly string[]; readonly deny: readonly string[] };
  /** Droplets by tag or by their ids; only one of the two is given. */
  tag: string | undefined;
  droplets: ReadonlySet<number>;
  readonly createdAt: Date;
  /** Both unknown until it is switched on. */
  address: string | undefined;
  privateAddress: string | undefined;
  /** How often it still looks new. */
  polls: number;
}

export interface Vpc {
  readonly id: string;
  name: string;
  description: string;
  readonly region: string;
  readonly ipRange: string;
  isDefault: boolean;
  readonly createdAt: Date;
}

export interface AccountKey {
  readonly id: number;
  name: string;
  readonly fingerprint: string;
  readonly publicKey: string;
}

export interface SpacesKey {
  readonly accessKey: string;
  name: string;
  grants: readonly Grant[];
  readonly createdAt: Date;
}

export interface Slack {
  readonly channel: string;
  readonly url: string;
}

export interface Alert {
  readonly uuid: string;
  type: string;
  description: string;
  compare: string;
  value: number;
  window: string;
  entities: readonly string[];
  tags: readonly string[];
  enabled: boolean;
  alerts: { readonly email: readonly string[]; readonly slack: readonly Slack[] };
}

export interface UptimeAlert {
  readonly id: string;
  name: string;
  type: string;
  threshold: number;
  comparison: string;
  period: string;
  notifications: { readonly email: readonly string[]; readonly slack: readonly Slack[] };
}

export interface UptimeCheck {
  readonly id: string;
  name: string;
  type: string;
  target: string;
  regions: readonly string[];
  enabled: boolean;
  readonly alerts: Map<string, UptimeAlert>;
}

export interface DnsRecord {
  readonly id: string;
  type: string;
  /** Full, in lower case. */
  name: string;
  content: string;
  ttl: number;
  proxied: boolean;
  comment: string | null;
  tags: readonly string[];
  readonly createdOn: Date;
  modifiedOn: Date;
}

/** A check of Cloudflare's; the fields as they were sent. */
export interface HealthCheck {
  readonly id: string;
  name: string;
  address: string;
  modifiedOn: Date;
}

/** Whom Cloudflare mails about health checks. */
export interface NotificationPolicy {
  readonly id: string;
  name: string;
  mechanisms: { readonly email: readonly { readonly id: string }[] };
  filters: { readonly health_check_id: readonly string[]; readonly status: readonly string[] };
}

/** A certificate of Cloudflare's authority for what is behind it. */
export interface OriginCertificate {
  readonly id: string;
  readonly certificate: string;
  readonly csr: string;
  readonly hostnames: readonly string[];
  readonly requestType: string;
  /** Days. */
  readonly requestedValidity: number;
  readonly expiresOn: Date;
}

export interface Zone {
  readonly id: string;
  readonly name: string;
  ssl: string;
  sslModifiedOn: Date | null;
}

/** All that exists in both clouds. Maps keep the order in which things were made. */
export class State {
  readonly droplets = new Map<number, Droplet>();
  readonly actions = new Map<number, Action>();
  readonly reserved = new Map<string, ReservedAddress>();
  readonly firewalls = new Map<string, Firewall>();
  readonly balancers = new Map<string, LoadBalancer>();
  readonly vpcs = new Map<string, Vpc>();
  readonly tags = new Set<string>();
  readonly keys = new Map<number, AccountKey>();
  readonly spacesKeys = new Map<string, SpacesKey>();
  readonly alerts = new Map<string, Alert>();
  readonly checks = new Map<string, UptimeCheck>();
  readonly records = new Map<string, DnsRecord>();
  readonly healthChecks = new Map<string, HealthCheck>();
  readonly policies = new Map<string, NotificationPolicy>();
  readonly certificates = new Map<string, OriginCertificate>();
  readonly zone: Zone;
  #count = 0;

  constructor(zone: Zone) {
    this.zone = zone;
  }

  /** A number that no other thing here has. */
  nextNumber(): number {
    this.#count += 1;
    return 400_000_000 + this.#count;
  }

  /** A UUID that no other thing here has; in the order of their making, which makes logs easy to follow. */
  nextUuid(): string {
    this.#count += 1;
    return `0e5a0000-0000-4000-8000-${this.#count.toString(16).padStart(12, '0')}`;
  }

  /** Cloudflare's form of an id. */
  nextHex(): string {
    return this.nextUuid().replaceAll('-', '');
  }
}
