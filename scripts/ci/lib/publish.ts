import { findOwn, type GitHub } from './github.ts';
import { marker, type Outcome } from './report.ts';

/** Replaces or makes the one comment of a pull request. */
export async function publishComment(github: GitHub, number: number, stack: string, body: string) {
  const mine = findOwn(await github.list(`/issues/${number}/comments`), marker('preview', stack));
  if (mine) await github.send('PATCH', `/issues/comments/${mine.id}`, { body });
  else await github.send('POST', `/issues/${number}/comments`, { body });
  return mine ? 'edited' : 'made';
}

/** Makes, updates or closes the one issue about a stack's drift. A failed preview changes nothing. */
export async function publishIssue(
  github: GitHub,
  stack: string,
  { outcome, body, run }: { readonly outcome: Outcome; readonly body: string; readonly run: string },
) {
  if (outcome === 'failed') return 'left';
  const mine = findOwn(await github.list('/issues?state=open'), marker('drift', stack));
  if (outcome === 'changed') {
    if (mine) await github.send('PATCH', `/issues/${mine.number}`, { body });
    else await github.send('POST', '/issues', { title: `${stack} differs from main`, body });
    return mine ? 'edited' : 'made';
  }
  if (!mine) return 'none';
  await github.send('POST', `/issues/${mine.number}/comments`, { body: `Nothing differs any more: ${run}` });
  await github.send('PATCH', `/issues/${mine.number}`, { state: 'closed', state_reason: 'completed' });
  return 'closed';
}
