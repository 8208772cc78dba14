/** The slug or code of a tape: a file name that leads to no other folder. */
export const SLUG = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** The id of a job, as service/queue/job.ts makes it: the identity of its request, and a number from the second job on. */
export const JOB_ID = /^[0-9a-f]{32}(-[1-9]\d{0,8})?$/;
