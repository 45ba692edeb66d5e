/** Hours in which many devices are acted on. */
import { type TimeWindow, windowFault } from '../../domain/batch';
import { ApiError } from '../problem';

export type NewWindow = Omit<TimeWindow, 'time_zone'> & { readonly time_zone?: string };

/** As an input of a batch or a campaign has it. */
export function windowOf(asked: NewWindow | undefined): { readonly window?: TimeWindow } {
  if (!asked) return {};
  const window = { time_zone: 'UTC', ...asked };
  const fault = windowFault(window);
  if (fault !== undefined) throw new ApiError('invalid-request', fault);
  return { window };
}
