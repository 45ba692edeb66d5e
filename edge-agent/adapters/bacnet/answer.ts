/** Answers of a device to samples. Pure. */
import { type Sample } from '../../adapter';
import { Quality } from '../../../schemas/quality';
import { type AppData, fieldValue, isError, qualityOf, Tag } from './codec';
import { type ObjectId, Property } from './objects';
import { type PlanPoint } from './plan';

/** Properties of one object as read or notified. */
export interface ObjectValues {
  readonly object: ObjectId;
  readonly values: readonly { readonly id: number; readonly index: number; readonly value: readonly AppData[] }[];
}

/** One sample for each point; a point that the answer lacks is a bad one. */
export function samplesOf(
  device: string,
  points: readonly PlanPoint[],
  answer: readonly ObjectValues[],
  at: number,
): Sample[] {
  return points.map(({ metric, source }) => {
    const read = answer.filter((a) => isSame(a.object, source.object)).flatMap((a) => a.values);
    if (source.role === 'override') {
      const slot = read.find((v) => v.id === Property.priorityArray && v.index === source.priority)?.value;
      if (!slot || isError(slot)) return { device, metric, at, quality: missing(slot) };
      return { device, metric, at, value: slot[0]?.type !== Tag.null, quality: Quality.good };
    }
    const present = read.find((v) => v.id === Property.presentValue)?.value;
    if (!present || isError(present)) return { device, metric, at, quality: missing(present) };
    const quality = qualityOf(read.find((v) => v.id === Property.statusFlags)?.value);
    const value = quality < 64 ? fieldValue(present, source.isBoolean) : undefined;
    if (quality < 64 && value === undefined) return { device, metric, at, quality: Quality.notConverted };
    return { device, metric, at, quality, ...(value !== undefined && { value }) };
  });
}

const missing = (data: readonly AppData[] | undefined): number =>
  isError(data) ? Quality.deviceException : Quality.bad;

export const isSame = (a: ObjectId, b: ObjectId): boolean => a.type === b.type && a.instance === b.instance;
