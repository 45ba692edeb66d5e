/** README of the chart: its prose, and a table of the values made of values.yaml. Pure. */
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

export interface Row {
  readonly key: string;
  readonly value: string;
  readonly says: string;
}

/** Every value that is not a map, and maps that are empty or written in one line, in the order of the file. */
export function rows(values: string): Row[] {
  const found: Row[] = [];
  const document = parseDocument(values);
  if (isMap(document.contents)) collect(document.contents, '', found);
  return found;
}

function collect(map: YAMLMap, prefix: string, found: Row[]): void {
  map.items.forEach((item, i) => {
    const pair = item as Pair;
    const { key, value } = pair;
    const name = `${prefix}${isScalar(key) ? String(key.value) : ''}`;
    // The comment above the first key belongs to the map.
    const above = (isScalar(key) && key.commentBefore) || (i === 0 && map.commentBefore) || '';
    const says = /-- (.+)/.exec(above)?.[1] ?? '';
    if (isMap(value) && value.items.length > 0 && !value.flow) return collect(value, `${name}.`, found);
    found.push({
      key: name,
      value: JSON.stringify((value as { toJSON?(): unknown } | null)?.toJSON?.() ?? null),
      says,
    });
  });
}

const MARK = '<!-- values -->';

/** Puts the table after the mark, in place of what was there. */
export function readme(prose: string, values: string): string {
  const [head = ''] = prose.split(MARK);
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const lines = rows(values).map((r) => `| \`${r.key}\` | \`${cell(r.value)}\` | ${cell(r.says)} |`);
  return `${head}${MARK}\n\n| key | default | |\n|---|---|---|\n${lines.join('\n')}\n`;
}
