/**
 * What operators are told: conditions that begin and end, and failures that are counted. Pure: events and the time go in, at most
 * one message comes out. The state is JSON; in Redis all processes share one.
 */
import type { Reason } from '../health/probes.ts';

/** A tape that failed for good, or a callback that was given up. */
export interface AlertEvent {
  readonly kind: 'bake' | 'callback';
  readonly code: string;
  readonly slug: string;
  readonly jobId: string;
  readonly message: string;
}

/** Failures of one kind and code. */
export interface FailureGroup {
  readonly kind: AlertEvent['kind'];
  readonly code: string;
  readonly count: number;
  /** When the first came. Milliseconds since 1970, as all times here. */
  readonly since: number;
  readonly examples: readonly Pick<AlertEvent, 'slug' | 'jobId' | 'message'>[];
}

export type FailureGroups = Readonly<Record<string, FailureGroup>>;

interface Report {
  readonly message: string;
  readonly since: number;
  readonly seenAt: number;
}

/** A condition that operators know of. */
interface Told {
  readonly message: string;
  readonly since: number;
  readonly hosts: readonly string[];
  /** When the last host stopped to report it. */
  readonly endedAt?: number | undefined;
  /** Its last host did not say so, but fell silent. */
  readonly isLost?: boolean | undefined;
}

export interface AlertMessage {
  readonly id: string;
  readonly at: number;
  /** The host that made the message. */
  readonly host: string;
  readonly began: readonly (Reason & { readonly since: number; readonly hosts: readonly string[] })[];
  readonly ended: readonly (Reason & {
    readonly since: number;
    readonly until: number;
    readonly isLost: boolean;
  })[];
  readonly failures: readonly FailureGroup[];
  /** Sentences of the command line. */
  readonly notices?: readonly string[];
}

interface Outbox {
  readonly message: AlertMessage;
  /** Attempts that have begun. */
  readonly attempts: number;
  /** When the next attempt may begin: after a failed one, or when its sender must have died. */
  readonly dueAt: number;
  /** How long that was to wait. */
  readonly wait?: number | undefined;
}

export interface AlertState {
  readonly version: 1;
  /** What each host reports of each condition. */
  readonly reports: Readonly<Record<string, Readonly<Record<string, Report>>>>;
  readonly told: Readonly<Record<string, Told>>;
  /** Failures that are not told yet. */
  readonly groups: FailureGroups;
  /** Until when further failures of a group are only counted. */
  readonly quietUntil: Readonly<Record<string, number>>;
  readonly outbox?: Outbox | undefined;
  /** When the last message was made or sent. */
  readonly lastAt: number;
}

