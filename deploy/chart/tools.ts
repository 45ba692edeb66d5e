/** helm, kubectl and the schemas of Kubernetes, fetched when something of the chart is asked for. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installComponent } from '../local/install/install-component';
import { type ChartToolName, readLock } from '../local/install/lock-file';
import { type Report } from '../local/install/report';

export interface ChartTools {
  readonly helm: string;
  readonly kubectl: string;
  /** Folder of JSON Schemas, one a kind, in which unknown fields are errors. */
  readonly schemas: string;
}

/** Of Kubernetes, as in the names of folders of schemas. */
const SCHEMAS_OF = 'v1.35.0-local-strict';

/** Throws InstallError. */
export async function chartTools(projectRoot: string, report: Report): Promise<ChartTools> {
  const lock = readLock(projectRoot);
  const names: readonly ChartToolName[] = ['kubernetes-tools', 'kubernetes-schemas'];
  const install = (name: ChartToolName): Promise<string> =>
    installComponent({
      ...{ name, report, component: lock[name], verify: false },
      base: join(projectRoot, '.millrace', 'components'),
      ...{ index: names.indexOf(name) + 1, total: names.length },
      mavenResolver: { component: lock['maven-resolver'], script: '' },
    });
  const [programs, schemas] = await Promise.all([install('kubernetes-tools'), install('kubernetes-schemas')]);
  const released = join(schemas, 'kubernetes_validate', 'kubernetes-json-schema', SCHEMAS_OF);
  readdirSync(released);
  return { helm: join(programs, 'helm', 'helm'), kubectl: join(programs, 'kubectl', 'kubectl'), schemas: released };
}
