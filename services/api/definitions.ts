/** Models and groups as their compacted topic gives them, in memory. */
import { type Definition } from '../../schemas/generated';
import { definitionKey } from '../../schemas/topics';
import { type Group, type Kind, type Model } from '../domain/definition';

export class Definitions {
  private readonly known = new Map<string, Definition>();

  /** Takes a version unless a newer one is known: the reply and the topic both bring it, in any order. */
  apply(definition: Definition): boolean {
    const key = definitionKey(definition.tenant, definition.kind, definition.name);
    const known = this.known.get(key);
    if (known && known.version >= definition.version) return false;
    this.known.set(key, definition);
    return true;
  }

  get(tenant: string, kind: Kind, name: string): Definition | undefined {
    const definition = this.known.get(definitionKey(tenant, kind, name));
    return definition?.deleted ? undefined : definition;
  }

  /** By name. */
  list(tenant: string, kind: Kind): readonly Definition[] {
    const prefix = definitionKey(tenant, kind, '');
    return [...this.known]
      .filter(([key, d]) => key.startsWith(prefix) && !d.deleted)
      .map(([, d]) => d)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  model(tenant: string, name: string): Model | undefined {
    const definition = name === '' ? undefined : this.get(tenant, 'model', name);
    return definition && (JSON.parse(definition.body) as Model);
  }

  group(tenant: string, name: string): Group | undefined {
    const definition = this.get(tenant, 'group', name);
    return definition && (JSON.parse(definition.body) as Group);
  }
}
