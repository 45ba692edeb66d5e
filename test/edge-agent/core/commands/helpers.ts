import { type Command } from '../../../../schemas/generated';
import {
  type AgentPlan,
  type CommandPlan,
  type DevicePlan,
  type PointPlan,
} from '../../../../edge-agent/core/compile/plan';

export function command(change: Partial<Command> = {}): Command {
  return {
    command_id: 'c-1',
    tenant: 'default',
    device_id: 'press-1',
    agent_id: 'agent-1',
    name: 'write',
    args: '{"metric":"setpoint","value":42.5}',
    qos: 2,
    attempt: 1,
    issued_at: 1_000_000,
    deadline: 1_060_000,
    actor: 'user:ann',
    options: '',
    ...change,
  };
}

export function point(metric: string, change: Partial<PointPlan> = {}): PointPlan {
  return {
    ...{
      metric,
      kind: 'number',
      scan_ms: 1_000,
      writable: true,
      unit: 'bar',
      source_unit: '',
      description: '',
      source: {},
    },
    scale: { num: 1, add: 0, den: 10 },
    low: 0,
    high: 100,
    ...change,
  };
}

export const SET_PAIR: CommandPlan = {
  name: 'set-pair',
  description: '',
  args: [
    { name: 'low', type: 'number', unit: 'bar', description: '', min: 0, max: 50 },
    { name: 'high', type: 'integer', unit: 'bar', description: '', default: 60 },
  ],
  writes: [
    { metric: 'low', value: { arg: 'low' } },
    { metric: 'high', value: { arg: 'high' } },
  ],
  verify: [
    { metric: 'low', value: { arg: 'low' }, within_ms: 200 },
    { metric: 'high', value: { arg: 'high' }, within_ms: 200 },
  ],
};
export const PULSE: CommandPlan = {
  name: 'pulse',
  description: '',
  args: [],
  writes: [{ metric: 'start', value: { literal: true } }],
  verify: [],
};

export function device(id = 'press-1'): DevicePlan {
  const points = [
    point('setpoint'),
    point('low'),
    point('high'),
    point('start', { kind: 'boolean' }),
    point('sealed', { writable: false }),
  ];
  return {
    ...{ id, connection: 'c', protocol: 'test', unit: 1, path: '', model: '', labels: {}, points, settings: {} },
    byMetric: new Map(points.map((p) => [p.metric, p])),
    commands: new Map([SET_PAIR, PULSE].map((c) => [c.name, c])),
  };
}

export type { AgentPlan };
