import { BAKE_FAULTS, TAPE_FAULTS } from '../../bake/errors.ts';
import { FETCH_CODES } from '../../fetch/errors.ts';
import { STORAGE_CODES } from '../../storage/errors.ts';

/** Every code that a failed bake may have, in its status and its callback. The list is closed. */
export const BAKE_CODES = [
  ...TAPE_FAULTS,
  ...FETCH_CODES,
  ...STORAGE_CODES,
  ...BAKE_FAULTS,
  'CANCELLED',
  'WORKER_LOST',
  'INTERNAL',
] as const;
