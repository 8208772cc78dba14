import { expect, it } from 'vitest';
import {
  ALERT_TIMES,
  type AlertMessage,
  type AlertState,
  countFailure,
  type FailureGroups,
  mergeAlerts,
  NO_ALERTS,
  planAlerts,
  settleAlert,
} from '../../service/alerts/state.ts';
import type { Reason } from '../../service/health/probes.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 1);
const REDIS: Reason = { code: 'REDIS', message: 'Redis takes no writes.' };
const FAILING: Reason = { code: 'FAILING', message: '3 of 3 tapes failed.' };

/** Failures of one code, as a process counts them. */
function failures(count: number, now: number, code = 'NOT_A_ZIP'): FailureGroups {
  let groups: FailureGroups = {};
  for (let i = 0; i < count; i += 1) {
    groups = countFailure(
      groups,
      { kind: 'bake', code, slug: `s${i}`, jobId: `j${i}`, message: 'No ZIP.' },
      now,
    );
  }
  return groups;
}

/** Hosts that share a state, look every five seconds, and whose messages all arrive. */
function openHosts() {
  const sent: { at: number; message: AlertMessage }[] = [];
  let state = NO_ALERTS;
  let now = START;
  const look = (host: string, conditions: readonly Reason[] = [], groups: FailureGroups = {}) => {
    const plan = planAlerts(state, { now, host, conditions, groups, id: `m${sent.length}` }, ALERT_TIMES);
    state = JSON.parse(JSON.stringify(plan.state)) as AlertState;
    if (plan.send === undefined) return;
    sent.push({ at: now - START, message: plan.send });
    state = settleAlert(state, plan.send.id, 'sent', now, ALERT_TIMES).state;
  };
  return {
    sent,
    look,
    now: () => now,
    state: () => state,
    setBack: (ms: number) => {
      now -= ms;
    },
    /** Calls `each` at every look until `ms` have passed. */
    pass: (ms: number, each: () => void) => {
      for (const end = now + ms; now < end; now += 5 * SECOND) each();
    },
  };
}

it('Two hundred failures within a minute make one message with their number, then silence', () => {
  const { sent, look, pass, now } = openHosts();
  pass(50 * SECOND, () => look('a', [], failures(20, now())));
  pass(50 * MINUTE, () => look('a'));
  expect(
    sent.map(({ at, message }) => [at, message.failures.map(({ code, count }) => [code, count])]),
  ).toEqual([[MINUTE, [['NOT_A_ZIP', 200]]]]);
  expect(sent[0]!.message.failures[0]!.examples.map(({ slug }) => slug)).toEqual(['s0', 's1', 's2']);
});

it('A failure that goes on is told again after an hour, with the number of those between', () => {
  const { sent, look, pass, now } = openHosts();
  pass(2 * HOUR, () => look('a', [], failures(1, now())));
  expect(sent.map(({ message }) => message.failures[0]!.count)).toEqual([13, 720]);
  expect(sent[1]!.at - sent[0]!.at).toBeGreaterThanOrEqual(HOUR);
});

it('Messages have a minute between them, and take along everything that is new', () => {
  const { sent, look, pass, now } = openHosts();
  const codes = ['NOT_A_ZIP', 'ENTRY_CRC', 'FFMPEG_FAILED', 'INTERNAL', 'BAKE_TIMEOUT', 'WORKER_LOST'];
  let number = 0;
  pass(5 * MINUTE, () => {
    number += 1;
    const code = codes[Math.floor(number / 6) % codes.length];
    look('a', number > 12 ? [FAILING, REDIS] : number > 5 ? [REDIS] : [], failures(1, now(), code));
  });
  const gaps = sent.slice(1).map(({ at }, index) => at - sent[index]!.at);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(MINUTE);
  expect(sent[0]!.message.began.map(({ code }) => code)).toEqual(['REDIS']);
});

