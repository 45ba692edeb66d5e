/** Cursors of lists: the id to go on after, in a form that nobody is tempted to make up. */

/** The id that a `cursor` parameter stands for; empty at the beginning. */
export const afterOf = (cursor: unknown): string =>
  cursor === undefined ? '' : Buffer.from(String(cursor), 'base64url').toString();

/** The part of an answer that says where the list goes on; nothing at its end. */
export const nextOf = ({ next }: { readonly next?: string }): { next?: string } =>
  next === undefined ? {} : { next: Buffer.from(next).toString('base64url') };
