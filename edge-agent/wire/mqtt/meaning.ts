/** What is done with a message that a table has read. Pure. */
import { type Meaning, NOTHING } from '../broker/adapter';
import { type Understood } from './table';

export function meaningOf(found: Understood): Meaning<never> {
  if (found.kind === 'samples') {
    const { device, samples, badTime } = found;
    return { ...NOTHING, heard: [{ device, samples }], counted: badTime ? ['bad_times'] : [] };
  }
  const { reason, detail, samples } = found;
  const strangers = reason === 'bad_payload' ? [] : [detail];
  return { ...NOTHING, bad: samples, counted: [reason], complaint: `${reason}: ${detail}`, strangers };
}