it('A condition is told when it has lasted a minute, once, and its end a minute after it ended', () => {
  const { sent, look, pass } = openHosts();
  pass(HOUR, () => look('a', [REDIS]));
  pass(HOUR, () => look('a'));
  const told = sent.map(({ at, message }) => [at, message.began, message.ended]);
  expect(told).toEqual([
    [MINUTE, [{ ...REDIS, since: START, hosts: ['a'] }], []],
    [HOUR + MINUTE, [], [{ ...REDIS, since: START, until: START + HOUR, isLost: false }]],
  ]);
});

it('A condition of less than a minute is not told, and a short pause does not end one', () => {
  const { sent, look, pass } = openHosts();
  pass(40 * SECOND, () => look('a', [REDIS]));
  pass(10 * MINUTE, () => look('a'));
  expect(sent).toEqual([]);
  pass(2 * MINUTE, () => look('a', [FAILING]));
  for (let i = 0; i < 5; i += 1) {
    pass(30 * SECOND, () => look('a'));
    pass(30 * SECOND, () => look('a', [FAILING]));
  }
  expect(sent.length).toBe(1);
});

it('The end of a condition tells how many tapes failed since the last message', () => {
  const { sent, look, pass, now } = openHosts();
  pass(2 * MINUTE, () => look('a', [FAILING], failures(2, now())));
  pass(2 * MINUTE, () => look('a'));
  expect(sent.map(({ message }) => message.ended.map(({ code }) => code))).toEqual([[], ['FAILING']]);
  const counts = sent.map(({ message }) => message.failures[0]!.count);
  expect(counts.reduce((sum, count) => sum + count)).toBe(48);
});

it('Hosts that share a state tell each condition once, and its end when the last one is well', () => {
  const { sent, look, pass } = openHosts();
  pass(5 * MINUTE, () => {
    look('a', [REDIS]);
    look('b', [REDIS]);
  });
  pass(5 * MINUTE, () => {
    look('a', [REDIS]);
    look('b');
  });
  expect(sent.map(({ message }) => message.began.map(({ hosts }) => [...hosts].sort()))).toEqual([
    [['a', 'b']],
  ]);
  pass(5 * MINUTE, () => {
    look('a');
    look('b');
  });
  expect(sent.map(({ message }) => message.ended.length)).toEqual([0, 1]);
});

it('A host that falls silent ends its conditions, and the message says that nobody knows', () => {
  const { sent, look, pass } = openHosts();
  pass(2 * MINUTE, () => {
    look('a', [REDIS]);
    look('b');
  });
  pass(10 * MINUTE, () => look('b'));
  expect(sent.map(({ message }) => message.ended.map(({ isLost }) => isLost))).toEqual([[], [true]]);
});

const send = (state: AlertState, now: number) =>
  planAlerts(state, { now, host: 'a', conditions: [], groups: {}, id: 'later' }, ALERT_TIMES);

it('A message that its receiver does not take is tried again after each wait, then given up', () => {
  const groups = failures(1, START);
  let { state } = planAlerts(
    NO_ALERTS,
    { now: START, host: 'a', conditions: [], groups, id: 'x' },
    ALERT_TIMES,
  );
  const times: number[] = [];
  let givenUp: string | undefined;
  for (let now = START + MINUTE; now < START + HOUR && givenUp === undefined; now += SECOND) {
    const plan = send(state, now);
    state = plan.state;
    if (plan.send === undefined) continue;
    times.push(now - START - MINUTE);
    const settled = settleAlert(state, plan.send.id, { error: 'no', retryInMs: 0 }, now, ALERT_TIMES);
    state = settled.state;
    givenUp = settled.givenUp?.failures[0]?.code;
  }
  expect(times.map((ms) => ms / SECOND)).toEqual([0, 10, 70, 370, 1270]);
  expect(givenUp).toBe('NOT_A_ZIP');
  expect(state.outbox).toBeUndefined();
});

