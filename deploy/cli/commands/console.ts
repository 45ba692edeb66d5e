import { apiEndpoint, type Context } from '../context';
import { EXIT } from '../errors';

/** The address that signs its reader in. The token is in the part after #, which browsers send to nobody. */
export function consoleAddress(context: Context): Promise<number> {
  const { url, token } = apiEndpoint(context);
  context.io.out(`${url}/${token === undefined ? '' : `#token=${encodeURIComponent(token)}`}\n`);
  return Promise.resolve(EXIT.ok);
}
