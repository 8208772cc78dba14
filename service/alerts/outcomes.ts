/** How an attempt to send an alert ends. `given up` comes after the last `failed`, or after a process that died. */
export const ALERT_OUTCOMES = ['sent', 'failed', 'given up'] as const;
export type AlertOutcome = (typeof ALERT_OUTCOMES)[number];
