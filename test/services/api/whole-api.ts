/** The API with everything it can do, over memory: for programs that call it at random. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeviceEvent } from '../../../schemas/generated';
import { tokenAccess } from '../../../services/api/access-from-env';
import { EmbeddedAuthority } from '../../../services/api/identity/authority';
import { IdentityBook } from '../../../services/api/identity/book';
import { OPEN_BROKER } from '../../../services/api/identity/broker-access';
import { CertificateProofs, ClaimCodes } from '../../../services/api/identity/holders';
import { Identities } from '../../../services/api/identity/identities';
import { Definitions } from '../../../services/api/definitions';
import { Directory } from '../../../services/api/directory';
import { iso } from '../../../services/api/views';
import { deviceState, type Harness, NO_HISTORY, NOW, registrarOver, startApi } from './harness';

const DAY_MS = 86_400_000;

const registered = (tenant: string, device_id: string): DeviceEvent => ({
  ...{ event_id: 'e', tenant, device_id, version: 1, type: 'registered', state_from: null, state_to: 'registered' },
  ...{ at: NOW, actor: 'a', reason: null, request_id: 'r', data: '{}' },
});

export async function startWholeApi(): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-whole-api-'));
  const directory = new Directory();
  for (const [id, state] of [
    ['boiler-1', 'active'],
    ['pump-1', 'suspended'],
    ['meter-1', 'registered'],
  ] as const)
    directory.apply(deviceState(id, { state, path: 'acme/north/hall' }));
  const now = (): number => NOW;
  const book: IdentityBook = new IdentityBook({ append: (event) => Promise.resolve().then(() => book.apply(event)) });
  const authority = await EmbeddedAuthority.fromFile(join(dir, 'ca.pem'), 'MILLRACE_CA_KEY_FILE', NOW);
  let n = 0;
  const newId = (): string => `whole-${++n}`;
  const newSecret = (): string => newId().padStart(43, 's');
  const identities = new Identities({
    book,
    authority,
    broker: OPEN_BROKER,
    now,
    newId,
    newSecret,
    certificate_ms: DAY_MS,
  });
  const definitions = new Definitions();
  const api = await startApi({
    ...(await tokenAccess({ MILLRACE_ISSUER_KEY_FILE: join(dir, 'issuer.pem') }, now)),
    ...{ directory, identities, holders: [new ClaimCodes(book, now), new CertificateProofs(authority, book, now)] },
    definitions,
    registrar: registrarOver(directory, definitions),
    history: {
      ...NO_HISTORY,
      lifecycle: (tenant, device) => {
        const version = directory.get(tenant, device)?.device.version ?? 0;
        const event = {
          type: 'registered',
          state_from: null,
          state_to: 'registered',
          actor: 'a',
          reason: null,
          data: '{}',
        };
        return Promise.resolve([{ ...event, version, at: iso(NOW) }]);
      },
      life: (tenant, device) => Promise.resolve(directory.get(tenant, device) ? [registered(tenant, device)] : []),
    },
  });
  const close = async (): Promise<void> => {
    await api.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...api, close };
}
