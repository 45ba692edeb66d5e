import { registryHeaders, type StreamConfig } from '../../schemas/stream';
import { subjectOf, Topics } from '../../schemas/topics';
import { ProjectorError } from './errors';
import { type RegistryCheck } from './writers';

const TIMEOUT_MS = 10_000;

/**
 * A registry that answers before it has read its own storage back says 404 to everything. One that knows a subject of
 * the topic has read it: whoever writes to a topic registers its schema first.
 */
export class RegistrySubjects implements RegistryCheck {
  constructor(private readonly config: Pick<StreamConfig, 'registryUrl' | 'registryLogin'>) {}

  async complete(topic: string): Promise<boolean> {
    const t = Object.values(Topics).find((known) => known.name === topic);
    if (!t) return false;
    const url = `${this.config.registryUrl.replace(/\/$/, '')}/subjects/${subjectOf(t)}/versions`;
    const answer = await fetch(url, { headers: registryHeaders(this.config), signal: AbortSignal.timeout(TIMEOUT_MS) });
    await answer.arrayBuffer();
    if (answer.ok) return true;
    if (answer.status === 404) return false;
    const hint = 'look at the registry’s log';
    throw new ProjectorError('registry-unavailable', `look for ${topic}`, `HTTP ${answer.status}`, hint);
  }
}