/** Milliseconds. */
export interface AlertTimes {
  /** A condition, its end, or a failure is told when it is so old. Messages have this distance. */
  readonly collect: number;
  /** Further failures of a kind and code are told after so long. */
  readonly repeat: number;
  /** A host that has not reported for so long reports nothing any more. */
  readonly silent: number;
  /** An attempt to send ends within this time. */
  readonly lease: number;
  /** Waits after failed attempts. After one more failure the message is given up. */
  readonly retries: readonly number[];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const ALERT_TIMES: AlertTimes = {
  collect: MINUTE,
  repeat: 60 * MINUTE,
  silent: 5 * MINUTE,
  lease: 30 * SECOND,
  retries: [10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE],
};

/** Failures that a message shows of each group. */
const EXAMPLES = 3;

export const NO_ALERTS: AlertState = {
  version: 1,
  reports: {},
  told: {},
  groups: {},
  quietUntil: {},
  lastAt: 0,
};

export interface AlertInput {
  readonly now: number;
  readonly host: string;
  /** All that is wrong on this host now. */
  readonly conditions: readonly Reason[];
  /** Failures since the last call. */
  readonly groups: FailureGroups;
  /** The id of a message, if one is made. */
  readonly id: string;
}

export interface AlertPlan {
  readonly state: AlertState;
  /** The message to send now; the caller then calls `settle`. */
  readonly send?: AlertMessage | undefined;
  /** A message whose senders died so often that it is given up. */
  readonly givenUp?: AlertMessage | undefined;
}

/** Counts one more failure. */
export function countFailure(groups: FailureGroups, event: AlertEvent, now: number): FailureGroups {
  const { kind, code, ...example } = event;
  const one = { kind, code, count: 1, since: now, examples: [example] };
  return addGroups(groups, { [`${kind} ${code}`]: one });
}

/** Takes in failures without deciding anything, at the end of a process. */
export function addFailures(state: AlertState, groups: FailureGroups): AlertState {
  return { ...state, groups: addGroups(state.groups, groups) };
}

/** Takes in what one host reports, and decides what is sent. */
export function planAlerts(kept: AlertState, input: AlertInput, times: AlertTimes): AlertPlan {
  const { now } = input;
  const before = withoutFuture(kept, now, times);
  const reports = takeReports(before.reports, input, times);
  const told = takeEnds(before, reports, input);
  const groups = addGroups(before.groups, input.groups);
  const quietUntil = keep(before.quietUntil, (until) => until > now);
  const state: AlertState = { ...before, reports, told, groups, quietUntil };
  const { outbox } = state;
  if (outbox !== undefined) {
    if (now < outbox.dueAt) return { state };
    if (outbox.attempts > times.retries.length)
      return { state: withoutOutbox(state), givenUp: outbox.message };
    return claim(state, outbox, now, times);
  }
  if (now - state.lastAt < times.collect) return { state };
  const message = compose(state, input, times);
  if (message === undefined) return { state };
  return claim(afterMessage(state, message, times), { message, attempts: 0, dueAt: now }, now, times);
}

/** The end of an attempt. An error without `retryInMs` is final; with one, the next attempt does not come before. */
export type Sent = 'sent' | { readonly error: string; readonly retryInMs?: number | undefined };

/** Takes in the end of an attempt to send. `givenUp` is set if there is no further attempt. */
export function settleAlert(
  state: AlertState,
  id: string,
  sent: Sent,
  now: number,
  times: AlertTimes,
): AlertPlan {
  const { outbox } = state;
  if (outbox?.message.id !== id) return { state };
  if (sent === 'sent') return { state: { ...withoutOutbox(state), lastAt: now } };
  const wait = times.retries[outbox.attempts - 1];
  if (sent.retryInMs === undefined || wait === undefined)
    return { state: withoutOutbox(state), givenUp: outbox.message };
  const longer = Math.max(wait, sent.retryInMs);
  return { state: { ...state, outbox: { ...outbox, dueAt: now + longer, wait: longer } } };
}

/** One state of the shared one and of what this process went on with while Redis was away. */
export function mergeAlerts(shared: AlertState, own: AlertState): AlertState {
  return {
    ...shared,
    told: { ...own.told, ...shared.told },
    groups: { ...own.groups, ...shared.groups },
    quietUntil: { ...own.quietUntil, ...shared.quietUntil },
    outbox: shared.outbox ?? own.outbox,
    lastAt: Math.max(shared.lastAt, own.lastAt),
  };
}

/** The state with no time that is still to come: after the clock was set back, all of them would wait for so much longer. */
function withoutFuture(state: AlertState, now: number, { repeat, retries, lease }: AlertTimes): AlertState {
  const { reports, told, groups, quietUntil, outbox, lastAt } = state;
  const past = (time: number) => Math.min(time, now);
  const pastIn = <T extends { readonly since: number }>(one: T): T => ({ ...one, since: past(one.since) });
  const wait = outbox?.wait ?? Math.max(lease, ...retries);
  return {
    ...state,
    reports: change(reports, (hosts) =>
      change(hosts, (report) => ({ ...pastIn(report), seenAt: past(report.seenAt) })),
    ),
    told: change(told, (one) => ({
      ...pastIn(one),
      ...(one.endedAt !== undefined && { endedAt: past(one.endedAt) }),
    })),
    groups: change(groups, pastIn),
    quietUntil: change(quietUntil, (until) => Math.min(until, now + repeat)),
    ...(outbox && { outbox: { ...outbox, dueAt: Math.min(outbox.dueAt, now + wait) } }),
    lastAt: past(lastAt),
  };
}

function change<T, U>(record: Readonly<Record<string, T>>, of: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, of(value)]));
}

function takeReports(before: AlertState['reports'], input: AlertInput, { silent }: AlertTimes) {
  const { now, host, conditions } = input;
  const reports: Record<string, Record<string, Report>> = {};
  for (const [code, hosts] of Object.entries(before)) {
    const others = keep(hosts, ({ seenAt }, name) => name !== host && now - seenAt < silent);
    if (Object.keys(others).length > 0) reports[code] = others;
  }
  for (const { code, message } of conditions) {
    const since = before[code]?.[host]?.since ?? now;
    reports[code] = { ...reports[code], [host]: { message, since, seenAt: now } };
  }
  return reports;
}

