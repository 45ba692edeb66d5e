// Generated from schemas/events/point.avsc by schemas/generate.ts. Do not edit.
/** What a metric of a device means. Topic m2m.points (compacted), key tenant/device_id/metric. */
export interface Point {
  tenant: string;
  device_id: string;
  metric: string;
  /** number | int64 | text | boolean */
  kind: string;
  /** UCUM code, such as Cel or [psi] */
  unit: string;
  /** Unit as the device's documentation writes it */
  source_unit: string;
  description: string;
  /** enterprise/site/area/line/cell */
  path: string;
  writable: boolean;
  /** Lowest engineering value */
  low: null | number;
  /** Highest engineering value */
  high: null | number;
  at: number;
}
export const pointSchema = {"type":"record","name":"Point","namespace":"millrace.v1","doc":"What a metric of a device means. Topic m2m.points (compacted), key tenant/device_id/metric.","fields":[{"name":"tenant","type":"string"},{"name":"device_id","type":"string"},{"name":"metric","type":"string"},{"name":"kind","type":"string","doc":"number | int64 | text | boolean"},{"name":"unit","type":"string","default":"","doc":"UCUM code, such as Cel or [psi]"},{"name":"source_unit","type":"string","default":"","doc":"Unit as the device's documentation writes it"},{"name":"description","type":"string","default":""},{"name":"path","type":"string","default":"","doc":"enterprise/site/area/line/cell"},{"name":"writable","type":"boolean","default":false},{"name":"low","type":["null","double"],"default":null,"doc":"Lowest engineering value"},{"name":"high","type":["null","double"],"default":null,"doc":"Highest engineering value"},{"name":"at","type":"long"}]} as const;
