/** A profile as it is desired, and what its agent says of drafts. */
import { type ApiDependencies } from '../../../../services/api/dependencies';

export const PROFILE = `agent:
  id: edge-1
  tenant: default
connections:
  - name: plant
    protocol: modbus-tcp
    host: 127.0.0.1
    port: 5020
models:
  boiler:
    points:
      - { metric: temperature, table: input-register, address: 0, type: int16, unit: Cel }
devices:
  - { id: boiler-1, connection: plant, unit: 1, model: boiler }
geofences:
  features:
    - type: Feature
      properties: { name: springfield-yard }
      geometry: { type: Polygon, coordinates: [[[-2, 50], [2, 50], [2, 53], [-2, 53], [-2, 50]]] }
`;

/** What an agent answers about any draft: a server with two variables, and the points of the draft above. */
export const askAgent: ApiDependencies['probes']['ask'] = (_asker, _agent, { kind, connection }) =>
  Promise.resolve(
    kind === 'current'
      ? { kind, source: 'file', profile: PROFILE.replace('edge-1', 'edge-4') }
      : kind === 'test'
        ? { kind, connection, protocol: 'modbus-tcp', reached: true, reason: '', took_ms: 12 }
        : kind === 'preview'
          ? {
              ...{ kind, unread: ['boiler-1/flow'], points: 3 },
              complaints: [{ connection: 'weather', reason: 'connect ECONNREFUSED 10.0.0.7:4840' }],
              values: [
                ...[{ device: 'boiler-1', metric: 'temperature', value: 71.25, unit: 'Cel', quality: 'good' }],
                ...[{ device: 'boiler-1', metric: 'pressure', value: 1.4, unit: 'bar', quality: 'uncertain' }],
              ].map((v) => ({ ...v, time: '2026-01-01T00:00:00.000Z' })),
            }
          : {
              ...{ kind, protocol: 'opcua', devices: [], topics: [], left_out: ['Boiler/Curve: an array'], cut: false },
              points: [
                { metric: 'Boiler.Pressure', node: 'nsu=urn:plant;s=Pressure', type: 'float64' },
                { metric: 'Boiler.Flow', node: 'nsu=urn:plant;s=Flow', type: 'float64' },
              ],
            },
  );
