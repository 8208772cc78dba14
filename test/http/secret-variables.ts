import { readConfig, secretsOf } from '../../service/config/config.ts';
import { VARIABLES } from '../../service/config/variables.ts';

/** The variables whose value, or a part of it, the service hides. */
export function secretVariables(): string[] {
  const mark = 'a-marked-secret';
  const forms = [mark, `https://marked.test/${mark}`, `redis://user:${mark}@marked.test:1`];
  const needed = {
    CALLBACK_SECRET: 'needed',
    ...Object.fromEntries(
      ['ART_SPACES', 'USER_SPACES', 'AT_BLOBS_SPACES'].flatMap((prefix) => [
        [`${prefix}_ENDPOINT`, 'https://s3.test'],
        ...['BUCKET', 'KEY', 'SECRET'].map((part) => [`${prefix}_${part}`, 'needed']),
      ]),
    ),
  };
  const isSecret = (name: keyof typeof VARIABLES) =>
    forms.some((form) => {
      if (!VARIABLES[name].form.safeParse(form).success) return false;
      try {
        return secretsOf(readConfig({ ...needed, [name]: form })).some((hidden) => hidden.includes(mark));
      } catch {
        return false; // not a value of this variable
      }
    });
  return (Object.keys(VARIABLES) as (keyof typeof VARIABLES)[]).filter(isSecret).sort();
}
