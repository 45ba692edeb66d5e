/** A platform that knows one claim code, and what a profile says of claims. */
import { type ClaimOrder, type TakeClaim } from '../../../edge-agent/core/claims';

export const CLAIM_CODE = `mc_${'0'.repeat(16)}_${'s'.repeat(32)}`;
export const WRONG_CODE = `mc_${'0'.repeat(16)}_${'x'.repeat(32)}`;
export const CLAIMS = 'claims: { api: "http://platform", model: fan }';
export const CLAIMED_MODEL = 'models: { fan: { points: [{ metric: t }] } }';

/** Platform of a test: what it was asked is in `asked`. */
export function platform(): { readonly claim: TakeClaim; readonly asked: ClaimOrder[] } {
  const asked: ClaimOrder[] = [];
  const claim: TakeClaim = (order) => {
    asked.push(order);
    const known = order.code === CLAIM_CODE;
    return Promise.resolve(known ? { kind: 'granted', token: 'its-own' } : { kind: 'refused', why: 'no such code' });
  };
  return { claim, asked };
}
