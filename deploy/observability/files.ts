/** Files of the chart that are made of what the code knows: dashboards, rules, topics. */
import { stringify } from 'yaml';
import { type Topic, Topics } from '../../schemas/topics';
import { ruleGroups } from './alerts';
import { DASHBOARDS, grafana } from './dashboards';

export const CHART_FILES = 'deploy/helm/millrace/files';

/** Content by path within CHART_FILES. */
export function chartFiles(): Readonly<Record<string, string>> {
  const dashboards = DASHBOARDS.map((d) => [`dashboards/${d.name}.json`, `${JSON.stringify(grafana(d), null, 1)}\n`]);
  return {
    ...(Object.fromEntries(dashboards) as Record<string, string>),
    'rules.yaml': yaml(ruleGroups()),
    'topics.yaml': yaml({ topics: Object.values(Topics).map(topic) }),
  };
}

/** As `ensureTopics` makes them. */
function topic({ name, partitions, cleanup, retention_ms }: Topic): object {
  const kept = cleanup === 'delete' ? { 'retention.ms': String(retention_ms) } : { 'min.cleanable.dirty.ratio': '0.1' };
  return { name, partitions, config: { 'cleanup.policy': cleanup, ...kept } };
}

const yaml = (content: object): string =>
  `# Made by deploy/observability/generate.ts: change its sources instead.\n${stringify(content, { lineWidth: 0 })}`;
