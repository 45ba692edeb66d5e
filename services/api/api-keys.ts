/** The API keys of all tenants, as m2m.api-keys gives them, in memory; new ones and revocations go there first. */
import { type ApiKey } from '../../schemas/generated';
import { type EventWriter } from '../../schemas/stream';
import { apiKeyKey } from '../../schemas/topics';
import { checkKey, mergeKey, parseKey } from '../domain/access';
import { type Publisher } from '../../schemas/publisher';
import { type Authenticator, type Principal } from './authentication';
import { ApiError } from './problem';

export interface KeyStore {
  /** Resolves when the record is on the stream. */
  write(key: ApiKey): Promise<void>;
}

export class StreamKeyStore implements KeyStore {
  constructor(
    private readonly publisher: Pick<Publisher, 'send'>,
    private readonly writer: EventWriter<'api-key'>,
  ) {}

  write(key: ApiKey): Promise<void> {
    const value = this.writer.write(key);
    return this.publisher.send([{ topic: this.writer.topic.name, key: apiKeyKey(key.tenant, key.key_id), value }]);
  }
}

export class ApiKeys implements Authenticator {
  private readonly byId = new Map<string, ApiKey>();
  private readonly counts = new Map<string, number>();
  private readonly beingMade = new Set<string>();

  constructor(
    private readonly store: KeyStore,
    private readonly now: () => number,
  ) {}

  /** A record that the stream brought. */
  apply(heard: ApiKey): void {
    const known = this.byId.get(heard.key_id);
    if (!known) this.counts.set(heard.tenant, this.count(heard.tenant) + 1);
    this.byId.set(heard.key_id, mergeKey(known, heard));
  }

  get(tenant: string, keyId: string): ApiKey | undefined {
    const key = this.byId.get(keyId);
    return key?.tenant === tenant ? key : undefined;
  }

  /** Newest first. */
  list(tenant: string): ApiKey[] {
    return [...this.byId.values()].filter((k) => k.tenant === tenant).sort((a, b) => b.created_at - a.created_at);
  }

  count(tenant: string): number {
    return this.counts.get(tenant) ?? 0;
  }

  /** As save; throws ApiError `conflict` when there is, or is about to be, one with its id. */
  async add(key: ApiKey): Promise<void> {
    if (this.byId.has(key.key_id) || this.beingMade.has(key.key_id))
      throw new ApiError('conflict', 'the key was made by this request before; its secret is shown only once');
    this.beingMade.add(key.key_id);
    try {
      await this.save(key);
    } finally {
      this.beingMade.delete(key.key_id);
    }
  }

  /** On the stream, and from then on known here. Throws ApiError `unavailable`. */
  async save(key: ApiKey): Promise<void> {
    try {
      await this.store.write(key);
    } catch (cause) {
      throw new ApiError('unavailable', 'the key cannot be stored now: try again', {}, { cause });
    }
    this.apply(key);
  }

  authenticate(credential: string): Principal | undefined {
    const parts = parseKey(credential);
    if (!parts) return undefined;
    const check = checkKey(this.byId.get(parts.keyId), parts, this.now());
    if (!check.valid) throw new ApiError('unauthorized', check.why);
    return check.principal;
  }
}