it.each([
  ['after the wait that the receiver asks for', { error: 'no', retryInMs: 40_000 }, 40_000],
  ['after the own wait if that is longer', { error: 'no', retryInMs: 300 }, 10_000],
  ['never, if the answer is final', { error: 'no' }, undefined],
])('The next attempt comes %s', (_when, answer, wait) => {
  const groups = failures(1, START - MINUTE);
  const first = planAlerts(
    NO_ALERTS,
    { now: START, host: 'a', conditions: [], groups, id: 'x' },
    ALERT_TIMES,
  );
  const settled = settleAlert(first.state, 'x', answer, START, ALERT_TIMES);
  expect(settled.givenUp?.id).toBe(wait === undefined ? 'x' : undefined);
  expect(settled.state.outbox?.dueAt).toBe(wait === undefined ? undefined : START + wait);
});

it('After the clock was set back an hour, failures, conditions and their ends are told as soon as before', () => {
  const { sent, look, pass, now, setBack } = openHosts();
  look('a', [REDIS], failures(1, now()));
  pass(2 * MINUTE, () => look('a', [REDIS]));
  expect(sent.map(({ message }) => message.began.map(({ code }) => code))).toEqual([['REDIS']]);
  look('a', [REDIS, FAILING], failures(1, now(), 'NO_FRAMES'));
  setBack(HOUR);
  pass(2 * MINUTE, () => look('a', [FAILING]));
  const [, second] = sent;
  expect(second?.message.began.map(({ code }) => code)).toEqual(['FAILING']);
  expect(second?.message.failures.map(({ code }) => code)).toEqual(['NO_FRAMES']);
  pass(2 * MINUTE, () => look('a', [FAILING]));
  expect(sent.flatMap(({ message }) => message.ended.map(({ code }) => code))).toEqual(['REDIS']);
});

it('After the clock was set back an hour, a message that was not taken is tried again after its own wait', () => {
  const input = { host: 'a', conditions: [], groups: {}, id: 'm' };
  const at = (now: number, state: AlertState, groups: FailureGroups = {}) =>
    planAlerts(state, { ...input, groups, now }, ALERT_TIMES);
  const waiting = at(START, NO_ALERTS, failures(1, START)).state;
  const { state, send } = at(START + 2 * MINUTE, waiting);
  const refused = settleAlert(
    state,
    send!.id,
    { error: '429', retryInMs: 30 * MINUTE },
    START + 2 * MINUTE,
    ALERT_TIMES,
  );
  const back = START + 2 * MINUTE - HOUR;
  const looked = at(back, refused.state);
  expect(looked.send).toBeUndefined();
  expect(at(back + 29 * MINUTE, looked.state).send).toBeUndefined();
  expect(at(back + 30 * MINUTE, looked.state).send?.id).toBe('m');
});

it('A message whose sender died is sent by another process after the lease, but not for ever', () => {
  const groups = failures(1, START - MINUTE);
  let plan = planAlerts(NO_ALERTS, { now: START, host: 'a', conditions: [], groups, id: 'x' }, ALERT_TIMES);
  expect(send(plan.state, START + 29 * SECOND).send).toBeUndefined();
  for (let attempt = 2; attempt <= 5; attempt += 1) {
    plan = send(plan.state, START + attempt * HOUR);
    expect(plan.send?.id).toBe('x');
  }
  expect(send(plan.state, START + 6 * HOUR).givenUp?.id).toBe('x');
});

it('What a process told while Redis was away is merged with what others told', () => {
  const one = { message: 'm', since: START, hosts: ['a'] };
  const own: AlertState = { ...NO_ALERTS, told: { REDIS: one }, quietUntil: { x: 5 }, lastAt: 9 };
  const shared: AlertState = { ...NO_ALERTS, told: { FAILING: one }, quietUntil: { x: 7 }, lastAt: 3 };
  expect(mergeAlerts(shared, own)).toMatchObject({
    told: { REDIS: one, FAILING: one },
    quietUntil: { x: 7 },
    lastAt: 9,
  });
});