/** Notes which of the told conditions have ended, or go on again. */
function takeEnds(before: AlertState, reports: AlertState['reports'], { now, host }: AlertInput) {
  const told: Record<string, Told> = {};
  for (const [code, one] of Object.entries(before.told)) {
    const { message, since, hosts, endedAt } = one;
    const known = before.reports[code];
    // If this host did not report it, those that did fell silent.
    const isLost = known !== undefined && !Object.hasOwn(known, host);
    if (reports[code] !== undefined) told[code] = { message, since, hosts };
    else if (endedAt !== undefined) told[code] = one;
    else told[code] = { message, since, hosts, endedAt: now, isLost };
  }
  return told;
}

function addGroups(groups: FailureGroups, more: FailureGroups): FailureGroups {
  const all: Record<string, FailureGroup> = { ...groups };
  for (const [key, group] of Object.entries(more)) {
    const known = all[key];
    all[key] =
      known === undefined
        ? group
        : {
            ...known,
            count: known.count + group.count,
            since: Math.min(known.since, group.since),
            examples: [...known.examples, ...group.examples].slice(0, EXAMPLES),
          };
  }
  return all;
}

/**
 * The message that is due; undefined if none is. It takes every new failure with it, and each condition that has lasted half as long as one that
 * is due: a shorter one may be over in a moment.
 */
function compose(
  state: AlertState,
  { now, host, id }: AlertInput,
  { collect }: AlertTimes,
): AlertMessage | undefined {
  const { reports, told, groups, quietUntil } = state;
  const isOld = ({ since }: { readonly since: number }) => now - since >= collect;
  const began = Object.entries(reports)
    .filter(([code]) => told[code] === undefined)
    .map(([code, hosts]) => ({ code, ...summary(hosts) }))
    .filter(({ since }) => now - since >= collect / 2);
  const ended = Object.entries(told).flatMap(([code, { message, since, endedAt, isLost = false }]) =>
    endedAt !== undefined && isOld({ since: endedAt })
      ? [{ code, message, since, until: endedAt, isLost }]
      : [],
  );
  const fresh = keep(groups, (_group, key) => quietUntil[key] === undefined);
  if (ended.length === 0 && ![...began, ...Object.values(fresh)].some(isOld)) return undefined;
  // The end of a condition is the time to tell what else failed meanwhile.
  const failures = Object.values(ended.length > 0 ? groups : fresh);
  return { id, at: now, host, began, ended, failures };
}

function summary(hosts: Readonly<Record<string, Report>>) {
  const all = Object.values(hosts);
  const since = Math.min(...all.map((report) => report.since));
  return { message: all[0]!.message, since, hosts: Object.keys(hosts) };
}

/** The state once a message is made. */
function afterMessage(state: AlertState, message: AlertMessage, { repeat }: AlertTimes): AlertState {
  const { at, began, ended, failures } = message;
  const keys = failures.map(({ kind, code }) => `${kind} ${code}`);
  const endedCodes = ended.map(({ code }) => code);
  return {
    ...state,
    told: {
      ...keep(state.told, (_one, code) => !endedCodes.includes(code)),
      ...Object.fromEntries(began.map(({ code, ...one }) => [code, one])),
    },
    groups: keep(state.groups, (_group, key) => !keys.includes(key)),
    quietUntil: { ...state.quietUntil, ...Object.fromEntries(keys.map((key) => [key, at + repeat])) },
    lastAt: at,
  };
}

/** Begins an attempt: nobody else sends the message until this one has ended, or its sender must have died. */
function claim(state: AlertState, outbox: Outbox, now: number, { lease }: AlertTimes): AlertPlan {
  const claimed = { ...outbox, attempts: outbox.attempts + 1, dueAt: now + lease, wait: lease };
  return { state: { ...state, outbox: claimed }, send: outbox.message };
}

function withoutOutbox({ outbox: _, ...state }: AlertState): AlertState {
  return state;
}

function keep<T>(
  record: Readonly<Record<string, T>>,
  isKept: (value: T, key: string) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key, value]) => isKept(value, key)));
}
