import * as pulumi from '@pulumi/pulumi';
import type { Check } from './checks.ts';

/** Where values come from: full names of keys (`oven:domain`), and variables of the environment. */
export interface ConfigSource {
  get(key: string): string | undefined;
  /** Whether a value is kept in the stack's file for everyone to read; undefined where that can't be told. */
  isPlain(key: string): boolean | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/** The stack's configuration as the engine hands it over. */
export function stackConfig(environment: NodeJS.ProcessEnv = process.env): ConfigSource {
  // The engine tells a program which values were encrypted; there is no function for it.
  const list = environment.PULUMI_CONFIG_SECRET_KEYS;
  const encrypted = list ? new Set(JSON.parse(list) as string[]) : undefined;
  return {
    get: (key) => pulumi.runtime.allConfig()[key],
    isPlain: (key) => (encrypted ? !encrypted.has(key) : undefined),
    environment,
  };
}

/** Reads values and gathers what is wrong with them, so that an operator hears of everything at once. */
export class Reader {
  readonly #source: ConfigSource;
  readonly #problems: string[] = [];

  constructor(source: ConfigSource) {
    this.#source = source;
  }

  /** Notes a problem and the command that mends it. Never with a secret in it. */
  problem(what: string, remedy?: string): void {
    this.#problems.push(remedy ? `${what}\n      ${remedy}` : what);
  }

  /** Throws a RunError, which Pulumi shows without a stack trace, when there was any problem. */
  finish(): void {
    if (this.#problems.length === 0) return;
    const count = this.#problems.length === 1 ? 'One thing is' : `${this.#problems.length} things are`;
    const list = this.#problems.map((problem) => `  - ${problem}`).join('\n');
    throw new pulumi.RunError(`${count} wrong with the configuration of this stack:\n${list}`);
  }

  /** A value that must be there; '' when it is not. */
  text(key: string, check: Check): string {
    const value = this.#get(key);
    const wrong = value === '' ? 'is not set' : check(value);
    if (wrong) this.problem(`${key} ${wrong}`, `pulumi config set ${key} VALUE`);
    return value;
  }

  optional(key: string, check: Check): string | undefined {
    return this.#get(key) === '' ? undefined : this.text(key, check);
  }

  flag(key: string): boolean {
    const value = this.#get(key);
    if (value !== 'true' && value !== 'false') {
      this.problem(`${key} is neither true nor false`, `pulumi config set ${key} true`);
    }
    return value === 'true';
  }

  /** A list with at least one entry. */
  list(key: string, check: Check, example: string): readonly string[] {
    const entries = parsed(this.#get(key));
    const remedy = `pulumi config set --path '${key}[0]' ${example}`;
    if (!Array.isArray(entries) || entries.length === 0) {
      this.problem(`${key} is not set: a list with at least one entry`, remedy);
      return [];
    }
    for (const entry of entries) {
      const wrong = check(String(entry));
      if (wrong) this.problem(`${key} ${wrong}`, remedy);
    }
    return entries.map(String);
  }

  /** Names and values of further variables; numbers and booleans are taken as they are written. */
  variables(key: string, check: Check): Readonly<Record<string, string>> {
    const entries = parsed(this.#get(key) || '{}');
    if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) {
      this.problem(`${key} is not an object`, `pulumi config set --path ${key}.CONCURRENCY 2`);
      return {};
    }
    for (const [name, value] of Object.entries(entries)) {
      const wrong =
        check(name) ?? (typeof value === 'object' ? `has ${name}, which is no plain value` : undefined);
      if (wrong) this.problem(`${key} ${wrong}`, `pulumi config rm --path ${key}.${name}`);
    }
    return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, String(value)]));
  }

  /** A secret that must be there. */
  secret(key: string, check: Check): string {
    const value = this.#get(key);
    const wrong = value === '' ? 'is not set' : check(value);
    if (wrong) this.problem(`${key} ${wrong}`, `pulumi config set --secret ${key}`);
    if (value !== '') this.#encrypted(`oven:${key}`, key);
    return value;
  }

  optionalSecret(key: string, check: Check = () => undefined): string | undefined {
    return this.#get(key) === '' ? undefined : this.secret(key, check);
  }

  /** Two secrets of which neither is any use alone. */
  pair(first: string, second: string): readonly [string, string] | undefined {
    const [one, two] = [this.optionalSecret(first), this.optionalSecret(second)];
    if (one !== undefined && two !== undefined) return [one, two];
    const missing = one === undefined ? first : second;
    if (one !== two)
      this.problem(`${missing} is not set, but its other half is`, `pulumi config set --secret ${missing}`);
    return undefined;
  }

  /** A provider's credential, from the stack or from the environment. */
  credential(key: string, variables: readonly string[], other?: string): void {
    const given = this.#source.get(key) || (other && this.#source.get(other));
    if (given) this.#encrypted(this.#source.get(key) ? key : (other as string), key);
    else if (!variables.some((name) => this.#source.environment[name])) {
      this.problem(`${key} is not set (nor ${variables.join(', ')})`, `pulumi config set --secret ${key}`);
    }
  }

  #encrypted(key: string, shown: string): void {
    if (this.#source.isPlain(key)) {
      this.problem(
        `${shown} is a secret but kept in plain text: change it at its source, then`,
        `pulumi config set --secret ${shown}`,
      );
    }
  }

  #get(key: string): string {
    return (this.#source.get(`oven:${key}`) ?? '').trim();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
