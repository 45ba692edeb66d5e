/** Manifests against the schemas of Kubernetes, in which a field that is not known is an error. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020';
import { type Manifest } from './render';

/** Where the files refer to each other. */
const DEFINITIONS = '/api/_definitions.json';

export interface Validation {
  /** `Kind name: path what`. */
  readonly problems: readonly string[];
  /** Kinds that Kubernetes itself does not have: their operators judge them. */
  readonly unknown: readonly string[];
}

export class Validator {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  private readonly compiled = new Map<string, ValidateFunction | undefined>();

  constructor(private readonly schemas: string) {
    this.ajv.addSchema(this.read('_definitions.json'), DEFINITIONS);
  }

  validate(manifests: readonly Manifest[]): Validation {
    const problems: string[] = [];
    const unknown = new Set<string>();
    for (const m of manifests) {
      const check = this.schemaOf(m);
      if (!check) unknown.add(`${m.apiVersion} ${m.kind}`);
      else if (!(check(m) as boolean))
        for (const e of check.errors ?? [])
          problems.push(`${m.kind} ${m.metadata.name}: ${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
    }
    return { problems, unknown: [...unknown].sort() };
  }

  /** `Deployment` of `apps/v1` is in deployment-apps-v1.json. */
  private schemaOf({ apiVersion, kind }: Manifest): ValidateFunction | undefined {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    const file = [kind.toLowerCase(), ...(group ? [group.split('.')[0]] : []), `${version}.json`].join('-');
    if (!this.compiled.has(file))
      this.compiled.set(file, existsSync(join(this.schemas, file)) ? this.ajv.compile(this.read(file)) : undefined);
    return this.compiled.get(file);
  }

  private read(file: string): object {
    const {
      $id: _,
      $schema: __,
      ...schema
    } = JSON.parse(readFileSync(join(this.schemas, file), 'utf8')) as Record<string, unknown>;
    return schema;
  }
}
