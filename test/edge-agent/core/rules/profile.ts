import { type AgentPlan } from '../../../../edge-agent/core/compile/plan';
import { planOf } from '../../plan-of';

/** A station with one sensor, one valve and one pump, and the rules given, indented as list items of the model. */
export function station(rules: string, more = ''): AgentPlan {
  return planOf(stationText(rules, more));
}

export const stationText = (rules: string, more = ''): string => `
agent: { id: agent-1, tenant: acme }
connections: [{ name: line, protocol: modbus-tcp, host: h }]
models:
  station:
    scan_ms: 100
    points:
      - { metric: pressure, table: input-register, address: 0, low: 0, high: 100 }
      - { metric: flow, table: input-register, address: 1 }
      - { metric: valve, table: coil, address: 0, writable: true }
      - { metric: speed, table: holding-register, address: 0, writable: true, low: 0, high: 3000 }
      - { metric: state, table: holding-register, address: 4, type: string, length: 8 }
    position: { longitude: flow, latitude: pressure }
    commands:
      - { name: open, writes: [{ metric: valve, value: true }] }
    rules:
${rules.trimEnd()}
devices:
  - { id: s1, connection: line, model: station }
  - { id: s2, connection: line, model: station }
${more}`;
