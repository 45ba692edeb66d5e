/** Topics of Sparkplug B (specification 3.0, 4). Pure. */
export const NAMESPACE = 'spBv1.0';

export const MESSAGE_TYPES = ['NBIRTH', 'NDEATH', 'NDATA', 'DBIRTH', 'DDEATH', 'DDATA', 'NCMD', 'DCMD'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

export interface SparkplugTopic {
  readonly group: string;
  readonly type: MessageType;
  readonly node: string;
  /** Empty for the node itself. */
  readonly device: string;
}

/** Undefined when it is none. */
export function parseTopic(topic: string): SparkplugTopic | undefined {
  const [namespace, group = '', type = '', node = '', device = '', ...rest] = topic.split('/');
  if (namespace !== NAMESPACE || rest.length > 0 || !isType(type)) return undefined;
  if (group === '' || node === '' || type.startsWith('D') !== (device !== '')) return undefined;
  return { group, type, node, device };
}

const isType = (text: string): text is MessageType => (MESSAGE_TYPES as readonly string[]).includes(text);

export const nodeKey = (group: string, node: string): string => `${group}/${node}`;

export function commandTopic(group: string, node: string, device: string): string {
  return device === '' ? `${NAMESPACE}/${group}/NCMD/${node}` : `${NAMESPACE}/${group}/DCMD/${node}/${device}`;
}

export const stateTopic = (host: string): string => `${NAMESPACE}/STATE/${host}`;
