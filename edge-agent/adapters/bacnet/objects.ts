/** Objects and properties of BACnet by their names in the standard (ASHRAE 135, clause 21). Pure. */

export const OBJECT_TYPES = {
  'analog-input': 0,
  'analog-output': 1,
  'analog-value': 2,
  'binary-input': 3,
  'binary-output': 4,
  'binary-value': 5,
  'multi-state-input': 13,
  'multi-state-output': 14,
  'multi-state-value': 19,
  accumulator: 23,
  'character-string-value': 40,
  'integer-value': 45,
  'large-analog-value': 46,
  'positive-integer-value': 48,
} as const;

export type ObjectType = keyof typeof OBJECT_TYPES;

/** Properties the adapter reads and writes. */
export const Property = {
  presentValue: 85,
  priorityArray: 87,
  statusFlags: 111,
  objectName: 77,
} as const;

export interface ObjectId {
  readonly type: number;
  readonly instance: number;
}

const MAX_INSTANCE = 4_194_302;
const NAMES = new Map<number, ObjectType>(Object.entries(OBJECT_TYPES).map(([name, n]) => [n, name as ObjectType]));

/** `analog-input,1`; undefined when it is no object. */
export function objectId(text: string): ObjectId | undefined {
  const [, name, digits] = /^([a-z-]+)[,:](\d{1,7})$/.exec(text) ?? [];
  const instance = Number(digits);
  if (name === undefined || !Object.hasOwn(OBJECT_TYPES, name) || instance > MAX_INSTANCE) return undefined;
  return { type: OBJECT_TYPES[name as ObjectType], instance };
}

export const objectType = (type: number): ObjectType | undefined => NAMES.get(type);

export function objectText({ type, instance }: ObjectId): string {
  return `${objectType(type) ?? type},${instance}`;
}

/** Whether a present value of the type has a priority array that takes a priority and gives it back. */
export const isCommandable = (type: number): boolean => {
  const name = objectType(type);
  return name !== undefined && !name.endsWith('-input') && name !== 'accumulator';
};
